"""Tests of the SQL side of BigQuery."""
