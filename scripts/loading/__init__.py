"""Bringing files into a bucket: what there is to bring, what is sound, and the upload."""
