"""Tests of BigQuery's jobs."""
