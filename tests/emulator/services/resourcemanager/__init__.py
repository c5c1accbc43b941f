"""Contract tests of Resource Manager."""
