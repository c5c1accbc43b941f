"""Contract tests of Cloud Monitoring."""
