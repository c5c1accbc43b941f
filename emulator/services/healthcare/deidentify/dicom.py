"""dicomStores.deidentify: the instances of a store, or those that a filter file names, into another store."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.deidentify.image import Mode
from emulator.deidentify.keys import Secret
from emulator.deidentify.settings import Settings
from emulator.deidentify.text.findings import FindingKind
from emulator.dicom.errors import UnsupportedError
from emulator.errors import ApiError
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import agent, operations
from emulator.services.healthcare.deidentify import config, findings, provenance, stores
from emulator.services.healthcare.deidentify.instances import Made, make
from emulator.services.healthcare.deidentify.provenance import Deed
from emulator.services.healthcare.dicom import ingest, pixel_work
from emulator.services.healthcare.dicom.names import DICOM_STORE, STORES, DicomPath
from emulator.services.healthcare.dicom.transfer import filters, selection
from emulator.services.healthcare.dicom.transfer.selection import Exported
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import steps
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]

_METHOD = "deidentify.DeidentifyService.DeidentifyDicomStore"
_KIND = "healthcare.dicom.deidentify"
_WRITE = "healthcare.dicomStores.dicomWebWrite"
_TOGETHER = 8
"""Instances that a process of the pool is given at a time, unless it looks for text in their pixels."""
_GONE = Problem(5, "The instance was deleted while the de-identification ran.")
_DIFFERENT = Problem(
    6, "The destination store has another instance with the same Study/Series/SOPInstance UID (checksum mismatch)."
)


@dataclass(frozen=True, slots=True)
class _Item:
    """An instance of the source, the file that was made of it or the Problem that it met, and what was found in it."""

    source: Exported
    made: ingest.File | Problem
    found: Counter[FindingKind] = field(default_factory=Counter)


@SERVICE.handles(f"{STORES}.deidentify")
async def start(request: Request) -> Answer:
    """Start to de-identify a store; its service agent's permissions on files are checked by the operation."""
    request.context.resources.require(DICOM_STORE, request.name)
    body = request.body or {}
    destination = stores.destination(request, "dicomStores", _WRITE)
    request.context.resources.require(DICOM_STORE, destination)
    config.require_model(request.context)
    if (settings := config.check(body)) is not None:
        config.require_detector(settings)
        provenance.check(request.context, request.name, settings)
    kept = {field: body[field] for field in ("config", "gcsConfigUri", "filterConfig") if field in body}
    payload = {**kept, "destination": destination, "key": Secret.random().key.hex()}
    return operations.started(await operations.start(request, _KIND, request.name, _METHOD, payload))


@SERVICE.job(_KIND)
async def run(job: Job) -> Json:
    """De-identify what the request named."""
    context, payload = job.context, job.payload
    settings = await config.load(context, payload["store"], payload)
    paths = await filters.paths(context, payload["store"], payload.get("filterConfig"))
    pairs = [(payload["store"], payload["destination"])]
    await begin(job, settings, pairs)
    await deidentify_store(job, settings, *pairs[0], paths)
    await steps.commit(job, partial(provenance.tell_of_operation, ended=True), settings, pairs)
    job.counter.pop("pending", None)
    return operations.response(job, "deidentify.DeidentifyDicomStoreSummary")


async def begin(job: Job, settings: Settings, pairs: Sequence[tuple[str, str]]) -> None:
    """Before the first of several pairs of stores: see that all can be done, and tell the store for metadata.

    Raises what `config.require_detector` and `provenance.check` raise.
    """
    config.require_detector(settings)
    provenance.check(job.context, job.operation.name, settings)
    if not job.checkpoint:
        await steps.commit(job, partial(provenance.tell_of_operation, ended=False), settings, pairs)


async def deidentify_store(
    job: Job, settings: Settings, source: str, destination: str, paths: Sequence[DicomPath] | None = None
) -> None:
    """De-identify instances of a store into another, in batches; the checkpoint, under the source's name, is an id.

    An instance that can't be is counted and logged, and never passed on. 404 if the destination is gone.
    """
    after = job.checkpoint.get(source, 0)
    if not after:
        pending = await asyncio.to_thread(selection.count, job.context, source, paths)
        job.count("pending", pending)
    batches = selection.batches(job.context, source, paths, after, documents=False)
    async for batch in _ahead(job.context, settings, batches):
        job.check_cancelled()
        await steps.commit(job, _store, settings, source, destination, batch)
    await steps.commit(job, findings.report, source)


async def _ahead(
    context: "Context", settings: Settings, batches: Iterator[list[Exported]]
) -> AsyncIterator[list[_Item]]:
    """The batches worked on, each while the one before it is stored."""
    following = asyncio.create_task(_next(context, settings, batches))
    try:
        while batch := await following:
            following = asyncio.create_task(_next(context, settings, batches))
            yield batch
    finally:
        following.cancel()


async def _next(context: "Context", settings: Settings, batches: Iterator[list[Exported]]) -> list[_Item]:
    batch = await asyncio.to_thread(next, batches, None) or []
    size = _TOGETHER if settings.image.mode is Mode.NONE else 1
    some = [batch[at : at + size] for at in range(0, len(batch), size)]
    done = await asyncio.gather(*(_made(context, settings, each) for each in some))
    return [item for items in done for item in items]


async def _made(context: "Context", settings: Settings, instances: Sequence[Exported]) -> list[_Item]:
    """Make new files of some instances; one by one where a process was lost with all of them."""
    blobs = [context.blobs.new_id() for _ in instances]
    targets = [context.blobs.writable(blob) for blob in blobs]
    try:
        async with context.blobs.readable(*(each.blob for each in instances)) as sources:
            files = [(str(source), str(target)) for source, target in zip(sources, targets, strict=True)]
            made = await pixel_work.run(context, make, settings, files)
    except (UnsupportedError, ApiError, OSError) as problem:
        if len(instances) > 1:
            return [item for each in instances for item in await _made(context, settings, [each])]
        return [_Item(instances[0], _unreadable(problem))]
    return [
        _Item(each, await _file(context, blob, target, done), done.found if isinstance(done, Made) else Counter())
        for each, blob, target, done in zip(instances, blobs, targets, made, strict=True)
    ]


def _unreadable(problem: Exception) -> Problem:
    """Why nothing was made of an instance: an encrypted file that is gone, or whose key is closed, among it."""
    if isinstance(problem, ApiError):
        return Problem(9, problem.message)
    return _GONE if isinstance(problem, OSError) else Problem(3, str(problem))


async def _file(context: "Context", blob: str, target: Path, made: Made | str | None) -> ingest.File | Problem:
    if not isinstance(made, Made):
        return _GONE if made is None else Problem(3, made)
    return ingest.of_blob(made.instance, await context.blobs.put_copy(blob, target, made.size, made.crc32c))


def _store(
    tx: sqlite3.Connection, job: Job, settings: Settings, source: str, destination: str, batch: Sequence[_Item]
) -> None:
    """Store a batch, log its failures, tell the store for metadata, and move the checkpoint: all or nothing."""
    files = [item.made for item in batch if isinstance(item.made, ingest.File)]
    stored = list[_Item]()
    outcomes = iter(ingest.store_in(tx, job.context, destination, files, "StoreInstances"))
    for item in batch:
        problem = item.made if isinstance(item.made, Problem) else _problem(next(outcomes))
        if problem is None:
            stored.append(item)
        else:
            name = f"{source}/dicomWeb/{item.source.path}"
            message = (findings.LOG_ENTRY, problem.code, problem.message)
            entry = agent.log_entry(source, *message, source=name, operation=job.operation.name)
            job.context.logs.write_in(tx, entry)
    steps.count(job, len(stored), len(batch) - len(stored), len(batch))
    job.checkpoint[source] = batch[-1].source.id
    findings.add(job, source, (item.found for item in stored))
    provenance.tell_of_instances(tx, job, settings, source, destination, filter(None, map(_deed, stored)))
    job.save_in(tx)


def _deed(item: _Item) -> Deed | None:
    """What is told of an instance; None for one of which nothing was made."""
    return Deed(item.source.path, item.made.instance.path, item.found) if isinstance(item.made, ingest.File) else None


def _problem(outcome: str) -> Problem | None:
    return _DIFFERENT if outcome == "different" else None
