"""What the emulator keeps: one SQLite database, files of bytes, named resources."""
