"""Where the frames of an instance lie in its file (PS3.5 A.4, 8.1), without decoding them."""

import itertools
import struct
from dataclasses import dataclass
from mmap import mmap
from typing import Any

from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.pages import STRIDE, forget

Json = dict[str, Any]
Ranges = list[tuple[int, int]]
"""Byte ranges [start, end) that make one frame when joined."""


@dataclass(frozen=True, slots=True)
class PixelData:
    """The pixel data element: where its value lies, and whether it is encapsulated."""

    offset: int
    length: int
    encapsulated: bool


def whole_number(elements: Json, tag: str, default: int) -> int:
    """The first value of a US or IS attribute; the default where there is none, or one that is no number."""
    found = elements.get(tag, {}).get("Value")
    return found[0] if found and isinstance(found[0], int) else default


def frame_count(elements: Json) -> int:
    """NumberOfFrames (0028,0008), 1 where it is absent or no positive IS value (PS3.5 6.2)."""
    claimed = whole_number(elements, "00280008", 1)
    return claimed if 1 <= claimed < 2**31 else 1


def bits_allocated(elements: Json) -> int:
    """BitsAllocated (0028,0100), 0 where it is absent."""
    return whole_number(elements, "00280100", 0)


def native_frame_size(elements: Json, element: int = 0x7FE00010) -> int:
    """The bits of one uncompressed frame; UnsupportedError if the attributes do not say."""
    rows, columns = whole_number(elements, "00280010", 0), whole_number(elements, "00280011", 0)
    allocated = {0x7FE00008: 32, 0x7FE00009: 64}.get(element) or whole_number(elements, "00280100", 0)
    bits = rows * columns * whole_number(elements, "00280002", 1) * allocated
    if bits <= 0:
        raise UnsupportedError("The instance has no frames: Rows, Columns or BitsAllocated is missing.")
    if _value(elements, "00280004") in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        bits = bits * 2 // 3
    return bits


def native_length(elements: Json, element: int = 0x7FE00010) -> int:
    """The bytes of all uncompressed frames; UnsupportedError if the attributes do not say."""
    return -(-frame_count(elements) * native_frame_size(elements, element) // 8)


def _value(elements: Json, tag: str) -> str:
    found = elements.get(tag, {}).get("Value")
    return str(found[0]) if found else ""


def native_range(elements: Json, pixels: PixelData, number: int) -> tuple[int, int]:
    """The bytes of uncompressed frame `number` (from 1) within the file."""
    bits = native_frame_size(elements)
    size = (bits + 7) // 8
    start = pixels.offset + (number - 1) * size
    if not 1 <= number <= frame_count(elements) or start + size > pixels.offset + pixels.length:
        raise UnsupportedError(f"The instance has no frame {number}.")
    return start, start + size


def starts_within_bytes(elements: Json) -> bool:
    """Whether frames are packed bit by bit, so that the second may begin within a byte (PS3.5 8.1.1)."""
    return bool(native_frame_size(elements) % 8) and frame_count(elements) > 1


def bit_frame(data: bytes | mmap, elements: Json, pixels: PixelData, number: int) -> bytes:
    """Frame `number` (from 1) of such an instance as bytes of its own, the first pixel in the lowest bit."""
    import numpy as np

    bits = native_frame_size(elements)
    first = (number - 1) * bits
    start, end = pixels.offset + first // 8, pixels.offset + (first + bits + 7) // 8
    if not 1 <= number <= frame_count(elements) or end > pixels.offset + pixels.length:
        raise UnsupportedError(f"The instance has no frame {number}.")
    octets = np.frombuffer(data[start:end], np.uint8)
    mine = np.unpackbits(octets, bitorder="little")[first % 8 : first % 8 + bits]
    return np.packbits(mine, bitorder="little").tobytes()


def fragments(data: bytes | mmap, pixels: PixelData) -> tuple[list[int], Ranges]:
    """Read an encapsulated value: the basic offset table, and the bytes of each fragment."""
    pos, end = pixels.offset, pixels.offset + pixels.length
    found: Ranges = []
    seen = pos
    while end - pos >= 8:
        if pos - seen > STRIDE:
            forget(data, seen, pos)
            seen = pos
        group, element, size = struct.unpack_from("<HHI", data, pos)
        pos += 8
        if (group, element) == (0xFFFE, 0xE0DD):
            break
        if (group, element) != (0xFFFE, 0xE000) or size > end - pos:
            raise DicomError("The fragments of the pixel data are damaged.")
        found.append((pos, pos + size))
        pos += size
    if not found:
        return [], []
    table = data[found[0][0] : found[0][1]]
    return list(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])), found[1:]


def is_sound_table(data: bytes | mmap, table: list[int], pieces: Ranges, frames: int) -> bool:
    """Whether a basic offset table can be right: each frame begins with a fragment, in order (PS3.5 A.4).

    Where as many fragments as there are frames begin an image, these are the ones.
    """
    if len(table) != frames or not pieces or table[0]:
        return False
    borders = _beginnings(data, pieces)
    starts = {start - pieces[0][0] for start, _ in pieces}
    if len(borders) == frames:
        starts = {border + 8 - pieces[0][0] for border in borders}
    return all(one < other for one, other in itertools.pairwise(table)) and starts.issuperset(table)


def encapsulated_frames(data: bytes | mmap, pixels: PixelData, frames: int) -> list[Ranges]:
    """For each frame the fragments that make it.

    In order of trust: a basic offset table that can be right, one fragment for each frame, and the fragments that begin
    a new image, of which there may be more or fewer than `frames`.
    """
    table, pieces = fragments(data, pixels)
    if frames == 1:
        return [pieces]
    if not pieces:
        return []
    if is_sound_table(data, table, pieces, frames):
        first = pieces[0][0] - 8
        return _grouped(pieces, [first + start for start in table])
    if len(pieces) == frames:
        return [[piece] for piece in pieces]
    return by_beginnings(data, pieces)


def by_beginnings(data: bytes | mmap, pieces: Ranges) -> list[Ranges]:
    """The fragments of each frame, where only those tell that begin an image; none where there are no fragments."""
    return _grouped(pieces, _beginnings(data, pieces)) if pieces else []


_MAGIC = (b"\xff\xd8", b"\xff\x4f", b"\xff\x0a", b"\x00\x00\x00\x0c")
_RUN_LENGTHS = frozenset(struct.pack("<II", segments, 64) for segments in range(1, 16))  # PS3.5 G.5


def _beginnings(data: bytes | mmap, pieces: Ranges) -> list[int]:
    """The borders of the fragments that begin an image."""
    borders, seen = [], pieces[0][0]
    for start, end in pieces:
        if start - seen > STRIDE:
            forget(data, seen, start)
            seen = start
        head = data[start : min(end, start + 8)]
        if head.startswith(_MAGIC) or head in _RUN_LENGTHS:
            borders.append(start - 8)
    return borders


def _grouped(pieces: Ranges, borders: list[int]) -> list[Ranges]:
    """Put each fragment to the frame whose border is the last one before it."""
    groups: list[Ranges] = []
    upcoming = iter([*borders[1:], float("inf")])
    border = next(upcoming)
    current: Ranges = []
    for start, end in pieces:
        while start - 8 >= border:
            groups.append(current)
            current, border = [], next(upcoming)
        current.append((start, end))
    return [*groups, current]
