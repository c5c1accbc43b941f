"""INFORMATION_SCHEMA and __TABLES__, as subqueries of literal rows made from the catalogue.

https://cloud.google.com/bigquery/docs/information-schema-intro.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.sql.catalog import SchemaView, Snapshot, TableInfo
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.job_schema import jobs_select
from emulator.services.bigquery.sql.partitions import partitions_select
from emulator.services.bigquery.sql.types import DEFAULT, Field, duckdb_type, field_mode, literal, quote, standard_type

Row = tuple[Any, ...]


NO_COLLATION = "NULL"  # the text, as these views show that a column has none
META_TYPES = {"VIEW": 2, "EXTERNAL": 3, "MATERIALIZED_VIEW": 2}  # of __TABLES__; tables are 1


def _columns(text: str) -> list[Field]:
    return [dict(zip(("name", "type"), item.split(":"), strict=True)) for item in text.split()]


def _moment(milliseconds: int) -> str:
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.isoformat(sep=" ")


def _tables(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        name = table.name
        kind = {"TABLE": "BASE TABLE", "MATERIALIZED_VIEW": "MATERIALIZED VIEW"}.get(table.kind, table.kind)
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
                standard_type(field, limited=True),
                *("NEVER", None, None, "NO", None, "NO"),
                "YES" if field["name"] == table.partitioned_by else "NO",
                clustered,
                *(NO_COLLATION, field.get(DEFAULT) or "NULL", None),
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
                    standard_type(inner, limited=True),
                    inner.get("description"),
                    *(NO_COLLATION, None),
                )


def _paths(field: Field, path: str) -> Iterator[tuple[str, Field]]:
    yield path, field
    for child in field.get("fields") or ():
        yield from _paths(child, f"{path}.{child['name']}")


def _views(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        if table.view:
            yield (table.name.project, table.name.dataset, table.name.table, table.view, None, "YES")


def _storage(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        if not table.storage:
            continue
        name, size = table.name, table.size
        yield (
            *(name.project, name.project, name.dataset, name.table, _moment(table.created)),
            *(table.rows, 1, size, size, 0, size, size, 0, 0, _moment(table.modified), False, "BASE TABLE"),
        )


def _meta_tables(tables: Iterable[TableInfo]) -> Iterator[Row]:
    for table in tables:
        name = table.name
        kind = META_TYPES.get(table.kind, 1)
        yield (
            *(name.project, name.dataset, name.table, table.created, table.modified),
            *(table.rows, table.size, kind),
        )


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
            "is_nullable:STRING data_type:STRING is_generated:STRING generation_expression:STRING is_stored:STRING "
            "is_hidden:STRING is_updatable:STRING is_system_defined:STRING is_partitioning_column:STRING "
            "clustering_ordinal_position:INTEGER collation_name:STRING column_default:STRING rounding_mode:STRING"
        ),
        _column_rows,
    ),
    "COLUMN_FIELD_PATHS": (
        _columns(
            "table_catalog:STRING table_schema:STRING table_name:STRING column_name:STRING field_path:STRING "
            "data_type:STRING description:STRING collation_name:STRING rounding_mode:STRING"
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
VIEWS["TABLE_STORAGE"] = VIEWS["TABLE_STORAGE_BY_PROJECT"] = (
    _columns(
        "project_id:STRING table_catalog:STRING table_schema:STRING table_name:STRING creation_time:TIMESTAMP "
        "total_rows:INTEGER total_partitions:INTEGER total_logical_bytes:INTEGER active_logical_bytes:INTEGER "
        "long_term_logical_bytes:INTEGER total_physical_bytes:INTEGER active_physical_bytes:INTEGER "
        "long_term_physical_bytes:INTEGER time_travel_physical_bytes:INTEGER storage_last_modified_time:TIMESTAMP "
        "deleted:BOOLEAN table_type:STRING"
    ),
    _storage,
)
VIEWS["__TABLES__"] = (
    _columns(
        "project_id:STRING dataset_id:STRING table_id:STRING creation_time:INTEGER last_modified_time:INTEGER "
        "row_count:INTEGER size_bytes:INTEGER type:INTEGER"
    ),
    _meta_tables,
)


OF_CATALOGUE: dict[str, list[Field]] = {  # whose rows are looked up before a statement is translated
    "CONSTRAINT_COLUMN_USAGE": _columns(
        "table_catalog:STRING table_schema:STRING table_name:STRING column_name:STRING constraint_catalog:STRING "
        "constraint_schema:STRING constraint_name:STRING"
    ),
    "KEY_COLUMN_USAGE": _columns(
        "constraint_catalog:STRING constraint_schema:STRING constraint_name:STRING table_catalog:STRING "
        "table_schema:STRING table_name:STRING column_name:STRING ordinal_position:INTEGER "
        "position_in_unique_constraint:INTEGER"
    ),
    "MATERIALIZED_VIEWS": _columns(
        "table_catalog:STRING table_schema:STRING table_name:STRING last_refresh_time:TIMESTAMP "
        "refresh_watermark:TIMESTAMP"
    ),
    "OBJECT_PRIVILEGES": _columns(
        "object_catalog:STRING object_schema:STRING object_name:STRING object_type:STRING privilege_type:STRING "
        "grantee:STRING"
    ),
    "PARAMETERS": _columns(
        "specific_catalog:STRING specific_schema:STRING specific_name:STRING ordinal_position:INTEGER "
        "parameter_mode:STRING is_result:STRING parameter_name:STRING data_type:STRING parameter_default:STRING "
        "is_aggregate:STRING"
    ),
    "ROUTINES": _columns(
        "specific_catalog:STRING specific_schema:STRING specific_name:STRING routine_catalog:STRING "
        "routine_schema:STRING routine_name:STRING routine_type:STRING data_type:STRING routine_body:STRING "
        "routine_definition:STRING external_language:STRING is_deterministic:STRING security_type:STRING "
        "created:TIMESTAMP last_altered:TIMESTAMP"
    ),
    "SCHEMATA_OPTIONS": _columns(
        "catalog_name:STRING schema_name:STRING option_name:STRING option_type:STRING option_value:STRING"
    ),
    "SEARCH_INDEXES": _columns(
        "index_catalog:STRING index_schema:STRING table_name:STRING index_name:STRING index_status:STRING "
        "creation_time:TIMESTAMP last_modification_time:TIMESTAMP last_refresh_time:TIMESTAMP disable_time:TIMESTAMP "
        "disable_reason:STRING DDL:STRING coverage_percentage:INTEGER unindexed_row_count:INTEGER "
        "total_logical_bytes:INTEGER total_storage_bytes:INTEGER analyzer:STRING"
    ),
    "SEARCH_INDEX_COLUMNS": _columns(
        "index_catalog:STRING index_schema:STRING table_name:STRING index_name:STRING index_column_name:STRING "
        "index_field_path:STRING"
    ),
    "SEARCH_INDEX_OPTIONS": _columns(
        "index_catalog:STRING index_schema:STRING table_name:STRING index_name:STRING option_name:STRING "
        "option_type:STRING option_value:STRING"
    ),
    **dict.fromkeys(
        ("SESSIONS_BY_PROJECT", "SESSIONS_BY_USER"),
        _columns(
            "creation_time:TIMESTAMP expiration_time:TIMESTAMP is_active:BOOLEAN last_modified_time:TIMESTAMP "
            "principal_subject:STRING project_id:STRING project_number:INTEGER session_id:STRING user_email:STRING"
        ),
    ),
    "TABLE_CONSTRAINTS": _columns(
        "constraint_catalog:STRING constraint_schema:STRING constraint_name:STRING table_catalog:STRING "
        "table_schema:STRING table_name:STRING constraint_type:STRING is_deferrable:STRING "
        "initially_deferred:STRING enforced:STRING"
    ),
    "TABLE_SNAPSHOTS": _columns(
        "table_catalog:STRING table_schema:STRING table_name:STRING base_table_catalog:STRING base_table_schema:STRING "
        "base_table_name:STRING snapshot_time:TIMESTAMP"
    ),
    "TABLE_OPTIONS": _columns(
        "table_catalog:STRING table_schema:STRING table_name:STRING option_name:STRING option_type:STRING "
        "option_value:STRING"
    ),
}


def subquery(view: SchemaView, snapshot: Snapshot) -> str:
    """The DuckDB SELECT that stands for a view. Raises SqlError for one that is not emulated."""
    if view.view == "SCHEMATA":
        rows = [
            (item.name.project, item.name.dataset, None, _moment(item.created), _moment(item.modified), item.location)
            for item in snapshot.datasets.get(view.project, ())
            if view.region in ("", item.location.lower())
        ]
        return _values(SCHEMATA, rows)
    if view in snapshot.rows:
        return _values(OF_CATALOGUE[view.view], list(snapshot.rows[view]))
    if view in snapshot.jobs:
        return jobs_select(snapshot.jobs[view])
    if view.view not in (*VIEWS, "PARTITIONS"):
        known = ", ".join([*VIEWS, *OF_CATALOGUE, "PARTITIONS", "SCHEMATA", "JOBS", "JOBS_BY_PROJECT", "JOBS_BY_USER"])
        raise SqlError(f"INFORMATION_SCHEMA.{view.view} is not emulated; there are {known}.")
    tables = _tables_of(view, snapshot)
    if view.view == "PARTITIONS":
        return partitions_select(tables)
    columns, make = VIEWS[view.view]
    return _values(columns, list(make(tables)))


def _tables_of(view: SchemaView, snapshot: Snapshot) -> list[TableInfo]:
    if view.dataset:
        return list(snapshot.listings.get(DatasetName(view.project, view.dataset), ()))
    if not view.region and view.view not in ("TABLE_STORAGE", "TABLE_STORAGE_BY_PROJECT"):
        raise SqlError(f"INFORMATION_SCHEMA.{view.view} must be qualified with a dataset or a region.")
    return [
        info
        for name, listing in snapshot.listings.items()
        for info in listing
        if name.project == view.project and view.region in ("", info.location.lower())
    ]


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
