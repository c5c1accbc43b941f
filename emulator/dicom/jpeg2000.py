"""JPEG 2000 codestreams without loss (ISO/IEC 15444-1), by OpenJPEG."""

import io
from typing import TYPE_CHECKING, Any

from emulator.dicom.errors import UnsupportedError

if TYPE_CHECKING:
    import numpy as np

    Image = np.ndarray[Any, np.dtype[Any]]

_UNSPECIFIED, _SRGB = 0, 1  # colour spaces as pylibjpeg-openjpeg numbers them
_SHORTEST = 32
"""Pixels a side: pylibjpeg-openjpeg always halves a frame five times."""
_COMPONENTS = 36
"""Where SIZ tells of the first component, from its marker on: Ssiz, then two bytes of sampling (A.5.1)."""
_SIGNED = 0x80


def encode(frame: "Image", bits: int, *, transform: bool) -> bytes:
    """Compress (rows, columns) or (rows, columns, 3) integers of which `bits` are stored.

    transform asks for the reversible colour transform, which RGB is for. Raises UnsupportedError for colour of more
    than 8 bits in a frame of fewer than 32 rows or columns.
    """
    import numpy as np
    from openjpeg.utils import encode_array

    if min(frame.shape[:2]) < _SHORTEST:
        return _small(frame, bits, transform=transform)
    space = _SRGB if transform else _UNSPECIFIED
    return bytes(encode_array(np.ascontiguousarray(frame), bits_stored=bits, photometric_interpretation=space))


def _small(frame: "Image", bits: int, *, transform: bool) -> bytes:
    """As `encode`, by Pillow, which halves as often as there is room for, but stores all bits of the type.

    Unsigned samples are compressed less half their range (G.1), signed ones as they are. So samples that are moved to
    the middle of the type's range give the same codestream as those of fewer bits, but for what it says of them.
    """
    import numpy as np
    from PIL import Image as Pillow

    mode = {(2, 1): "L", (2, 2): "I;16", (3, 1): "RGB"}.get((frame.ndim, frame.dtype.itemsize))
    if mode is None:
        raise UnsupportedError("Colour of more than 8 bits is compressed to JPEG 2000 from 32 rows and columns on.")
    signed = frame.dtype.kind == "i"
    middle = 1 << (8 * frame.dtype.itemsize - 1)
    moved = frame.astype(np.int32) + (middle if signed else middle - (1 << (bits - 1)))
    rows, columns = frame.shape[:2]
    raw = moved.astype(f"<u{frame.dtype.itemsize}").tobytes()
    written = io.BytesIO()
    image = Pillow.frombytes(mode, (columns, rows), raw)
    image.save(written, "JPEG2000", irreversible=False, mct=int(transform), no_jp2=True)
    return _labelled(bytearray(written.getbuffer()), bits - 1 | (_SIGNED if signed else 0))


def _labelled(codestream: bytearray, depth: int) -> bytes:
    """The codestream with another Ssiz for each component: bits less one, and whether they are signed (A.5.1)."""
    siz = codestream.index(b"\xff\x51")
    first = siz + _COMPONENTS + 4
    count = int.from_bytes(codestream[first - 2 : first], "big")
    codestream[first : first + 3 * count : 3] = bytes([depth] * count)
    return bytes(codestream)
