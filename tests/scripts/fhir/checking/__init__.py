"""What a store would refuse of files."""
