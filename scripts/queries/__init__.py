"""Queries of the stack's BigQuery dataset that are ready, the views they read, and what becomes of their rows."""
