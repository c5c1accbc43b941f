"""A program for boto3, which runs in an environment of its own."""
