"""The generated films of a rehearsal as PNG files, in full size or small and cheap."""

from __future__ import annotations

import random
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from scripts.chestxrays.decoding import SYNTHETIC
from scripts.loading.synthetic import GENERATOR, SIDE, Film, pixels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BODIES = 32
"""Different bodies among small films: each film is one of them, moved and of another exposure."""

_IHDR_END = 33
_LEVEL = 1


def png_of(film: Film, side: int, *, rgba: bool) -> bytes:
    """The film as a PNG of `side` x `side` pixels of 8 bits, grey or as R = G = B with an opaque alpha channel."""
    import numpy as np
    from imagecodecs import png_encode

    grey = pixels(film) if side == SIDE else _small(film, side)
    image: NDArray[Any] = grey
    if rgba:
        image = np.stack([grey, grey, grey, np.full_like(grey, 255)], axis=-1)
    png = bytes(png_encode(image, level=_LEVEL))
    return png[:_IHDR_END] + _text_chunk() + png[_IHDR_END:]


@cache
def _text_chunk() -> bytes:
    """A tEXt chunk (PNG 11.3.3.2) right after the header, where a reader need not look far."""
    body = b"tEXt" + b"Comment\x00" + SYNTHETIC + b", made by " + GENERATOR.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _small(film: Film, side: int) -> NDArray[np.uint8]:
    import numpy as np

    chance = random.Random(f"{GENERATOR}/{film.patient}/{film.follow_up}/small")  # noqa: S311
    body = _body(film.patient % _BODIES, side)
    shift = chance.randrange(-side // 16, side // 16 + 1), chance.randrange(-side // 16, side // 16 + 1)
    grain = np.roll(_grain(side), (chance.randrange(side), chance.randrange(side)), (0, 1))
    moved = np.roll(body, shift, (0, 1)) + grain + chance.randrange(-20, 21)
    image: NDArray[np.uint8] = np.clip(moved, 0, 255).astype(np.uint8)
    return image


@cache
def _body(number: int, side: int) -> NDArray[np.int16]:
    import numpy as np
    from PIL import Image

    whole = Image.fromarray(pixels(Film(number + 1, 0)))
    return np.asarray(whole.resize((side, side), Image.Resampling.BOX), dtype=np.int16)


@cache
def _grain(side: int) -> NDArray[np.int16]:
    import numpy as np

    return np.random.default_rng(side).normal(0, 4, (side, side)).astype(np.int16)
