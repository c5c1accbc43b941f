"""BigQuery's errors: its reasons, its messages, and the HTTP status of each reason.

https://cloud.google.com/bigquery/docs/error-messages.
"""

from __future__ import annotations

from typing import Any

from emulator.errors import ApiError
from emulator.services.bigquery.names import DatasetName, RoutineName, TableName
from emulator.services.bigquery.sql.errors import Interrupted, SqlError, StoreError

STATUS_OF = {
    "invalid": (400, "INVALID_ARGUMENT"),
    "invalidQuery": (400, "INVALID_ARGUMENT"),
    "resourceInUse": (400, "FAILED_PRECONDITION"),
    "resourcesExceeded": (400, "RESOURCE_EXHAUSTED"),
    "bytesBilledLimitExceeded": (500, "INTERNAL"),
    "accessDenied": (403, "PERMISSION_DENIED"),
    "notFound": (404, "NOT_FOUND"),
    "duplicate": (409, "ALREADY_EXISTS"),
    "conditionNotMet": (412, "FAILED_PRECONDITION"),
    "stopped": (499, "CANCELLED"),
    "backendError": (503, "UNAVAILABLE"),
    "internalError": (500, "INTERNAL"),
    "notImplemented": (501, "UNIMPLEMENTED"),
}


def error(reason: str, message: str) -> ApiError:
    """An error by its reason."""
    code, status = STATUS_OF.get(reason, (400, "INVALID_ARGUMENT"))
    return ApiError(code, status, message, reason)


def invalid(message: str) -> ApiError:
    """400: the request is wrong."""
    return error("invalid", message)


def no_dataset(name: DatasetName) -> ApiError:
    """404."""
    return error("notFound", f"Not found: Dataset {name}")


def no_table(name: TableName) -> ApiError:
    """404."""
    return error("notFound", f"Not found: Table {name}")


def no_routine(name: RoutineName) -> ApiError:
    """404."""
    return error("notFound", f"Not found: Routine {name}")


def no_job(project: str, job: str, location: str) -> ApiError:
    """404."""
    return error(
        "notFound", f"Not found: Job {project}:{location}.{job}" if location else f"Not found: Job {project}:{job}"
    )


def duplicate(kind: str, name: object) -> ApiError:
    """409: the name is taken. kind is Dataset, Table or Job."""
    return error("duplicate", f"Already Exists: {kind} {name}")


def access_denied(kind: str, name: object, permission: str) -> ApiError:
    """403 in BigQuery's words."""
    return error(
        "accessDenied",
        f"Access Denied: {kind} {name}: Permission {permission} denied on {kind.lower()} {name} (or it may not exist).",
    )


def rows_stay(name: TableName, kind: str) -> ApiError:
    """400 for a statement that would change the rows of what is no table of rows (EXTERNAL, VIEW, SNAPSHOT ...)."""
    said = {"EXTERNAL": "external table"}.get(kind, kind.lower().replace("_", " "))
    article = "an" if said[0] in "aeiou" else "a"
    return error("invalidQuery", f"{name} is {article} {said}: its rows cannot be changed.")


def query_denied(name: TableName) -> ApiError:
    """403 for a query that reads a table whose data the caller may not see."""
    return error(
        "accessDenied",
        f"Access Denied: Table {name}: User does not have permission to query table {name}, "
        "or perhaps it does not exist.",
    )


def of(problem: Exception) -> ApiError:
    """Any failure of ours as an ApiError."""
    if isinstance(problem, ApiError):
        return problem
    if isinstance(problem, SqlError):
        return error(problem.reason, problem.message)
    if isinstance(problem, Interrupted):
        return error(problem.reason, problem.message)
    if isinstance(problem, StoreError):
        return error("internalError", str(problem))
    return error("internalError", "An internal error occurred; the emulator's log has the details.")


def to_proto(problem: ApiError) -> dict[str, Any]:
    """The ErrorProto of a failed job."""
    return {"reason": problem.reason, "message": problem.message}


def from_proto(proto: dict[str, Any]) -> ApiError:
    """The HTTP error for a job that failed with this ErrorProto."""
    return error(str(proto.get("reason", "internalError")), str(proto.get("message", "")))
