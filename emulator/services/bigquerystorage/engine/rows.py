"""Rows of requests as columns of Arrow, and from there into a storage table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import nanoarrow as na
from nanoarrow.c_array_stream import CArrayStream

from emulator.services.bigquery.sql import defaults, marks
from emulator.services.bigquery.sql.types import (
    DEFAULT,
    DUCKDB_NAMES,
    READERS,
    Field,
    field_mode,
    field_type,
    quote,
    range_element,
    transform,
)
from emulator.services.bigquerystorage.engine import arrow_rows, proto_rows
from emulator.services.bigquerystorage.engine.appends import PROTO, Shape, Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INCOMING = "bq_incoming"
Requests = Sequence[tuple[bytes, ...]]


class Source:
    """Columns that the engine reads as a table, as often as it asks; names are those of the table's columns."""

    def __init__(self, names: Sequence[str], arrays: Sequence[Any]) -> None:
        self.names = names
        self._arrays = arrays

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        schema = self._arrays[0].schema
        stream = na.c_array_stream(CArrayStream.from_c_arrays(list(self._arrays), schema, validate=False))
        return stream.__arrow_c_stream__(requested_schema)


def read(shape: Shape, requests: Requests, fields: Sequence[Field]) -> tuple[list[int], Source]:
    """How many rows each request has, and all of them as columns. Raises ApiError, BadRowsError."""
    if shape.form == PROTO:
        serialized = [row for request in requests for row in request]
        names, array = proto_rows.read(shape, serialized, fields)
        return [len(request) for request in requests], Source(names, [array])
    batches = [arrow_rows.read(shape.schema, request[0], fields) for request in requests]
    return [array.length for _, array in batches], Source(batches[0][0], [array for _, array in batches])


def insert(connection: DuckDBPyConnection, place: str, shape: Shape, source: Source, table: Table) -> None:
    """Put columns into a storage table inside the caller's transaction; missing values become NULL or their default."""
    values = {}
    for field in table.fields:
        name = field["name"]
        default = field.get(DEFAULT) and name.lower() in shape.defaults
        given = _value(field) if name in source.names else ""
        if default:
            made = defaults.engine_sql(field, table.principal)
            values[name] = f"CASE WHEN {_missing(field)} THEN {made} ELSE {given} END" if given else made
        elif given:
            values[name] = given
    if place == table.place:
        marks.add(connection, place)
    connection.register(INCOMING, source)
    try:
        connection.execute(
            f"INSERT INTO {place} ({', '.join(map(quote, values))}) SELECT {', '.join(values.values())} FROM {INCOMING}"
        ).fetchall()
    finally:
        connection.unregister(INCOMING)


def _missing(field: Field) -> str:
    name = quote(field["name"])
    return f"len({name}) = 0" if field_mode(field) == "REPEATED" else f"{name} IS NULL"


def _value(field: Field) -> str:
    name = quote(field["name"])
    return transform(field, name, _leaf) or name


def _leaf(field: Field, expression: str) -> str | None:
    kind = field_type(field)
    if kind == "RANGE":
        name = DUCKDB_NAMES[range_element(field)]
        bounds = ", ".join(f"CAST(struct_extract({expression}, '{bound}') AS {name})" for bound in ("start", "end"))
        return f"CASE WHEN {expression} IS NOT NULL THEN bq_range({bounds}) END"
    if kind in ("INTERVAL", "GEOGRAPHY"):
        return f"{READERS[kind]}({expression})"
    return f"CAST({expression} AS {DUCKDB_NAMES[kind]})" if kind in ("BIGNUMERIC", "JSON") else None
