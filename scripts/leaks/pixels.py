"""What the pixels of DICOM files still say: their text is read, and known values of the source are looked for in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.deidentify.image.misreading import known_in
from emulator.deidentify.image.redaction import texts_of
from emulator.deidentify.image.sensitive import rows
from emulator.dicom.errors import DicomError, UnsupportedError

if TYPE_CHECKING:
    from emulator.deidentify.image import Box, TextDetector
    from emulator.deidentify.text import Known


@dataclass(frozen=True)
class PixelLeak:
    """A known value that can be read in a picture.

    frame      from 1; numbers above those of the frames are of overlay planes
    place      the box around the row that it was read in: x, y, width, height
    info_type  what kind of value it is
    text       what was read there: a patient's data
    """

    frame: int
    place: tuple[int, int, int, int]
    info_type: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Pictures:
    """What was read in one file: known values, how much text there is at all, and why nothing could be read."""

    leaks: tuple[PixelLeak, ...] = ()
    texts: int = 0
    refusal: str = ""


def read_pictures(path: Path, known: Known, detector: TextDetector) -> Pictures:
    """Read all frames and overlays of a DICOM file.

    A file whose pixels can't be decoded is told by the refusal, in one sentence: nobody has looked at it.
    """
    try:
        frames = texts_of(path, detector)
    except (DicomError, UnsupportedError) as problem:
        return Pictures(refusal=str(problem))
    leaks = (leak for number, boxes in enumerate(frames, 1) for leak in _leaks(number, boxes, known))
    return Pictures(tuple(leaks), sum(map(len, frames)))


def _leaks(frame: int, boxes: Sequence[Box], known: Known) -> Iterator[PixelLeak]:
    """The known values of one frame, each kind once in a row: a name may stand in two boxes."""
    for row in rows(boxes):
        text = " ".join(box.text for box in row)
        around = row[0]
        for box in row[1:]:
            around = around.united(box)
        place = (around.x, around.y, around.width, around.height)
        for info_type in dict.fromkeys(each.info_type for each in known_in(text, known)):
            yield PixelLeak(frame, place, info_type, text)
