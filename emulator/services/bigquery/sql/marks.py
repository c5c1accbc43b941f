"""How many rows a storage table had when: what rows it has at its end shows as they were before.

A mark says that up to a time a table had its first so many rows, or (-1) that nothing is known of before. Rows only
come at the end; where rows change or go, the table is copied first, or what was before is given up.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from emulator.services.bigquery.sql import ingestion, moment, places

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TABLE = "table_marks"
SCHEMA = f"CREATE TABLE IF NOT EXISTS {{database}}.main.{_TABLE} (storage VARCHAR, before BIGINT, rows BIGINT)"
LOST = -1
KEPT, CHECKED_EVERY = 10_000, 1_000  # marks of one table, and after how many new ones they are counted
COPIED_ROWS = 200_000  # a larger table is not copied before its rows change
_new: Counter[str] = Counter()


def storage_of(table: str) -> str:
    """The name of a storage table out of its full name; "" for what is none, such as a query's result."""
    name = places.storage_of(table)
    return "" if places.database_of(table) == places.RESULTS or places.kind_of(name) in ("r", "s") else name


def add(connection: DuckDBPyConnection, table: str, *, lost: bool = False) -> None:
    """Note, before rows come, how many there are; lost: that what was before is given up."""
    storage = storage_of(table)
    if not storage:
        return
    count = str(LOST) if lost else f"(SELECT count(*) FROM {table})"
    own = places.beside(table, _TABLE)
    connection.execute(f"INSERT INTO {own} SELECT ?, ?, {count}", [storage, moment.milliseconds()])
    _new[storage] += 1
    if _new[storage] % CHECKED_EVERY == 0:
        _thin(connection, own, storage)


def _thin(connection: DuckDBPyConnection, own: str, storage: str) -> None:
    """Give up the older half of a table's marks, once there are many."""
    row = connection.execute(
        f"SELECT count(*), CAST(median(before) AS BIGINT) FROM {own} WHERE storage = ?", [storage]
    ).fetchone()
    if row is not None and row[0] > KEPT:
        connection.execute(f"DELETE FROM {own} WHERE storage = ? AND before <= ?", [storage, row[1]])
        connection.execute(f"INSERT INTO {own} VALUES (?, ?, {LOST})", [storage, row[1]])


def keep(connection: DuckDBPyConnection, table: str, copy: str) -> None:
    """Inside a transaction, before rows change or go: copy a table as it is, unless it is large or copy is ""."""
    storage, kept = storage_of(table), storage_of(copy)
    if not storage:
        return
    count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    if not kept or count is None or count[0] > COPIED_ROWS:
        add(connection, table, lost=True)
        return
    connection.execute(f"CREATE TABLE {copy} AS SELECT * FROM {table}")
    ingestion.take_default(connection, table, copy)
    own = places.beside(table, _TABLE)
    connection.execute(f"UPDATE {own} SET storage = ? WHERE storage = ?", [kept, storage])


def take_over(connection: DuckDBPyConnection, source: str, table: str) -> None:
    """Inside a transaction: give a table that is to be in the place of another one the marks of that."""
    own, others = places.beside(table, _TABLE), places.beside(source, _TABLE)
    sql = f"INSERT INTO {own} SELECT ?, before, rows FROM {others} WHERE storage = ?"
    connection.execute(sql, [storage_of(table), storage_of(source)])


def rows_at(connection: DuckDBPyConnection, table: str, at: int) -> int | None:
    """How many rows a table had at a time (milliseconds since 1970): LOST where that is not known, None for all."""
    own = places.beside(table, _TABLE)
    sql = f"SELECT rows FROM {own} WHERE storage = ? AND before > ? ORDER BY before, rows LIMIT 1"
    row = connection.execute(sql, [storage_of(table), at]).fetchone()
    return None if row is None else int(row[0])


def forget(connection: DuckDBPyConnection, table: str) -> None:
    """Forget the marks of a table that is dropped."""
    if storage := storage_of(table):
        connection.execute(f"DELETE FROM {places.beside(table, _TABLE)} WHERE storage = ?", [storage])
