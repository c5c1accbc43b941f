"""All text of one frame: found in each of its views, and looked for again with what was found blackened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.boxes import Box, joined
from emulator.deidentify.image.detection import TextDetector
from emulator.deidentify.image.ways import Way

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

_WAYS = (Way.ENLARGED, Way.TURNED)
"""How a view is looked at. What was found is then blackened, and the rest looked at as it is."""
_MARGIN = 0.15
"""What is blackened around a text, in heights of its letters."""
_LEAST_MARGIN = 2
_BEYOND = 0.45
"""What is blackened beyond both ends of a line, in its heights: a faint letter at an end may be overlooked."""
_LETTERS, _SURE = 3, 0.5
"""How many characters are read, and with what score, in text that can well be read."""


def look(pictures: Sequence[Picture], detector: TextDetector, *, read: bool) -> list[Box]:
    """The boxes of text, with margins, in the views of one frame; read says to read what they say, too."""
    height, width = pictures[0].shape[:2]
    boxes = joined(with_margin(box, width, height) for picture in pictures for box in _found(picture, detector))
    found = [_read(pictures, box, detector) for box in boxes] if read else boxes
    return [_lengthened(box, width, height) for box in found]


def look_again(pictures: Sequence[Picture], detector: TextDetector) -> list[Box]:
    """As `look`, in views in which the text that was found is black: only what can well be read is text there.

    What is bright hides what is pale: without it views show finer shades, in which a chest has much that looks like
    letters.
    """
    return [box for box in look(pictures, detector, read=True) if len(box.text) >= _LETTERS and box.score >= _SURE]


def with_margin(box: Box, width: int, height: int) -> Box:
    """A box with what is blackened around it, in a picture of that size."""
    return box.grown(max(_LEAST_MARGIN, round(_MARGIN * box.shorter)), width, height) or box


def _lengthened(box: Box, width: int, height: int) -> Box:
    """A box with what is blackened beyond the ends of its line, in a picture of that size."""
    more = round(_BEYOND * box.shorter)
    if box.width >= box.height:
        left, right = max(0, box.x - more), min(width, box.right + more)
        return replace(box, x=left, width=right - left)
    top, bottom = max(0, box.y - more), min(height, box.bottom + more)
    return replace(box, y=top, height=bottom - top)


def _found(picture: Picture, detector: TextDetector) -> list[Box]:
    height, width = picture.shape[:2]
    found = [box for way in _WAYS for box in detector.boxes(picture, way)]
    if not found:
        return []
    rest = _without(picture, (with_margin(box, width, height) for box in found))
    return [*found, *detector.boxes(rest)]


def _without(picture: Picture, boxes: Iterable[Box]) -> Picture:
    """A copy of a picture with boxes black."""
    made = picture.copy()
    for box in boxes:
        made[box.y : box.bottom, box.x : box.right] = 0
    return made


def _read(pictures: Sequence[Picture], box: Box, detector: TextDetector) -> Box:
    """The box with what it says in the view in which it reads best."""
    return max((detector.read(picture, box) for picture in pictures), key=lambda each: (bool(each.text), each.score))
