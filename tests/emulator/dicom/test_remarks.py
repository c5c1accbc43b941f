"""What is no picture in a compressed frame is found, and the picture does not depend on it.

Made by imagecodecs and Pillow, other codecs than the emulator's; markers of ITU-T T.81 B.1.1.3 and T.800 A.2.
"""

import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from emulator.dicom.remarks import remarks

SAID = b"QUIZZELWORTH^BARTHOLOMEW"
PICTURE = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def jpeg(picture: np.ndarray = PICTURE, *, progressive: bool = False) -> bytes:
    target = io.BytesIO()
    Image.fromarray(picture).save(target, "JPEG", progressive=progressive)
    return target.getvalue()


def blank(frame: bytes) -> bytes:
    """The frame with zeros in the place of all remarks."""
    new = bytearray(frame)
    for start, end in remarks(frame, 0, len(frame)):
        new[start:end] = bytes(end - start)
    return bytes(new)


BASELINE, PROGRESSIVE = jpeg(), jpeg(progressive=True)
COLOUR = jpeg(np.dstack([PICTURE, PICTURE.T, PICTURE[::-1]]))
LOSSLESS = bytes(imagecodecs.jpegls_encode(PICTURE))
WAVELETS = bytes(imagecodecs.jpeg2k_encode(PICTURE, codecformat="j2k", reversible=True))
_SIZ_ENDS = 4 + struct.unpack_from(">H", WAVELETS, 4)[0]


@pytest.mark.parametrize(
    "frame",
    [
        BASELINE[:2] + segment(0xFE, SAID) + BASELINE[2:],
        COLOUR[:2] + segment(0xE1, b"Exif\0\0" + SAID) + COLOUR[2:],
        BASELINE[:2] + b"\xff\xff" + segment(0xED, SAID) + segment(0xE0, b"JFXX\0\x10" + SAID) + BASELINE[2:],
        BASELINE[:2] + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\1\x08" + SAID) + BASELINE[20:],
        BASELINE + SAID,
        PROGRESSIVE + PROGRESSIVE.replace(b"\xff\xd8", b"\xff\xd8" + segment(0xFE, SAID), 1),
        LOSSLESS[:2] + segment(0xFE, SAID) + LOSSLESS[2:] + SAID,
        WAVELETS[:_SIZ_ENDS] + segment(0x64, b"\0\1" + SAID) + WAVELETS[_SIZ_ENDS:],
        WAVELETS + SAID,
    ],
    ids=["comment", "Exif", "several", "thumbnail", "behind", "two pictures", "JPEG-LS", "J2K comment", "behind J2K"],
)
def test_what_a_frame_says_goes_and_its_picture_stays(frame: bytes) -> None:
    new = blank(frame)
    assert SAID in frame
    assert SAID not in new
    assert len(new) == len(frame)
    assert np.array_equal(imagecodecs.imread(new), imagecodecs.imread(frame))


@pytest.mark.parametrize("frame", [BASELINE, PROGRESSIVE, COLOUR, LOSSLESS])
def test_a_frame_without_remarks_stays(frame: bytes) -> None:
    assert blank(frame) == frame


def test_a_comment_in_the_header_of_a_tile_part_goes() -> None:
    at = WAVELETS.index(b"\xff\x90")
    (size,) = struct.unpack_from(">I", WAVELETS, at + 6)
    comment = segment(0x64, b"\0\1" + SAID)
    longer = WAVELETS[: at + 6] + struct.pack(">I", size + len(comment)) + WAVELETS[at + 10 : at + 12]
    assert SAID not in blank(longer + comment + WAVELETS[at + 12 :])


@pytest.mark.parametrize("end", range(2, len(BASELINE) + 40, 29))
@pytest.mark.parametrize("frame", [BASELINE + SAID, WAVELETS + SAID], ids=["JPEG", "J2K"])
def test_a_frame_that_is_cut_off_is_followed_as_far_as_it_goes(frame: bytes, end: int) -> None:
    assert all(2 <= start < stop <= end for start, stop in remarks(frame[:end], 0, len(frame[:end])))


def test_other_bytes_have_no_remarks() -> None:
    assert list(remarks(SAID, 0, len(SAID))) == []
