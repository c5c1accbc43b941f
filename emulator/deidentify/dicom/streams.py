"""Encapsulated pixels without what is no picture: remarks in the frames, and tables that are none, both blank."""

import struct
from collections.abc import Iterator

from emulator.deidentify.dicom.pieces import Pieces
from emulator.dicom import frames
from emulator.dicom.frames import PixelData, Ranges
from emulator.dicom.heads import Buffer
from emulator.dicom.pages import forget
from emulator.dicom.remarks import Span, may_have_remarks, remarks

_HEAD = 8


def without_remarks(data: Buffer, at: int, stop: int, out: Pieces) -> None:
    """Write an encapsulated value, its delimiter included, with every remark made zeros; frames keep their length."""
    table, pieces = frames.fragments(data, PixelData(at, stop - at, encapsulated=True))
    kept = at
    for start, end in _blank(data, at, table, pieces):
        if not any(data[start:end]):
            continue
        out.keep(kept, start)
        out.write(bytes(end - start))
        kept = end
    out.keep(kept, stop)


def _blank(data: Buffer, at: int, table: list[int], pieces: Ranges) -> Iterator[Span]:
    (length,) = struct.unpack_from("<I", data, at + 4)
    first = at + _HEAD + length
    begins = {start - _HEAD - first for start, _ in pieces}
    if not begins.issuperset(table):
        yield at + _HEAD, first
    for frame in frames.by_beginnings(data, pieces):
        yield from _of_frame(data, frame)
        forget(data, frame[0][0], frame[-1][1])


def _of_frame(data: Buffer, fragments: Ranges) -> Iterator[Span]:
    """The remarks of a frame by where they lie in the file; one may go over the border of its fragments."""
    if len(fragments) == 1 or not may_have_remarks(data, fragments[0][0]):
        yield from remarks(data, *fragments[0])
        return
    whole = b"".join(data[start:end] for start, end in fragments)
    for first, last in remarks(whole, 0, len(whole)):
        before = 0
        for start, end in fragments:
            low, high = max(first - before, 0), min(last - before, end - start)
            if low < high:
                yield start + low, start + high
            before += end - start
