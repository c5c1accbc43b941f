"""Log entries: buffered, written in groups, and there for who asks."""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from emulator.settings import Settings
from emulator.state import logs
from emulator.state.state import State

ENTRY = {"logName": "projects/p/logs/l", "resource": {"type": "global"}, "textPayload": "done"}


def test_who_flushes_sees_what_another_flush_is_writing(tmp_path: Path) -> None:
    state = State(Settings(state=tmp_path))
    state.db.create(logs.SCHEMA)
    kept = logs.Logs(state)
    free = threading.Event()

    async def story() -> int:
        slow = asyncio.create_task(state.db.write_alone(lambda _tx: free.wait()))
        await asyncio.sleep(0)  # the slow write is queued: what follows waits for it
        kept.write(dict(ENTRY))
        first = asyncio.create_task(kept.flush())
        await asyncio.sleep(0)  # the first flush has taken what was buffered
        asyncio.get_running_loop().call_soon(free.set)
        await kept.flush()
        seen = len(state.db.all("SELECT * FROM log_entries"))
        free.set()
        await asyncio.gather(slow, first)
        return seen

    state.db.start()
    try:
        assert asyncio.run(story()) == 1
    finally:
        state.db.close()


def moments_of_a_flush(tmp_path: Path, on_stored: logs.OnStored) -> tuple[int | None, int | None]:
    """The moments of the database before and after an entry is stored that somebody is told of."""
    state = State(Settings(state=tmp_path))
    state.db.create(logs.SCHEMA, "CREATE TABLE told(n INTEGER)")
    kept = logs.Logs(state)
    kept.on_stored = on_stored

    async def story() -> tuple[int | None, int | None]:
        state.db.start()
        before = state.db.moment
        kept.write(dict(ENTRY))
        await kept.flush()
        assert len(await asyncio.to_thread(state.db.all, "SELECT * FROM log_entries")) == 1
        return before, state.db.moment

    try:
        return asyncio.run(story())
    finally:
        state.db.close()


def test_entries_alone_change_nothing_that_the_event_loop_reads(tmp_path: Path) -> None:
    before, after = moments_of_a_flush(tmp_path, lambda _tx, _entries: None)
    assert before == after


def test_what_is_written_because_of_entries_is_read_at_once(tmp_path: Path) -> None:
    def note(tx: sqlite3.Connection, entries: Sequence[tuple[str, bytes]]) -> None:
        tx.execute("INSERT INTO told VALUES(?)", (len(entries),))

    before, after = moments_of_a_flush(tmp_path, note)
    assert before != after
