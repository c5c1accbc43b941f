"""Subscriptions whose messages the emulator takes where they are to go: endpoints, tables, buckets."""
