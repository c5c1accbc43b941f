"""Messages of google.cloud.bigquery.storage.v1; imported with gRPC, because their package is slow to import."""

from __future__ import annotations

from typing import Any

from google.cloud.bigquery_storage_v1 import types
from google.protobuf import json_format


def message_class(name: str) -> Any:
    """The plain protobuf class of a message."""
    return getattr(types, name).pb()


def with_schema(schema: dict[str, Any], response: bytes) -> bytes:
    """A ReadRowsResponse with the schema (as JSON has it) before the rest."""
    head: bytes = json_format.ParseDict(schema, message_class("ReadRowsResponse")()).SerializeToString()
    return head + response  # fields come in any order (Protocol Buffers: encoding)
