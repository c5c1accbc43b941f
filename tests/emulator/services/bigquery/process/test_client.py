"""The engine process: bounded, interrupted, started anew, and what becomes of the calls that it was busy with."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from emulator.services.bigquery.process import client as module
from emulator.services.bigquery.process.client import Client
from emulator.services.bigquery.process.frames import Open
from emulator.services.bigquery.process.parts import Part
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql.errors import Interrupted, SqlError

T = TypeVar("T")


def query(connection: Any, sql: str) -> Any:
    return connection.execute(sql).fetchall()


def process_id(_: Any) -> int:
    return os.getpid()


def die(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_the_first_time(_: Any, mark: Path) -> str:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def count_and_die_once(_: Any, mark: Path, died: Path) -> Iterator[Part]:
    yield [b"of ", b"a"], 0
    wait_for(_, mark)
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield [b"b"], 1
    yield [], 2


def yield_and_fail(_: Any) -> Iterator[Part]:
    yield [b"one"], 1
    raise SqlError("There is nothing more.")


def yield_without_end(_: Any) -> Iterator[Part]:
    while True:
        yield [b"again"], 1


def hear_nothing(_: Any, mark: Path) -> None:
    mark.touch()
    time.sleep(600)


def wait_for(_: Any, path: Path) -> str:
    while not path.exists():
        time.sleep(0.01)
    return "done"


def run(folder: Path, work: Callable[[Client], Awaitable[T]], memory: int = 4 << 30) -> T:
    """Do something with a client that is closed afterwards. memory (bytes) is what all queries have."""

    async def main() -> T:
        client = Client(lambda _: Open(folder, (), None, frozenset(), memory))
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(main())


async def until(path: Path) -> None:
    while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110 another process makes it
        await asyncio.sleep(0.01)


def test_queries_have_as_much_memory_as_is_set(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        assert await client.run(query, "SELECT current_setting('memory_limit')") == [("512.0 MiB",)]
        with pytest.raises(SqlError) as problem:  # of a list of 0.8 GB, which 4 GiB have room for
            await client.run(query, "SELECT len(generate_series(1, 100000000))")
        assert problem.value.reason == "resourcesExceeded"
        assert await client.run(query, "SELECT 42") == [(42,)]

    run(tmp_path, work, 1 << 30)


def test_a_list_that_does_not_fit_into_memory_fails_and_leaves_the_others_running(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        other = asyncio.create_task(client.run(wait_for, tmp_path / "mark"))
        before = await client.run(process_id, short=True)
        with pytest.raises(SqlError, match="Resources exceeded during query execution") as problem:
            await client.run(query, "SELECT len(generate_series(1, 1000000000))", short=True)
        assert problem.value.reason == "resourcesExceeded"
        assert await client.run(query, "SELECT 42", short=True) == [(42,)]
        assert await client.run(process_id, short=True) == before
        (tmp_path / "mark").touch()
        assert await other == "done"

    run(tmp_path, work)


def test_a_cancelled_statement_is_interrupted(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        ticket = Ticket()
        endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
        task = asyncio.create_task(client.run(query, endless, ticket=ticket))
        before = await client.run(process_id, short=True)
        ticket.cancel()
        with pytest.raises(Interrupted, match="User requested cancellation"):
            await task
        assert await client.run(process_id, short=True) == before

    run(tmp_path, work)


def test_what_does_not_heed_is_ended_with_the_process_and_the_others_are_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEED_SECONDS", 0.1)

    async def work(client: Client) -> None:
        ticket = Ticket()
        deaf = asyncio.create_task(client.run(hear_nothing, tmp_path / "begun", ticket=ticket))
        other = asyncio.create_task(client.run(wait_for, tmp_path / "mark"))
        await until(tmp_path / "begun")
        before = await client.run(process_id, short=True)
        ticket.cancel(Interrupted("Job timed out"))
        with pytest.raises(Interrupted, match="Job timed out"):
            await deaf
        assert await client.run(process_id, short=True) != before
        (tmp_path / "mark").touch()
        assert await other == "done"

    run(tmp_path, work)


def test_work_is_done_again_when_the_process_dies_and_rows_are_there(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        await client.run(query, "CREATE TABLE stored.main.t AS SELECT 7 AS x", short=True)
        assert await client.run(die_the_first_time, tmp_path / "mark") == "done"
        assert await client.run(query, "SELECT x FROM stored.main.t", short=True) == [(7,)]

    run(tmp_path, work)


def test_work_that_kills_the_process_every_time_fails_and_the_next_goes_on(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        with pytest.raises(SqlError, match="the process that runs statements ended"):
            await client.run(die)
        assert await client.run(query, "SELECT 1", short=True) == [(1,)]

    run(tmp_path, work)


def test_parts_come_before_the_end_and_once_though_the_process_dies_between_them(tmp_path: Path) -> None:
    mark, came = tmp_path / "mark", []

    async def work(client: Client) -> None:
        def take(data: bytes, count: int) -> None:
            came.append((data, count))
            mark.touch()  # the work dies where it finds it

        await client.run(count_and_die_once, mark, tmp_path / "died", take=take)
        assert came == [(b"of a", 0), (b"b", 1), (b"", 2)]

    run(tmp_path, work)


def test_what_goes_wrong_between_parts_is_told_and_so_is_what_is_cancelled(tmp_path: Path) -> None:
    came: list[bytes] = []

    async def work(client: Client) -> None:
        with pytest.raises(SqlError, match="nothing more"):
            await client.run(yield_and_fail, take=lambda data, _: came.append(data))
        assert came == [b"one"]
        ticket = Ticket()
        with pytest.raises(Interrupted):
            await client.run(yield_without_end, take=lambda *_: ticket.cancel(), ticket=ticket)
        assert await client.run(query, "SELECT 42", short=True) == [(42,)]

    run(tmp_path, work)


def test_rows_that_may_be_stored_are_not_stored_again(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        with pytest.raises(SqlError, match="not known") as problem:
            await client.run(die_the_first_time, tmp_path / "mark", again=False)
        assert problem.value.reason == "backendError"

    run(tmp_path, work)


def test_a_ticket_stops_what_waits_for_a_lock() -> None:
    async def main() -> None:
        lock, ticket = asyncio.Lock(), Ticket()
        await lock.acquire()

        async def wait() -> None:
            async with ticket.locked(lock):
                raise AssertionError

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        ticket.cancel()
        with pytest.raises(Interrupted):
            await task
        lock.release()
        async with Ticket().locked(lock):
            assert lock.locked()

    asyncio.run(main())
