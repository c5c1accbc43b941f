"""Text in pixels: seconds a megapixel for the detector alone, and for finding, reading, blackening and writing."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from pydicom import dcmread

from benchmarks.figures import Figure, absent
from emulator.deidentify.image import ImageRules, Mode, Wanted, available, detector, redact
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules
from scripts.demonstration.places import Places
from scripts.loading.synthetic import dicom_bytes, films
from tests.support.burned_in import Picture, anatomy, write

_SIDE, _ROUNDS = 1024, 3
_LINES = ("KOWALSKI^MARIA", "ID 8123456", "29 FEB 1960", "PORTABLE AP")
_WHOLE, _ALONE = "text in pixels, whole, a megapixel", "text in pixels, detector alone, a megapixel"


def deidentify_pixels(places: Places) -> list[Figure]:
    """A film of a megapixel with four texts, in seconds of this process and its threads."""
    if not available():
        return [absent(name, "the extra ocr is not installed") for name in (_ALONE, _WHOLE)]
    picture = _picture()
    source, target = places.results / "film.dcm", places.results / "film-redacted.dcm"
    _film(picture, source)
    cleaner = Cleaner(TextRules.basic(), Secret(bytes(32)))
    wanted = Wanted(ImageRules(Mode.ALL), cleaner, Known.none())
    detector().boxes(picture)
    alone, whole = [], []
    for _ in range(_ROUNDS):
        alone.append(_seconds(lambda: detector().boxes(picture)))
        whole.append(_seconds(lambda: redact(source, target, wanted, detector())))
    megapixels = picture.size / 1e6
    return [
        Figure(_ALONE, tuple(each / megapixels for each in alone), more_is_better=False, unit=" s"),
        Figure(_WHOLE, tuple(each / megapixels for each in whole), more_is_better=False, unit=" s"),
    ]


def _seconds(work: object) -> float:
    began = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - began


def _picture() -> Picture:
    ground = anatomy(np.random.default_rng(7), _SIDE, _SIDE)
    for number, line in enumerate(_LINES):
        write(ground, line, 60, 60 + 80 * number, 32, 255)
    return ground


def _film(picture: Picture, to: Path) -> None:
    """A film with these pixels."""
    to.write_bytes(dicom_bytes(next(iter(films(1)))))
    dataset = dcmread(to)
    dataset.Rows, dataset.Columns = picture.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = picture.tobytes()
    dataset.save_as(to)
