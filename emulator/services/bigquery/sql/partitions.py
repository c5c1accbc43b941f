"""INFORMATION_SCHEMA.PARTITIONS: the rows of each table counted by partition.

https://cloud.google.com/bigquery/docs/information-schema-partitions.
"""

from __future__ import annotations

from collections.abc import Iterable

from emulator.services.bigquery.sql.catalog import TableInfo
from emulator.services.bigquery.sql.storage import size_of_row
from emulator.services.bigquery.sql.types import field_type, literal, quote

FORMATS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}


def partitions_select(tables: Iterable[TableInfo]) -> str:
    """The DuckDB SELECT that gives a row for each partition; a table without any has one whose id is NULL."""
    parts = [_table(info) for info in tables if not info.view]
    empty = (
        "SELECT '' AS table_catalog, '' AS table_schema, '' AS table_name, '' AS partition_id, "
        "0::BIGINT AS total_rows, 0::BIGINT AS total_logical_bytes, 0::BIGINT AS total_billable_bytes, "
        "now() AS last_modified_time, "
        "'' AS storage_tier WHERE FALSE"
    )
    return " UNION ALL ".join([empty, *parts])


def _table(info: TableInfo) -> str:
    name = info.name
    size = size_of_row(info.fields)
    return (
        f"SELECT {literal(name.project)}, {literal(name.dataset)}, {literal(name.table)}, {_identifier(info)} AS id, "
        f"count(*), CAST(coalesce(sum({size}), 0) AS BIGINT), CAST(coalesce(sum({size}), 0) AS BIGINT), "
        f"make_timestamptz({info.modified * 1000}), 'ACTIVE' FROM {info.storage} "
        "GROUP BY ALL"
    )


def _identifier(info: TableInfo) -> str:
    """The id of the partition that a row is in."""
    partitioning, column = info.partitioning, quote(str(info.partitioning.get("field", "")))
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
    if not partitioning.get("field"):  # by time of ingestion, which is not kept: the table's own
        return f"strftime(make_timestamp({info.created * 1000}), {form})"
    kind = next(field_type(field) for field in info.fields if field["name"] == partitioning["field"])
    moment = f"({column} AT TIME ZONE 'UTC')" if kind == "TIMESTAMP" else column
    return f"CASE WHEN {column} IS NULL THEN '__NULL__' ELSE strftime({moment}, {form}) END"
