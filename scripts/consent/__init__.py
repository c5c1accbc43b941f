"""What the commands of `consent` do with a consent store."""
