"""Contract tests of Service Usage."""
