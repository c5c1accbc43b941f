"""Overlay planes (groups 60xx): pictures of single bits beside the pixels, or in bits that samples leave unused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.deidentify.image.boxes import Box

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import Dataset

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _POSITION, _DATA = 0x0010, 0x0011, 0x0015, 0x0102, 0x3000
_SMALL = 8
"""A plane with fewer rows or columns shows no text."""


def redact_planes(dataset: Dataset, find: Callable[[Picture], list[Box]]) -> int:
    """Clear the boxes that are found in each plane of a dataset; give their number."""
    return sum(_redact(dataset, group, find) for group in _groups(dataset))


def take_out_embedded(dataset: Dataset) -> bool:
    """Take the overlays out whose bits lie in the pixels' own words; whether there were any.

    Their bits have to be cleared then. The standard retired them in 2004 (PS3.5 8.1.2).
    """
    found = [group for group in _groups(dataset) if group << 16 | _DATA not in dataset]
    found = [group for group in found if _number(dataset, group, _POSITION)]
    for group in found:
        for tag in [tag for tag in dataset.keys() if tag >> 16 == group]:  # noqa: SIM118 (a dataset is no dict)
            del dataset[tag]
    return bool(found)


def _groups(dataset: Dataset) -> list[int]:
    return [group for group in _GROUPS if any(group << 16 | each in dataset for each in (_ROWS, _POSITION, _DATA))]


def _redact(dataset: Dataset, group: int, find: Callable[[Picture], list[Box]]) -> int:
    import numpy as np

    rows, columns = (_number(dataset, group, each) for each in (_ROWS, _COLUMNS))
    element: Any = dataset.get(group << 16 | _DATA)
    if element is None or not element.value or min(rows, columns) < _SMALL:
        return 0
    bits = np.unpackbits(np.frombuffer(element.value, np.uint8), bitorder="little")
    count = min(max(1, _number(dataset, group, _FRAMES)), len(bits) // (rows * columns))
    planes = bits[: count * rows * columns].reshape(count, rows, columns)
    found = 0
    for plane in planes:
        for box in find(plane * np.uint8(255)) if plane.any() else ():
            plane[box.y : box.bottom, box.x : box.right] = 0
            found += 1
    if found:
        element.value = np.packbits(bits, bitorder="little").tobytes()
    return found


def _number(dataset: Dataset, group: int, element: int) -> int:
    found: Any = dataset.get(group << 16 | element)
    return int(found.value) if found is not None and isinstance(found.value, int) else 0
