"""Tests; the tree mirrors infra/, scripts/ and emulator/."""
