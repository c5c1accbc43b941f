"""PNG and JPEG files to grey pixels, and what is wrong with those that are none."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.chestxrays.errors import ConversionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_PIXELS = 64 * 1024 * 1024
"""Of one image: the largest detectors have 20 million, and a small file may claim billions."""

SYNTHETIC = b"SYNTHETIC IMAGE, NOT A PATIENT"
"""What a rehearsal's PNG says in a text chunk in front of its pixels."""

_MOST_SIDE = 65535
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_IHDR = struct.Struct(">8xI4sII")
_LARGEST_GREY_DIFFERENCE = 2
_UNKNOWN = "The file is neither a PNG nor a JPEG; convert it to PNG, or leave it out."
_DAMAGED = "The {} is damaged or cut off; fetch it again."
_COLOURED = "The image has colours, and a radiograph is grey; leave it out, or convert it to grey."


@dataclass(frozen=True)
class Picture:
    """A decoded image: pixels are rows x columns, 8 or 16 bits, 0 is black; lossy_ratio is a JPEG's, None for a PNG."""

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    lossy_ratio: float | None = None
    synthetic: bool = False


def decode(image: bytes) -> Picture:
    """The grey pixels of a PNG or JPEG file.

    A PNG's 1, 2 and 4 bits become 8 with white as 255, and 16 stay 16. Colour models with R = G = B are grey; an alpha
    channel is dropped, because nothing lies behind a film. Raises ConversionError.
    """
    if image.startswith(_PNG):
        return _decode_png(image)
    if image.startswith(_JPEG):
        return _decode_jpeg(image)
    raise ConversionError("The file is empty; fetch it again." if not image else _UNKNOWN)


def _check_size(width: int, height: int) -> None:
    if not width or not height:
        raise ConversionError("The image has no pixels; leave it out.")
    if max(width, height) > _MOST_SIDE or width * height > MOST_PIXELS:
        raise ConversionError(f"The image is larger than {MOST_PIXELS // 1024**2} megapixels; scale it down.")


def _decode_png(image: bytes) -> Picture:
    from imagecodecs import png_decode

    if len(image) < _IHDR.size:
        raise ConversionError(_DAMAGED.format("PNG"))
    _, kind, width, height = _IHDR.unpack_from(image)
    if kind != b"IHDR":
        raise ConversionError(_DAMAGED.format("PNG"))
    # Before decoding, which would take the memory.
    _check_size(width, height)
    try:
        decoded = png_decode(image)
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ConversionError(_DAMAGED.format("PNG")) from error
    return Picture(_grey(decoded), synthetic=SYNTHETIC in image[:512])


def _grey(decoded: NDArray[Any]) -> NDArray[Any]:
    """One channel of an array of rows x columns, or rows x columns x (grey alpha | R G B | R G B alpha)."""
    import numpy as np

    if decoded.ndim == 2:
        return decoded
    first = np.ascontiguousarray(decoded[..., 0])
    if decoded.shape[2] > 2 and not all(np.array_equal(first, decoded[..., channel]) for channel in (1, 2)):
        raise ConversionError(_COLOURED)
    return first


def _decode_jpeg(image: bytes) -> Picture:
    import warnings

    import numpy as np
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            opened = Image.open(io.BytesIO(image), formats=["JPEG"])
        _check_size(*opened.size)
        if opened.mode == "RGB":
            # The luminance as it was coded: converting to RGB and back would round it.
            opened.draft("YCbCr", opened.size)
        elif opened.mode != "L":
            raise ConversionError(_COLOURED)
        upright = ImageOps.exif_transpose(opened)
        planes = np.asarray(upright)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ConversionError(
            f"The image is larger than {MOST_PIXELS // 1024**2} megapixels; scale it down."
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ConversionError(_DAMAGED.format("JPEG")) from error
    ratio = planes.shape[0] * planes.shape[1] / len(image)
    if planes.ndim == 2:
        return Picture(planes, lossy_ratio=ratio)
    if np.abs(planes[..., 1:].astype(np.int16) - 128).max() > _LARGEST_GREY_DIFFERENCE:
        raise ConversionError(_COLOURED)
    return Picture(np.ascontiguousarray(planes[..., 0]), lossy_ratio=ratio)
