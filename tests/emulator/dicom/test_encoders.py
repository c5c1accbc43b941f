"""Codestreams by the libraries that the emulator has are those that others read, of every size and depth."""

import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from emulator.dicom import jpeg, jpeg2000, packbits, png
from emulator.dicom.errors import UnsupportedError

Array = np.ndarray[Any, np.dtype[Any]]
SIZES = [(1, 1), (1, 40), (13, 22), (31, 33), (32, 32), (33, 47), (70, 3)]


def noise(shape: tuple[int, ...], bits: int, kind: str) -> Array:
    low = -(1 << (bits - 1)) if kind[0] == "i" else 0
    return np.random.default_rng(1).integers(low, low + (1 << bits), shape).astype(kind)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("bits", "kind"),
    [(1, "u1"), (6, "u1"), (8, "u1"), (8, "i1"), (8, "u2"), (10, "u2"), (16, "u2"), (12, "i2"), (16, "i2")],
)
def test_jpeg_2000_of_grey(size: tuple[int, int], bits: int, kind: str) -> None:
    frame = noise(size, bits, kind)
    codestream = jpeg2000.encode(frame, bits, transform=False)
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(codestream).reshape(size), frame)
    assert depths(codestream) == [(bits, kind[0] == "i")]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("transform", [True, False])
@pytest.mark.parametrize("bits", [5, 8])
def test_jpeg_2000_of_colour(size: tuple[int, int], bits: int, transform: bool) -> None:
    frame = noise((*size, 3), bits, "u1")
    codestream = jpeg2000.encode(frame, bits, transform=transform)
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(codestream), frame)
    assert depths(codestream) == [(bits, False)] * 3


@pytest.mark.parametrize("transform", [True, False])
def test_deep_colour_needs_32_pixels_a_side(transform: bool) -> None:
    frame = noise((32, 40, 3), 12, "u2")
    codestream = jpeg2000.encode(frame, 12, transform=transform)
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(codestream), frame)
    with pytest.raises(UnsupportedError, match="from 32 rows and columns on"):
        jpeg2000.encode(frame[1:], 12, transform=transform)


def depths(codestream: bytes) -> list[tuple[int, bool]]:
    """Bits of each component, and whether they are signed: of the SIZ segment (ISO/IEC 15444-1 A.5.1)."""
    at = codestream.index(b"\xff\x51")
    count = int.from_bytes(codestream[at + 38 : at + 40], "big")
    told = [codestream[at + 40 + 3 * number] for number in range(count)]
    return [((each & 0x7F) + 1, bool(each & 0x80)) for each in told]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("space", ["grey", "RGB", "YCbCr"])
def test_jpeg_is_what_libjpeg_turbo_makes(size: tuple[int, int], space: str) -> None:
    """Byte by byte as imagecodecs, which calls that library itself."""
    if space == "grey":
        frame = noise(size, 8, "u1")
        assert jpeg.encode(frame) == bytes(imagecodecs.jpeg8_encode(frame, level=90))
        return
    frame = noise((*size, 3), 8, "u1")
    for sampling in ("4:2:0", "4:2:2", "4:4:4"):
        wanted = imagecodecs.jpeg8_encode(
            frame,
            level=90,
            colorspace=space.lower(),
            outcolorspace="ycbcr",
            subsampling=sampling.replace(":", ""),
        )
        assert jpeg.encode(frame, space, sampling) == bytes(wanted)


def test_a_jpeg_has_no_more_rows_than_libjpeg_allows() -> None:
    assert Image.open(io.BytesIO(jpeg.encode(np.zeros((65_500, 1), "u1")))).size == (1, 65_500)
    with pytest.raises(UnsupportedError, match="at most 65500 rows and columns"):
        jpeg.encode(np.zeros((65_501, 1), "u1"))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("colour", [False, True])
def test_png_of_8_and_16_bits(size: tuple[int, int], kind: str, colour: bool) -> None:
    frame = noise((*size, 3) if colour else size, 8 * np.dtype(kind).itemsize, kind)
    np.testing.assert_array_equal(imagecodecs.png_decode(png.encode(frame)).reshape(frame.shape), frame)


@pytest.mark.parametrize("size", [*SIZES, (2, 128), (2, 129), (700, 300)], ids=str)
@pytest.mark.parametrize("levels", [1, 2, 8])
def test_packbits_packs_each_row_alone(size: tuple[int, int], levels: int) -> None:
    """PS3.5 G.3.1: each row is a whole number of runs, so that it can be unpacked alone."""
    plane = noise(size, levels, "u1")
    packed = packbits.encode(plane)
    assert imagecodecs.packbits_decode(packed) == plane.tobytes()
    rows = b"".join(packbits.encode(np.ascontiguousarray(row[np.newaxis])) for row in plane)
    assert packed == rows
