"""Bits as Arrow keeps them: the lowest of the first byte first, eight in a byte."""

from __future__ import annotations


def part(bits: memoryview, begin: int, end: int) -> bytes | memoryview:
    """The bits from number `begin` to before `end`; what the last byte has besides says nothing."""
    touched = bits[begin // 8 : -(-end // 8)]
    if begin % 8 == 0:
        return touched
    size = -(-(end - begin) // 8)
    return (int.from_bytes(touched, "little") >> begin % 8).to_bytes(len(touched), "little")[:size]


def count(bits: bytes | memoryview, size: int) -> int:
    """How many of the first `size` bits are set."""
    return (int.from_bytes(bits, "little") & (1 << size) - 1).bit_count()
