"""Contract tests of the Security Token Service."""
