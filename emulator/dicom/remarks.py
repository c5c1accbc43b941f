"""Parts of compressed frames that are no picture: comments, data of applications, and bytes behind the end.

JPEG (ITU-T T.81), JPEG-LS (T.87), JPEG 2000 and HTJ2K (T.800). What decoders look at in them stays: whether colours are
transformed, and the density of JFIF.
"""

import re
import struct
from collections.abc import Iterator
from mmap import mmap

Span = tuple[int, int]

_JPEG, _J2K, _END = b"\xff\xd8", b"\xff\x4f", 0xD9
_SCAN, _COMMENT, _APPLICATIONS = 0xDA, 0xFE, range(0xE0, 0xF0)
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_NEXT = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]", re.DOTALL)
"""A marker behind the data of a scan, in which FF is followed by less than 80 or by a restart marker."""
_DECODED = {
    0xE0: ((b"JFIF\0", 14),),
    0xE8: ((b"mrfx", 5), (b"SPIFF\0", 30), (b"\0\0\0\1", 6)),
    0xEE: ((b"Adobe", 12),),
}
"""What decoders read, by marker: the first bytes of a segment's content, and how many of it (T.84 F: SPIFF)."""
_TILE_PART, _TILE_DATA, _TILE_COMMENT = 0x90, 0x93, 0x64


def may_have_remarks(data: bytes | mmap, start: int) -> bool:
    """Whether the stream that begins there is of a kind in which remarks are found."""
    return data[start : start + 2] in (_JPEG, _J2K)


def remarks(data: bytes | mmap, start: int, end: int) -> Iterator[Span]:
    """The bytes [start, end) of a frame that may be anything and are no picture, in order.

    None of a stream that is of another kind. Of a damaged one those up to where it can be followed.
    """
    head = data[start : start + 2]
    try:
        if head == _JPEG:
            yield from _jpeg(data, start + 2, end)
        elif head == _J2K:
            yield from _jpeg_2000(data, start + 2, end)
    except (struct.error, IndexError):
        return


def _jpeg(data: bytes | mmap, at: int, end: int) -> Iterator[Span]:
    while end - at >= 2 and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
        elif marker == _END:
            yield from _behind(at + 2, end)
            return
        elif marker in _ALONE:
            at += 2
        else:
            after = min(at + 2 + struct.unpack_from(">H", data, at + 2)[0], end)
            if marker == _COMMENT or marker in _APPLICATIONS:
                yield from _behind(at + 4 + _decoded(data, marker, at + 4), after)
            at = _behind_scan(data, after, end) if marker == _SCAN else after


def _decoded(data: bytes | mmap, marker: int, at: int) -> int:
    """How many bytes of a segment's content decoders read."""
    known = (length for begins, length in _DECODED.get(marker, ()) if data[at : at + len(begins)] == begins)
    return next(known, 0)


def _behind_scan(data: bytes | mmap, at: int, end: int) -> int:
    found = _NEXT.search(data, at, end)
    return found.start() if found else end


def _jpeg_2000(data: bytes | mmap, at: int, end: int) -> Iterator[Span]:
    tile_part_end = end
    while end - at >= 2 and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _END:
            yield from _behind(at + 2, end)
            return
        if marker == _TILE_DATA:
            at = tile_part_end
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == _TILE_PART:
            (size,) = struct.unpack_from(">I", data, at + 6)
            tile_part_end = at + size if size else _last_end(data, at, end)
        elif marker == _TILE_COMMENT:
            yield from _behind(at + 6, min(at + 2 + length, end))
        at += 2 + length


def _last_end(data: bytes | mmap, at: int, end: int) -> int:
    """Where the stream's end marker is, for a tile-part that goes on to it."""
    found = data.rfind(b"\xff\xd9", at, end)
    return found if found >= 0 else end


def _behind(start: int, end: int) -> Iterator[Span]:
    if end > start:
        yield start, end
