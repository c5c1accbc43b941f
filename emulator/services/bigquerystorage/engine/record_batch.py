"""A record batch as a message of Arrow's IPC, in pieces: its head, and the buffers of its columns where they lie.

A library would copy all buffers together first, twice. The message is told of by the section on serialization in
https://arrow.apache.org/docs/format/Columnar.html, its head, a FlatBuffer (https://flatbuffers.dev/internals/), by
https://github.com/apache/arrow/tree/main/format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

ALIGNMENT = 8  # of a message, and of each buffer in it
CONTINUATION, METADATA_V5, RECORD_BATCH = 0xFFFFFFFF, 4, 3
_PREFIX = struct.Struct("<IiI")  # the mark of a message, its head's length, and where the head has its first table
_MESSAGE = struct.Struct("<6H ihBxqI4x")  # of a Message: where its fields lie, and the fields
_BATCH = struct.Struct("<5H6x iIqI4x")  # the same of a RecordBatch
_PAIR = struct.Struct("<qq")  # a FieldNode (rows, NULLs) or a Buffer (where it begins, its length)
_FIXED = 88  # bytes of a head that has neither fields nor buffers, up to the first of the fields


def pieces(array: Any) -> list[bytes | memoryview]:
    """The message of the rows of a struct array (nanoarrow), whose buffers it refers to. Its arrays begin at row 0."""
    columns = [field for child in array.children for field in _fields(child)]
    body: list[bytes | memoryview] = []
    places, at = [], 0
    for column in columns:
        for buffer in _buffers(column):
            places.append(_PAIR.pack(at, buffer.nbytes))
            gap = -buffer.nbytes % ALIGNMENT
            body += [buffer, bytes(gap)] if gap else [buffer] if buffer.nbytes else []
            at += buffer.nbytes + gap
    nodes = [_PAIR.pack(column.length, column.null_count) for column in columns]
    return [_head(array.length, nodes, places, at), *body]


def _fields(array: Any) -> Iterator[Any]:
    """Views of a column and of the fields below it, each before its own; each keeps the memory that it looks at."""
    assert array.offset == 0
    yield array.view()
    for child in array.children:
        yield from _fields(child)


def _buffers(view: Any) -> Iterator[memoryview]:
    """A field's buffers, without the bits that say which of its values are there where all of them are."""
    for number in range(view.n_buffers):
        buffer = memoryview(view.buffer(number)).cast("B")
        yield buffer[:0] if view.buffer_type(number) == "validity" and not view.null_count else buffer


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
