"""The steps of a read session that the engine process does.

Every function takes a connection first. What is slow to import is imported inside, since the emulator's own process
names these functions, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pickle import PickleBuffer
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery.sql.types import Field, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SMALL = 4096  # bytes of a piece that is copied rather than sent by itself
Pieces = list[bytes | memoryview]
Batch = tuple[Pieces, int]  # encoded rows, and their number


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


def arrow_batches(
    connection: DuckDBPyConnection,
    table: str,
    columns: Sequence[Field],
    fields: Sequence[Field],
    rows: tuple[int, int],
    most: int,
) -> Iterator[Batch]:
    """The rows from one number to before another as record batches of at most so many rows.

    fields are columns with what is asked of each.
    """
    from emulator.services.bigquerystorage.engine import arrow

    for pieces, count in arrow.batches(connection, table, columns, fields, rows, most):
        yield list(map(_sent, pieces)), count


def avro_rows(
    connection: DuckDBPyConnection,
    table: str,
    columns: Sequence[Field],
    fields: Sequence[Field],
    rows: tuple[int, int],
    most: int,
) -> Iterator[Batch]:
    """The same as blocks of Avro's binary encoding."""
    from emulator.services.bigquerystorage.engine import avro

    for data, count in avro.rows(connection, table, columns, fields, rows, most):
        yield [_sent(data)], count


def _sent(piece: bytes | memoryview) -> Any:
    """A piece as it is sent: one that is not small by itself, which arrives as a memoryview."""
    return PickleBuffer(piece) if len(piece) > SMALL else bytes(piece)
