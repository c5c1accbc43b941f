"""INFORMATION_SCHEMA, as subqueries of literal rows made from the catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.sql.catalog import SchemaView, Snapshot, TableInfo
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.types import Field, duckdb_type, field_mode, literal, quote, standard_type

Row = tuple[Any, ...]


def _columns(text: str) -> list[Field]:
    return [dict(zip(("name", "type"), item.split(":"), strict=True)) for item in text.split()]


def _moment(milliseconds: int) -> str:
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.isoformat(sep=" ")


def _tables(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        name = table.name
        kind = {"TABLE": "BASE TABLE"}.get(table.kind, table.kind)
        insertable = "YES" if table.kind == "TABLE" else "NO"
        yield (name.project, name.dataset, name.table, kind, insertable, "NO", _moment(table.created), table.ddl)


def _column_rows(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        name = table.name
        for position, field in enumerate(table.fields, 1):
            clustered = table.clustered_by.index(field["name"]) + 1 if field["name"] in table.clustered_by else None
            yield (
                name.project,
                name.dataset,
                name.table,
                field["name"],
                position,
                "NO" if field_mode(field) == "REQUIRED" else "YES",
                standard_type(field),
                "NEVER",
                "NO",
                "NO",
                "YES" if field["name"] == table.partitioned_by else "NO",
                clustered,
            )


def _field_paths(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        name = table.name
        for field in table.fields:
            for path, inner in _paths(field, field["name"]):
                yield (
                    name.project,
                    name.dataset,
                    name.table,
                    field["name"],
                    path,
                    standard_type(inner),
                    inner.get("description"),
                )


def _paths(field: Field, path: str) -> Iterator[tuple[str, Field]]:
    yield path, field
    for child in field.get("fields") or ():
        yield from _paths(child, f"{path}.{child['name']}")


def _views(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        if table.view:
            yield (table.name.project, table.name.dataset, table.name.table, table.view, None, "YES")


VIEWS: dict[str, tuple[list[Field], Callable[[Iterable[TableInfo]], Iterator[Row]]]] = {
    "TABLES": (
        _columns(
            "table_catalog:STRING table_schema:STRING table_name:STRING table_type:STRING is_insertable_into:STRING "
            "is_typed:STRING creation_time:TIMESTAMP ddl:STRING"
        ),
        _tables,
    ),
    "COLUMNS": (
        _columns(
            "table_catalog:STRING table_schema:STRING table_name:STRING column_name:STRING ordinal_position:INTEGER "
            "is_nullable:STRING data_type:STRING is_generated:STRING is_hidden:STRING is_system_defined:STRING "
            "is_partitioning_column:STRING clustering_ordinal_position:INTEGER"
        ),
        _column_rows,
    ),
    "COLUMN_FIELD_PATHS": (
        _columns(
            "table_catalog:STRING table_schema:STRING table_name:STRING column_name:STRING field_path:STRING "
            "data_type:STRING description:STRING"
        ),
        _field_paths,
    ),
    "VIEWS": (
        _columns(
            "table_catalog:STRING table_schema:STRING table_name:STRING view_definition:STRING check_option:STRING "
            "use_standard_sql:STRING"
        ),
        _views,
    ),
}
SCHEMATA = _columns(
    "catalog_name:STRING schema_name:STRING schema_owner:STRING creation_time:TIMESTAMP last_modified_time:TIMESTAMP "
    "location:STRING"
)


def subquery(view: SchemaView, snapshot: Snapshot) -> str:
    """The DuckDB SELECT that stands for a view. Raises SqlError for one that is not emulated."""
    if view.view == "SCHEMATA":
        rows = [
            (item.name.project, item.name.dataset, None, _moment(item.created), _moment(item.modified), item.location)
            for item in snapshot.datasets.get(view.project, ())
        ]
        return _values(SCHEMATA, rows)
    if view.view not in VIEWS:
        known = ", ".join([*VIEWS, "SCHEMATA"])
        raise SqlError(f"INFORMATION_SCHEMA.{view.view} is not emulated; there are {known}.")
    if not view.dataset:
        raise SqlError(f"INFORMATION_SCHEMA.{view.view} must be qualified with a dataset.")
    columns, make = VIEWS[view.view]
    return _values(columns, list(make(snapshot.listings.get(DatasetName(view.project, view.dataset), ()))))


def _values(columns: list[Field], rows: list[Row]) -> str:
    names = ", ".join(quote(column["name"]) for column in columns)
    casts = ", ".join(f"CAST({quote(c['name'])} AS {duckdb_type(c)}) AS {quote(c['name'])}" for c in columns)
    shown = rows or [(None,) * len(columns)]
    values = ", ".join("(" + ", ".join(_literal(value) for value in row) + ")" for row in shown)
    return f"SELECT {casts} FROM (VALUES {values}) AS v({names})" + ("" if rows else " WHERE FALSE")


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else literal(str(value))
