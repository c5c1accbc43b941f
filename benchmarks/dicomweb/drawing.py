"""The bare encoder: the pictures of the same films, from memory, by the function that the emulator calls."""

import io
import os
from functools import partial
from typing import Any

import pydicom

from benchmarks.corpus import Corpus, Film
from benchmarks.together import Worker, together
from emulator.dicom.render import encoded


def pictures(corpus: Corpus, number: int) -> list[Any]:
    """The pixels of the first films: 8 bits, ready to be encoded."""
    files = (b"".join(corpus.file(Film(each))) for each in range(number))
    return [pydicom.dcmread(io.BytesIO(file)).pixel_array for file in files]


def encode(drawn: list[Any], media: str, seconds: float, connections: int) -> float:
    """Encode them again and again in one process, or for several connections in one on each core; pictures a second."""
    processes = min(connections, os.cpu_count() or 1)
    pieces = [partial(_same, picture) for picture in drawn]
    work = partial(encoded, media=media, viewport=None)
    return together([Worker(lambda: work, pieces) for _ in range(processes)], seconds).rate


def _same(picture: Any) -> Any:
    return picture
