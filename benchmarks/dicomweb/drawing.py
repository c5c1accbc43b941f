"""The bare encoder: the pictures of the same films, from memory, by libpng and libjpeg-turbo (imagecodecs)."""

import io
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pydicom
from imagecodecs import jpeg8_encode, png_encode

from benchmarks.corpus import Corpus, Film
from benchmarks.together import Worker, together

_QUALITY = 90  # the emulator's
_ENCODERS: dict[str, Callable[[Any], Any]] = {
    "image/png": partial(png_encode, level=1),
    "image/jpeg": partial(jpeg8_encode, level=_QUALITY),
}


def pictures(corpus: Corpus, number: int) -> list[Any]:
    """The pixels of the first films: 8 bits, ready to be encoded."""
    files = (b"".join(corpus.file(Film(each))) for each in range(number))
    return [pydicom.dcmread(io.BytesIO(file)).pixel_array for file in files]


def encode(drawn: list[Any], media: str, seconds: float, connections: int) -> float:
    """Encode them again and again in one process, or for several connections in one on each core; pictures a second."""
    processes = min(connections, os.cpu_count() or 1)
    pieces = [partial(_same, picture) for picture in drawn]
    return together([Worker(lambda: _ENCODERS[media], pieces) for _ in range(processes)], seconds).rate


def _same(picture: Any) -> Any:
    return picture
