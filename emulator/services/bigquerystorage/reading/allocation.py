"""What the C library does with memory that is freed, for streams of rows, whose messages have a megabyte each.

By its defaults each message's memory goes back to the system, and its pages are made and zeroed anew for the next one,
a third of the system's time of a stream.
"""

from __future__ import annotations

import functools

from emulator.services.bigquery.process.allocation import MMAP_THRESHOLD, TRIM_THRESHOLD, tell

KEPT, LARGEST = 64 << 20, 4 << 20  # bytes that are kept at most, and of a piece of memory that is


@functools.cache
def keep_freed() -> None:
    """Keep some freed memory for the next messages; once."""
    tell({TRIM_THRESHOLD: KEPT, MMAP_THRESHOLD: LARGEST})
