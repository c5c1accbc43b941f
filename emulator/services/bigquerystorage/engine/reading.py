"""The steps of a read session that the engine process does.

Every function takes a connection first. What is slow to import is imported inside, since the emulator's own process
names these functions, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.services.bigquery.process.parts import Part
from emulator.services.bigquery.sql.types import Field, quote
from emulator.services.bigquerystorage.engine.responses import response

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def extent(connection: DuckDBPyConnection, table: str) -> tuple[int, int, bool]:
    """The first row's number in a storage table, how many rows it has, and whether their numbers have no gaps."""
    sql = f"SELECT coalesce(min(rowid), 0), count(*), max(rowid) FROM {table}"
    ((first, count, last),) = connection.execute(sql).fetchall()
    return first, count, not count or last - first + 1 == count


def copy(
    connection: DuckDBPyConnection, source: str, target: str, fields: Sequence[Field], first: int, end: int
) -> int:
    """Make a storage table of the rows from `first` to before `end` of another one; gives their number.

    Their numbers begin at 0 in the new one.
    """
    columns = ", ".join(quote(field["name"]) for field in fields)
    connection.execute(
        f"CREATE OR REPLACE TABLE {target} AS SELECT {columns} FROM {source} "
        f"WHERE rowid >= {int(first)} AND rowid < {int(end)}"
    ).fetchall()
    return extent(connection, target)[1]


def arrow_schema(_: DuckDBPyConnection, fields: Sequence[Field]) -> bytes:
    """The schema of columns as Arrow's IPC writes it."""
    from emulator.services.bigquerystorage.engine import arrow

    return arrow.schema_bytes(fields)


def arrow_page(
    connection: DuckDBPyConnection, table: str, fields: Sequence[Field], most: int
) -> tuple[int, int, bytes, bytes]:
    """The first rows of a storage table whose numbers have no gaps, as one of Arrow's record batches.

    Gives how many rows the table has, how many the batch has (`most` at most), the schema, and the batch, which is
    empty where it has no rows.
    """
    from emulator.services.bigquerystorage.engine import arrow

    first, total, _ = extent(connection, table)
    schema, count = arrow.schema_bytes(fields), min(most, total)
    if not count:
        return total, 0, schema, b""
    pieces, rows = next(arrow.batches(connection, table, fields, fields, (first, first + count), count))
    return total, rows, schema, b"".join(pieces)


@dataclass(frozen=True)
class Wanted:
    """What is read at a time: rows of a storage table from the number `first` to before `end`, in messages.

    fields are columns with what is asked of each. most are the rows of a message at most; before are those of the
    stream that come before `first`, and total are all of its rows.
    """

    table: str
    columns: Sequence[Field]
    fields: Sequence[Field]
    first: int
    end: int
    most: int
    before: int
    total: int

    def shares(self, done: int, count: int) -> tuple[float, float]:
        """How much of the stream comes before rows that follow the first `done`, and how much with them."""
        return (self.before + done) / self.total, (self.before + done + count) / self.total


def arrow_batches(connection: DuckDBPyConnection, wanted: Wanted) -> Iterator[Part]:
    """Messages of the Storage Read API, each with one of Arrow's record batches, and how many rows they have."""
    from emulator.services.bigquerystorage.engine import arrow

    found = arrow.batches(
        connection, wanted.table, wanted.columns, wanted.fields, (wanted.first, wanted.end), wanted.most
    )
    return _responses("ARROW", found, wanted)


def avro_rows(connection: DuckDBPyConnection, wanted: Wanted) -> Iterator[Part]:
    """The same with blocks of Avro's binary encoding."""
    from emulator.services.bigquerystorage.engine import avro

    found = avro.rows(connection, wanted.table, wanted.columns, wanted.fields, (wanted.first, wanted.end), wanted.most)
    return _responses("AVRO", (([data], count) for data, count in found), wanted)


def _responses(form: str, found: Iterable[Part], wanted: Wanted) -> Iterator[Part]:
    done = 0
    for rows, count in found:
        yield response(form, rows, count, wanted.shares(done, count)), count
        done += count
