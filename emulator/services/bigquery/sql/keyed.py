"""The engine's side of files of rows that versions of keys protect: opened, closed, swept (keyed.py has the other)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.attaching import attach
from emulator.services.bigquery.sql.engine import make_own_tables, unreadable
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Keyed:
    """A file, its name in the engine and what it is encrypted with.

    live and results are as the catalogue names them, of this file or not: the rest is swept; None: no sweep.
    """

    path: Path
    name: str
    key: str = field(repr=False)
    live: Mapping[str, Sequence[Field]] | None = None
    results: frozenset[str] = frozenset()


def open_file(connection: DuckDBPyConnection, file: Keyed) -> bool:
    """Open a file, which is made where it is not there; nothing happens to one that is open. Raises StoreError.

    It gives whether it is open: statements that go on hold one that was closed, and then it can't be opened again yet.
    One that was open is not swept, since it may have got more than the catalogue named when this was asked for.
    """
    import duckdb

    if _is_open(connection, file.name):
        return True
    try:
        attach(connection, file.path, file.name, file.key)
    except duckdb.Error as error:
        if "Unique file handle conflict" in str(error):
            return False
        raise unreadable(file.path, error) from None
    make_own_tables(connection, file.name)
    if file.live is not None:
        storage.sweep(connection, file.name, file.live, file.results)
    return True


def _is_open(connection: DuckDBPyConnection, name: str) -> bool:
    sql = "SELECT 1 FROM duckdb_databases() WHERE database_name = ?"
    return connection.execute(sql, [name]).fetchone() is not None


def close_file(connection: DuckDBPyConnection, name: str) -> None:
    """Close a file, if it is open; statements that read it still go on to their end."""
    connection.execute(f"DETACH DATABASE IF EXISTS {name}")
