"""What follows a change: kept in the transaction of the change, delivered after it, and tried again until it works.

A service registers who delivers the entries of a kind. While entries wait for a destination, a task of its own hands
them over in their order, so that a destination that fails holds no other back. An entry is forgotten once its delivery
has returned, so that a crash between the two delivers it again (at least once).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from emulator.dicom.errors import described
from emulator.state.state import State

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox(
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, destination TEXT NOT NULL, payload BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_destination ON outbox(kind, destination, id);
"""
# What a payload of unforeseen content raises: it alone is left out. Anything else (a full disk, say) is tried again.
_BAD_PAYLOAD = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
_log = logging.getLogger("emulator")

C = TypeVar("C", bound=State)  # what a deliverer is given to work with
Deliverer = Callable[[C, str, Sequence[bytes]], Awaitable[None]]
"""Takes the context, the destination and payloads in their order; raises what is to be tried again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is delivered at a time, and how soon again after a failure.

    batch         entries of one delivery
    batch_bytes   bytes of them, though one entry always goes
    first_wait    seconds after the first failure, doubled with each one more
    longest_wait  seconds
    keep          entries that wait for one failing destination; of more, the oldest are given up
    """

    batch: int = 200
    batch_bytes: int = 32 << 20
    first_wait: float = 1.0
    longest_wait: float = 60.0
    keep: int = 100_000


@dataclass(frozen=True, slots=True)
class _Queue:
    """The entries of a kind for one destination."""

    kind: str
    destination: str


class Outbox(Generic[C]):
    """The entries that wait, and the tasks that deliver them."""

    def __init__(self, context: C, pace: Pace | None = None) -> None:
        self._context = context
        self._pace = pace or Pace()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[_Queue, asyncio.Task[None]] = {}
        self.deliverers: dict[str, Deliverer[C]] = {}  # who delivers the entries of a kind, as services registered it

    def put_in(self, tx: sqlite3.Connection, kind: str, destination: str, payloads: Iterable[bytes]) -> None:
        """Keep payloads for a destination (any text that the kind's deliverer understands), in the caller's write."""
        insert = "INSERT INTO outbox(kind, destination, payload) VALUES(?,?,?)"
        tx.executemany(insert, [(kind, destination, payload) for payload in payloads])
        self._context.db.after_commit(lambda: self._wake_soon(_Queue(kind, destination)))

    def forget_in(self, tx: sqlite3.Connection, kind: str, start: str) -> None:
        """Forget what waits for destinations of a kind that begin with `start`, in the caller's write."""
        tx.execute(
            "DELETE FROM outbox WHERE kind = ? AND destination >= ? AND substr(destination, 1, ?) = ?",
            (kind, start, len(start), start),
        )

    def erase_in(self, tx: sqlite3.Connection, kind: str, start: str, payload: bytes) -> None:
        """As `forget_in`, of payloads that begin with some bytes."""
        tx.execute(
            "DELETE FROM outbox WHERE kind = ? AND destination >= ? AND substr(destination, 1, ?) = ?"
            " AND substr(payload, 1, ?) = ?",
            (kind, start, len(start), start, len(payload), payload),
        )

    def waiting(self, kind: str) -> int:
        """How many entries of a kind are not delivered yet."""
        row = self._context.db.one("SELECT count(*) FROM outbox WHERE kind = ?", (kind,))
        return int(row[0]) if row is not None else 0

    async def start(self) -> None:
        """Begin to deliver, first what an earlier process left."""
        self._loop = asyncio.get_running_loop()
        for row in self._context.db.all("SELECT DISTINCT kind, destination FROM outbox"):
            self._wake(_Queue(row["kind"], row["destination"]))

    async def stop(self) -> None:
        """Stop delivering; what waits goes on after the next start."""
        self._loop = None
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wake_soon(self, queue: _Queue) -> None:
        """From the database's thread: let the event loop deliver."""
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._wake, queue)

    def _wake(self, queue: _Queue) -> None:
        """Start the queue's task, unless it runs: that one reads on until nothing is left."""
        if self._loop is not None and queue not in self._tasks and queue.kind in self.deliverers:
            self._tasks[queue] = self._loop.create_task(self._run(queue), name=f"outbox {queue.kind}")

    async def _run(self, queue: _Queue) -> None:
        try:
            failures = 0
            while self._waits(queue):
                failures = 0 if await self._delivered(queue, failures) else failures + 1
        finally:
            self._tasks.pop(queue, None)

    async def _delivered(self, queue: _Queue, failures: int) -> bool:
        """Deliver one batch; whether that worked. After a failure, return when it is time for the next attempt."""
        try:
            await self._deliver(queue, self._pace.batch)
        except Exception as problem:  # noqa: BLE001  nobody would start the task again
            wait = min(self._pace.longest_wait, self._pace.first_wait * 2 ** min(failures, 30))
            _log.error("a delivery of %s failed and is tried again: %s", queue.kind, described(problem))
            await asyncio.sleep(wait)
            await self._give_up_oldest(queue)
            return False
        return True

    async def _deliver(self, queue: _Queue, most: int) -> None:
        """Hand over and forget up to `most` entries; where one of them can't be read, all of them one by one."""
        rows = await asyncio.to_thread(self._first, queue, most)
        try:
            payloads = [row["payload"] for row in rows]
            await self.deliverers[queue.kind](self._context, queue.destination, payloads)
        except _BAD_PAYLOAD as problem:
            if len(rows) > 1:
                for _ in rows:
                    await self._deliver(queue, 1)
                return
            _log.error("an entry of %s can't be delivered and is left out: %s", queue.kind, described(problem))
        await self._context.db.write(_forget, queue, rows[-1]["id"])

    def _waits(self, queue: _Queue) -> bool:
        """Whether anything is left. Asked on the event loop, as `_wake` is, so that no entry falls in between."""
        sql = "SELECT 1 FROM outbox WHERE kind = ? AND destination = ? LIMIT 1"
        return self._context.db.one(sql, (queue.kind, queue.destination)) is not None

    def _first(self, queue: _Queue, most: int) -> list[sqlite3.Row]:
        """The oldest entries of a queue that go together, `most` at most."""
        db, key = self._context.db, (queue.kind, queue.destination)
        where = "FROM outbox WHERE kind = ? AND destination = ?"
        last, room = 0, self._pace.batch_bytes
        for row in db.all(f"SELECT id, length(payload) AS size {where} ORDER BY id LIMIT ?", (*key, most)):
            room -= row["size"]
            if last and room < 0:
                break
            last = row["id"]
        return db.all(f"SELECT id, payload {where} AND id <= ? ORDER BY id", (*key, last)) if last else []

    async def _give_up_oldest(self, queue: _Queue) -> None:
        """Forget the oldest entries of a queue that holds more than it may."""
        sql = "SELECT id FROM outbox WHERE kind = ? AND destination = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
        row = self._context.db.one(sql, (queue.kind, queue.destination, self._pace.keep))
        if row is not None:
            _log.error("more than %d entries of %s wait: the oldest are given up", self._pace.keep, queue.kind)
            await self._context.db.write(_forget, queue, row["id"])


def _forget(tx: sqlite3.Connection, queue: _Queue, last: int) -> None:
    """Delete a queue's entries up to the id `last`."""
    tx.execute(
        "DELETE FROM outbox WHERE kind = ? AND destination = ? AND id <= ?", (queue.kind, queue.destination, last)
    )
