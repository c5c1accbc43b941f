"""Burned-in text of one instance: where it is, and the file without it. Decodes pixels: for a process pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.blackening import blackened
from emulator.deidentify.image.boxes import Box, covered
from emulator.deidentify.image.detection import TextDetector
from emulator.deidentify.image.instance import Instance, opened
from emulator.deidentify.image.looking import look, look_again
from emulator.deidentify.image.overlays import redact_planes, take_out_embedded
from emulator.deidentify.image.rules import ImageRules, Mode
from emulator.deidentify.image.sensitive import sensitive
from emulator.deidentify.image.views import views
from emulator.deidentify.image.watching import Watch
from emulator.deidentify.image.writing import write
from emulator.deidentify.text import Cleaner, Known
from emulator.deidentify.text.findings import FindingKind, Origin
from emulator.dicom.decoding import refusing

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]


_UNKNOWN = FindingKind(Origin.PIXELS, "", 0)


@dataclass(frozen=True)
class Wanted:
    """What is to be blackened: the rules, and for text that identifies somebody who finds it and by which values."""

    rules: ImageRules
    cleaner: Cleaner
    known: Known

    def of(self, boxes: Sequence[Box]) -> list[Box]:
        """Those boxes among all that were found."""
        if self.rules.mode is Mode.ALL:
            return list(boxes)
        return sensitive(boxes, self.rules, self.cleaner, self.known)

    @property
    def reads(self) -> bool:
        """Whether it matters what a text says."""
        return self.rules.mode is not Mode.ALL


@dataclass(frozen=True)
class Redacted:
    """What became of an instance's pixels: the boxes of each frame, and the transfer syntax of the new file.

    frames     the boxes, frame by frame; with what they say, which is a patient's data, where it was read
    overlays   the number of boxes that were cleared in overlay planes
    area       which part of all pixels was blackened, from 0 to 1
    """

    frames: tuple[tuple[Box, ...], ...]
    overlays: int
    area: float
    syntax: str

    @property
    def boxes(self) -> int:
        """The number of boxes in all frames."""
        return sum(map(len, self.frames))

    @property
    def found(self) -> Counter[FindingKind]:
        """How many texts of each kind were blackened, in each frame anew."""
        kinds = Counter(kind for frame in self.frames for box in frame for kind in box.found or (_UNKNOWN,))
        return kinds + Counter({_UNKNOWN: self.overlays})


def redact(source: Path, target: Path, wanted: Wanted, detector: TextDetector) -> Redacted | None:
    """Write a DICOM file without its burned-in text; None, and no file, where it has no pixels or none is to go.

    The new file differs in pixels, overlays, what says how they are stored, and in BurnedInAnnotation, which is NO; an
    icon goes, as do signatures. Raises DicomError for a file that is not sound, and
    UnsupportedError, in one sentence, where its pixels cannot be decoded: then no file is left.
    """
    if wanted.rules.mode is Mode.NONE:
        return None
    with refusing("redacted"), opened(source) as instance:
        if instance is None:
            return None
        frames = _found(instance, wanted, detector)
        find = partial(_in_picture, wanted=wanted, detector=detector)
        overlays, masked = redact_planes(instance.dataset, find), take_out_embedded(instance.dataset)
        area = _area(instance, frames)
        _label(instance)
        try:
            with target.open("wb") as file:
                syntax = write(instance, frames, file, masked=masked)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return Redacted(frames, overlays, area, syntax)


def boxes_of(source: Path, wanted: Wanted, detector: TextDetector) -> tuple[tuple[Box, ...], ...]:
    """The boxes that would be blackened in each frame of a file, for a preview; none where it has no pixels.

    Raises what `redact` raises.
    """
    with refusing("redacted"), opened(source) as instance:
        return _found(instance, wanted, detector) if instance is not None and wanted.rules.mode is not Mode.NONE else ()


def texts_of(source: Path, detector: TextDetector) -> tuple[tuple[Box, ...], ...]:
    """All text that can be read in each frame of a file, and in its overlays, which follow as frames of their own.

    Raises what `redact` raises.
    """
    with refusing("read"), opened(source) as instance:
        if instance is None:
            return ()
        watch = _watch(instance, detector, read=True)
        frames = [tuple(watch.boxes(instance.decoded(number))) for number in _numbers(instance)]
        planes: list[tuple[Box, ...]] = []

        def note(picture: Picture) -> list[Box]:
            planes.append(tuple(look([picture], detector, read=True)))
            return []

        redact_planes(instance.dataset, note)
        return (*frames, *planes)


def _found(instance: Instance, wanted: Wanted, detector: TextDetector) -> tuple[tuple[Box, ...], ...]:
    watch = _watch(instance, detector, read=wanted.reads)
    return tuple(tuple(wanted.of(watch.boxes(instance.decoded(number)))) for number in _numbers(instance))


def _numbers(instance: Instance) -> range:
    return range(1, instance.count + 1)


def _watch(instance: Instance, detector: TextDetector, *, read: bool) -> Watch:
    """What finds the text in an instance's frames; read says to read what it says, too."""
    dataset = instance.described
    return Watch(
        partial(look, detector=detector, read=read),
        partial(look_again, detector=detector),
        partial(views, dataset=dataset),
        partial(blackened, dataset=dataset),
    )


def _in_picture(picture: Picture, wanted: Wanted, detector: TextDetector) -> list[Box]:
    return wanted.of(look([picture], detector, read=wanted.reads))


def _area(instance: Instance, frames: Sequence[Sequence[Box]]) -> float:
    rows, columns = int(instance.described.Rows), int(instance.described.Columns)
    return sum(covered(boxes, columns, rows) for boxes in frames) / (rows * columns * max(1, len(frames)))


def _label(instance: Instance) -> None:
    """Say that no text is burned in that identifies the patient (PS3.3 C.7.6.1); drop the icon, which may show some."""
    instance.dataset.BurnedInAnnotation = "NO"
    if "IconImageSequence" in instance.dataset:
        del instance.dataset["IconImageSequence"]
