"""Memory maps of large files: what was looked at is not kept in memory."""

import mmap

STRIDE = 16 << 20
"""After so many bytes of a walk its pages are given back: one look may bring in a megabyte around it."""


def forget(data: bytes | mmap.mmap, start: int, end: int) -> None:
    """Give back the pages of a memory map in [start, end), which are read again if they are needed; bytes have none."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        first = start - start % mmap.PAGESIZE
        if end > first:
            data.madvise(mmap.MADV_DONTNEED, first, end - first)
