"""Contract tests of Compute Engine."""
