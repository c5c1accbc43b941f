"""Contract tests of Cloud Scheduler."""
