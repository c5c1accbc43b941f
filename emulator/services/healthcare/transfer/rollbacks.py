"""Rollbacks to a time, for any kind of store: what requests say, and the files of what became of each thing.

Google: point-in-time recovery. Without `force` a rollback only says what it would do.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.gateway.request import Request
from emulator.services.healthcare import operations, times
from emulator.services.healthcare.names import StoreName
from emulator.services.healthcare.stores.kind import Json
from emulator.services.healthcare.transfer import results, sources, steps
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.storage.uris import GsUri
from emulator.state.operations import Cancelled

DAYS = 21
"""How far back a rollback reaches."""
DAY = 86_400_000_000
"""Microseconds."""
TRIAL, SUCCESS, FAIL = "trial", "success", "fail"
_ANY = ("", "ALL", "CHANGE_TYPE_UNSPECIFIED")


def asked(request: Request) -> Json:
    """What the job keeps of a request; 400 for what is missing or can't be read.

    time (microseconds since 1970), folder of the results, uri ("" for none), change ("" for any), operations,
    excludeRollbacks and force.
    """
    body = request.body or {}
    GsUri.parse_folder(body.get("resultGcsBucket") or "", "resultGcsBucket")
    if uri := body.get("inputGcsObject") or "":
        GsUri.parse(uri, "inputGcsObject")
        sources.parse(uri)
    change = body.get("changeType") or ""
    return {
        "time": _time(request, body.get("rollbackTime")),
        "folder": body["resultGcsBucket"],
        "uri": uri,
        "change": "" if change in _ANY else change,
        "operations": [str(each) for each in (body.get("filteringFields") or {}).get("operationIds") or []],
        "excludeRollbacks": bool(body.get("excludeRollbacks")),
        "force": bool(body.get("force")),
    }


def excluded(job: Job) -> frozenset[str]:
    """The numbers of earlier rollbacks, where the request wants their changes to stay."""
    if not job.payload["excludeRollbacks"]:
        return frozenset()
    listed = job.context.operations.list(StoreName.parse(job.payload["store"]).dataset)
    return frozenset(operations.number(each) for each in listed if each.kind == job.operation.kind)


async def report(job: Job, folder: str, log_entry: str, roll_back: Callable[[], Awaitable[None]]) -> None:
    """Roll back, and write the files of the results, after a cancellation, too.

    `folder` is what they lie in below the request's, `log_entry` the last word of the type of log entries. Google's
    message, and nothing is done, where the agent may not write them.
    """
    below = GsUri.parse_folder(job.payload["folder"], "resultGcsBucket")
    names = _names(job, folder)
    whole = [below.name + name for name in names.values()]
    await asyncio.to_thread(shared.require_write, job.context, job.payload["store"], below.bucket, whole)
    try:
        await roll_back()
    except Cancelled:
        await results.write(job, below, names, log_entry)
        raise
    await results.write(job, below, names, log_entry)


def note(tx: sqlite3.Connection, job: Job, *columns: str) -> None:
    """Say in the results that something was rolled back, or would be."""
    results.add(tx, job, SUCCESS if job.payload["force"] else TRIAL, "\t".join(columns))


def fail(tx: sqlite3.Connection, job: Job, log_entry: str, source: str, problem: Problem, *columns: str) -> None:
    """Count and log what can't be rolled back, and say so in the results, with the problem as the last column."""
    steps.log_failures(tx, job, log_entry, [(source, problem)])
    job.count("failure")
    results.add(tx, job, FAIL, "\t".join((*columns, problem.message)))


def _time(request: Request, text: str | None) -> int:
    """The time to go back to, in microseconds since 1970; 400 for none, or one that is too long ago or to come."""
    if not text:
        raise invalid_argument("rollbackTime is required: the time to roll back to.")
    found, now = times.of_instant(text), times.now(request.context)
    if found is None or not now - DAYS * DAY <= found <= now:
        raise invalid_argument(f'Invalid rollbackTime "{text[:80]}": it must be a time of the last {DAYS} days.')
    return found


def _names(job: Job, folder: str) -> dict[str, str]:
    """The files that a rollback writes, by what they hold."""
    files = (SUCCESS, FAIL) if job.payload["force"] else (TRIAL,)
    number = operations.number(job.operation)
    return {each: f"{folder}/{number}/{each}-1-of-1.txt" for each in files}
