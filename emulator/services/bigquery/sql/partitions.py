"""INFORMATION_SCHEMA.PARTITIONS: the rows of each table counted by partition.

https://cloud.google.com/bigquery/docs/information-schema-partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator.services.bigquery.sql.catalog import TableInfo
from emulator.services.bigquery.sql.ingestion import COLUMN
from emulator.services.bigquery.sql.storage import size_of_row
from emulator.services.bigquery.sql.types import Field, field_type, literal, quote

SUMMARY = "__PARTITIONS_SUMMARY__"  # a decorator: the table of a table's partitions, which clients list them by
SUMMARY_FIELDS: list[Field] = [
    *({"name": name, "type": "STRING"} for name in ("project_id", "dataset_id", "table_id", "partition_id")),
    *({"name": name, "type": "INTEGER"} for name in ("creation_time", "last_modified_time")),
]
FORMATS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}


def partitions_select(tables: Iterable[TableInfo]) -> str:
    """The DuckDB SELECT that gives a row for each partition; a table without any has one whose id is NULL."""
    parts = [_table(info) for info in tables if info.storage]
    empty = (
        "SELECT '' AS table_catalog, '' AS table_schema, '' AS table_name, '' AS partition_id, "
        "0::BIGINT AS total_rows, 0::BIGINT AS total_logical_bytes, 0::BIGINT AS total_billable_bytes, "
        "now() AS last_modified_time, "
        "'' AS storage_tier WHERE FALSE"
    )
    return " UNION ALL ".join([empty, *parts])


def _table(info: TableInfo) -> str:
    name, identifier = info.name, partition_id(info.partitioning, info.fields)
    size = size_of_row(info.fields)
    return (
        f"SELECT {literal(name.project)}, {literal(name.dataset)}, {literal(name.table)}, {identifier} AS id, "
        f"count(*), CAST(coalesce(sum({size}), 0) AS BIGINT), CAST(coalesce(sum({size}), 0) AS BIGINT), "
        f"make_timestamptz({info.modified * 1000}), 'ACTIVE' FROM {info.storage} "
        "GROUP BY ALL"
    )


def summary_select(info: TableInfo) -> str:
    """The DuckDB SELECT of a table's partitions as the decorator SUMMARY gives them."""
    name, identifier = info.name, partition_id(info.partitioning, info.fields)
    times = f"{info.created} AS creation_time, {info.modified} AS last_modified_time"
    return (
        f"SELECT {literal(name.project)} AS project_id, {literal(name.dataset)} AS dataset_id, "
        f"{literal(name.table)} AS table_id, {identifier} AS partition_id, {times} FROM {info.storage} GROUP BY ALL "
        "ORDER BY partition_id"
    )


def partition_id(partitioning: Mapping[str, Any], fields: Sequence[Field]) -> str:
    """The engine's expression for the id of the partition that a row is in; NULL where there are no partitions.

    partitioning is timePartitioning or rangePartitioning of the API.
    """
    column = quote(str(partitioning.get("field") or COLUMN))
    bounds = partitioning.get("range")
    if bounds:
        start, end, step = (int(bounds[key]) for key in ("start", "end", "interval"))
        within = f"CAST({start} + (({column} - {start}) // {step}) * {step} AS VARCHAR)"
        return (
            f"CASE WHEN {column} IS NULL THEN '__NULL__' WHEN {column} < {start} OR {column} >= {end} "
            f"THEN '__UNPARTITIONED__' ELSE {within} END"
        )
    if not partitioning.get("type"):
        return "NULL::VARCHAR"
    form = literal(FORMATS[str(partitioning["type"]).upper()])
    of = partitioning.get("field")
    kind = next((field_type(field) for field in fields if field["name"] == of), "TIMESTAMP")
    moment = f"({column} AT TIME ZONE 'UTC')" if kind == "TIMESTAMP" else column
    return f"CASE WHEN {column} IS NULL THEN '__NULL__' ELSE strftime({moment}, {form}) END"
