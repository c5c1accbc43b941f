"""The stand-in provider: its parts, and its protocol against a running emulator."""
