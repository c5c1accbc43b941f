"""Rows as Arrow's record batches, in the types that the Storage Read API documents.

https://cloud.google.com/bigquery/docs/reference/storage#arrow_schema_details
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import nanoarrow as na
from nanoarrow.c_array_stream import CArrayStream
from nanoarrow.ipc import StreamWriter

from emulator.services.bigquery.sql.scalars import bignumeric
from emulator.services.bigquery.sql.types import (
    RANGE_END,
    RANGE_START,
    Field,
    field_mode,
    field_type,
    range_element,
    text_of,
)
from emulator.services.bigquerystorage.engine import record_batch
from emulator.services.bigquerystorage.engine.projection import select

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FAILED = "get_next() failed"  # nanoarrow: what comes before a number and the words of who gives the arrays
INTERRUPTED = "INTERRUPT Error"  # how the engine's words for an interruption begin
WIDE_BYTES = 32  # of a decimal of 256 bits
SCALARS = {
    "STRING": na.string(),
    "BYTES": na.binary(),
    "INTEGER": na.int64(),
    "FLOAT": na.float64(),
    "BOOLEAN": na.bool_(),
    "NUMERIC": na.decimal128(38, 9),
    "BIGNUMERIC": na.decimal256(76, 38),
    "TIMESTAMP": na.timestamp("us", "UTC"),
    "DATE": na.date32(),
    "TIME": na.time64("us"),
    "DATETIME": na.timestamp("us"),
    "INTERVAL": na.interval_month_day_nano(),
}
BOUNDS = ("start", "end")  # of the STRUCT that a RANGE is
EXTENSIONS = {"DATETIME": "datetime", "GEOGRAPHY": "geography", "JSON": "json"}  # by which readers tell them apart


def schema_bytes(fields: Sequence[Field]) -> bytes:
    """The message of Arrow's IPC that says the types of columns."""
    written = io.BytesIO()
    nothing = CArrayStream.from_c_arrays([], na.c_schema(_struct(fields)), validate=False)
    StreamWriter.from_writable(written).write_stream(nothing)
    return written.getvalue()


def batches(
    connection: DuckDBPyConnection,
    table: str,
    columns: Sequence[Field],
    fields: Sequence[Field],
    rows: tuple[int, int],
    most: int,
) -> Iterator[tuple[list[bytes | memoryview], int]]:
    """Rows of a storage table (numbers from one to before another) as messages of Arrow's IPC, each with its rows.

    A message comes in pieces, and has `most` rows at most.
    """
    sql = select(table, columns, fields, rows, _leaf)
    wide = any(_is_wide(field) for field in fields)
    for array in _arrays(connection, sql):
        made = _widened(array, fields) if wide else array
        for begin in range(0, made.length, most):
            end = min(begin + most, made.length)
            yield record_batch.pieces(made, begin, end), end - begin


def _arrays(connection: DuckDBPyConnection, sql: str) -> Iterator[Any]:
    """The rows of a query as struct arrays. Raises the engine's error, of which the stream has only the words."""
    import duckdb

    arrays = iter(na.c_array_stream(connection.sql(sql)))
    while True:
        try:
            array = next(arrays, None)
        except RuntimeError as problem:  # NanoarrowException
            _, found, told = str(problem).partition(FAILED)
            if not found:
                raise
            words = told.partition(": ")[2]
            raise (duckdb.InterruptException if words.startswith(INTERRUPTED) else duckdb.Error)(words) from None
        if array is None:
            return
        yield array


def _leaf(field: Field, expression: str) -> str | None:
    """What Arrow is to have of a stored value, where the engine's own type is another."""
    kind = field_type(field)
    if kind == "NUMERIC":
        return f"CAST({expression} AS DECIMAL(38,9))" if field.get("precision") else None
    if kind == "RANGE":
        return range_sql(expression)
    if kind in ("BIGNUMERIC", "GEOGRAPHY"):
        return text_of(field, expression)
    return None if kind in SCALARS else f"CAST({expression} AS VARCHAR)"


def range_sql(expression: str) -> str:
    """SQL for a RANGE as a STRUCT of start and end."""
    parts = f'struct_pack(start := {expression}.{RANGE_START}, "end" := {expression}.{RANGE_END})'
    return f"CASE WHEN {expression} IS NOT NULL THEN {parts} END"


def _struct(fields: Sequence[Field]) -> Any:
    return na.struct({field["name"]: _type(field) for field in fields}, nullable=False)


def _type(field: Field) -> Any:
    kind, mode = field_type(field), field_mode(field)
    nullable = mode != "REQUIRED"
    if mode == "REPEATED":
        return na.list_(_type({**field, "mode": "NULLABLE"}))
    if kind == "RECORD":
        return na.struct({child["name"]: _type(child) for child in field["fields"]}, nullable=nullable)
    if kind == "RANGE":
        return na.struct({bound: SCALARS[range_element(field)] for bound in BOUNDS}, nullable=nullable)
    metadata = {}
    if kind in EXTENSIONS:
        metadata = {"ARROW:extension:name": f"google:sqlType:{EXTENSIONS[kind]}"}
    return na.Schema(SCALARS.get(kind, SCALARS["STRING"]), nullable=nullable, metadata=metadata)


def _is_wide(field: Field) -> bool:
    """Whether a column holds a BIGNUMERIC, which the engine gives as text."""
    if field_type(field) == "RECORD":
        return any(_is_wide(child) for child in field["fields"])
    return field_type(field) == "BIGNUMERIC"


def _widened(array: Any, fields: Sequence[Field]) -> Any:
    """An array of rows whose texts of BIGNUMERIC became decimals of 256 bits."""
    children = [_column(child, field) for child, field in zip(array.children, fields, strict=True)]
    return _made(array, _struct(fields), 1, children)


def _column(array: Any, field: Field) -> Any:
    if not _is_wide(field):
        return array
    if field_mode(field) == "REPEATED":
        element = {**field, "mode": "NULLABLE"}
        child = _column(array.child(0), element)
        return _made(array, na.list_(na.Schema(child.schema)), 2, [child])
    if field_type(field) == "RECORD":
        children = [_column(child, inner) for child, inner in zip(array.children, field["fields"], strict=True)]
        names = [inner["name"] for inner in field["fields"]]
        kinds = {name: na.Schema(child.schema) for name, child in zip(names, children, strict=True)}
        return _made(array, na.struct(kinds), 1, children)
    data = b"".join(_decimals(na.Array(array).iter_py()))
    validity = array.view().buffer(0)
    return na.c_array_from_buffers(SCALARS["BIGNUMERIC"], array.length, [validity, data])


def _made(array: Any, schema: Any, buffers: int, children: Sequence[Any]) -> Any:
    """An array with other children."""
    view = array.view()
    kept = [view.buffer(number) for number in range(buffers)]
    return na.c_array_from_buffers(schema, array.length, kept, children=children)


def _decimals(texts: Iterator[str | None]) -> Iterator[bytes]:
    for text in texts:
        units = 0 if text is None else int(bignumeric.units_of_text(text))
        yield units.to_bytes(WIDE_BYTES, "little", signed=True)
