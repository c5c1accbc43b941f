"""Tests of HTTP around the emulator."""
