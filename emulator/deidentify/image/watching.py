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

Look = Callable[[Sequence["Picture"]], list[Box]]


class Watch:
    """Finds text in the frames of an instance, in their order. Keeps one frame, and the boxes that were found."""

    def __init__(self, look: Look) -> None:
        """Take what finds text in the views of a frame, or of a part of it."""
        self._look = look
        self._seen: Image | None = None
        self._tolerance = 0.0
        self._boxes: list[Box] = []

    def boxes(self, frame: Image, views: Callable[[Image], Sequence[Picture]]) -> list[Box]:
        """The boxes of text in the next frame; views makes pictures of it."""
        if self._seen is None:
            self._seen, self._tolerance = frame.copy(), _tolerance(frame)
            self._boxes = self._look(views(frame))
            return self._boxes
        changed = _around(self._changes(self._seen, frame))
        if changed is None:
            return self._boxes
        anew, kept = _parted(self._boxes, changed)
        region = anew.grown(_AROUND, frame.shape[1], frame.shape[0]) or anew
        place = (slice(region.y, region.bottom), slice(region.x, region.right))
        new = [box.moved(region.x, region.y) for box in self._look([view[place] for view in views(frame)])]
        self._boxes = [*kept, *(box for box in new if not _is_in(box, kept))]
        self._seen[place] = frame[place]
        return self._boxes

    def _changes(self, seen: Image, frame: Image) -> Image:
        """Where a frame differs from what was looked at there: rows and columns of truth values."""
        import numpy as np

        one, other = (np.nan_to_num(each.astype(np.float32)) for each in (seen, frame))
        differs: Image = np.abs(one - other) > self._tolerance
        return np.asarray(differs.any(axis=-1)) if differs.ndim == 3 else differs


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
