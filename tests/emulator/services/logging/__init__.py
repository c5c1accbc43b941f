"""Contract tests of Cloud Logging."""
