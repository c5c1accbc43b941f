"""Image files (PNG, JPEG, TIFF, BMP) to grey pixels, and what is wrong with those that are none."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.chestxrays.errors import ConversionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

MOST_PIXELS = 64 * 1024 * 1024
"""Of one image: the largest detectors have 20 million, and a small file may claim billions."""

SYNTHETIC = b"SYNTHETIC IMAGE, NOT A PATIENT"
"""What a rehearsal's PNG says in a text chunk in front of its pixels."""

_MOST_SIDE = 65535
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_TIFF, _BMP = (b"II*\x00", b"MM\x00*"), b"BM"
_IHDR = struct.Struct(">8xI4sII")
_LARGEST_GREY_DIFFERENCE = 2
_NO_FRAME_MARKERS = frozenset((0xC4, 0xC8, 0xCC))
# What Pillow lets out when a file is damaged, metadata included.
_PILLOWS_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
)
_MODES = frozenset(("L", "LA", "RGB", "RGBA", "I;16", "I;16B", "I;16L"))
_UNKNOWN = "The file is no PNG, JPEG, TIFF or BMP; convert it to PNG, or leave it out."
_DAMAGED = "The {} is damaged or cut off; fetch it again."
_COLOURED = "The image has colours, and a radiograph is grey; leave it out, or convert it to grey."


@dataclass(frozen=True)
class Picture:
    """A decoded image: pixels are rows x columns, 8 or 16 bits, 0 is black; lossy_ratio is a JPEG's, None for a PNG."""

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    lossy_ratio: float | None = None
    synthetic: bool = False


def decode(image: bytes) -> Picture:
    """The grey pixels of a PNG, JPEG, TIFF or BMP file.

    1, 2 and 4 bits become 8 with white as 255, and 16 stay 16. Colour models with R = G = B are grey; an alpha channel
    is dropped, because nothing lies behind a film. Raises ConversionError.
    """
    if image.startswith(_PNG):
        return _decode_png(image)
    if image.startswith(_JPEG):
        return _decode_jpeg(image)
    if image.startswith(_TIFF):
        return _decode_other(image, "TIFF")
    if image.startswith(_BMP):
        return _decode_other(image, "BMP")
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


def _jpeg_size(image: bytes) -> tuple[int, int]:
    """Width and height from the frame header, stepping over the segments before it (ITU-T T.81 B.2)."""
    place = 2
    while place + 9 <= len(image) and image[place] == 0xFF:
        marker = image[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", image, place + 5)
            return width, height
        # A marker may be filled up with more FF in front.
        place += 1 if marker == 0xFF else 2 + int.from_bytes(image[place + 2 : place + 4], "big")
    raise ConversionError(_DAMAGED.format("JPEG"))


def _decode_jpeg(image: bytes) -> Picture:
    import numpy as np

    # Before Pillow, which only warns of what is too large, and takes the memory.
    _check_size(*_jpeg_size(image))
    try:
        # Pillow warns of damaged metadata; whether the pixels are whole is another question.
        with warnings.catch_warnings(action="ignore"):
            planes = np.asarray(_upright_jpeg(image))
    except _PILLOWS_ERRORS as error:
        raise ConversionError(_DAMAGED.format("JPEG")) from error
    ratio = planes.shape[0] * planes.shape[1] / len(image)
    if planes.ndim == 2:
        return Picture(planes, lossy_ratio=ratio)
    middle: Any = planes[..., :1].astype(np.int16) if _is_coded_as_rgb(image) else 128
    if np.abs(planes[..., 1:].astype(np.int16) - middle).max() > _LARGEST_GREY_DIFFERENCE:
        raise ConversionError(_COLOURED)
    return Picture(np.ascontiguousarray(planes[..., 0]), lossy_ratio=ratio)


def _is_coded_as_rgb(image: bytes) -> bool:
    """Whether a JPEG's three components are red, green and blue: Adobe's marker says so (ITU-T T.872 6.5.3)."""
    from PIL import Image

    return bool(Image.open(io.BytesIO(image), formats=["JPEG"]).info.get("adobe_transform") == 0)


def _decode_other(image: bytes, kind: str) -> Picture:
    """A TIFF or BMP, whose sizes and modes Pillow reads before any pixel."""
    import numpy as np
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"):
            opened: Image.Image = Image.open(io.BytesIO(image), formats=[kind])
            _check_size(*opened.size)
            pages = getattr(opened, "n_frames", 1)
            if pages != 1:
                raise ConversionError(f"The {kind} holds {pages} pages, and a film is one; split it into files.")
            lossy = opened.info.get("compression") in {"jpeg", "tiff_jpeg", "webp"}
            if opened.mode in {"1", "P"}:
                opened = opened.convert("L" if opened.mode == "1" else "RGB")
            if opened.mode not in _MODES:
                raise ConversionError(f"The {kind} has pixels of a kind that no film has; convert it to grey PNG.")
            pixels = np.asarray(opened)
    except _PILLOWS_ERRORS as error:
        raise ConversionError(_DAMAGED.format(kind)) from error
    if pixels.dtype.itemsize == 2:
        pixels = pixels.astype(np.uint16)
    return Picture(_grey(pixels), lossy_ratio=pixels.shape[0] * pixels.shape[1] / len(image) if lossy else None)


def _upright_jpeg(image: bytes) -> PillowImage:
    """Turned as its metadata say, in the mode L, or YCbCr or RGB as it was coded: to convert would round."""
    from PIL import Image, ImageOps

    opened = Image.open(io.BytesIO(image), formats=["JPEG"])
    if opened.mode == "RGB":
        if opened.info.get("adobe_transform") != 0:
            opened.draft("YCbCr", opened.size)
    elif opened.mode != "L":
        raise ConversionError(_COLOURED)
    return ImageOps.exif_transpose(opened)
