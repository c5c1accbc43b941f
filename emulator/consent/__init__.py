"""Consents as rules: what is permitted to whom on which resource. Pure: knows nothing of the emulator."""
