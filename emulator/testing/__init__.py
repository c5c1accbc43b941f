"""What the tests of other programs use: an emulator, states, and fixtures for pytest."""
