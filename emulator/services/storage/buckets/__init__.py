"""Buckets: rows, rules, methods, policies, notifications, lifecycle."""
