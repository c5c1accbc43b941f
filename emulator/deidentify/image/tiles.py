"""Pictures of any size in parts that a text detector takes at a time, so that memory does not grow with the picture."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.deidentify.image.boxes import Box

SIDE = 1024
"""The longest side of a tile: the detector takes some 300 MB for one."""
OVERLAP = 160
"""Pixels that neighbours have in common: more than the height of any letters that are looked for at full size."""


def tiles(width: int, height: int) -> Iterator[Box]:
    """The tiles of a picture, row by row; all of it where it is small."""
    for y, rows in _spans(height):
        for x, columns in _spans(width):
            yield Box(x, y, columns, rows)


def _spans(length: int) -> Iterator[tuple[int, int]]:
    """Starts and lengths of equal parts of a side, which overlap."""
    count = 1 if length <= SIDE else -(-(length - OVERLAP) // (SIDE - OVERLAP))
    part = min(length, -(-(length + (count - 1) * OVERLAP) // count))
    for number in range(count):
        yield min(number * (part - OVERLAP), length - part), part
