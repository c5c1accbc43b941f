"""A frame as a picture: modality and VOI transformation, photometric interpretation, PNG or JPEG. Runs in a pool."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.dicom import jpeg, png
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.high_bit import lower_high_bit
from emulator.dicom.reading import read
from emulator.dicom.representations import decimal
from emulator.dicom.single_bits import single_bits

if TYPE_CHECKING:
    import numpy as np
    from pydicom.dataset import Dataset

    Image = np.ndarray[Any, np.dtype[Any]]

_TABLE_LIMIT = 1 << 17


@dataclass(frozen=True, slots=True)
class Viewport:
    """What to show, and the pixels it must fit into (PS3.18 8.3.5.1.3).

    The region is in the image's own pixels, None for all of it from x or y on; a negative size flips it.
    """

    width: int
    height: int
    x: float = 0
    y: float = 0
    region_width: float | None = None
    region_height: float | None = None


def render(path: str, number: int, media: str, viewport: Viewport | None = None) -> bytes:
    """Draw frame `number` (from 1) as image/jpeg or image/png, cut, flipped and fitted as a viewport says.

    UnsupportedError, in one sentence, where the pixels cannot be decoded.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = displayed(path, number)
    return encoded(picture, media, viewport)


def encoded(picture: "Image", media: str, viewport: Viewport | None) -> bytes:
    """An 8-bit picture as image/jpeg or image/png, cut, flipped and fitted as a viewport says."""
    if viewport is not None:
        picture = _fitted(picture, viewport)
    return png.encode(picture) if media == "image/png" else jpeg.encode(picture)


def displayed(path: str, number: int) -> "Image":
    """A frame as it is shown: 8 bit, grey (rows, columns) or colour (rows, columns, 3)."""
    import numpy as np
    from pydicom.pixels.processing import apply_color_lut
    from pydicom.pixels.utils import pixel_array

    try:
        dataset = read(path)
        lower_high_bit(dataset)
        if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
            raise UnsupportedError("The instance has no pixel data to render.")
        bits = single_bits(dataset, number)
        frame = bits if bits is not None else pixel_array(dataset, index=number - 1, view_only=True)
        meaning = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
        if meaning == "PALETTE COLOR":
            coloured = apply_color_lut(frame, dataset)
            deep = coloured.dtype.itemsize > 1 and not _lower_byte_only(dataset)
            return (coloured >> 8 if deep else coloured).astype(np.uint8)
        if frame.ndim == 3:
            return _eight_bits(frame, int(dataset.get("BitsStored", 8)))
        return _grey(frame, _of_frame(dataset, number), inverse=meaning == "MONOCHROME1")
    except UnsupportedError:
        raise
    except Exception as problem:  # noqa: BLE001 (codecs raise what they like; their text may quote values)
        raise UnsupportedError(f"The pixels cannot be rendered ({type(problem).__name__}).") from None


def _lower_byte_only(dataset: "Dataset") -> bool:
    """Whether a palette of 16 bits holds 8-bit colours, as some devices write it."""
    import numpy as np

    tables = [dataset.get(f"{name}PaletteColorLookupTableData") for name in ("Red", "Green", "Blue")]
    return all(table and np.frombuffer(table, "<u2").max() < 256 for table in tables)


_GROUPS = ("PixelValueTransformationSequence", "FrameVOILUTSequence")


def _of_frame(dataset: "Dataset", number: int) -> "Dataset":
    """The transformations of one frame: the dataset's, or those of its functional groups (PS3.3 C.7.6.16)."""
    from pydicom.dataset import Dataset

    shared = list(dataset.get("SharedFunctionalGroupsSequence") or [])[:1]
    own = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])[number - 1 : number]
    items = [item for group in (*shared, *own) for keyword in _GROUPS for item in (group.get(keyword) or [])]
    if not items:
        return dataset
    merged = Dataset()
    for name in ("BitsStored", "BitsAllocated", "PixelRepresentation"):
        if name in dataset:
            merged[name] = dataset[name]
    for item in items:
        merged.update(item)
    return merged


def _eight_bits(frame: "Image", bits: int) -> "Image":
    import numpy as np

    return (frame >> max(0, bits - 8)).astype(np.uint8) if frame.dtype.itemsize > 1 else frame.astype(np.uint8)


def _grey(frame: "Image", dataset: "Dataset", *, inverse: bool) -> "Image":
    """Show a grey frame; integers through a table, since each value that occurs need be looked at once only."""
    low, high = (int(frame.min()), int(frame.max())) if frame.dtype.kind in "iu" else (0, _TABLE_LIMIT)
    if high - low >= _TABLE_LIMIT:
        picture = _shades(frame, dataset)
        return 255 - picture if inverse else picture
    return through_table(frame, low, high, lambda values: _shades(values, dataset), inverse=inverse)


def through_table(
    frame: "Image", low: int, high: int, shades: Callable[["Image"], "Image"], *, inverse: bool
) -> "Image":
    """Show a frame whose values are integers from low to high, given what makes shades of values."""
    import numpy as np

    values = np.arange(low, high + 1, dtype=np.int64).astype(frame.dtype)
    table = 255 - shades(values) if inverse else shades(values)
    if np.array_equal(table, values):  # ready for presentation, as most films of 8 bits are
        return frame.astype(np.uint8, copy=False)
    return np.take(table, frame - low if low else frame)


def _shades(values: "Image", dataset: "Dataset") -> "Image":
    """Apply modality LUT or rescale, then VOI LUT or window (or the range of the values); give 8-bit shades."""
    import numpy as np
    from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

    values = apply_modality_lut(values, dataset)
    if "VOILUTSequence" in dataset and dataset.VOILUTSequence:
        shown = apply_voi_lut(values, dataset, prefer_lut=True).astype(np.float64)
        return _scaled(shown, 0.0, float(2 ** int(dataset.VOILUTSequence[0].LUTDescriptor[2]) - 1))
    return windowed(values, _window(dataset), str(dataset.get("VOILUTFunction", "LINEAR")))


def windowed(values: "Image", window: tuple[float, float] | None, function: str) -> "Image":
    """Apply a window (or the range of the values); give 8-bit shades."""
    import numpy as np

    shown = values.astype(np.float64)
    if window is not None:
        return _scaled(*_windowed(shown, *window, function))
    finite = shown[np.isfinite(shown)]
    return _scaled(shown, *((float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)))


def _scaled(shown: "Image", low: float, high: float) -> "Image":
    """Spread a range over the 8-bit shades."""
    import numpy as np

    scaled = np.nan_to_num((shown - low) * (255.0 / ((high - low) or 1.0)))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _window(dataset: "Dataset") -> tuple[float, float] | None:
    """The first window's centre and width; None where there is none, or one that is no two numbers."""
    found = []
    for keyword in ("WindowCenter", "WindowWidth"):
        try:
            value = dataset.get(keyword)
            number = decimal(str(value[0] if hasattr(value, "append") else value))
        except (ValueError, IndexError, ArithmeticError):
            return None
        if number is None:
            return None
        found.append(float(number))
    return (found[0], found[1]) if found[1] > 0 else None


def _windowed(values: "Image", centre: float, width: float, function: str) -> tuple["Image", float, float]:
    """Apply a window (PS3.3 C.11.2.1.2, C.11.2.1.3); give the values with the range that is shown."""
    import numpy as np

    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -700, 700))), 0.0, 1.0
    if function == "LINEAR":
        if width <= 1:  # a step: what is above centre - 0.5 is white
            return (values > centre - 0.5).astype(np.float64), 0.0, 1.0
        return values, centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    return values, centre - width / 2, centre + width / 2


def _fitted(picture: "Image", viewport: Viewport) -> "Image":
    """Cut out the region, flip it, scale it to the largest size that fits, keeping its shape (PS3.18 8.3.5.1.3)."""
    import numpy as np
    from PIL import Image as Pillow

    height, width = picture.shape[:2]
    rows, upside_down = _span(viewport.y, viewport.region_height, height)
    columns, mirrored = _span(viewport.x, viewport.region_width, width)
    picture = picture[rows, columns]
    picture = picture[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
    height, width = picture.shape[:2]
    factor = min(viewport.width / width, viewport.height / height)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Pillow.fromarray(np.ascontiguousarray(picture)).resize(size, Pillow.Resampling.BILINEAR))


def _span(start: float, length: float | None, size: int) -> tuple[slice, bool]:
    """The pixels of a region along one axis, and whether it is flipped; UnsupportedError if it has none."""
    flipped = length is not None and length < 0
    first = max(0, round(start))
    last = size if length is None else min(size, round(start + abs(length)))
    if first >= last:
        raise UnsupportedError("The viewport's region lies outside of the image.")
    return slice(first, last), flipped
