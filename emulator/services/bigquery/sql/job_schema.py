"""INFORMATION_SCHEMA.JOBS: jobs as the API shows them, as rows.

https://cloud.google.com/bigquery/docs/information-schema-jobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from emulator.services.bigquery.sql.types import Field, literal, quote, wire_select, wire_type

Body = dict[str, Any]


def _fields(text: str) -> list[Field]:
    return [dict(zip(("name", "type"), item.split(":"), strict=True)) for item in text.split()]


def _record(name: str, fields: list[Field], mode: str = "NULLABLE") -> Field:
    return {"name": name, "type": "RECORD", "mode": mode, "fields": fields}


TABLE = _fields("project_id:STRING dataset_id:STRING table_id:STRING")
JOBS = [
    *_fields(
        "creation_time:TIMESTAMP project_id:STRING user_email:STRING job_id:STRING job_type:STRING "
        "statement_type:STRING priority:STRING start_time:TIMESTAMP end_time:TIMESTAMP query:STRING state:STRING "
        "reservation_id:STRING total_bytes_processed:INTEGER total_slot_ms:INTEGER"
    ),
    _record("error_result", _fields("reason:STRING location:STRING debug_info:STRING message:STRING")),
    *_fields("cache_hit:BOOLEAN"),
    _record("destination_table", TABLE),
    _record("referenced_tables", TABLE, "REPEATED"),
    _record("labels", _fields("key:STRING value:STRING"), "REPEATED"),
    *_fields("total_bytes_billed:INTEGER parent_job_id:STRING transaction_id:STRING"),
    _record("session_info", _fields("session_id:STRING")),
]


def jobs_select(bodies: Iterable[Body]) -> str:
    """The DuckDB SELECT that gives a row for each job."""
    rows = orjson.dumps([_row(body) for body in bodies]).decode()
    shape = orjson.dumps([{field["name"]: wire_type(field) for field in JOBS}]).decode()
    columns = ", ".join(f"{wire_select([field], 'r')} AS {quote(field['name'])}" for field in JOBS)
    return (
        f"SELECT {columns} FROM (SELECT unnest(json_transform(CAST({literal(rows)} AS JSON), {literal(shape)})) AS r)"
    )


def _row(body: Body) -> Body:
    statistics, status = body.get("statistics") or {}, body.get("status") or {}
    kind = next((key for key in ("query", "load", "extract", "copy") if key in body["configuration"]), "query")
    configuration, query = body["configuration"][kind], statistics.get("query") or {}
    error, session = status.get("errorResult"), statistics.get("sessionInfo")
    return {
        "creation_time": _time(statistics.get("creationTime")),
        "project_id": body["jobReference"]["projectId"],
        "user_email": body.get("user_email"),
        "job_id": body["jobReference"]["jobId"],
        "job_type": kind.upper(),
        "statement_type": query.get("statementType"),
        "priority": configuration.get("priority") or "INTERACTIVE",
        "start_time": _time(statistics.get("startTime")),
        "end_time": _time(statistics.get("endTime")),
        "query": configuration.get("query"),
        "state": status.get("state"),
        "total_bytes_processed": int(statistics.get("totalBytesProcessed") or 0),
        "total_slot_ms": 0,
        "error_result": {key: error.get(key) for key in ("reason", "location", "message")} if error else None,
        "cache_hit": query.get("cacheHit"),
        "destination_table": _table(configuration.get("destinationTable")),
        "referenced_tables": [_table(reference) for reference in query.get("referencedTables") or ()],
        "labels": [{"key": k, "value": v} for k, v in (body["configuration"].get("labels") or {}).items()],
        "total_bytes_billed": int(query.get("totalBytesBilled") or 0),
        "parent_job_id": statistics.get("parentJobId"),
        "transaction_id": (statistics.get("transactionInfo") or {}).get("transactionId"),
        "session_info": {"session_id": session["sessionId"]} if session else None,
    }


def _time(milliseconds: str | None) -> str | None:
    return None if milliseconds is None else datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat(sep=" ")


def _table(reference: dict[str, str] | None) -> dict[str, str | None] | None:
    if not reference:
        return None
    return {
        "project_id": reference.get("projectId"),
        "dataset_id": reference.get("datasetId"),
        "table_id": reference.get("tableId"),
    }
