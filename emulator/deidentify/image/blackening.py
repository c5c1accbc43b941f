"""Boxes made black in a frame of stored samples, and what lies in bits that no sample uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.boxes import Box

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import Dataset

    Image = np.ndarray[Any, np.dtype[Any]]


def blackened(frame: Image, boxes: Iterable[Box], dataset: Dataset) -> Image:
    """A copy of a frame with boxes as black as its blackest pixel: the brightest sample where MONOCHROME1 shows it so.

    A shade that the frame has keeps the contrast of a viewer that goes by the range of samples.
    """
    made = frame.copy()
    shade = _black(frame, dataset)
    for box in boxes:
        made[box.y : box.bottom, box.x : box.right] = shade
    return made


def _black(frame: Image, dataset: Dataset) -> Any:
    import numpy as np

    meaning = str(dataset.get("PhotometricInterpretation") or "")
    if frame.ndim == 3:
        chrominance = 1 << (int(dataset.get("BitsStored") or 8) - 1)
        return (0, chrominance, chrominance) if meaning.startswith(("YBR_FULL", "YBR_PARTIAL")) else 0
    if meaning == "PALETTE COLOR":
        return _darkest(dataset)
    return np.nanmax(frame) if meaning == "MONOCHROME1" else np.nanmin(frame)


def _darkest(dataset: Dataset) -> int:
    """The index of a palette's darkest colour."""
    import numpy as np
    from pydicom.pixels.processing import apply_color_lut

    descriptor = dataset["RedPaletteColorLookupTableDescriptor"].value
    first, entries = int(descriptor[1]), int(descriptor[0]) or 1 << 16
    indexes = np.arange(first, first + entries)
    colours = apply_color_lut(indexes.reshape(1, -1).astype(np.uint16), dataset)
    return first + int(colours.reshape(entries, -1).astype(np.int64).sum(axis=1).argmin())


def without_unused_bits(frame: Image, dataset: Dataset) -> Image:
    """The samples without what lies in bits above or below those stored, as overlays of old do (PS3.5 8.1.2)."""
    allocated = frame.dtype.itemsize * 8
    stored = int(dataset.get("BitsStored") or allocated)
    low = max(0, int(dataset.get("HighBit") or stored - 1) - stored + 1)
    above = allocated - stored - low
    if frame.dtype.kind not in "iu" or above < 0:
        return frame
    kept: Image = ((frame << above) >> (above + low)) << low
    return kept.astype(frame.dtype)
