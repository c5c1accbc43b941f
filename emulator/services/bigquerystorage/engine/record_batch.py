"""A record batch as a message of Arrow's IPC, in pieces: its head, and the buffers of its columns where they lie.

A library would copy all buffers together first, twice. The message is told of by the section on serialization in
https://arrow.apache.org/docs/format/Columnar.html, its head, a FlatBuffer (https://flatbuffers.dev/internals/), by
https://github.com/apache/arrow/tree/main/format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emulator.services.bigquery.process.parts import Piece
from emulator.services.bigquerystorage.engine import bits

ALIGNMENT = 8  # of a message, and of each buffer in it
CONTINUATION, METADATA_V5, RECORD_BATCH = 0xFFFFFFFF, 4, 3
OFFSET = np.dtype("<i4")  # of a text or list: where it begins in the text of all, or among the values of all lists
_PREFIX = struct.Struct("<IiI")  # the mark of a message, its head's length, and where the head has its first table
_MESSAGE = struct.Struct("<6H ihBxqI4x")  # of a Message: where its fields lie, and the fields
_BATCH = struct.Struct("<5H6x iIqI4x")  # the same of a RecordBatch
_PAIR = struct.Struct("<qq")  # a FieldNode (rows, NULLs) or a Buffer (where it begins, its length)
_FIXED = 88  # bytes of a head that has neither fields nor buffers, up to the first of the fields


@dataclass(frozen=True)
class _Column:
    """Some rows of a column, or of a field below it."""

    rows: int
    nulls: int
    buffers: Sequence[Piece]


def pieces(array: Any, begin: int, end: int) -> list[Piece]:
    """The message of the rows from `begin` to before `end` of a struct array (nanoarrow), whose memory it refers to.

    The array and those below it begin at the first row of their buffers.
    """
    columns = [column for child in array.children for column in _columns(child, begin, end)]
    body: list[Piece] = []
    places, at = [], 0
    for column in columns:
        for buffer in column.buffers:
            places.append(_PAIR.pack(at, len(buffer)))
            gap = -len(buffer) % ALIGNMENT
            body += [buffer, bytes(gap)] if gap else [buffer]
            at += len(buffer) + gap
    nodes = [_PAIR.pack(column.rows, column.nulls) for column in columns]
    return [_head(end - begin, nodes, places, at), *(piece for piece in body if len(piece))]


def _columns(array: Any, begin: int, end: int) -> Iterator[_Column]:
    """Rows of a column and what is below them, each before its own."""
    assert array.offset == 0
    view = array.view()  # of this array: one that is made by the view above does not keep its memory
    nulls, buffers, below = 0, [], (begin, end)
    for number in range(view.n_buffers):
        buffer = view.buffer(number)
        raw, width = memoryview(buffer).cast("B"), buffer.element_size_bits
        if view.buffer_type(number) == "validity":
            there: Piece = bits.part(raw, begin, end) if view.null_count else b""
            nulls = end - begin - bits.count(there, end - begin) if there else 0
            buffers.append(there if nulls else b"")
        elif view.buffer_type(number) == "data_offset":
            offsets, below = _offsets(raw, begin, end)
            buffers.append(offsets)
        elif width == 1:
            buffers.append(bits.part(raw, begin, end))
        else:
            first, last = (place * width // 8 for place in (begin, end)) if width else below
            buffers.append(raw[first:last])
    yield _Column(end - begin, nulls, buffers)
    for child in array.children:
        yield from _columns(child, *below)


def _offsets(raw: memoryview, begin: int, end: int) -> tuple[Piece, tuple[int, int]]:
    """The offsets of some texts or lists, from 0 on, and those between which they lie."""
    part = raw[begin * OFFSET.itemsize : (end + 1) * OFFSET.itemsize]
    values = np.frombuffer(part, OFFSET)
    if not len(values):
        return b"", (0, 0)
    first, last = int(values[0]), int(values[-1])
    return part if not first else (values - first).data.cast("B"), (first, last)


def _head(rows: int, nodes: Sequence[bytes], places: Sequence[bytes], body: int) -> bytes:
    """The head of a message: tables at fixed places, then both lists, each after its length."""
    buffers = _FIXED + _PAIR.size * len(nodes) + 4  # where the list of buffers begins
    size = buffers + 4 + _PAIR.size * len(places)
    return b"".join(
        [
            _PREFIX.pack(CONTINUATION, size, 16),
            _MESSAGE.pack(12, 24, 4, 6, 16, 8, 12, METADATA_V5, RECORD_BATCH, body, 24),
            _BATCH.pack(10, 24, 8, 4, 16, 16, _FIXED - 4 - 60, rows, buffers - 72),
            struct.pack("<4xI", len(nodes)),
            *nodes,
            struct.pack("<4xI", len(places)),
            *places,
        ]
    )
