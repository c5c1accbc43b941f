"""Imports from Cloud Storage, for any kind of store: resumable, cancellable, failures logged one by one."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.context import Job
from emulator.errors import ApiError, aborted, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import operations
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.stores.kind import StoreKind
from emulator.services.healthcare.transfer import sources, steps
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.storage.api import StoredObject
from emulator.services.storage.uris import GsUri

Json = dict[str, Any]
_BATCH_SECONDS = 0.2
"""A batch is stored as it is when reading it has taken so long: what is large fills no memory."""
GONE = Problem(5, "The object was deleted while the import ran.")


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing that an object holds, its number there (from 1), and what was read or the Problem of reading it."""

    found: StoredObject
    number: int
    read: Any

    @property
    def source(self) -> str:
        """What the log names where it fails."""
        return str(GsUri(self.found.bucket, self.found.name))


@dataclass(frozen=True)
class Importer:
    """How a kind of store imports.

    method     Google's name of the method without package and version: "dicom.DicomService.ImportDicomData"
    response   the same of the finished operation's response: "dicom.ImportDicomDataResponse"
    log_entry  the last word of the type of log entries: "ImportDicomLogEntry"
    read       (job, file, object) -> what it holds, one after the other; a Problem stands for something that can't be
               read. Called by a thread, and again after a crash: must give the same each time
    store      (tx, job, what was read) -> for each the Problem that it met, or None
    options    (request body) -> what else the job's payload is to hold; raises 400. Where that has `maxErrorCount`, the
               import ends after a batch with which more have failed; -1 for never
    count      (job, file) -> how many things `read` will give, for the counter of what is pending; 0 for a file that is
               gone
    verb       the method's name in Google's documents: "import"
    permission the one that callers need; None for the method's own
    allowed    (store's settings): raises where the store can't do it
    batch      how many things are stored in one transaction, at most
    partly     what an operation ends with, as an INVALID_ARGUMENT, where things failed; "" where it is done then, too
    """

    method: str
    response: str
    log_entry: str
    read: Callable[[Job, Path, StoredObject], Iterator[Any]]
    store: Callable[[sqlite3.Connection, Job, Sequence[Any]], Sequence[Problem | None]]
    options: Callable[[Json], Json] = lambda _body: {}
    count: Callable[[Job, Path], int] = lambda _job, _path: 1
    verb: str = "import"
    permission: str | None = None
    allowed: Callable[[Json], None] = lambda _settings: None
    batch: int = 64
    partly: str = ""


def register(kind: StoreKind, importer: Importer) -> None:
    """Emulate the import of a kind of store."""
    job_kind = f"healthcare.{kind.name}.{importer.verb}"

    @SERVICE.handles(f"{METHODS}.{kind.collection}.{importer.verb}", permission=importer.permission)
    async def start(request: Request) -> Answer:
        """Start an import; the agent's permission on the bucket is checked by the operation."""
        importer.allowed(request.context.resources.require(kind.resource, request.name).body)
        body = request.body or {}
        uri = (body.get("gcsSource") or {}).get("uri", "")
        if not uri:
            raise invalid_argument("gcsSource.uri is required: the objects to import, as gs://BUCKET/OBJECT.")
        sources.parse(uri)
        payload = {"uri": uri, **importer.options(body)}
        return operations.started(await operations.start(request, job_kind, request.name, importer.method, payload))

    @SERVICE.job(job_kind)
    async def run(job: Job) -> Json:
        """Import what the source names."""
        await _run(job, importer)
        if importer.partly and job.counter.get("failure"):
            raise invalid_argument(importer.partly)
        return operations.response(job, importer.response)


async def _run(job: Job, importer: Importer) -> None:
    """Import in batches; the checkpoint is the object that the last one ended in, and what number it ended with."""
    source = sources.parse(job.payload["uri"])
    await asyncio.to_thread(sources.require_readable, job.context, job.payload["store"], source)
    if not job.checkpoint and job.counter.get("pending", 0) == 0:
        pending = await asyncio.to_thread(_count, job, importer, source)
        if not pending:
            raise invalid_argument(f"No objects match {job.payload['uri']}.")
        job.counter["pending"] = pending
    items = _items(job, importer, source)
    batch = await asyncio.to_thread(_batch, items, importer.batch)
    while batch:
        job.check_cancelled()
        following = asyncio.create_task(asyncio.to_thread(_batch, items, importer.batch))
        try:
            await steps.commit(job, _store, importer, batch)
            _check_failures(job)
        finally:
            await asyncio.wait([following])  # a thread can't be stopped, and may not go on behind an operation's end
        batch = following.result()
    job.counter.pop("pending", None)


def _batch(items: Iterator[_Item], most: int) -> list[_Item]:
    """The next things to import, read while those before them are stored; none at the end."""
    found: list[_Item] = []
    started = time.monotonic()
    for item in items:
        found.append(item)
        if len(found) >= most or time.monotonic() - started > _BATCH_SECONDS:
            break
    return found


def _check_failures(job: Job) -> None:
    """Raise where more has failed than the request puts up with."""
    most, failed = job.payload.get("maxErrorCount", -1), job.counter.get("failure", 0)
    if 0 <= most < failed:
        raise aborted(f"The import was stopped after {failed} errors: maxErrorCount is {most}. See Cloud Logging.")


def _count(job: Job, importer: Importer, source: sources.Source) -> int:
    """How much there is to import, 0 where there are no objects: one that holds nothing counts as one thing."""
    found = sources.objects(job.context, source)
    return sum(max(1, _things(job, importer, each)) for each in found)


def _things(job: Job, importer: Importer, found: StoredObject) -> int:
    """How many things an object holds, as far as that can be said: 0 where it is gone or its key is closed."""
    try:
        with job.context.blobs.plain(found.blob_id) as path:
            return importer.count(job, path)
    except (ApiError, OSError):
        return 0


def _items(job: Job, importer: Importer, source: sources.Source) -> Iterator[_Item]:
    """What is left to import after the job's checkpoint."""
    last, done = job.checkpoint.get("object", ""), job.checkpoint.get("done", 0)
    for found in sources.objects(job.context, source, last):
        skipped = done if found.name == last else 0
        for number, read in enumerate(_read(job, importer, found), 1):
            if number > skipped:
                yield _Item(found, number, read)


def _read(job: Job, importer: Importer, found: StoredObject) -> Iterator[Any]:
    if (problem := sources.unreadable(job.context, job.payload["store"], found)) is not None:
        yield problem
        return
    try:
        with job.context.blobs.plain(found.blob_id) as path:
            yield from importer.read(job, path, found)
    except OSError:
        yield GONE


def _store(tx: sqlite3.Connection, job: Job, importer: Importer, items: Sequence[_Item]) -> None:
    """Store a batch, log its failures, and move the checkpoint: all or nothing."""
    good = [item for item in items if not isinstance(item.read, Problem)]
    outcomes = importer.store(tx, job, [item.read for item in good])
    failed = [(item.source, item.read) for item in items if isinstance(item.read, Problem)]
    failed += [(item.source, problem) for item, problem in zip(good, outcomes, strict=True) if problem is not None]
    steps.log_failures(tx, job, importer.log_entry, failed)
    steps.count(job, len(items) - len(failed), len(failed), len(items))
    job.checkpoint = {"object": items[-1].found.name, "done": items[-1].number}
    job.save_in(tx)
