"""Tests of BigQuery's engine process."""
