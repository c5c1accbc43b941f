"""Pictures of plain frames: grey, uncompressed, all bits used, no tables. No codec, no pydicom: fit for a thread."""

from dataclasses import dataclass
from typing import Any

from emulator.dicom import frames, syntaxes
from emulator.dicom.frames import PixelData
from emulator.dicom.header import Bulk
from emulator.dicom.render import Viewport, encoded, through_table, windowed

Json = dict[str, Any]

_SYNTAXES = frozenset((syntaxes.EXPLICIT, syntaxes.IMPLICIT))
_GREY = {"MONOCHROME1": True, "MONOCHROME2": False}
_TYPES = {(8, 0): "u1", (8, 1): "i1", (16, 0): "<u2", (16, 1): "<i2"}
# Modality LUT, VOI LUT and functional groups, which pydicom applies, and float pixels.
_OTHER = frozenset(("00283000", "00283010", "52009229", "52009230", "7FE00008", "7FE00009"))


# Rows, Columns, SamplesPerPixel, BitsAllocated, BitsStored, PixelRepresentation.
_NEEDED = ("00280010", "00280011", "00280002", "00280100", "00280101", "00280103")


@dataclass(frozen=True, slots=True)
class Plain:
    """What is needed to draw a plain instance: the type of its pixels, where they lie, and how they are shown."""

    elements: Json
    pixels: PixelData
    dtype: str
    shape: tuple[int, int]
    rescale: tuple[float, float]
    window: tuple[float, float] | None
    function: str
    inverse: bool


def plain(elements: Json, bulk: list[Bulk], syntax: str) -> Plain | None:
    """Look at an instance's DICOM JSON; None where it is not plain, or odd in any way."""
    pixels = next((b for b in bulk if b.path == "7FE00010" and not b.encapsulated), None)
    inverse = _GREY.get(_first(elements, "00280004", ""))
    if syntax not in _SYNTAXES or pixels is None or inverse is None or not _OTHER.isdisjoint(elements):
        return None
    try:
        rows, columns, samples, allocated, stored, signed = (_number(elements, tag, int) for tag in _NEEDED)
        rescale, window = _pair(elements, "00281053", "00281052"), _pair(elements, "00281050", "00281051")
    except TypeError:
        return None
    dtype = _TYPES.get((allocated, signed))
    if dtype is None or samples != 1 or stored != allocated:
        return None
    return Plain(
        elements,
        PixelData(pixels.offset, pixels.length, encapsulated=False),
        dtype,
        (rows, columns),
        rescale or (1.0, 0.0),
        window if window is not None and window[1] > 0 else None,
        str(_first(elements, "00281056", "LINEAR")),
        inverse,
    )


def _pair(elements: Json, *tags: str) -> tuple[float, float] | None:
    """The first values of two attributes, None if there is none; TypeError where they are no such pair."""
    if not any(tag in elements for tag in tags):
        return None
    first, second = (_number(elements, tag, (int, float)) for tag in tags)
    return float(first), float(second)


def _number(elements: Json, tag: str, kind: type[int] | tuple[type[int], type[float]]) -> Any:
    """The first value of an attribute; TypeError where it has none, or shows one that is no number as text."""
    found = _first(elements, tag)
    if not isinstance(found, kind):
        raise TypeError(tag)
    return found


def _first(elements: Json, tag: str, default: Any = None) -> Any:
    found = elements.get(tag, {}).get("Value")
    return found[0] if found else default


def draw(path: str, instance: Plain, number: int, media: str, viewport: Viewport | None) -> bytes:
    """Draw frame `number` (from 1) as image/jpeg or image/png; UnsupportedError where there is no such frame."""
    import numpy as np

    start, _ = frames.native_range(instance.elements, instance.pixels, number)
    frame = np.asarray(np.memmap(path, instance.dtype, "r", start, instance.shape))
    picture = through_table(
        frame, int(frame.min()), int(frame.max()), lambda values: _shades(instance, values), inverse=instance.inverse
    )
    return encoded(picture, media, viewport)


def _shades(instance: Plain, values: Any) -> Any:
    slope, intercept = instance.rescale
    return windowed(values.astype("f8") * slope + intercept, instance.window, instance.function)
