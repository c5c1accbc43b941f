"""Run lengths of bytes (PackBits, PS3.5 G.3.1), by Pillow, whose TIFF has the same."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_STRIP_OFFSETS, _STRIP_BYTES = 273, 279  # TIFF 6.0, section 8


def encode(plane: "np.ndarray[Any, np.dtype[np.uint8]]") -> bytes:
    """Pack (rows, columns) of bytes, each row alone."""
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(plane).save(written, "TIFF", compression="packbits")
    tags = Image.open(written).tag_v2  # type: ignore[attr-defined]  # a TIFF's
    strips = zip(tags[_STRIP_OFFSETS], tags[_STRIP_BYTES], strict=True)
    return b"".join(written.getbuffer()[first : first + length] for first, length in strips)
