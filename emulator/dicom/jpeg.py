"""Baseline JPEG of 8-bit pictures (ISO/IEC 10918-1), by Pillow."""

import io
import os
from typing import IO, TYPE_CHECKING, Any

from emulator.dicom.errors import UnsupportedError

if TYPE_CHECKING:
    import numpy as np

_QUALITY = 90
_LONGEST = 65_500  # libjpeg's own limit (JPEG_MAX_DIMENSION)


def encode(picture: "np.ndarray[Any, np.dtype[np.uint8]]", colours: str = "RGB", subsampling: str = "4:2:0") -> bytes:
    """Write a grey (rows, columns) or a colour (rows, columns, 3) picture, whose samples are RGB or YCbCr as told.

    Colour is written as YCbCr. subsampling is that of its chrominances: "4:2:0", "4:2:2" or "4:4:4". Raises
    UnsupportedError for a picture that is longer than 65,500 pixels on one side.
    """
    import numpy as np
    from PIL import Image

    if max(picture.shape[:2]) > _LONGEST:
        raise UnsupportedError(f"A JPEG has at most {_LONGEST} rows and columns.")
    contiguous = np.ascontiguousarray(picture)
    height, width = contiguous.shape[:2]
    mode, sampled = ("L", "4:4:4") if picture.ndim == 2 else (colours, subsampling)
    image = Image.frombuffer(mode, (width, height), contiguous.tobytes(), "raw", mode, 0, 1)
    with _file() as written:
        image.save(written, "JPEG", quality=_QUALITY, subsampling=sampled)
        written.seek(0)
        return written.read()


def _file() -> IO[bytes]:
    """A file in memory. Into one of the system's Pillow writes without Python's lock, into one of Python's with it."""
    return os.fdopen(os.memfd_create("jpeg"), "w+b") if hasattr(os, "memfd_create") else io.BytesIO()
