"""Workload identity federation: pools and providers, and what a token of another issuer says and proves."""
