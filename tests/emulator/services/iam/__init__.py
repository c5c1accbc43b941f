"""Contract tests of IAM."""
