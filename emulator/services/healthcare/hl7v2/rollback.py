"""hl7V2Stores.rollback: messages as they were at a time: made ones deleted, deleted ones there again, labels as before.

Without `force` it only says what it would do (Google: point-in-time recovery). Nobody is notified.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from emulator.context import Job
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations, times
from emulator.services.healthcare.hl7v2 import keeping, stored
from emulator.services.healthcare.hl7v2.store import HL7V2
from emulator.services.healthcare.hl7v2.stored import Json, Row, State
from emulator.services.healthcare.hl7v2.undoing import Plan, Wanted, plan
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import rollbacks, sources, walking
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.healthcare.transfer.walking import BATCH, Lines

KIND = "healthcare.hl7v2.rollback"
FOLDER = "rollback_messages"
LOG_ENTRY = "Hl7V2ErrorLogEntry"
_NO_MESSAGE = Problem(5, "There is no such message.")


@dataclass(frozen=True, slots=True)
class Named:
    """A message by its id, or the Problem of a file that lists messages."""

    id: str
    source: str
    mark: Json
    problem: Problem | None = None


@dataclass(frozen=True)
class InStore:
    """The messages of a store that changed after a time."""

    job: Job

    def count(self) -> int:
        """How many there are."""
        sql = f"SELECT count(*) FROM {self._changed()}"  # noqa: S608 (our own names)
        row = self.job.context.db.one(sql, self._values(0))
        return 0 if row is None else int(row[0])

    def left(self) -> Iterator[Named]:
        """Those after the job's checkpoint."""
        after, sql = self.job.checkpoint.get("number", 0), f"SELECT m.number, m.id FROM {self._changed()}"  # noqa: S608
        while rows := self.job.context.db.all(f"{sql} ORDER BY m.number LIMIT {BATCH}", self._values(after)):
            for after, identifier in rows:
                yield Named(identifier, _name(self.job, identifier), {"number": after})

    def _changed(self) -> str:
        return (
            "hl7v2_stores s JOIN hl7v2_messages m ON m.store = s.key"
            " WHERE s.name = ? AND m.changed > ? AND m.number > ?"
        )

    def _values(self, after: int) -> tuple[str, int, int]:
        return self.job.payload["store"], self.job.payload["time"], after


@dataclass(frozen=True)
class InFiles:
    """The messages whose ids, or names, are the lines of objects."""

    lines: Lines

    def count(self) -> int:
        """How many there are."""
        return self.lines.count()

    def left(self) -> Iterator[Named]:
        """Those after the job's checkpoint."""
        for line in self.lines.left():
            identifier = line.text.rpartition("/")[2]
            source = line.uri if line.problem else _name(self.lines.job, identifier)
            yield Named(identifier, source, line.mark, line.problem)


@SERVICE.handles(f"{METHODS}.hl7V2Stores.rollback")
async def start(request: Request) -> Answer:
    """Start a rollback; the agent's permissions on buckets are checked by the operation."""
    request.context.resources.require(HL7V2.resource, request.name)
    payload = rollbacks.asked(request)
    method = "hl7v2.Hl7V2StoreService.RollbackHl7V2Messages"
    return operations.started(await operations.start(request, KIND, request.name, method, payload))


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Roll back, or find what would be, and say what became of each message."""
    wanted = await asyncio.to_thread(_wanted, job)
    items = InFiles(Lines(job, sources.parse(job.payload["uri"]))) if job.payload["uri"] else InStore(job)

    async def roll_back() -> None:
        await walking.walk(job, items, lambda tx, job, batch: _step(tx, job, wanted, batch), LOG_ENTRY)

    await rollbacks.report(job, FOLDER, LOG_ENTRY, roll_back)
    answer = operations.response(job, "hl7v2.RollbackHl7V2MessagesResponse")
    return {**answer, "hl7v2Store": job.payload["store"]}


def _wanted(job: Job) -> Wanted:
    payload = job.payload
    return Wanted(payload["time"], payload["change"], frozenset(payload["operations"]), rollbacks.excluded(job))


def _name(job: Job, identifier: str) -> str:
    return f"{job.payload['store']}/messages/{identifier}"


def _step(tx: sqlite3.Connection, job: Job, wanted: Wanted, batch: list[Named]) -> None:
    """Roll some messages back."""
    key = stored.key_of(tx, job.payload["store"])
    for named in batch:
        row = None if key is None else keeping.known(tx, key, named.id)
        if row is None:
            rollbacks.fail(tx, job, LOG_ENTRY, named.source, _NO_MESSAGE, named.id)
        elif (made := plan(_states(tx, row), wanted)) is not None:
            _rolled_back(tx, job, row, made)


def _states(tx: sqlite3.Connection, row: Row) -> list[State]:
    """What a message is and was, the newest first."""
    sql = "SELECT live, changed, created, operation, labels FROM hl7v2_past WHERE number = ? ORDER BY changed DESC"
    past = tx.execute(sql, (row.number,))
    return [row.state, *(State(bool(live), *rest) for live, *rest in past)]


def _rolled_back(tx: sqlite3.Connection, job: Job, row: Row, made: Plan) -> None:
    """Do what is planned with a message, or note that it would be done."""
    job.count("success")
    rollbacks.note(tx, job, row.id)
    if not job.payload["force"]:
        return
    at, number = times.now(job.context), operations.number(job.operation)
    if made.to is None:
        keeping.delete(tx, row, at, number)
    else:
        keeping.change(tx, row, replace(made.to, changed=at, operation=number))
