"""Pictures with text burned in, made of a seed: five faces, both polarities, all right angles, over made-up anatomy.

All faces are Pillow's own two, so that they look the same on every machine: its sans, upright, bold, slanted and
narrow, and its bitmap letters, as devices of old draw them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Picture = np.ndarray[Any, np.dtype[np.uint8]]
_SURNAMES = [
    "SMITH",
    "JOHNSON",
    "GARCIA",
    "MUELLER",
    "OKAFOR",
    "NGUYEN",
    "HERNANDEZ",
    "KOWALSKI",
    "PETERSEN",
    "YAMAMOTO",
]
_GIVEN = ["ANNA", "JOHN", "MARIA", "PETER", "AISHA", "THOMAS", "LINDA", "KENJI", "OLGA", "PABLO"]
_BITMAP_HEIGHT = 11


@dataclass(frozen=True)
class Planted:
    """A text, the height of its letters' line in pixels, its face, quarter turns, and the box that its ink fills."""

    text: str
    size: int
    face: str
    turns: int
    x: int
    y: int
    width: int
    height: int

    def left_of(self, before: Picture, after: Picture) -> float:
        """Which part of its box still has the pixels that it had."""
        place = (slice(self.y, self.y + self.height), slice(self.x, self.x + self.width))
        same = before[place] == after[place]
        return float(same.all(axis=-1).mean() if same.ndim == 3 else same.mean())


def anatomy(generator: np.random.Generator, height: int, width: int) -> Picture:
    """A grey picture with a bright body, bands as of ribs, clouds of several sizes and noise, and no text."""
    clouds = sum(
        strength * _enlarged(generator.standard_normal((height // size + 2, width // size + 2)), height, width)
        for size, strength in ((4, 15.0), (16, 20.0), (64, 40.0))
    )
    rows, columns = np.mgrid[0:height, 0:width]
    across, down = (columns - width / 2) / (width * 0.42), (rows - height / 2) / (height * 0.48)
    body = np.exp(-(across**4 + down**4))
    curve = 0.04 * height * np.sin(columns / width * np.pi)
    ribs = sum(np.exp(-(((rows - height * (0.15 + 0.09 * rib) - curve) / (height * 0.015)) ** 2)) for rib in range(8))
    grain = 4 * generator.standard_normal((height, width))
    made: Picture = np.clip(body * (110 + clouds + 30 * ribs) + grain, 0, 255).astype(np.uint8)
    return made


def with_text(
    seed: int, *, side: int = 1024, texts: int = 6, smallest: int = 12, largest: int = 60, turned: bool = True
) -> tuple[Picture, list[Planted]]:
    """A square grey picture with texts, white or black, half of them on a plate of the other shade."""
    generator = np.random.default_rng(seed)
    picture = anatomy(generator, side, side)
    if seed % 2:
        picture = 255 - picture
    planted: list[Planted] = []
    taken = np.zeros((side, side), bool)
    for _ in range(100 * texts):
        if len(planted) == texts:
            break
        size = int(generator.integers(smallest, largest + 1))
        one = _place(generator, picture, taken, size, int(generator.integers(4)) if turned else 0)
        planted += [one] if one else []
    return picture, planted


def write(picture: Picture, text: str, x: int, y: int, size: int, shade: int, *, face: str = "sans") -> Planted:
    """Burn a text into a grey picture, its ink from column x and row y on; say where it is."""
    ink = _FACES[face](text, size)
    height, width = ink.shape
    _burn(picture[y : y + height, x : x + width], ink, shade)
    return Planted(text, size, face, 0, x, y, width, height)


def line(generator: np.random.Generator) -> str:
    """A line as devices burn it in: a name, an id, a date, a number."""
    surname, given = generator.choice(_SURNAMES), generator.choice(_GIVEN)
    number = int(generator.integers(10**6, 10**7))
    day, month, year = generator.integers(1, 28), generator.integers(1, 12), generator.integers(1930, 2010)
    lines = (
        f"{surname}^{given}",
        f"MRN {number}",
        f"DOB {day:02}/{month:02}/{year}",
        f"{given.title()} {surname.title()}",
        f"Acc: A{number}",
        f"Tel 555-{number % 10000:04}",
    )
    return str(generator.choice(lines))


def _place(
    generator: np.random.Generator, picture: Picture, taken: np.ndarray[Any, Any], size: int, turns: int
) -> Planted | None:
    """Burn one text in where there is room for it; None where a first try finds none."""
    text, face = line(generator), str(generator.choice(list(_FACES)))
    ink = np.rot90(_FACES[face](text, size), turns)
    height, width = ink.shape
    if max(height, width) > len(picture) - 16:
        return None
    y, x = (int(generator.integers(8, len(picture) - length - 7)) for length in (height, width))
    room = (slice(max(0, y - size), y + height + size), slice(max(0, x - size), x + width + size))
    if taken[room].any():
        return None
    taken[room] = True
    shade = 255 * int(generator.integers(2))
    if not shade or generator.integers(2):
        edge = size // 3
        picture[max(0, y - edge) : y + height + edge, max(0, x - edge) : x + width + edge] = 255 - shade
    _burn(picture[y : y + height, x : x + width], ink, shade)
    return Planted(text, size, face, turns, x, y, width, height)


def _burn(place: Picture, ink: Picture, shade: int) -> None:
    cover = ink / 255
    place[:] = np.rint(place * (1 - cover) + shade * cover)


def _enlarged(small: np.ndarray[Any, Any], height: int, width: int) -> np.ndarray[Any, Any]:
    return np.asarray(Image.fromarray(small.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))


def _sans(text: str, size: int, *, bold: bool = False, slant: float = 0, narrow: float = 1) -> Picture:
    font = ImageFont.load_default(size)
    canvas = Image.new("L", (size * (len(text) + 4), 3 * size))
    stroke = max(1, size // 24) if bold else 0
    ImageDraw.Draw(canvas).text((2 * size, size // 2), text, font=font, fill=255, stroke_width=stroke)
    changed = canvas.transform(
        canvas.size, Image.Transform.AFFINE, (1 / narrow, slant, 0, 0, 1, 0), Image.Resampling.BILINEAR
    )
    return _trimmed(np.asarray(changed))


def _bitmap(text: str, size: int) -> Picture:
    """The bitmap letters, each of their pixels a square of several."""
    canvas = Image.new("L", (12 * (len(text) + 2), 3 * _BITMAP_HEIGHT))
    ImageDraw.Draw(canvas).text((12, 8), text, font=ImageFont.load_default_imagefont(), fill=255)
    times = max(1, round(size / _BITMAP_HEIGHT))
    return np.kron(_trimmed(np.asarray(canvas)), np.ones((times, times), np.uint8))


def _trimmed(ink: Picture) -> Picture:
    rows, columns = np.nonzero(ink > 64)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


_FACES: dict[str, Callable[[str, int], Picture]] = {
    "sans": _sans,
    "bold": partial(_sans, bold=True),
    "slanted": partial(_sans, slant=0.25),
    "narrow": partial(_sans, narrow=0.75),
    "bitmap": _bitmap,
}
