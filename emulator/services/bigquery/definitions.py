"""The DDL that makes a table or view as it is, and options as GoogleSQL writes them.

https://cloud.google.com/bigquery/docs/information-schema-tables, .../information-schema-table-options
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import orjson

from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.types import DEFAULT, Field, field_type, standard_type

OPTIONS = {  # fields of a table or dataset, and the options that they are in GoogleSQL, with their types
    "description": ("description", "STRING"),
    "friendlyName": ("friendly_name", "STRING"),
    "expirationTime": ("expiration_timestamp", "TIMESTAMP"),
    "labels": ("labels", "ARRAY<STRUCT<STRING, STRING>>"),
    "requirePartitionFilter": ("require_partition_filter", "BOOL"),
    "defaultTableExpirationMs": ("default_table_expiration_days", "FLOAT64"),
    "defaultPartitionExpirationMs": ("default_partition_expiration_days", "FLOAT64"),
    "maxTimeTravelHours": ("max_time_travel_hours", "INT64"),
    "location": ("location", "STRING"),
}
DAY_MS = 86_400_000
TRUNCATIONS = {"DATE": "DATE_TRUNC", "DATETIME": "DATETIME_TRUNC", "TIMESTAMP": "TIMESTAMP_TRUNC"}


def options_of(body: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The options of a table or dataset: name, type, and value as GoogleSQL writes it."""
    partitions = (body.get("timePartitioning") or {}).get("expirationMs")
    if partitions:
        yield "partition_expiration_days", "FLOAT64", str(int(partitions) / DAY_MS)
    for key, (option, kind) in OPTIONS.items():
        if body.get(key) not in (None, "", {}):
            yield option, kind, _written(kind, key, body[key])


def _written(kind: str, key: str, value: Any) -> str:
    if kind == "STRING":
        return quoted(value)
    if kind == "BOOL":
        return str(bool(value)).lower()
    if key == "expirationTime":
        return _moment(int(value))
    if key == "labels":
        return "[" + ", ".join(f'STRUCT("{name}", "{text}")' for name, text in value.items()) + "]"
    return str(int(value) / DAY_MS) if key.endswith("Ms") else str(value)


def _moment(milliseconds: int) -> str:
    """A TIMESTAMP as GoogleSQL writes it; one beyond its range as a call."""
    try:
        moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return f"TIMESTAMP_MILLIS({milliseconds})"
    return f'TIMESTAMP "{moment.isoformat(timespec="milliseconds")}Z"'


def quoted(value: object) -> str:
    """A text as a literal of GoogleSQL."""
    return orjson.dumps(str(value)).decode()


def ddl_of(name: TableName, body: dict[str, Any], fields: list[Field]) -> str:
    """The statement that makes a table with these columns, or a view."""
    full = f"`{name.project}.{name.dataset}.{name.table}`"
    for key, word in (("view", "VIEW"), ("materializedView", "MATERIALIZED VIEW")):
        if body.get(key):
            return f"CREATE {word} {full}\nAS {body[key].get('query', '')};"
    columns = ",\n".join(f"  {_column(field)}" for field in fields)
    return "\n".join([f"CREATE TABLE {full}", "(", columns, ")", *_clauses(body, fields)]) + ";"


def _column(field: Field) -> str:
    """A column as CREATE TABLE has it."""
    required = " NOT NULL" if field.get("mode") == "REQUIRED" else ""
    default = f" DEFAULT {field[DEFAULT]}" if field.get(DEFAULT) else ""
    options = f" OPTIONS(description={quoted(field['description'])})" if field.get("description") else ""
    return f"{field['name']} {standard_type(field, limited=True)}{default}{required}{options}"


def _clauses(body: dict[str, Any], fields: list[Field]) -> Iterator[str]:
    if by := body.get("timePartitioning"):
        yield f"PARTITION BY {_by_time(by, fields)}"
    elif by := body.get("rangePartitioning"):
        bounds = ", ".join(str(by.get("range", {}).get(key)) for key in ("start", "end", "interval"))
        yield f"PARTITION BY RANGE_BUCKET({by.get('field')}, GENERATE_ARRAY({bounds}))"
    if clustered := (body.get("clustering") or {}).get("fields"):
        yield f"CLUSTER BY {', '.join(clustered)}"
    own = {key: value for key, value in body.items() if key != "location"}
    if options := [f"  {option}={value}" for option, _, value in options_of(own)]:
        yield "OPTIONS(\n" + ",\n".join(options) + "\n)"


def _by_time(by: dict[str, Any], fields: list[Field]) -> str:
    """The expression that a table is partitioned by: a column, or the time of ingestion."""
    column, unit = by.get("field") or "_PARTITIONTIME", str(by.get("type") or "DAY")
    kind = next((field_type(each) for each in fields if each["name"] == column), "TIMESTAMP")
    if unit == "DAY":
        return column if kind == "DATE" else f"DATE({column})"
    return f"{TRUNCATIONS.get(kind, 'TIMESTAMP_TRUNC')}({column}, {unit})"
