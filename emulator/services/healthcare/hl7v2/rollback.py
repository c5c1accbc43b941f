"""hl7V2Stores.rollback: messages as they were at a time: made ones deleted, deleted ones there again, labels as before.

Without `force` it only says what it would do (Google: point-in-time recovery). Nobody is notified.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.hl7v2 import instants, keeping, stored
from emulator.services.healthcare.hl7v2.store import HL7V2
from emulator.services.healthcare.hl7v2.stored import Json, Row, State
from emulator.services.healthcare.hl7v2.undoing import Plan, Wanted, plan
from emulator.services.healthcare.names import METHODS, StoreName
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import results, sources, steps, walking
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.healthcare.transfer.walking import BATCH, Lines
from emulator.services.storage.uris import GsUri
from emulator.state.operations import Cancelled

KIND = "healthcare.hl7v2.rollback"
FOLDER = "rollback_messages"
DAYS = 21
"""How far back a rollback reaches (Google: point-in-time recovery)."""
LOG_ENTRY = "Hl7V2ErrorLogEntry"
TRIAL, SUCCESS, FAIL = "trial", "success", "fail"
_MICROSECONDS = 86_400_000_000
_ANY = ("", "ALL", "CHANGE_TYPE_UNSPECIFIED")
_NO_MESSAGE = "There is no such message."


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
    body = request.body or {}
    GsUri.parse_folder(body.get("resultGcsBucket") or "", "resultGcsBucket")
    if uri := body.get("inputGcsObject") or "":
        GsUri.parse(uri, "inputGcsObject")
        sources.parse(uri)
    change = body.get("changeType") or ""
    payload = {
        "time": _time(request, body.get("rollbackTime")),
        "folder": body["resultGcsBucket"],
        "uri": uri,
        "change": "" if change in _ANY else change,
        "operations": [str(each) for each in (body.get("filteringFields") or {}).get("operationIds") or []],
        "excludeRollbacks": bool(body.get("excludeRollbacks")),
        "force": bool(body.get("force")),
    }
    method = "hl7v2.Hl7V2StoreService.RollbackHl7V2Messages"
    return operations.started(await operations.start(request, KIND, request.name, method, payload))


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Roll back, or find what would be, and say what became of each message."""
    wanted = await asyncio.to_thread(_wanted, job)
    await asyncio.to_thread(_check_destination, job)
    items = InFiles(Lines(job, sources.parse(job.payload["uri"]))) if job.payload["uri"] else InStore(job)
    try:
        await walking.walk(job, items, lambda tx, job, batch: _step(tx, job, wanted, batch), LOG_ENTRY)
    except Cancelled:
        await _report(job)
        raise
    await _report(job)
    answer = operations.response(job, "hl7v2.RollbackHl7V2MessagesResponse")
    return {**answer, "hl7v2Store": job.payload["store"]}


def _time(request: Request, text: str | None) -> int:
    """The time to go back to, in microseconds since 1970; 400 for none, or one that is too long ago or to come."""
    if not text:
        raise invalid_argument("rollbackTime is required: the time to roll back to.")
    found, now = instants.read(text), int(request.context.clock.seconds() * 1_000_000)
    if found is None or not now - DAYS * _MICROSECONDS <= found <= now:
        raise invalid_argument(f'Invalid rollbackTime "{text[:80]}": it must be a time of the last {DAYS} days.')
    return found


def _wanted(job: Job) -> Wanted:
    payload, excluded = job.payload, frozenset[str]()
    if payload["excludeRollbacks"]:
        listed = job.context.operations.list(StoreName.parse(payload["store"]).dataset)
        excluded = frozenset(operations.number(each) for each in listed if each.kind == KIND)
    return Wanted(payload["time"], payload["change"], frozenset(payload["operations"]), excluded)


def _name(job: Job, identifier: str) -> str:
    return f"{job.payload['store']}/messages/{identifier}"


def _names(job: Job) -> dict[str, str]:
    """The files that a rollback writes, by what they hold, in the folder of its results."""
    files = (SUCCESS, FAIL) if job.payload["force"] else (TRIAL,)
    number = operations.number(job.operation)
    return {each: f"{FOLDER}/{number}/{each}-1-of-1.txt" for each in files}


def _folder(job: Job) -> GsUri:
    return GsUri.parse_folder(job.payload["folder"], "resultGcsBucket")


def _check_destination(job: Job) -> None:
    """Raise Google's message where the agent may not write the results."""
    folder = _folder(job)
    names = [folder.name + name for name in _names(job).values()]
    shared.require_write(job.context, job.payload["store"], folder.bucket, names)


async def _report(job: Job) -> None:
    await results.write(job, _folder(job), _names(job), LOG_ENTRY)


def _step(tx: sqlite3.Connection, job: Job, wanted: Wanted, batch: list[Named]) -> None:
    """Roll some messages back."""
    key = stored.key_of(tx, job.payload["store"])
    for named in batch:
        row = None if key is None else keeping.known(tx, key, named.id)
        if row is None:
            _fail(tx, job, named)
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
    if not job.payload["force"]:
        results.add(tx, job, TRIAL, row.id)
        return
    at, number = int(job.context.clock.seconds() * 1_000_000), operations.number(job.operation)
    if made.to is None:
        keeping.delete(tx, row, at, number)
    else:
        keeping.change(tx, row, replace(made.to, changed=at, operation=number))
    results.add(tx, job, SUCCESS, row.id)


def _fail(tx: sqlite3.Connection, job: Job, named: Named) -> None:
    steps.log_failures(tx, job, LOG_ENTRY, [(named.source, Problem(5, _NO_MESSAGE))])
    job.count("failure")
    results.add(tx, job, FAIL if job.payload["force"] else TRIAL, f"{named.id}\t{_NO_MESSAGE}")
