"""fhirStores.rollback: resources as they were at a time, each as a new version, so that no history is lost.

Google: "Recover FHIR resources with point-in-time recovery". References may lead to nothing afterwards, and nothing is
validated again. Each change is told to notifications and streams.
"""

import asyncio
import sqlite3

from emulator.context import Job
from emulator.fhir import parsing
from emulator.fhir.search.tables import first_rid
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import changes, operations
from emulator.services.healthcare import keys as dataset_keys
from emulator.services.healthcare.fhir import instants, keeping, stored
from emulator.services.healthcare.fhir.bulk import keys, meta_filter
from emulator.services.healthcare.fhir.bulk.keys import LOG_ENTRY, InFiles, InStore, Key, Keys
from emulator.services.healthcare.fhir.bulk.undoing import Kept, Plan, Wanted, plan
from emulator.services.healthcare.fhir.keeping import Change
from emulator.services.healthcare.fhir.past_versions import require_versions
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.transfer import selection
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import rollbacks, sources
from emulator.services.healthcare.transfer.steps import Problem

KIND = "healthcare.fhir.rollback"
FOLDER = "rollback_resources"
_NO_UPDATE_CREATE = "The resource was deleted: to restore it, set enableUpdateCreate on the FHIR store."


@SERVICE.handles(f"{METHODS}.fhirStores.rollback")
async def start(request: Request) -> Answer:
    """Start a rollback; the agent's permissions on buckets are checked by the operation."""
    require_versions(request.context.resources.require(FHIR.resource, request.name).body)
    store, body = stored.opened(request.context, request.name), request.body or {}
    if text := (body.get("filteringFields") or {}).get("metadataFilter") or "":
        meta_filter.compiled(text)
    types = keys.types_in(store, body.get("type") or [], "type")
    payload = {**rollbacks.asked(request), "types": types, "metadataFilter": text}
    method = "fhir.FhirStoreService.RollbackFhirResources"
    return operations.started(await operations.start(request, KIND, store.name, method, payload))


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Roll back, or find what would be, and say what became of each resource."""
    store = selection.store_of(job)
    wanted = await asyncio.to_thread(_wanted, job)

    async def roll_back() -> None:
        await keys.walk(job, _keys(job, store), lambda tx, job, batch: _step(tx, job, wanted, batch))

    await rollbacks.report(job, FOLDER, LOG_ENTRY, roll_back)
    return {**operations.response(job, "fhir.RollbackFhirResourcesResponse"), "fhirStore": store.name}


def _wanted(job: Job) -> Wanted:
    payload, excluded = job.payload, rollbacks.excluded(job)
    wanted = Wanted(payload["time"], payload["change"], frozenset(payload["operations"]), excluded)
    if not payload["metadataFilter"]:
        return wanted
    keep = meta_filter.compiled(payload["metadataFilter"])
    return Wanted(wanted.time, wanted.change, wanted.operations, excluded, keep)


def _keys(job: Job, store: Store) -> Keys:
    if job.payload["uri"]:
        return InFiles(job, store, sources.parse(job.payload["uri"]))
    return InStore(job, store, job.payload["types"], first=first_rid(job.payload["time"] + 1))


def _step(tx: sqlite3.Connection, job: Job, wanted: Wanted, batch: list[Key]) -> None:
    """Roll some resources back, and tell of the changes."""
    store = stored.opened_in(job.context, tx, job.payload["store"])
    told = []
    for key in batch:
        kept = _kept(tx, store, key, wanted.time)
        if kept and (not job.payload["types"] or key.type in job.payload["types"]):
            told += _rolled_back(tx, job, store, key, plan(kept, wanted))
        elif not kept and job.payload["uri"]:
            _fail(tx, job, key, "", Problem(5, "There is no such resource."))
    changes.announce(job.context, tx, store.resource, told)


def _kept(tx: sqlite3.Connection, store: Store, key: Key, time: int) -> list[Kept]:
    """The versions of a resource from the newest to the first that was there at a time."""
    rows = tx.execute(
        "SELECT rid, type, id, method, blob, body, operation, forgotten FROM fhir_versions"
        " WHERE store = ? AND type = ? AND id = ? ORDER BY rid DESC",
        (store.key, key.type, key.id),
    )
    found: list[Kept] = []
    for row in rows:
        found.append(Kept(Version(*row[:6], keys=store.keys), row["operation"], row["forgotten"]))
        if found[-1].version.at <= time:
            break
    return found


def _rolled_back(tx: sqlite3.Connection, job: Job, store: Store, key: Key, made: Plan | None) -> list[Change]:
    """Do what is planned with a resource, or note that it would be done; the change, if there is one."""
    if made is None:
        return []
    problem = made.problem or (_NO_UPDATE_CREATE if made.recreates and not store.creates_on_update else "")
    if problem:
        _fail(tx, job, key, made.now.version_id, Problem(9, problem))
        return []
    job.count("success")
    if not job.payload["force"]:
        rollbacks.note(tx, job, key.type, key.id, instants.last_updated(made.now.at))
        return []
    context, number = job.context, operations.number(job.operation)
    at = int(context.clock.seconds() * 1_000_000)
    if made.to is None:
        rollbacks.note(tx, job, key.type, key.id, "", "")
        deleted = keeping.delete(context, tx, store, key.type, key.id, at, operation=number)
        return [] if deleted is None else [deleted]
    change = _restored(tx, job, store, made.to, at)
    rollbacks.note(tx, job, key.type, key.id, made.now.version_id, change.after.version_id)
    return [change]


def _restored(tx: sqlite3.Connection, job: Job, store: Store, old: Version, at: int) -> Change:
    """Make an old version the current one, as a new version."""
    ready = keeping.made_ready(store, parsing.parse(old.body, None), any_reference=True)
    if old.blob:
        job.context.blobs.add_ref(tx, old.blob, dataset_keys.version_for_data(job.context, store.name, tx))
    number = operations.number(job.operation)
    return keeping.put(job.context, tx, store, ready, "PUT", at, blob=old.blob, operation=number)


def _fail(tx: sqlite3.Connection, job: Job, key: Key, now: str, problem: Problem) -> None:
    rollbacks.fail(tx, job, LOG_ENTRY, key.source, problem, key.type, key.id, now, "")
