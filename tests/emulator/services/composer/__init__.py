"""Contract tests of Composer environments."""
