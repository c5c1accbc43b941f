"""Subscriptions whose messages the emulator delivers by itself."""
