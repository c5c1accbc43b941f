"""Log entries as rows of BigQuery (Logging: "BigQuery schema for logs")."""

from __future__ import annotations

import re
from typing import Any

import orjson

from emulator.services.bigquery.sql.types import Field

Row = dict[str, Any]
_AUDIT = "type.googleapis.com/google.cloud.audit.AuditLog"
_TIMES = frozenset(("timestamp", "receiveTimestamp"))
# Of an audit entry: fields of any content, which are one text of JSON.
_TEXTS = {"metadata": "metadataJson", "request": "requestJson", "response": "responseJson"}
# Fields that LogEntry and AuditLog have whole numbers in; numbers of a payload are FLOAT.
_INTEGERS = frozenset(
    (
        *(f"httpRequest.{name}" for name in ("status", "requestSize", "responseSize", "cacheFillBytes")),
        *("sourceLocation.line", "split.index", "split.totalSplits"),
        *("protopayload_auditlog.numResponseItems", "protopayload_auditlog.status.code"),
    )
)
_ODD = re.compile(r"[^A-Za-z0-9_]")


def table_of(log: str, timestamp: str, partitioned: bool) -> str:
    """The table of a log: its id with _ for what no table's name has, and the day unless it is partitioned."""
    name = _ODD.sub("_", log)
    return name if partitioned else f"{name}_{timestamp[:10].replace('-', '')}"


def row_of(entry: dict[str, Any]) -> Row:
    """A log entry as a row: a protoPayload of an audit log is protopayload_auditlog."""
    row = {name: value for name, value in entry.items() if name != "protoPayload"}
    proto = entry.get("protoPayload")
    if proto is not None:
        kind = proto.get("@type", "")
        named = "auditlog" if kind == _AUDIT else _ODD.sub("_", kind.rpartition("/")[2].lower())
        row[f"protopayload_{named}"] = {
            _TEXTS.get(name, name): orjson.dumps(value).decode() if name in _TEXTS else value
            for name, value in proto.items()
            if name != "@type"
        }
    found: Row = _cleaned(row)
    return found


def _cleaned(value: Any) -> Any:
    """A value with names that columns may have; what is empty is left out, and a list in a list is a text of JSON."""
    if isinstance(value, dict):
        inner = {_column(name): _cleaned(one) for name, one in value.items() if one not in (None, {}, [])}
        return {name: one for name, one in inner.items() if one not in (None, {}, [])}
    if isinstance(value, list):
        kinds = {_kind("", one) for one in value}
        plain = len(kinds) == 1 and not any(isinstance(one, list) for one in value)
        return [_cleaned(one) if plain else orjson.dumps(one).decode() for one in value if one is not None]
    return value


def _column(name: str) -> str:
    name = _ODD.sub("_", name)
    return name if name and not name[0].isdigit() else f"_{name}"


def schema_of(rows: list[Row]) -> list[Field]:
    """The columns that rows have."""
    fields: dict[str, Field] = {}
    for row in rows:
        for name, value in row.items():
            _merge(fields, name, value)
    return list(fields.values())


def _merge(fields: dict[str, Field], name: str, value: Any, within: str = "") -> None:
    """Add the column of a value; columns that differ in case are one. within is the path of its record and a dot."""
    repeated = isinstance(value, list)
    values = value if repeated else [value]
    field = fields.setdefault(
        name.lower(),
        {"name": name, "type": _kind(within + name, values[0]), "mode": "REPEATED" if repeated else "NULLABLE"},
    )
    if field["type"] == "RECORD":
        known = {one["name"].lower(): one for one in field.get("fields", [])}
        for one in values:
            for inner, deeper in one.items() if isinstance(one, dict) else ():
                _merge(known, inner, deeper, f"{within}{name}.")
        field["fields"] = list(known.values())


def _kind(path: str, value: Any) -> str:
    if path in _INTEGERS:
        return "INTEGER"
    if isinstance(value, dict):
        return "RECORD"
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float):
        return "FLOAT"
    return "TIMESTAMP" if path in _TIMES else "STRING"
