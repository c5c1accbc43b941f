"""Pictures of what would be blackened: each frame as it is and as it would be, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.deidentify.image import DetectorMissing, Mode, boxes_of, detector
from emulator.deidentify.instances import wanted
from emulator.deidentify.settings import Settings
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.render import displayed
from scripts.errors import UsageError
from scripts.storing.candidates import Candidate

if TYPE_CHECKING:
    from PIL.Image import Image

_FRAMES = 16
"""Pictures of one file, at most."""
_GAP = 8
_MARK = (255, 64, 64)


def previews(settings: Settings, candidates: Sequence[Candidate], to: Path) -> Iterator[tuple[str, int, str]]:
    """Write PNGs into `to`; gives of each file its label, how many boxes it has, and why it has no picture, or "".

    A picture shows a patient's data: its left half is the original. Raises UsageError for settings that leave pixels
    alone, and where nothing is installed that finds text.
    """
    if settings.image.mode is Mode.NONE:
        raise UsageError("The recipe leaves pixels alone: there is nothing to preview.")
    to.mkdir(parents=True, exist_ok=True)
    for number, candidate in enumerate(candidates, 1):
        try:
            yield candidate.label, _preview(settings, candidate.path, to / f"{number:04}"), ""
        except (DicomError, UnsupportedError) as problem:
            yield candidate.label, 0, str(problem)
        except DetectorMissing as missing:
            raise UsageError(str(missing)) from None


def _preview(settings: Settings, source: Path, to: Path) -> int:
    with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        frames = boxes_of(source, wanted(settings, data), detector())
    for number, boxes in enumerate(frames[:_FRAMES], 1):
        picture = _picture(source, number)
        after = picture.copy()
        _paint(picture, [(box.x, box.y, box.right, box.bottom) for box in boxes], fill=False)
        _paint(after, [(box.x, box.y, box.right, box.bottom) for box in boxes], fill=True)
        _beside(picture, after).save(to.with_name(f"{to.name}-{number}.png"))
    return sum(map(len, frames))


def _picture(source: Path, number: int) -> Image:
    import PIL.Image

    return PIL.Image.fromarray(displayed(str(source), number)).convert("RGB")


def _paint(picture: Image, boxes: Sequence[tuple[int, int, int, int]], *, fill: bool) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(picture)
    for left, top, right, bottom in boxes:
        shape = (left, top, right - 1, bottom - 1)
        draw.rectangle(shape, fill=(0, 0, 0) if fill else None, outline=None if fill else _MARK)


def _beside(left: Image, right: Image) -> Image:
    import PIL.Image

    both = PIL.Image.new("RGB", (left.width + _GAP + right.width, left.height), (128, 128, 128))
    both.paste(left, (0, 0))
    both.paste(right, (left.width + _GAP, 0))
    return both
