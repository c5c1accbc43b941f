"""Contract tests of Secret Manager."""
