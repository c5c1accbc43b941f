"""Bringing the hospital to a running emulator, over its own APIs, which check it as they check anybody's."""
