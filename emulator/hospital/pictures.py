"""The pixels of a film: a thorax with what the radiologist sees in it, by whole numbers alone.

Whole numbers have no rounding that differs between machines. Lengths are in half pixels from the middle of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from emulator.hospital.people import Chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 96
"""Pixels along each side."""
_ONE = 1024
"""How much an ellipse has in its middle; nothing at its edge."""


@dataclass(frozen=True, slots=True)
class _Ellipse:
    """Where something is, as far as it reaches to the side and up, and how much brighter it is there."""

    across: int
    down: int
    wide: int
    high: int
    brighter: int


_PA = (
    _Ellipse(0, 8, 88, 105, 150),
    _Ellipse(-40, -8, 30, 62, -100),
    _Ellipse(40, -8, 30, 62, -100),
    _Ellipse(0, 0, 9, 120, 40),
)
_LATERAL = (
    _Ellipse(0, 8, 70, 105, 150),
    _Ellipse(-4, -10, 46, 62, -105),
    _Ellipse(46, 0, 10, 110, 45),
)
_HEART = {"PA": _Ellipse(12, 34, 26, 26, 55), "AP": _Ellipse(12, 34, 29, 27, 55), "LL": _Ellipse(-26, 34, 26, 24, 70)}
_SEEN = {
    "Pneumonia": _Ellipse(-42, 28, 18, 14, 90),
    "Pleural effusion": _Ellipse(44, 50, 30, 16, 110),
    "Cardiomegaly": _Ellipse(16, 36, 44, 30, 60),
    "Pneumothorax": _Ellipse(-42, -58, 20, 14, -60),
}


def pixels(body: Chance, film: Chance, view: str, finding: str) -> NDArray[np.uint8]:
    """A film of SIDE x SIDE pixels of 8 bits, bone white, of a view (PA, AP, LL) with the finding of that name."""
    import numpy as np

    y, x = _grid()
    x, y = x + film.whole("aside", -6, 6), y + film.whole("lower", -6, 6)
    image = np.full(x.shape, 20 + film.whole("exposure", 0, 12), np.int32)
    shapes = [*(_LATERAL if view == "LL" else _PA), _HEART[view]]
    shapes += [_SEEN[finding]] if finding in _SEEN else []
    for number, shape in enumerate(shapes):
        image += _brighter(x, y, shape, body.whole(f"shape {number}", -3, 3))
    ribs = (y * 4 + x * x // 24 + body.whole("ribs", 0, 60)) % 72 < 14
    image += np.where(ribs & (image > 55) & (image < 110), 14, 0) + _grain(film.whole("grain", 0, SIDE - 1))
    clipped: NDArray[np.uint8] = np.clip(image, 0, 255).astype(np.uint8)
    return clipped


def _brighter(x: Any, y: Any, shape: _Ellipse, larger: int) -> Any:
    """What an ellipse adds to each pixel: all of it in its middle, less towards its edge."""
    import numpy as np

    wide, high = shape.wide + larger, shape.high + larger
    inside = _ONE - (x - shape.across) ** 2 * _ONE // wide**2 - (y - shape.down) ** 2 * _ONE // high**2
    return np.clip(inside * 2, 0, _ONE) * shape.brighter // _ONE


@cache
def _grid() -> tuple[Any, Any]:
    import numpy as np

    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.int32)
    return 2 * y - SIDE + 1, 2 * x - SIDE + 1


@cache
def _grain(corner: int) -> Any:
    """Grain of a film, from 0 to 7, as each film has it from another corner."""
    import numpy as np

    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.int64)
    mixed = (y + corner + 1) * 2_654_435_761 ^ (x + corner + 7) * 2_246_822_519
    mixed = (mixed ^ mixed >> 13) * 3_266_489_917 & 0xFFFFFFFF
    return (mixed >> 16 & 7).astype(np.int32)
