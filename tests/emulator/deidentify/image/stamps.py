"""A detector for tests of what becomes of boxes: it finds one at a fixed place as long as something is there."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emulator.deidentify.image.boxes import Box
from emulator.deidentify.image.redaction import Wanted
from emulator.deidentify.image.rules import ImageRules, Mode
from emulator.deidentify.image.ways import Way
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules
from tests.support.burned_in import Picture

FOUND = Box(5, 4, 6, 4, score=0.9)
BLACK = (slice(2, 10), slice(0, 17))
"""The rows and columns of FOUND with its margin, and what lies beyond its ends."""
EVERYTHING = Wanted(ImageRules(Mode.ALL), Cleaner(TextRules.basic(), Secret(bytes(32))), Known.none())


@dataclass
class Stamp:
    """Finds FOUND where its pixels are not all alike, and reads there what it is told."""

    said: str = ""
    looked_at: list[tuple[int, ...]] = field(default_factory=list)

    def boxes(self, picture: Picture, way: Way = Way.PLAIN) -> list[Box]:
        del way
        self.looked_at.append(picture.shape)
        place = picture[FOUND.y : FOUND.bottom, FOUND.x : FOUND.right]
        return [FOUND] if place.size and np.ptp(place) else []

    def read(self, picture: Picture, box: Box) -> Box:
        del picture
        return Box(box.x, box.y, box.width, box.height, self.said, 0.99)


def saved(dataset: object, path: Path) -> Path:
    """Write a dataset of tests.emulator.dicom to a file."""
    dataset.save_as(path, enforce_file_format=True)  # type: ignore[attr-defined]
    return path
