"""Messages of google.cloud.bigquery.storage.v1; imported with gRPC, because their package is slow to import."""

from __future__ import annotations

from typing import Any

from google.cloud.bigquery_storage_v1 import types
from google.protobuf import json_format

from emulator.services.bigquerystorage.reading.batch import Batch

_LENGTH_DELIMITED = 2  # Protocol Buffers: wire type of bytes and of messages
_NOT_COMPRESSED = -1  # ReadRowsResponse.uncompressed_byte_size: nothing for the client to do


def message_class(name: str) -> Any:
    """The plain protobuf class of a message."""
    return getattr(types, name).pb()


_Rows = message_class("ReadRowsResponse")
# Where a ReadRowsResponse has the bytes of rows: its field for a format, and the field of that message.
_PLACES = {"ARROW": ("arrow_record_batch", "serialized_record_batch"), "AVRO": ("avro_rows", "serialized_binary_rows")}


def rows_of(batch: Batch, schema: dict[str, Any]) -> bytes:
    """A ReadRowsResponse, with the schema where one is given (as JSON has it)."""
    outer, inner = _PLACES[batch.form]
    answer = json_format.ParseDict(schema, _Rows())
    rows = getattr(answer, outer)
    rows.row_count = batch.rows
    answer.row_count = batch.rows
    answer.uncompressed_byte_size = _NOT_COMPRESSED
    answer.stats.progress.at_response_start = batch.before
    answer.stats.progress.at_response_end = batch.after
    # The rows, which are long, are written behind the rest once, without a message that copies them twice: a field that
    # comes a second time is merged with the first (Protocol Buffers: encoding, last one wins).
    size = batch.size
    head = _head(rows, inner, size)
    return b"".join([answer.SerializeToString(), _head(answer, outer, len(head) + size), head, *batch.data])


def _head(message: Any, field: str, size: int) -> bytes:
    """What comes before the bytes of a field of variable length: its number, the kind of its value, and its length."""
    return _varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | _LENGTH_DELIMITED) + _varint(size)


def _varint(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first; all but the last have the highest bit set."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
