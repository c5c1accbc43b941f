"""Rows as messages of the Storage Read API, ReadRowsResponse, in pieces: nobody copies the rows to put them in one.

The classes of the messages would do so twice, and are slow to import. The message:
https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#readrowsresponse
Its encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from emulator.services.bigquery.process.parts import Piece
from emulator.varint import varint

VARINT, FIXED64, LENGTH_DELIMITED = 0, 1, 2  # kinds of fields
STATS, ROW_COUNT, UNCOMPRESSED_BYTE_SIZE = 2, 6, 9  # fields of ReadRowsResponse
ROWS = {"AVRO": 3, "ARROW": 4}  # the same for each format; these messages have the bytes of rows as their first field
PROGRESS = 2  # of StreamStats, whose first field is the share of the stream before the rows, and the second with them
NOT_COMPRESSED = (1 << 64) - 1  # -1: nothing for the client to do


def response(form: str, rows: Sequence[Piece], count: int, shares: tuple[float, float]) -> list[Piece]:
    """The message of so many rows in a format (ARROW, AVRO).

    shares are how much of the stream comes before the rows, and how much with them.
    """
    size = sum(map(len, rows))
    field = _tag(1, LENGTH_DELIMITED) + varint(size)
    progress = b"".join(_tag(number, FIXED64) + struct.pack("<d", share) for number, share in enumerate(shares, 1))
    head = [
        _message(STATS, _message(PROGRESS, progress)),
        _tag(ROW_COUNT, VARINT),
        varint(count),
        _tag(UNCOMPRESSED_BYTE_SIZE, VARINT),
        varint(NOT_COMPRESSED),
        _tag(ROWS[form], LENGTH_DELIMITED),
        varint(len(field) + size),
        field,
    ]
    return [b"".join(head), *rows]


def _message(field: int, content: bytes) -> bytes:
    return _tag(field, LENGTH_DELIMITED) + varint(len(content)) + content


def _tag(field: int, kind: int) -> bytes:
    """What comes before the value of a field: its number and kind."""
    return varint(field << 3 | kind)
