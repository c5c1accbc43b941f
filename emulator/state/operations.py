"""Long-running operations: persisted, resumed after a crash, cancellable, with counters (AIP-151).

A service registers a job per kind; starting an operation stores its payload, and the engine runs the job: at once, when
told to (`manual`), or after a delay (`delay:SECONDS`). A job saves checkpoints; after a restart it runs again with the
last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import orjson

from emulator.errors import ApiError, not_found
from emulator.state.state import State
from emulator.state.work import Work

SCHEMA = """
CREATE TABLE IF NOT EXISTS operations(
    name TEXT PRIMARY KEY, kind TEXT NOT NULL, parent TEXT NOT NULL, principal TEXT NOT NULL, payload BLOB NOT NULL,
    metadata BLOB NOT NULL, checkpoint BLOB NOT NULL, counter BLOB NOT NULL, done INTEGER NOT NULL, error BLOB,
    response BLOB, created TEXT NOT NULL, ended TEXT, cancel_requested INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operations_parent ON operations(parent, created);
CREATE INDEX IF NOT EXISTS operations_open ON operations(done) WHERE done = 0;
"""
RETRY_SECONDS = 1.0
_log = logging.getLogger("emulator")


C = TypeVar("C", bound=State)  # what a job is given to work with


class Cancelled(Exception):
    """Raised by a job that has seen `job.cancelled`; the operation ends with code 1."""


@dataclass(frozen=True)
class Operation:
    """An operation as stored. counter holds numbers by name (success, failure, pending)."""

    name: str
    kind: str
    parent: str
    principal: str
    payload: dict[str, Any]
    metadata: dict[str, Any]
    checkpoint: dict[str, Any]
    counter: dict[str, int]
    done: bool
    error: dict[str, Any] | None
    response: dict[str, Any] | None
    created: str
    ended: str | None
    cancel_requested: bool

    def to_json(self) -> dict[str, Any]:
        """google.longrunning.Operation with the stored metadata as it is; services may shape it further."""
        answer: dict[str, Any] = {"name": self.name}
        if self.metadata:
            answer["metadata"] = self.metadata
        if self.done:
            answer["done"] = True
            if self.error is not None:
                answer["error"] = self.error
            else:
                answer["response"] = self.response or {}
        return answer


@dataclass
class Job(Generic[C]):
    """What a running job works with."""

    context: C
    operation: Operation
    checkpoint: dict[str, Any]
    counter: dict[str, int]
    _cancel: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def payload(self) -> dict[str, Any]:
        """What `start` was given."""
        return self.operation.payload

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to cancel; a job looks between units of work and raises Cancelled."""
        return self._cancel.is_set()

    def cancel(self) -> None:
        """Ask the job to stop."""
        self._cancel.set()

    def check_cancelled(self) -> None:
        """Raise Cancelled if somebody asked to."""
        if self._cancel.is_set():
            raise Cancelled

    async def delay(self, seconds: float) -> None:
        """Wait that long, or until somebody asks to cancel."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._cancel.wait(), seconds)

    def save_in(self, tx: sqlite3.Connection) -> None:
        """Store checkpoint and counter in the transaction of the work that they count."""
        tx.execute(
            "UPDATE operations SET checkpoint = ?, counter = ? WHERE name = ?",
            (orjson.dumps(self.checkpoint), orjson.dumps(self.counter), self.operation.name),
        )

    async def save(self) -> None:
        """Store checkpoint and counter."""
        await self.context.db.write(self.save_in)

    def count(self, name: str, more: int = 1) -> None:
        """Add to a counter."""
        self.counter[name] = self.counter.get(name, 0) + more


Runner = Callable[[Job[C]], Awaitable[dict[str, Any] | None]]


class Operations(Generic[C]):
    """The engine."""

    def __init__(self, context: C, mode: str = "immediate") -> None:
        self._context = context
        self.mode = mode
        self.runners: dict[str, Runner[C]] = {}  # what runs the operations of a kind, as services have registered it
        self.more_seconds: Callable[[str, str], float] = lambda _kind, _parent: 0.0  # that jobs wait beyond the mode's
        self.ended: Callable[[Operation, dict[str, Any] | None], None] = lambda _operation, _error: None
        """Told on the event loop of each operation whose job has ended, with its error if any, once that is stored."""
        self._work: Work[str, Job[C]] = Work()

    def insert(
        self,
        tx: sqlite3.Connection,
        kind: str,
        parent: str,
        *,
        payload: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        principal: str = "",
        response: dict[str, Any] | None = None,
        counter: dict[str, int] | None = None,
        name: str = "",
    ) -> Operation:
        """Store an operation in the caller's transaction; one with a response is finished already.

        An unfinished one is run after the caller's commit by `run_soon`.
        """
        now = self._context.clock.stamp()
        operation = Operation(
            name or f"{parent}/operations/{self._context.ids.number()}",
            kind,
            parent,
            principal,
            payload or {},
            metadata or {},
            {},
            counter or {},
            response is not None,
            None,
            response,
            now,
            now if response is not None else None,
            cancel_requested=False,
        )
        tx.execute(
            "INSERT INTO operations VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,0)",
            (
                operation.name,
                kind,
                parent,
                principal,
                orjson.dumps(operation.payload),
                orjson.dumps(operation.metadata),
                b"{}",
                orjson.dumps(operation.counter),
                operation.done,
                None,
                None if response is None else orjson.dumps(response),
                now,
                operation.ended,
            ),
        )
        return operation

    async def start(
        self,
        kind: str,
        parent: str,
        *,
        payload: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        principal: str = "",
        name: str = "",
    ) -> Operation:
        """Store an operation and run its job; returns before that ends."""

        def step(tx: sqlite3.Connection) -> Operation:
            return self.insert(tx, kind, parent, payload=payload, metadata=metadata, principal=principal, name=name)

        operation = await self._context.db.write(step)
        self.run_soon(operation)
        return operation

    def run_soon(self, operation: Operation) -> None:
        """Run the job of a stored operation as the mode says."""
        if operation.done or operation.name in self._work:
            return
        if self.mode != "manual":
            delay = float(self.mode.partition(":")[2] or 0)
            self._spawn(operation, delay + self.more_seconds(operation.kind, operation.parent))

    def finish(self, name: str) -> None:
        """Run a waiting operation now (manual mode)."""
        operation = self.require(name)
        if not operation.done and name not in self._work:
            self._spawn(operation, 0)

    def _spawn(self, operation: Operation, delay: float) -> None:
        job = Job(self._context, operation, dict(operation.checkpoint), dict(operation.counter))
        if operation.cancel_requested:
            job.cancel()
        self._work.spawn(operation.name, job, self._run(job, delay))

    async def _run(self, job: Job[C], delay: float) -> None:
        response: dict[str, Any] | None = None
        error: dict[str, Any] | None = None
        try:
            await job.delay(delay)
            job.check_cancelled()
            response = await self.runners[job.operation.kind](job)
        except Cancelled:
            error = {"code": 1, "message": "The operation was cancelled."}
        except ApiError as problem:
            error = problem.to_status()
        except asyncio.CancelledError:
            return  # the emulator stops: the operation goes on after the next start
        except Exception:  # noqa: BLE001  a job's bug ends its operation, not the emulator
            _log.exception("operation %s failed", job.operation.name)
            error = {"code": 13, "message": "Internal error; the emulator's log has the details."}
        await self._write_end(job, response, error)

    async def _write_end(self, job: Job[C], response: dict[str, Any] | None, error: dict[str, Any] | None) -> None:
        """Store how a job ended; a disk that is full for a while only puts it off."""
        while True:
            try:
                await self._context.db.write(self._end, job, response, error)
            except sqlite3.Error:
                _log.exception("the end of operation %s could not be stored; trying again", job.operation.name)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.ended(job.operation, error)
                return

    def _end(
        self, tx: sqlite3.Connection, job: Job[C], response: dict[str, Any] | None, error: dict[str, Any] | None
    ) -> None:
        job.save_in(tx)
        tx.execute(
            "UPDATE operations SET done = 1, response = ?, error = ?, ended = ? WHERE name = ? AND done = 0",
            (
                None if response is None else orjson.dumps(response),
                None if error is None else orjson.dumps(error),
                self._context.clock.stamp(),
                job.operation.name,
            ),
        )

    def get(self, name: str) -> Operation | None:
        """The operation of that name, with the counters of a running job."""
        row = self._context.db.one("SELECT * FROM operations WHERE name = ?", (name,))
        return None if row is None else self._operation(row)

    def require(self, name: str) -> Operation:
        """The operation of that name; a 404 where there is none."""
        operation = self.get(name)
        if operation is None:
            raise not_found(f"Resource not found: {name}.")
        return operation

    def list(self, parent: str) -> list[Operation]:
        """A parent's operations, newest first."""
        rows = self._context.db.all("SELECT * FROM operations WHERE parent = ? ORDER BY created DESC, name", (parent,))
        return [self._operation(row) for row in rows]

    async def cancel(self, name: str) -> None:
        """Ask a job to stop; no effect on one that has ended."""
        operation = self.require(name)
        if operation.done:
            return

        def step(tx: sqlite3.Connection) -> None:
            tx.execute("UPDATE operations SET cancel_requested = 1 WHERE name = ?", (name,))

        await self._context.db.write(step)
        job = self._work.handle(name)
        if job is not None:
            job.cancel()
        else:
            operation = self.require(name)
            if not operation.done:
                self._spawn(operation, 0)

    async def wait(self, name: str, seconds: float) -> None:
        """Wait until a job has ended, or for that long; at once where it does not run."""
        await self._work.wait(name, seconds)

    def resume(self) -> None:
        """Run again what an earlier process left unfinished."""
        for row in self._context.db.all("SELECT * FROM operations WHERE done = 0"):
            self.run_soon(self._operation(row))

    async def stop(self) -> None:
        """Interrupt the running jobs; they go on after the next start."""
        await self._work.stop()

    def delete_below(self, tx: sqlite3.Connection, parent: str) -> None:
        """Forget the operations of a parent that is deleted."""
        tx.execute("DELETE FROM operations WHERE parent = ?", (parent,))

    def _operation(self, row: sqlite3.Row) -> Operation:
        job = self._work.handle(row["name"])
        return Operation(
            row["name"],
            row["kind"],
            row["parent"],
            row["principal"],
            orjson.loads(row["payload"]),
            orjson.loads(row["metadata"]),
            orjson.loads(row["checkpoint"]),
            dict(job.counter) if job is not None else orjson.loads(row["counter"]),
            bool(row["done"]),
            None if row["error"] is None else orjson.loads(row["error"]),
            None if row["response"] is None else orjson.loads(row["response"]),
            row["created"],
            row["ended"],
            bool(row["cancel_requested"]),
        )
