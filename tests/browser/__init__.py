"""Tests in a real browser: OHIF on the emulator, in headless Chromium."""
