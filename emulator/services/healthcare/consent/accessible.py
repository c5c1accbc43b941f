"""queryAccessibleData: all data of a store that may be used to some end, as a file in Cloud Storage."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from emulator.consent.evaluation import Evaluation
from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import agent, operations
from emulator.services.healthcare.consent import asking, definitions, names, tables
from emulator.services.healthcare.consent.asking import Asked
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import steps, to_storage
from emulator.services.healthcare.transfer.to_storage import File, Made, Step
from emulator.services.storage.uris import GsUri
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_JOB = "healthcare.consent.queryAccessibleData"
_LOG_ENTRY = "QueryAccessibleDataLogEntry"
_FAILED = "failed to evaluate consent policy"
_AT_ONCE = 1000


@SERVICE.handles(f"{METHODS}.consentStores.queryAccessibleData")
async def query(request: Request) -> Answer:
    """Start to write what may be used; the service agent's permission on the bucket is checked by the operation."""
    body, context = request.body or {}, request.context
    asking.ask(context, request.name, body)
    wanted = body.get("resourceAttributes") or {}
    asking.require_attributes(context, request.name, wanted, definitions.RESOURCE, "resourceAttributes")
    given = body.get("gcsDestination") or {}
    if not given.get("uriPrefix"):
        raise invalid_argument(
            "gcsDestination.uriPrefix is required: the folder for the result, as gs://BUCKET/FOLDER."
        )
    to_storage.parse(given)
    payload = {"requestAttributes": body.get("requestAttributes") or {}, "resourceAttributes": wanted}
    method = "consent.ConsentService.QueryAccessibleData"
    started = await operations.start(request, _JOB, request.name, method, {**payload, "gcsDestination": given})
    return operations.started(started)


@SERVICE.job(_JOB)
async def run(job: Job) -> Json:
    """Write the file, a data id a line; from the start again after a crash, since nothing is there until its end."""
    folder = to_storage.parse(job.payload["gcsDestination"])
    name = f"{folder.name}query-accessible-data-result-{operations.number(job.operation)}.txt"
    await to_storage.write(job, folder, [name], _steps(job, name), _LOG_ENTRY)
    job.counter.pop("pending", None)
    uri = str(GsUri(folder.bucket, name))
    return {**operations.response(job, "consent.QueryAccessibleDataResponse"), "gcsUris": [uri]}


async def _steps(job: Job, name: str) -> AsyncIterator[Step]:
    """The one step: the whole file. What was counted before a crash is counted anew."""
    job.counter.clear()
    blob, failed = await _written(job)
    await job.context.db.write(_log, job, failed)
    yield Step([Made(name, [File(name, blob, "text/plain")], units=0)], job.checkpoint)


async def _written(job: Job) -> tuple[Blob, list[str]]:
    """The file, and the ids of the consents that could not be evaluated."""
    context = job.context
    asked = asking.ask(context, job.payload["store"], job.payload)
    job.counter["pending"] = await asyncio.to_thread(_count, context, asked)
    failed, batch = set[str](), _Batch()
    async with context.blobs.writer() as writer:
        while batch := await asyncio.to_thread(_next, context, asked, job.payload["resourceAttributes"], batch.last):
            job.check_cancelled()
            await writer.write("".join(f"{data}\n" for data in batch.consented).encode())
            failed |= batch.failed
            steps.count(job, batch.size - batch.failures, batch.failures, batch.size)
        return await writer.finish(), sorted(failed)


@dataclass
class _Batch:
    """Some mappings, in the order of their users: which data may be used, and what could not be evaluated."""

    last: tuple[str, int] = ("", 0)
    """The user and number of the last mapping."""
    size: int = 0
    consented: list[str] = field(default_factory=list)
    failures: int = 0
    """Mappings to which nobody consented while some consent could not be evaluated."""
    failed: set[str] = field(default_factory=set)
    """The ids of those consents."""

    def __bool__(self) -> bool:
        return self.size > 0


def _count(context: "Context", asked: Asked) -> int:
    sql = "SELECT count(*) FROM consent_mappings WHERE store = ? AND archived IS NULL"
    row = context.db.one(sql, (asked.store.key,))
    return 0 if row is None else int(row[0])


def _next(context: "Context", asked: Asked, wanted: Mapping[str, str], after: tuple[str, int]) -> _Batch:
    """The batch after a user and number; an empty one at the end."""
    rows = _mappings(context, asked, after)
    batch = _Batch((rows[-1]["user"], rows[-1]["number"]) if rows else after, len(rows))
    matches = asking.matching(asked.defaults, wanted)
    for user, mine in groupby(rows, itemgetter("user")):
        consents = asked.consents(context.db.reader, user)
        verdict = asking.verdicts(asked, consents, user, full=False)
        for row in mine:
            if matches(row["attributes"]):
                _note(batch, row["data"], *verdict(row["attributes"]))
    return batch


def _mappings(context: "Context", asked: Asked, after: tuple[str, int]) -> list[Any]:
    """The next mappings in the order of users: those that are left of the last one, then those of the next."""
    sql = "SELECT user, number, data, attributes FROM consent_mappings WHERE store = ? AND archived IS NULL AND "
    rows = context.db.all(f"{sql}user = ? AND number > ? ORDER BY number LIMIT ?", (asked.store.key, *after, _AT_ONCE))
    if len(rows) < _AT_ONCE:
        left = (asked.store.key, after[0], _AT_ONCE - len(rows))
        rows += context.db.all(f"{sql}user > ? ORDER BY user, number LIMIT ?", left)
    return list(tables.with_attributes(asked.store, rows))


def _note(batch: _Batch, data: str, consented: bool, said: Mapping[str, Evaluation]) -> None:
    untold = {consent for consent, found in said.items() if found.untold}
    batch.failed |= untold
    if consented:
        batch.consented.append(data)
    elif untold:
        batch.failures += 1


def _log(tx: sqlite3.Connection, job: Job, failed: Iterable[str]) -> None:
    """Log each consent that could not be evaluated, once, even if the job is run again after a crash."""
    store, operation = job.payload["store"], job.operation
    for consent in failed:
        entry = agent.log_entry(store, _LOG_ENTRY, 9, _FAILED, source="", operation=operation.name)
        payload = {key: value for key, value in entry["jsonPayload"].items() if key != "source"}
        entry |= {
            "logName": f"{entry['logName'].rpartition('%2F')[0]}%2Fquery_accessible_data",
            "jsonPayload": {**payload, "resourceName": f"{store}/{names.CONSENTS}/{consent}"},
            "operation": {**entry["operation"], "producer": "healthcare.googleapis.com/QueryAccessibleData"},
            "timestamp": operation.created,
            "insertId": f"{operations.number(operation)}-{consent}",
        }
        job.context.logs.write_in(tx, entry)
