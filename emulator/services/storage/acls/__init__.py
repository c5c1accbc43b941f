"""Access control lists, where access to a bucket is not uniform (https://cloud.google.com/storage/docs/access-control/lists)."""
