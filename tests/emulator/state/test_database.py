"""Groups of writes: durable, isolated from each other's failures."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.state.database import Database, Snapshot
from emulator.state.folder import CorruptState


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "state.sqlite")
    made.create("CREATE TABLE IF NOT EXISTS numbers(n INTEGER PRIMARY KEY)")
    made.start()
    yield made
    made.close()


def insert(tx: sqlite3.Connection, n: int) -> int:
    tx.execute("INSERT INTO numbers VALUES(?)", (n,))
    return n


def test_a_write_is_readable_once_it_returns(database: Database) -> None:
    assert asyncio.run(database.write(insert, 7)) == 7
    assert [row["n"] for row in database.all("SELECT n FROM numbers")] == [7]


def test_a_write_that_does_not_wait_for_the_disk_is_readable_and_later_ones_wait_again(database: Database) -> None:
    modes: list[int] = []

    def noted(tx: sqlite3.Connection, n: int) -> int:
        modes.append(tx.execute("PRAGMA synchronous").fetchone()[0])
        return insert(tx, n)

    async def both() -> None:
        await database.write_unsynced(noted, 1)
        await database.write(noted, 2)

    asyncio.run(both())
    assert [row["n"] for row in database.all("SELECT n FROM numbers")] == [1, 2]
    assert modes == [1, 2]  # NORMAL, FULL (sqlite.org: PRAGMA synchronous)


def test_another_process_that_looks_in_leaves_the_log_to_the_one_that_writes(database: Database) -> None:
    """It would remove the log if it were the last to close the file, as SQLite's locks tell it (sqlite.org: WAL)."""
    asyncio.run(database.write(insert, 1))
    assert database.one("SELECT n FROM numbers") is not None  # a second connection, for this thread
    look = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT n FROM numbers').fetchone()"
    subprocess.run([sys.executable, "-c", look, database.path], check=True)
    assert database.path.with_name(f"{database.path.name}-wal").stat().st_size > 0


def test_a_moment_lasts_until_something_is_committed(database: Database) -> None:
    before = database.moment
    assert before is not None
    assert database.moment == before
    asyncio.run(database.write(insert, 1))
    assert database.moment not in (before, None)


def test_there_is_no_moment_while_something_is_being_committed(database: Database) -> None:
    seen: list[int | None] = []

    def trace(statement: str) -> None:
        if statement == "COMMIT":
            seen.append(database.moment)

    def traced(tx: sqlite3.Connection) -> None:
        tx.set_trace_callback(trace)
        insert(tx, 1)

    asyncio.run(database.write(traced))
    assert seen == [None]
    assert database.moment is not None


def test_a_connection_whose_reading_was_broken_off_is_not_used_again(database: Database) -> None:
    endless = "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up LIMIT 300000) SELECT max(n) FROM up"
    used: list[sqlite3.Connection] = []

    def count(connection: sqlite3.Connection) -> int:
        used.append(connection)
        return int(connection.execute(endless).fetchone()[0])

    async def read() -> tuple[int, bool]:
        return await database.read(count), database.reader in used

    assert asyncio.run(read()) == (300000, False)
    assert len(used) == 2


def test_one_failure_in_a_group_leaves_the_others_alone(database: Database) -> None:
    async def together() -> tuple[object, ...]:
        await database.write(insert, 1)
        return await asyncio.gather(
            database.write(insert, 2), database.write(insert, 1), database.write(insert, 3), return_exceptions=True
        )

    results = asyncio.run(together())
    assert results[0] == 2
    assert isinstance(results[1], sqlite3.IntegrityError)
    assert [row["n"] for row in database.all("SELECT n FROM numbers ORDER BY n")] == [1, 2, 3]


def test_a_write_that_is_alone_in_its_transaction_keeps_its_turn_and_is_undone_alone(database: Database) -> None:
    def second(tx: sqlite3.Connection) -> int:
        insert(tx, 2)
        return int(tx.execute("SELECT count(*) FROM numbers").fetchone()[0])

    def failing(tx: sqlite3.Connection) -> None:
        insert(tx, 9)
        insert(tx, 1)

    async def together() -> list[object]:
        writes = [database.write(insert, 1), database.write_alone(second), database.write_alone(failing)]
        return await asyncio.gather(*writes, database.write(insert, 3), return_exceptions=True)

    results = asyncio.run(together())
    assert results[:2] == [1, 2]
    assert isinstance(results[2], sqlite3.IntegrityError)
    assert [row["n"] for row in database.all("SELECT n FROM numbers ORDER BY n")] == [1, 2, 3]


def test_after_commit_runs_only_for_what_was_committed(database: Database) -> None:
    ran: list[str] = []

    def good(tx: sqlite3.Connection) -> None:
        insert(tx, 1)
        database.after_commit(lambda: ran.append("good"))

    def bad(_tx: sqlite3.Connection) -> None:
        database.after_commit(lambda: ran.append("bad"))
        raise ValueError("no")

    async def both() -> None:
        await asyncio.gather(database.write(good), database.write(bad), return_exceptions=True)

    asyncio.run(both())
    assert ran == ["good"]


def test_readers_do_not_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"):
        database.all("INSERT INTO numbers VALUES(9)")


def test_a_file_that_is_no_database_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"not a database at all" * 200)
    with pytest.raises(CorruptState, match=r"cannot be read .* python -m emulator reset"):
        Database(tmp_path / "state.sqlite")


def test_a_step_after_the_commit_that_fails_does_not_stop_the_writer(database: Database) -> None:
    def fails(tx: sqlite3.Connection) -> int:
        def no_permission() -> None:
            raise PermissionError("no")

        database.after_commit(no_permission)
        return insert(tx, 1)

    async def two() -> tuple[int, int]:
        return await database.write(fails), await database.write(insert, 2)

    assert asyncio.run(asyncio.wait_for(two(), 10)) == (1, 2)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM (SELECT i FROM n LIMIT ?)"


def test_what_reads_little_is_read_at_once_and_what_reads_much_in_a_thread(database: Database) -> None:
    threads: list[int] = []

    def reading(count: int) -> int:
        def read(connection: sqlite3.Connection) -> int:
            threads.append(threading.get_ident())
            return int(connection.execute(ENDLESS, (count,)).fetchone()[0])

        return asyncio.run(database.read(read))

    here = threading.get_ident()
    assert reading(10) == 10
    assert threads == [here]
    assert reading(1_000_000) == 1_000_000
    assert threads[1] == here
    assert threads[2] != here


def test_what_fails_in_reading_is_raised(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        asyncio.run(database.read(lambda connection: connection.execute("SELECT * FROM nowhere").fetchone()))


def test_a_snapshot_sees_no_later_write(database: Database) -> None:
    reader = database.reader
    with Snapshot(reader):
        assert reader.execute("SELECT count(*) FROM numbers").fetchone()[0] == 0
        asyncio.run(database.write(insert, 1))
        assert reader.execute("SELECT count(*) FROM numbers").fetchone()[0] == 0
    assert reader.execute("SELECT count(*) FROM numbers").fetchone()[0] == 1


def test_a_snapshot_within_a_write_is_of_that_write(database: Database) -> None:
    def inserted_and_seen(tx: sqlite3.Connection) -> int:
        insert(tx, 1)
        with Snapshot(tx):
            return int(tx.execute("SELECT count(*) FROM numbers").fetchone()[0])

    assert asyncio.run(database.write(inserted_and_seen)) == 1
    assert len(database.all("SELECT n FROM numbers")) == 1
