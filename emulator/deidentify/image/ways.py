"""Ways to look at a picture: what a detector overlooks in one it finds in another."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.boxes import Box

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

ENLARGED = 1.5
"""How much larger a picture is shown in which small letters are looked for."""


class Way(Enum):
    """How a picture is shown to a detector: as it is, enlarged with its shades inverted, or turned and inverted."""

    PLAIN = 0
    ENLARGED = 1
    TURNED = 2


def shown(picture: Picture, way: Way) -> Picture:
    """The picture as it is shown."""
    import numpy as np

    if way is Way.ENLARGED:
        return resized(255 - picture, ENLARGED)
    return np.ascontiguousarray(np.rot90(255 - picture)) if way is Way.TURNED else picture


def in_picture(box: Box, way: Way, width: int, height: int) -> Box:
    """A box in what is shown as a box in the picture itself, which is so wide and high."""
    if way is Way.ENLARGED:
        return scaled(box, 1 / ENLARGED, width, height)
    if way is Way.TURNED:
        return Box(width - box.bottom, box.x, box.height, box.width, box.text, box.score)
    return box


def resized(picture: Picture, factor: float) -> Picture:
    """The picture so many times as wide and high, one pixel at least."""
    import numpy as np
    from PIL import Image

    height, width = picture.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(size, Image.Resampling.BICUBIC))


def scaled(box: Box, factor: float, width: int, height: int) -> Box:
    """A box so many times as large, as far as it lies in a picture of that size."""
    left, top = int(box.x * factor), int(box.y * factor)
    right, bottom = min(width, -int(-box.right * factor // 1)), min(height, -int(-box.bottom * factor // 1))
    return Box(left, top, right - left, bottom - top, score=box.score)
