"""The time at which a row came, kept beside the columns of tables that are partitioned by it.

https://cloud.google.com/bigquery/docs/partitioned-tables#ingestion_time
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery.sql.types import Field, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMN, DATE = "_PARTITIONTIME", "_PARTITIONDATE"  # the second is the first as a DATE, and not kept
UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
NOW = "coalesce(getvariable('bq_now'), now())"  # what bq_now() is: a default can't call a macro


def unit_of(body: Mapping[str, Any]) -> str:
    """HOUR, DAY, MONTH or YEAR for a table (REST resource) that is partitioned by time of ingestion, else ""."""
    partitioning = body.get("timePartitioning") or {}
    return "" if partitioning.get("field") else str(partitioning.get("type") or "").upper()


def hidden(unit: str) -> tuple[Field, ...]:
    """The columns that such a table has beside those of its schema; none for ""."""
    return ({"name": COLUMN, "type": "TIMESTAMP", "mode": "NULLABLE", "unit": unit},) if unit else ()


def add(connection: DuckDBPyConnection, table: str, unit: str, moment: int | None = None) -> None:
    """Let a storage table keep when rows come, by that unit; those in it came now, or at `moment` (microseconds)."""
    if unit_in(connection, table):
        return
    connection.execute(
        f"ALTER TABLE {table} ADD COLUMN {COLUMN} TIMESTAMPTZ DEFAULT date_trunc({literal(unit.lower())}, {NOW})"
    )
    if moment is not None:
        connection.execute(f"UPDATE {table} SET {COLUMN} = make_timestamptz({int(moment)})")


def take_default(connection: DuckDBPyConnection, source: str, table: str) -> None:
    """Let a copy of a storage table keep when rows come, too, as its source does."""
    if unit := unit_in(connection, source):
        default = f"date_trunc({literal(unit.lower())}, {NOW})"
        connection.execute(f"ALTER TABLE {table} ALTER COLUMN {COLUMN} SET DEFAULT {default}")


def unit_in(connection: DuckDBPyConnection, table: str) -> str:
    """The unit by which a storage table keeps when rows come, "" where it does not."""
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    default = next((str(row[4]) for row in described if row[0] == COLUMN), "")
    return next((unit for unit in UNITS if f"'{unit.lower()}'" in default), "")


def microseconds(identifier: str) -> int | None:
    """The start of the partition of an id such as 20201231 or 2020123123; None for what is no such id."""
    forms = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H"}
    try:
        start = dt.datetime.strptime(identifier, forms[len(identifier)]).replace(tzinfo=dt.UTC)
    except (KeyError, ValueError):
        return None
    return int(start.timestamp()) * 1_000_000
