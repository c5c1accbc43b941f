"""Contract tests: clients of Google's, and others', that must work on the emulator unchanged."""
