"""Contract tests of Cloud KMS."""
