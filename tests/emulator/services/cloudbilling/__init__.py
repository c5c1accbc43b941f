"""Contract tests of Cloud Billing."""
