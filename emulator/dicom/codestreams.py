"""What a compressed frame says of its own size, read from its first bytes, before any codec sees it."""

import struct
from dataclasses import dataclass

from emulator.dicom.errors import UnsupportedError

LOOKED_AT = 1 << 20
"""The bytes of a frame in which its header must lie; application segments come before it."""

_JPEG, _J2K, _JXL, _JP2_BOX, _JXL_BOX = b"\xff\xd8", b"\xff\x4f\xff\x51", b"\xff\x0a", b"jP  ", b"JXL "
# ITU-T T.81 B.1.1.3: SOF0 to SOF15 without DHT, JPG and DAC; ITU-T T.87 C.1.1: SOF55.
_FRAME_HEADERS = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_MAX_TILES = 65_535  # ITU-T T.800 A.4.2: Isot has 16 bits
_MAX_RLE_SEGMENTS = 15  # PS3.5 G.5
_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # ISO/IEC 18181-1: SizeHeader
_JXL_SIZE_BITS = (9, 13, 18, 30)


@dataclass(frozen=True, slots=True)
class Size:
    """Rows, columns and samples a pixel, 0 for what the stream does not say where it begins."""

    rows: int
    columns: int
    samples: int


def size_of(head: bytes) -> Size | None:
    """The size that a JPEG, JPEG-LS, JPEG 2000, HTJ2K or JPEG XL stream begins with, None for any other.

    UnsupportedError, in one sentence, where the header is damaged, or has tiles that no decoder should try.
    """
    try:
        if head.startswith(_JPEG):
            return _jpeg(head)
        if head.startswith(_J2K):
            return _jpeg_2000(head, 0)
        if head[4:8] == _JP2_BOX and (at := head.find(_J2K)) >= 0:
            return _jpeg_2000(head, at)
        if head.startswith(_JXL):
            return _jpeg_xl(head, 2)
        if head[4:8] == _JXL_BOX:
            return _boxed_jpeg_xl(head)
    except (struct.error, IndexError):
        raise UnsupportedError(
            "The instance cannot be decoded: its compressed pixels end within their header."
        ) from None
    return None


def _jpeg(head: bytes) -> Size:
    """Walk over the marker segments up to the frame header (ITU-T T.81 B.2)."""
    at = 2
    while True:
        if head[at] != 0xFF:
            raise UnsupportedError("The instance cannot be decoded: its compressed pixels have a damaged header.")
        marker = head[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAME_HEADERS:
            rows, columns, samples = struct.unpack_from(">HHB", head, at + 5)
            return Size(rows, columns, samples)
        else:
            at += 2 + struct.unpack_from(">H", head, at + 2)[0]


def _jpeg_2000(head: bytes, at: int) -> Size:
    """Read SIZ (ITU-T T.800 A.5.1)."""
    right, bottom, left, top, width, height, tile_left, tile_top, samples = struct.unpack_from(">8IH", head, at + 8)
    if not (width and height and right > left >= tile_left and bottom > top >= tile_top):
        raise UnsupportedError("The instance cannot be decoded: its compressed pixels have a damaged header.")
    tiles = -(-(right - tile_left) // width) * -(-(bottom - tile_top) // height)
    if tiles > _MAX_TILES:
        raise UnsupportedError(
            f"The instance cannot be decoded: its compressed pixels have {tiles} tiles; JPEG 2000 allows {_MAX_TILES}."
        )
    return Size(bottom - top, right - left, samples)


def _boxed_jpeg_xl(head: bytes) -> Size | None:
    """Find the codestream's box (ISO/IEC 18181-2)."""
    at = 0
    while at + 8 <= len(head):
        length, kind = struct.unpack_from(">I4s", head, at)
        if kind in (b"jxlc", b"jxlp"):
            start = at + (12 if kind == b"jxlp" else 8)
            return _jpeg_xl(head, start + 2)
        if length < 8:
            return None
        at += length
    return None


def _jpeg_xl(head: bytes, at: int) -> Size:
    """Read SizeHeader (ISO/IEC 18181-1), whose bits are packed from the lowest one up."""
    bits, position = int.from_bytes(head[at : at + 12], "little"), 0
    if len(head) < at + 10:
        raise UnsupportedError("The instance cannot be decoded: its compressed pixels end within their header.")

    def take(count: int) -> int:
        nonlocal position
        position += count
        return bits >> position - count & (1 << count) - 1

    small = take(1)

    def side() -> int:
        return (1 + take(5)) * 8 if small else 1 + take(_JXL_SIZE_BITS[take(2)])

    rows = side()
    ratio = take(3)
    if not ratio:
        return Size(rows, side(), 0)
    wide, high = _JXL_RATIOS[ratio - 1]
    return Size(rows, rows * wide // high, 0)


def check_run_lengths(head: bytes, length: int) -> None:
    """Raise UnsupportedError unless a frame of `length` bytes begins with a sound RLE header (PS3.5 G.5)."""
    if len(head) >= 64:
        count, *offsets = struct.unpack_from("<16I", head)
        used = offsets[:count]
        sound = 1 <= count <= _MAX_RLE_SEGMENTS and used[0] == 64 and used == sorted(used) and used[-1] <= length
        if sound:
            return
    raise UnsupportedError("The instance cannot be decoded: its run-length encoded pixels have a damaged header.")
