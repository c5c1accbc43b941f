"""Attacks on the emulator, a file for each kind; docs/security.md names them beside what stands against them."""
