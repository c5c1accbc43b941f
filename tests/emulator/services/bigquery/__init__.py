"""Tests of BigQuery."""
