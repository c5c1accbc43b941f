"""fhirStores.deidentify: the current versions of a store's resources, de-identified, become those of another store.

Resumable, with counters and a log entry for each resource that fails. A second run with the same key finds its own
resources and changes nothing; nobody is notified.
"""

import asyncio
import itertools
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.context import Job
from emulator.deidentify.keys import Secret
from emulator.deidentify.settings import Settings
from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import agent, operations
from emulator.services.healthcare.deidentify import config, fhir_copying, findings, stores
from emulator.services.healthcare.deidentify.fhir_copying import Copier, Copy
from emulator.services.healthcare.fhir import instants, stored, versions
from emulator.services.healthcare.fhir.bulk.keys import InStore, Key
from emulator.services.healthcare.fhir.rest.interactions import UPDATE
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import steps
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.context import Context

KIND = "healthcare.fhir.deidentify"
_METHOD = "deidentify.DeidentifyService.DeidentifyFhirStore"
BATCH = 100
_RESOURCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


@SERVICE.handles(f"{METHODS}.fhirStores.deidentify")
async def start(request: Request) -> Answer:
    """Start to de-identify a store; a config in Cloud Storage is read, with the agent's rights, by the operation."""
    source, body = request.context.resources.require(FHIR.resource, request.name), request.body or {}
    name = stores.destination(request, FHIR.collection, UPDATE)
    to = request.context.resources.require(FHIR.resource, name)
    if to.body["version"] != source.body["version"]:
        raise invalid_argument(
            f"The destination store is of FHIR {to.body['version']}, the source of {source.body['version']}."
        )
    config.check(body)
    config.require_model(request.context)
    payload = {
        **{field: body[field] for field in ("config", "gcsConfigUri") if field in body},
        "key": Secret.random().key.hex(),
        "destination": name,
        "resources": _listed(body.get("resourceFilter") or {}),
        "skipModified": bool(body.get("skipModifiedResources")),
    }
    return operations.started(await operations.start(request, KIND, source.name, _METHOD, payload))


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """De-identify what the request names."""
    settings = await config.load(job.context, job.payload["store"], job.payload)
    await deidentify_store(job, settings, job.payload["store"], job.payload["destination"])
    job.counter.pop("pending", None)
    return operations.response(job, "deidentify.DeidentifyFhirStoreSummary")


async def deidentify_store(job: Job, settings: Settings, source: str, destination: str) -> None:
    """De-identify resources of a store into another, in batches; the checkpoint stands under the source's name.

    `resources` of the job's payload are those that are wanted (Type/id), none for all. A resource that can't be
    de-identified is counted and logged, and never passed on. 404 if a store is gone.
    """
    context = job.context
    copier = Copier(context, settings, _opened(context, source), _opened(context, destination))
    mark: Json = job.checkpoint.get(source, {})
    listed = job.payload.get("resources") or []
    keys = _Listed(source, listed, mark) if listed else InStore(job, copier.source, (), mark=mark)
    if not mark:
        job.count("pending", await asyncio.to_thread(keys.count))
    following = asyncio.create_task(_next(job, copier, keys.left()))
    try:
        while (done := await following).batch:
            following = asyncio.create_task(_next(job, copier, done.left))
            job.check_cancelled()
            await steps.commit(job, _keep, copier, done.batch, done.copies)
    finally:
        following.cancel()
    await steps.commit(job, findings.report, source)


@dataclass(frozen=True, slots=True)
class _Done:
    """A batch of resources, what each becomes (None is left out), and those that are left after it."""

    batch: Sequence[Key]
    copies: Sequence[Copy | Problem | None]
    left: Iterator[Key]


async def _next(job: Job, copier: Copier, left: Iterator[Key]) -> _Done:
    """Work on the next batch, while the one before it is kept."""
    batch = await asyncio.to_thread(list, itertools.islice(left, BATCH))
    found = await asyncio.to_thread(lambda: [_version(job, copier, key) for key in batch])
    copies = iter(await copier.copied([each for each in found if isinstance(each, Version)]))
    return _Done(batch, [next(copies) if isinstance(each, Version) else each for each in found], left)


@dataclass(frozen=True)
class _Listed:
    """The resources of a store that a request lists, in its order; those after a mark are left."""

    store: str
    resources: Sequence[str]
    mark: Json

    def count(self) -> int:
        """How many there are."""
        return len(self.resources)

    def left(self) -> Iterator[Key]:
        """Those that are to do."""
        done = self.mark.get("done", 0)
        for number, relative in enumerate(self.resources[done:], done + 1):
            name, identifier = relative.split("/")
            yield Key(name, identifier, f"{self.store}/fhir/{relative}", {"done": number})


def _opened(context: "Context", name: str) -> Store:
    """A store; 404, in the words of operations, where it is gone."""
    context.resources.require(FHIR.resource, name)
    return stored.opened(context, name)


def _listed(resource_filter: Json) -> list[str]:
    """The resources that a filter names, each once; 400 for what is not Type/id."""
    named = (resource_filter.get("resources") or {}).get("resources") or []
    wrong = [each for each in named if not _RESOURCE.fullmatch(each)]
    if wrong:
        raise invalid_argument(
            f'Invalid resourceFilter.resources: "{wrong[0][:80]}" must be TYPE/ID, such as Patient/1234.'
        )
    return list(dict.fromkeys(named))


def _version(job: Job, copier: Copier, key: Key) -> Version | Problem | None:
    """What is to be copied of a resource; None for nothing."""
    version = versions.newest(job.context.db.reader, copier.source, key.type, key.id)
    if version is None or version.deleted:
        return Problem(5, "There is no such resource.") if job.payload.get("resources") else None
    return None if _is_skipped(job, version) else version


def _is_skipped(job: Job, version: Version) -> bool:
    """Whether a version was made after the operation, and the request leaves such out."""
    started = instants.of_instant(job.operation.created)
    return bool(job.payload.get("skipModified")) and started is not None and version.at > started


def _keep(
    tx: sqlite3.Connection, job: Job, copier: Copier, batch: Sequence[Key], copies: Sequence[Copy | Problem | None]
) -> None:
    """Keep a batch, log its failures, and move the checkpoint: all or nothing."""
    store = stored.opened_in(job.context, tx, copier.destination.name)
    at, operation = int(job.context.clock.seconds() * 1_000_000), operations.number(job.operation)
    failed = [(key.source, each) for key, each in zip(batch, copies, strict=True) if isinstance(each, Problem)]
    good = [each for each in copies if isinstance(each, Copy)]
    for each in good:
        fhir_copying.keep(job.context, tx, store, each, at, operation)
    for source, problem in failed:
        message = (findings.LOG_ENTRY, problem.code, problem.message)
        entry = agent.log_entry(copier.source.name, *message, source=source, operation=job.operation.name)
        job.context.logs.write_in(tx, entry)
    steps.count(job, len(good), len(failed), len(batch))
    job.checkpoint = {**job.checkpoint, copier.source.name: batch[-1].mark}
    findings.add(job, copier.source.name, (each.found for each in good))
    job.save_in(tx)
