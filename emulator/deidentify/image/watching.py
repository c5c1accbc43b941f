"""Frames one after the other: what has not changed since it was looked at is not looked at again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.boxes import Box

if TYPE_CHECKING:
    import numpy as np

    Image = np.ndarray[Any, np.dtype[Any]]
    Picture = np.ndarray[Any, np.dtype[np.uint8]]

_CHANGE = 1 / 32
"""Which part of a frame's range of samples must lie between two samples for them to differ: lossy codecs add noise."""
_BESIDE = 16
"""Pixels beside what changed within which a text is taken to have changed with it."""
_AROUND = 48
"""Pixels around what changed that are looked at with it: text is seen by what stands beside it."""

_ROUNDS = 4
"""How often a frame is looked at: for the first time, and again without what was found, until nothing is."""

Look = Callable[[Sequence["Picture"]], list[Box]]
Views = Callable[["Image"], Sequence["Picture"]]
Without = Callable[["Image", Sequence[Box]], "Image"]


class Watch:
    """Finds text in the frames of an instance, in their order. Keeps one frame, and the boxes that were found."""

    def __init__(self, look: Look, look_again: Look, views: Views, without: Without) -> None:
        """Take what finds text in views, at first and without what was found; views; and a frame with boxes black."""
        self._looks = (look, *[look_again] * (_ROUNDS - 1))
        self._views = views
        self._without = without
        self._seen: Image | None = None
        self._tolerance = 0.0
        self._boxes: list[Box] = []

    def boxes(self, frame: Image) -> list[Box]:
        """The boxes of text in the next frame."""
        if self._seen is None:
            self._seen, self._tolerance = frame.copy(), _tolerance(frame)
            self._boxes = self._found(frame, Box(0, 0, frame.shape[1], frame.shape[0]))
            return self._boxes
        changed = _around(self._changes(self._seen, frame))
        if changed is None:
            return self._boxes
        anew, kept = _parted(self._boxes, changed)
        region = anew.grown(_AROUND, frame.shape[1], frame.shape[0]) or anew
        self._boxes = [*kept, *(box for box in self._found(frame, region) if not _is_in(box, kept))]
        self._seen[_place(region)] = frame[_place(region)]
        return self._boxes

    def _found(self, frame: Image, region: Box) -> list[Box]:
        """The text in a part of a frame. What is bright hides what is pale, so it is looked for without the first."""
        found: list[Box] = []
        for look in self._looks:
            pictures = [view[_place(region)] for view in self._views(self._without(frame, found) if found else frame)]
            new = [box.moved(region.x, region.y) for box in look(pictures)]
            found += new
            if not new:
                break
        return found

    def _changes(self, seen: Image, frame: Image) -> Image:
        """Where a frame differs from what was looked at there: rows and columns of truth values."""
        import numpy as np

        one, other = (np.nan_to_num(each.astype(np.float32)) for each in (seen, frame))
        differs: Image = np.abs(one - other) > self._tolerance
        return np.asarray(differs.any(axis=-1)) if differs.ndim == 3 else differs


def _place(box: Box) -> tuple[slice, slice]:
    """Rows and columns of a box."""
    return slice(box.y, box.bottom), slice(box.x, box.right)


def _tolerance(frame: Image) -> float:
    """By how much samples may differ without a change."""
    import numpy as np

    finite = frame[np.isfinite(frame)]
    return float(np.ptp(finite.astype(np.float64))) * _CHANGE if finite.size else 0.0


def _around(changes: Image) -> Box | None:
    """The box around all changes, with as much beside it as may belong to a text in it; None without changes."""
    import numpy as np

    rows, columns = np.flatnonzero(changes.any(axis=1)), np.flatnonzero(changes.any(axis=0))
    if not rows.size:
        return None
    box = Box(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    return box.grown(_BESIDE, changes.shape[1], changes.shape[0])


def _parted(boxes: Sequence[Box], changed: Box) -> tuple[Box, list[Box]]:
    """What changed together with the texts that it is in, and the texts that are elsewhere."""
    kept = list(boxes)
    while met := [box for box in kept if box.meets(changed)]:
        for box in met:
            changed = changed.united(box)
        kept = [box for box in kept if box not in met]
    return changed, kept


def _is_in(box: Box, others: Sequence[Box]) -> bool:
    """Whether a box says nothing that another does not say."""
    return any(each.united(box).area == each.area for each in others)
