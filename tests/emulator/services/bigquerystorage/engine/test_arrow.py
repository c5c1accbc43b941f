"""Rows as Arrow's messages, of queries that fail while their rows are read."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import duckdb
import pytest

from emulator.services.bigquery.sql import messages
from emulator.services.bigquery.sql.errors import OutOfMemory
from emulator.services.bigquerystorage.engine import arrow
from tests.support.patience import PATIENCE

FIELDS = [{"name": "a", "type": "STRING"}]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    made = duckdb.connect()
    yield made
    made.close()


def read(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    """How many rows a query gives."""
    return sum(count for _, count in arrow.batches(connection, f"({rows})", FIELDS, FIELDS, (0, 1 << 62), 1000))


def test_the_engine_s_error_is_raised_as_its_own(connection: duckdb.DuckDBPyConnection) -> None:
    assert read(connection, "SELECT 'x' AS a, 1 AS rowid") == 1
    late = "CASE WHEN range < 2400000 THEN 'x' ELSE CAST(error('Out of room') AS VARCHAR) END"
    with pytest.raises(duckdb.Error, match=r"^Invalid Input Error: Out of room$"):
        read(connection, f"SELECT {late} AS a, range AS rowid FROM range(2500000)")


def test_too_little_memory_is_told_as_of_a_query(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET memory_limit = '8MB'")
    connection.execute("SET temp_directory = ''")
    with pytest.raises(duckdb.Error) as raised:
        read(connection, "SELECT repeat('x', 1000) || range AS a, range AS rowid FROM range(1000000) ORDER BY a")
    assert isinstance(messages.statement_error(raised.value), OutOfMemory)


def test_an_interrupted_query_is_interrupted(connection: duckdb.DuckDBPyConnection) -> None:
    began = threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        rows = "SELECT 'x' AS a, range AS rowid FROM range(1000000000000)"
        try:
            for _ in arrow.batches(connection, f"({rows})", FIELDS, FIELDS, (0, 1 << 62), 1000):
                began.set()
        except duckdb.Error as problem:
            raised.append(problem)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert began.wait(PATIENCE)
    while thread.is_alive():
        connection.interrupt()
        thread.join(0.05)
    assert isinstance(raised[0], duckdb.InterruptException)
