"""What the event loop's thread reads is of one moment for a while, and never older than the last commit it reads of."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from emulator.state import standing
from emulator.state.database import Database, Snapshot
from tests.support.patience import PATIENCE, eventually


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "state.sqlite")
    made.create("CREATE TABLE numbers(n INTEGER)")
    yield made
    made.close()


def run(database: Database, story: Callable[[], Awaitable[None]]) -> None:
    """Have an event loop read and write the database, whose writer is started on it."""

    async def whole() -> None:
        database.start()
        try:
            await story()
        finally:
            database.close()

    asyncio.run(asyncio.wait_for(whole(), PATIENCE))


def insert(tx: sqlite3.Connection, n: int) -> None:
    tx.execute("INSERT INTO numbers VALUES(?)", (n,))


def numbers(database: Database) -> list[int]:
    return [row["n"] for row in database.all("SELECT n FROM numbers ORDER BY n")]


def held(database: Database) -> sqlite3.Connection:
    """The loop's connection once a moment is held for it."""
    return eventually(lambda: database.reader, lambda connection: connection.in_transaction)


def test_what_was_written_is_read_at_once(database: Database) -> None:
    async def story() -> None:
        for n in range(5):
            held(database)
            assert numbers(database) == list(range(n))
            await database.write(insert, n)
            assert numbers(database) == list(range(n + 1))

    run(database, story)


def test_a_connection_that_was_asked_for_before_a_write_sees_it_too(database: Database) -> None:
    async def story() -> None:
        connection = held(database)
        assert connection.execute("SELECT count(*) FROM numbers").fetchone()[0] == 0
        await database.write(insert, 1)
        assert connection.execute("SELECT count(*) FROM numbers").fetchone()[0] == 1

    run(database, story)


def test_a_commit_goes_on_where_the_loop_is_busy_and_what_is_read_then_is_not_old(database: Database) -> None:
    async def story() -> None:
        held(database)
        assert numbers(database) == []
        moment = database.moment
        writing = asyncio.ensure_future(database.write(insert, 1))
        await asyncio.sleep(0)
        while database.moment in (moment, None):  # the loop does nothing else meanwhile
            pass
        assert numbers(database) == [1]
        await writing

    run(database, story)


def insert_for_others(database: Database, tx: sqlite3.Connection, n: int) -> None:
    insert(tx, n)
    database.only_read_elsewhere()


def test_a_moment_stays_where_what_is_committed_is_only_read_elsewhere(database: Database) -> None:
    async def story() -> None:
        connection = held(database)
        assert numbers(database) == []
        moment = database.moment
        await database.write(partial(insert_for_others, database), 1)
        assert connection.in_transaction
        assert database.moment == moment
        assert await asyncio.to_thread(numbers, database) == [1]
        await database.write(insert, 2)
        assert numbers(database) == [1, 2]

    run(database, story)


def test_no_moment_stays_where_one_write_of_a_group_is_read_here(database: Database) -> None:
    free = threading.Event()

    async def story() -> None:
        held(database)
        first = asyncio.ensure_future(database.write_alone(lambda _tx: free.wait()))
        await asyncio.sleep(0)  # the others wait for it together
        both = [asyncio.ensure_future(database.write(partial(insert_for_others, database), 1))]
        both.append(asyncio.ensure_future(database.write(insert, 2)))
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(first, *both)
        assert numbers(database) == [1, 2]

    run(database, story)


def test_a_moment_ends_after_a_while_so_that_the_log_begins_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        connection = held(database)
        monkeypatch.setattr(standing, "_LONGEST_SECONDS", 0.0)
        await database.write(partial(insert_for_others, database), 1)
        assert not connection.in_transaction
        assert numbers(database) == [1]

    run(database, story)


def test_a_block_of_one_moment_leaves_the_moment_that_is_held(database: Database) -> None:
    async def story() -> None:
        connection = held(database)
        with Snapshot(connection):
            assert connection.execute("SELECT count(*) FROM numbers").fetchone()[0] == 0
        assert connection.in_transaction

    run(database, story)


def test_the_log_is_emptied_while_the_loop_reads(database: Database) -> None:
    def emptied(tx: sqlite3.Connection) -> None:
        insert(tx, 1)
        database.after_commit(database.empty_log)

    async def story() -> None:
        held(database)
        await database.write(emptied)
        assert numbers(database) == [1]
        assert database.path.with_name("state.sqlite-wal").stat().st_size == 0

    run(database, story)


def test_reading_that_takes_long_is_done_elsewhere_and_holds_nothing(database: Database) -> None:
    endless = "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up LIMIT 300000) SELECT max(n) FROM up"

    async def story() -> None:
        first = held(database)
        assert await database.read(lambda each: each.execute(endless).fetchone()[0]) == 300000
        await database.write(insert, 1)
        assert database.reader is not first
        assert numbers(database) == [1]

    run(database, story)
