"""Requests of every method that is emulated, written from the discovery documents for people's own tools to send."""
