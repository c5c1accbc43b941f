"""What the C library does with memory that is freed, for streams of rows: here and in the emulator's own process.

Messages have a megabyte each, and rows that the engine gives together some ten. By its defaults their memory goes back
to the system, and its pages are made and zeroed anew for the next ones: half of the engine's time for a stream, and a
third of the system's where the rows are sent.
"""

from __future__ import annotations

import ctypes
import functools
import resource

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # mallopt(3)
KEPT, LARGEST = 68 << 20, 8 << 20  # bytes that are kept at most by a thread, and of a piece of memory that is
SHARE = 64  # of what the process may have for its data, one part is kept at most by a thread


@functools.cache
def keep_freed() -> None:
    """Keep some freed memory for what comes next; once, where the C library is one that can (glibc)."""
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
        change(TRIM_THRESHOLD, KEPT if limit == resource.RLIM_INFINITY else min(KEPT, limit // SHARE))
        change(MMAP_THRESHOLD, LARGEST)
