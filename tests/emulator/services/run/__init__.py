"""Contract tests of Cloud Run jobs."""
