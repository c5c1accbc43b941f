"""Rows in Avro's binary encoding, as the Storage Read API documents it.

https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro

from emulator.services.bigquery.sql.types import Field, field_mode, field_type, range_element, text_of
from emulator.services.bigquerystorage.avro_schema import schema_of
from emulator.services.bigquerystorage.engine.arrow import range_sql
from emulator.services.bigquerystorage.engine.projection import select

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def rows(
    connection: DuckDBPyConnection,
    table: str,
    columns: Sequence[Field],
    fields: Sequence[Field],
    bounds: tuple[int, int],
    most: int,
) -> Iterator[tuple[memoryview, int]]:
    """Rows of a storage table (numbers from one to before another) as blocks of at most so many, each with its rows."""
    schema = fastavro.parse_schema({"type": "array", "items": schema_of(fields)})
    found = connection.execute(select(table, columns, fields, bounds, _leaf))
    for page in iter(lambda: found.fetchmany(most), []):
        yield _block(page, schema, fields), len(page)


def _block(page: list[tuple[Any, ...]], schema: Any, fields: Sequence[Field]) -> memoryview:
    """The encoding of rows one after the other: that of an array without its count before and the 0 behind."""
    columns = [
        map(convert, values) if (convert := _converter(field)) else values
        for field, values in zip(fields, zip(*page, strict=True), strict=True)
    ]
    names = [field["name"] for field in fields]
    encoded = io.BytesIO()
    fastavro.schemaless_writer(
        encoded, schema, [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    )
    return encoded.getbuffer()[_length_of_count(len(page)) : -1]


def _length_of_count(count: int) -> int:
    """How many bytes a count takes: seven bits a byte, of twice its value (Avro: zig-zag coding)."""
    return max(1, -(-(count * 2).bit_length() // 7))


def _leaf(field: Field, expression: str) -> str | None:
    kind = field_type(field)
    if kind == "TIMESTAMP":
        return f"epoch_us({expression})"
    if kind == "RANGE":
        return range_sql(f"bq_range_micros({expression})" if range_element(field) == "TIMESTAMP" else expression)
    return f"CAST({expression} AS VARCHAR)" if kind == "JSON" else text_of(field, expression)


def _converter(field: Field) -> Callable[[Any], Any] | None:
    """What makes a value as the engine gives it one that the writer takes; None where it is one already."""
    kind = field_type(field)
    if field_mode(field) == "REPEATED":
        convert = _converter({**field, "mode": "NULLABLE"})
        return lambda values: [convert(value) for value in values or ()] if convert else values or []
    if kind == "RECORD":
        inner = {child["name"]: made for child in field["fields"] if (made := _converter(child))}
        return (
            (lambda value: value and {**value, **{name: made(value[name]) for name, made in inner.items()}})
            if inner
            else None
        )
    if kind == "BIGNUMERIC":
        return lambda value: None if value is None else Decimal(value)
    if kind == "DATETIME":
        return lambda value: None if value is None else value.isoformat()
    if kind == "RANGE" and range_element(field) == "DATETIME":
        return lambda value: value and {key: bound and bound.isoformat() for key, bound in value.items()}
    return None
