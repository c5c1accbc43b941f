"""Boxes of text in a picture: where they lie, how they grow, and which of them are one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from emulator.deidentify.text.findings import FindingKind

_SAME_LINE = 0.6
"""Which part of the smaller of two boxes must lie beside the other for both to be parts of one line."""


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels [x, x + width) of rows [y, y + height), the text that was read there, and how sure that is (0 to 1).

    The text is "" where nobody read it, or nothing could be read; the score is then that of there being text at all.
    `found` is what was found in it, as far as anybody looked.
    """

    x: int
    y: int
    width: int
    height: int
    text: str = ""
    score: float = 0.0
    found: tuple[FindingKind, ...] = field(default=(), compare=False)

    @property
    def right(self) -> int:
        """The first column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """Its number of pixels."""
        return self.width * self.height

    @property
    def shorter(self) -> int:
        """The length of its shorter side, which is about the height of its letters, whichever way they run."""
        return min(self.width, self.height)

    def moved(self, x: int, y: int) -> Box:
        """The box so many columns to the right and rows down."""
        return replace(self, x=self.x + x, y=self.y + y)

    def grown(self, margin: int, width: int, height: int) -> Box | None:
        """The box with a margin on each side, as far as it lies in a picture of that size; None where nothing does."""
        left, top = max(0, self.x - margin), max(0, self.y - margin)
        right, bottom = min(width, self.right + margin), min(height, self.bottom + margin)
        if left >= right or top >= bottom:
            return None
        return replace(self, x=left, y=top, width=right - left, height=bottom - top)

    def meets(self, other: Box) -> bool:
        """Whether both have pixels in common."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def united(self, other: Box) -> Box:
        """The smallest box around both, with the text of neither."""
        left, top = min(self.x, other.x), min(self.y, other.y)
        right, bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        return Box(left, top, right - left, bottom - top, score=max(self.score, other.score))


def joined(boxes: Iterable[Box]) -> list[Box]:
    """The boxes with those made one that overlap and are parts of the same line, as two tiles of a picture see it."""
    left, done = sorted(boxes, key=lambda box: (box.y, box.x)), list[Box]()
    while left:
        box = left.pop()
        other = next((each for each in left if _one_line(box, each)), None)
        if other is None:
            done.append(box)
        else:
            left.remove(other)
            left.append(box.united(other))
    return sorted(done, key=lambda box: (box.y, box.x))


def _one_line(one: Box, other: Box) -> bool:
    """Whether two boxes meet lengthwise, or one lies in the other for the most part."""
    if not one.meets(other):
        return False
    across = min(one.right, other.right) - max(one.x, other.x)
    down = min(one.bottom, other.bottom) - max(one.y, other.y)
    if across * down >= _SAME_LINE * min(one.area, other.area):
        return True
    if one.width >= one.height and other.width >= other.height:
        return down >= _SAME_LINE * min(one.height, other.height)
    upright = one.height > one.width and other.height > other.width
    return upright and across >= _SAME_LINE * min(one.width, other.width)


def covered(boxes: Iterable[Box], width: int, height: int) -> int:
    """How many pixels of a picture of that size lie in one of the boxes or more."""
    import numpy as np

    mask = np.zeros((height, width), bool)
    for box in boxes:
        mask[box.y : box.bottom, box.x : box.right] = True
    return int(mask.sum())
