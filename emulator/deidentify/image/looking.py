"""All text of one frame: found in each of its views, and looked for again with what was found blackened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.boxes import Box, joined
from emulator.deidentify.image.detection import TextDetector

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

_LOOKS = 3
"""How often a view is looked at: parts of a line may be overlooked beside the rest of it."""
_MARGIN = 0.15
"""What is blackened around a text, in heights of its letters."""
_LEAST_MARGIN = 2


def look(pictures: Sequence[Picture], detector: TextDetector, *, read: bool) -> list[Box]:
    """The boxes of text, with margins, in the views of one frame; read says to read what they say, too."""
    height, width = pictures[0].shape[:2]
    boxes = joined(with_margin(box, width, height) for picture in pictures for box in _found(picture, detector))
    return [_read(pictures, box, detector) for box in boxes] if read else boxes


def with_margin(box: Box, width: int, height: int) -> Box:
    """A box with what is blackened around it, in a picture of that size."""
    return box.grown(max(_LEAST_MARGIN, round(_MARGIN * box.shorter)), width, height) or box


def _found(picture: Picture, detector: TextDetector) -> list[Box]:
    height, width = picture.shape[:2]
    found, left = list[Box](), picture
    for _ in range(_LOOKS):
        more = detector.boxes(left)
        if not more:
            break
        found += more
        left = left.copy()
        for box in more:
            around = with_margin(box, width, height)
            left[around.y : around.bottom, around.x : around.right] = 0
    return found


def _read(pictures: Sequence[Picture], box: Box, detector: TextDetector) -> Box:
    """The box with what it says in the view in which it reads best."""
    return max((detector.read(picture, box) for picture in pictures), key=lambda each: (bool(each.text), each.score))
