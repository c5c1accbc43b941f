"""Tools that developers run by hand to record test data."""
