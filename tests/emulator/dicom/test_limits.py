"""What is decoded, and what is refused before any codec sees it."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate

from emulator.dicom import codestreams, limits
from emulator.dicom.codestreams import Size, size_of
from emulator.dicom.errors import UnsupportedError
from emulator.dicom.frames import PixelData
from emulator.dicom.header import read_header
from tests.emulator.dicom.files import shipped_files

J2K, JPEG, RLE = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
DAMAGED = {"JPEG2000-embedded-sequence-delimiter.dcm"}
"""Shipped files whose compressed pixels are none."""


def siz(columns: int, rows: int, samples: int = 1, tile: int = 0) -> bytes:
    """The first bytes of a JPEG 2000 codestream (ITU-T T.800 A.5.1)."""
    sides = (columns, rows, 0, 0, tile or columns, tile or rows, 0, 0)
    return b"\xff\x4f\xff\x51" + struct.pack(">HH8IH", 38 + 3 * samples, 0, *sides, samples) + b"\7\1\1" * samples


def sof(columns: int, rows: int, samples: int = 1) -> bytes:
    """The first bytes of a JPEG stream, with an application segment before the frame header (ITU-T T.81 B.2)."""
    return b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc0" + struct.pack(">HBHHB", 8 + 3 * samples, 8, rows, columns, samples)


def attributes(rows: int = 4, columns: int = 4, samples: int = 1, allocated: int = 8, frames: int = 1) -> Any:
    """DICOM JSON of what says how large the frames are."""
    given = {"00280010": rows, "00280011": columns, "00280002": samples, "00280100": allocated, "00280008": frames}
    return {tag: {"vr": "US", "Value": [value]} for tag, value in given.items()}


def check(elements: Any, frames: list[bytes], syntax: str, numbers: list[int] | None = None) -> None:
    value = encapsulate(frames)
    limits.check(value, elements, PixelData(0, len(value), encapsulated=True), syntax, numbers)


@pytest.mark.parametrize(
    ("encode", "samples"),
    [
        (imagecodecs.jpeg8_encode, 1),
        (imagecodecs.jpegls_encode, 1),
        (lambda image: imagecodecs.jpeg2k_encode(image, codecformat="j2k"), 1),
        (lambda image: imagecodecs.jpeg2k_encode(image, codecformat="jp2"), 1),
        (imagecodecs.jpegxl_encode, 0),
        (lambda image: imagecodecs.jpegxl_encode(image, usecontainer=True), 0),
    ],
    ids=["jpeg", "jpeg-ls", "j2k", "jp2", "jxl", "jxl-box"],
)
@pytest.mark.parametrize("shape", [(17, 33), (64, 64), (600, 800), (256, 512), (1, 9)])
def test_size_of_what_encoders_write(encode: Any, samples: int, shape: tuple[int, int]) -> None:
    image = np.arange(shape[0] * shape[1], dtype="u4").astype("u1").reshape(shape)
    assert size_of(bytes(encode(image))) == Size(*shape, samples)


def test_shipped_files_may_be_decoded() -> None:
    seen = set()
    for path in shipped_files():
        data = path.read_bytes()
        try:
            header = read_header(data)
        except ValueError:
            continue
        for bulk in header.bulk:
            if bulk.path == "7FE00010" and path.name not in DAMAGED:
                place = PixelData(bulk.offset, bulk.length, bulk.encapsulated)
                limits.check(data, header.elements, place, header.transfer_syntax)
                seen.add(header.transfer_syntax)
    assert {JPEG, J2K, RLE} < seen


@pytest.mark.parametrize(
    ("head", "syntax"),
    [(siz(60_000, 60_000), J2K), (sof(60_000, 60_000), JPEG), (siz(4, 4, 3), J2K), (sof(4, 5), JPEG)],
)
def test_a_stream_of_another_size_than_its_instance_is_refused(head: bytes, syntax: str) -> None:
    with pytest.raises(UnsupportedError, match=r"by their own header, and 4 x 4 with 1 by the instance's\.$"):
        check(attributes(), [head], syntax)


def test_a_large_frame_is_refused_where_both_agree() -> None:
    with pytest.raises(UnsupportedError, match="60000 x 60000 pixels with 1 samples is more than is decoded here"):
        check(attributes(60_000, 60_000), [siz(60_000, 60_000)], J2K)
    check(attributes(16_384, 16_384), [siz(16_384, 16_384)], J2K)


def test_many_frames_are_refused_together_and_taken_alone() -> None:
    elements = attributes(16_384, 16_384, frames=5)
    frames = [siz(16_384, 16_384)] * 5
    with pytest.raises(UnsupportedError, match="5 frames are 1342177280 bytes unpacked"):
        check(elements, frames, J2K)
    check(elements, frames, J2K, [5])
    with pytest.raises(UnsupportedError, match="holds 5 frames only"):
        check(elements, frames, J2K, [6])


@pytest.mark.parametrize(
    ("head", "syntax"),
    [
        (siz(4, 4)[:20], J2K),
        (siz(4, 0), J2K),
        (b"\xff\x4f\xff\x51" + bytes(60), J2K),
        (b"\xff\xd8\xff\xe0\xff\xff", JPEG),
        (b"\xff\xd8\0\0\0\0", JPEG),
        (struct.pack("<16I", 16, 64, *[0] * 14), RLE),
        (struct.pack("<16I", 2, 64, 1 << 30, *[0] * 13), RLE),
        (b"\1\0\0\0", RLE),
    ],
)
def test_damaged_headers(head: bytes, syntax: str) -> None:
    with pytest.raises(UnsupportedError, match=r"^The instance cannot be decoded: .*\.$"):
        check(attributes(), [head], syntax)


def test_tiles_have_a_limit() -> None:
    with pytest.raises(UnsupportedError, match="1000000 tiles; JPEG 2000 allows 65535"):
        size_of(siz(1000, 1000, tile=1))
    assert codestreams.size_of(b"no such stream at all") is None
