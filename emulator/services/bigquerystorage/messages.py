"""Messages of google.cloud.bigquery.storage.v1; imported with gRPC, because their package is slow to import."""

from __future__ import annotations

from typing import Any

from google.cloud.bigquery_storage_v1 import types
from google.protobuf import json_format

from emulator.services.bigquerystorage.reading.batch import Batch

_NOT_COMPRESSED = -1  # ReadRowsResponse.uncompressed_byte_size: nothing for the client to do


def message_class(name: str) -> Any:
    """The plain protobuf class of a message."""
    return getattr(types, name).pb()


_Rows = message_class("ReadRowsResponse")


def rows_of(batch: Batch, schema: dict[str, Any]) -> bytes:
    """A ReadRowsResponse, with the schema where one is given (as JSON has it)."""
    answer = json_format.ParseDict(schema, _Rows())
    if batch.form == "ARROW":
        answer.arrow_record_batch.serialized_record_batch = batch.data
        answer.arrow_record_batch.row_count = batch.rows
    else:
        answer.avro_rows.serialized_binary_rows = batch.data
        answer.avro_rows.row_count = batch.rows
    answer.row_count = batch.rows
    answer.uncompressed_byte_size = _NOT_COMPRESSED
    answer.stats.progress.at_response_start = batch.before
    answer.stats.progress.at_response_end = batch.after
    data: bytes = answer.SerializeToString()
    return data
