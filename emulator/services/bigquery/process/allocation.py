"""What the C library does with memory that the engine frees, where it is one that can be told (glibc).

By its defaults it gives pieces of some megabytes back to the system, which makes and zeroes their pages anew for the
next ones: a third of the time that it takes to read rows of a table. Here it keeps some. So that little is kept by
threads that have no use for it, there are as many places to keep it in as processors, and not eight times as many.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # mallopt(3)
LARGEST = 25 << 20  # bytes of a piece that may be kept: 24 MiB are a column of what is read at once, and its head
KEPT = 48 << 20  # bytes that a place keeps at most: what one call reads
SHARE = 16  # of what the process may have, one part is kept at most


def keep_freed(limit: int) -> None:
    """Keep some of the memory that is freed, in a process that may have `limit` bytes; before it has threads."""
    places = os.cpu_count() or 1
    tell({ARENA_MAX: places, TRIM_THRESHOLD: min(KEPT, limit // SHARE // places), MMAP_THRESHOLD: LARGEST})


def tell(settings: Mapping[int, int]) -> None:
    """Change what the C library does in this process, by mallopt(3), where it is one that can be told."""
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        for what, value in settings.items():
            change(what, value)
