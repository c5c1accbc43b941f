"""Write streams in an own table of the file of their table: one row each, changed in one transaction with its rows.

place is the full name of that table's storage. Where its rows go to another file, their streams end.

A stream of type PENDING or BUFFERED has a storage of its own, from which rows go to the table when they are committed
or flushed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import orjson

from emulator.services.bigquery.sql import marks, places, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.types import Field, quote
from emulator.services.bigquerystorage import errors

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COMMITTED, PENDING, BUFFERED = "COMMITTED", "PENDING", "BUFFERED"


@dataclass(frozen=True)
class Stream:
    """A write stream. Times are in microseconds since 1970; committed is 0 before the commit.

    table_created is that of its table, in milliseconds; rows have been appended, flushed of them are in the table;
    columns is the schema of its storage as JSON, "" where that is the table's.
    """

    name: str
    kind: str
    storage: str
    columns: str
    table_created: int
    created: int
    used: int
    rows: int = 0
    flushed: int = 0
    finalized: bool = False
    committed: int = 0

    @property
    def place(self) -> str:
        """The full name of its own storage."""
        return stored(self.storage)


_COLUMNS = [field.name for field in fields(Stream)]


def table_of(place: str) -> str:
    """The full name of the engine's own table of streams."""
    return places.beside(place, "write_streams")


def insert(connection: DuckDBPyConnection, place: str, stream: Stream) -> None:
    """Keep a new stream."""
    marks = ", ".join("?" for _ in _COLUMNS)
    values = [getattr(stream, name) for name in _COLUMNS]
    sql = f"INSERT INTO {table_of(place)} ({', '.join(_COLUMNS)}) VALUES ({marks})"
    connection.execute(sql, values).fetchall()


def find(connection: DuckDBPyConnection, place: str, name: str, table_created: int) -> Stream:
    """The stream of that name. Raises a 404 where there is none, or its table is not there any more."""
    sql = f"SELECT {', '.join(_COLUMNS)} FROM {table_of(place)} WHERE name = ? AND table_created = ?"
    found = connection.execute(sql, [name, table_created]).fetchall()
    if not found:
        raise errors.no_stream(name)
    return Stream(*found[0])


def change(connection: DuckDBPyConnection, place: str, name: str, **values: int | bool | str) -> None:
    """Set columns of a stream."""
    assignments = ", ".join(f"{column} = ?" for column in values)
    sql = f"UPDATE {table_of(place)} SET {assignments} WHERE name = ?"
    connection.execute(sql, [*values.values(), name]).fetchall()


def fit_storage(connection: DuckDBPyConnection, stream: Stream, columns: list[Field]) -> None:
    """Give a stream's own storage the columns that its table has got since."""
    written = orjson.dumps(columns).decode()
    if stream.storage and written != stream.columns:
        storage.widen(connection, stream.place, orjson.loads(stream.columns), columns)
        change(connection, stream.place, stream.name, columns=written)


def move(connection: DuckDBPyConnection, stream: Stream, place: str, until: int) -> None:
    """Put rows of a stream's own storage into its table, those from the last flushed one to before `until`."""
    names = ", ".join(quote(field["name"]) for field in orjson.loads(stream.columns))
    count = until - stream.flushed
    marks.add(connection, place)
    connection.execute(
        f"INSERT INTO {place} ({names}) SELECT {names} FROM {stream.place} LIMIT {count} OFFSET {stream.flushed}"
    ).fetchall()
