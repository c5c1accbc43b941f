"""What finds text in pictures: the interface, and whether there is something behind it."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from emulator.deidentify.image.boxes import Box
from emulator.deidentify.image.rapid import RapidDetector
from emulator.deidentify.image.ways import Way

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

PACKAGES = ("rapidocr", "onnxruntime")
INSTALL = "pip install 'healthcare-cloud-poc[ocr]'"


class DetectorMissing(RuntimeError):
    """Nothing that finds text in pixels is installed here; says what to install."""

    def __init__(self) -> None:
        super().__init__(
            f"Text in pixels cannot be found here: the packages {' and '.join(PACKAGES)} are not installed. "
            f"Run `{INSTALL}`, or in a clone scripts/setup, or ask for REDACT_NO_TEXT."
        )


class TextDetector(Protocol):
    """Finds text in 8-bit pictures, grey (rows, columns) or RGB (rows, columns, 3), whichever way it runs."""

    def boxes(self, picture: Picture, way: Way = Way.PLAIN) -> list[Box]:
        """Where there is text, as the picture shows it: boxes without margins whose text was not read."""

    def read(self, picture: Picture, box: Box) -> Box:
        """The box with what it says in a picture; as it is where nothing can be read."""


def available() -> bool:
    """Whether `detector` gives one: a look at what is installed that imports nothing."""
    return all(find_spec(name) is not None for name in PACKAGES)


@cache
def detector() -> TextDetector:
    """The detector of this process, whose models are loaded once, with its first picture; DetectorMissing without."""
    if not available():
        raise DetectorMissing
    return RapidDetector()
