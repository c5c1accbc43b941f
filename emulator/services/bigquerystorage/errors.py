"""Errors of the Storage APIs: a code and message of gRPC, and a StorageError that says which it is of the documented.

https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#storageerror
"""

from __future__ import annotations

from emulator.errors import ApiError

_TYPE = "type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError"
_STATUS = {
    "STREAM_NOT_FOUND": (404, "NOT_FOUND"),
    "STREAM_ALREADY_COMMITTED": (400, "FAILED_PRECONDITION"),
    "INVALID_STREAM_TYPE": (400, "INVALID_ARGUMENT"),
    "INVALID_STREAM_STATE": (400, "FAILED_PRECONDITION"),
    "STREAM_FINALIZED": (400, "INVALID_ARGUMENT"),
    "SCHEMA_MISMATCH_EXTRA_FIELDS": (400, "INVALID_ARGUMENT"),
    "OFFSET_ALREADY_EXISTS": (409, "ALREADY_EXISTS"),
    "OFFSET_OUT_OF_RANGE": (400, "OUT_OF_RANGE"),
}


def storage_error(code: str, entity: str, message: str) -> ApiError:
    """An error by its StorageErrorCode; entity is the name of the stream or table that it is about."""
    http, status = _STATUS[code]
    detail = {"@type": _TYPE, "code": code, "entity": entity, "errorMessage": message}
    return ApiError(http, status, f"{message} Entity: {entity}", code, [detail])


def no_stream(name: str) -> ApiError:
    """404 for a write stream."""
    return storage_error("STREAM_NOT_FOUND", name, "Requested entity was not found.")


def code_of(error: ApiError) -> str:
    """The StorageErrorCode of an error made here."""
    return error.reason
