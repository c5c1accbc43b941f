"""fhirStores.bulkDelete: current versions, old ones, or both, of resources by type and time, or of those in a list.

References may lead to nothing afterwards. The deletion of a current version is told to notifications and streams.
"""

import asyncio
import sqlite3

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.fhir.search.tables import first_rid
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import changes, operations
from emulator.services.healthcare.fhir import instants, keeping, stored, versions
from emulator.services.healthcare.fhir.bulk import keys
from emulator.services.healthcare.fhir.bulk.keys import LOG_ENTRY, InFiles, InStore, Key, Keys
from emulator.services.healthcare.fhir.keeping import Change
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.transfer import selection
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import results, sources
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.state.operations import Cancelled

KIND = "healthcare.fhir.bulkDelete"
EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}
_CURRENT, _OLD = "current", "old"
_PARTS = {
    "VERSION_CONFIG_UNSPECIFIED": [_CURRENT, _OLD],
    "ALL": [_CURRENT, _OLD],
    "CURRENT_ONLY": [_CURRENT],
    "HISTORY_ONLY": [_OLD],
}
"""What each versionConfig deletes."""


@SERVICE.handles(f"{METHODS}.fhirStores.bulkDelete")
async def start(request: Request) -> Answer:
    """Start to delete; the agent's permissions on buckets are checked by the operation."""
    request.context.resources.require(FHIR.resource, request.name)
    store, body = stored.opened(request.context, request.name), request.body or {}
    uri = (body.get("gcsSource") or {}).get("uri", "")
    if uri and (body.get("type") or body.get("until")):
        raise invalid_argument("gcsSource can't be used together with type or until.")
    if uri:
        sources.parse(uri)
    elif "gcsSource" in body:
        raise invalid_argument("gcsSource.uri is required: the objects that list resources, as gs://BUCKET/OBJECT.")
    if destination := body.get("gcsDestination"):
        shared.parse(destination)
    wanted = [name for name in str(body.get("type") or "").replace(" ", "").split(",") if name]
    payload = {
        "parts": _PARTS[body.get("versionConfig") or "ALL"],
        "types": keys.types_in(store, wanted, "type"),
        "until": _until(body.get("until")),
        "uri": uri,
        "validateOnly": bool(body.get("validateOnly")),
        "gcsDestination": destination,
    }
    method = "fhir.FhirService.BulkDeleteResources"
    return operations.started(await operations.start(request, KIND, store.name, method, payload))


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Delete, and list what is deleted."""
    store = selection.store_of(job)
    await asyncio.to_thread(_check_destination, job)
    try:
        await keys.walk(job, _keys(job, store), _step)
    except Cancelled:
        await _list(job)
        raise
    await _list(job)
    return EMPTY


def _until(text: str | None) -> int | None:
    """The last time of change of resources that are deleted, in microseconds since 1970; None for any."""
    found = instants.of_instant(text) if text else None
    if text and found is None:
        raise invalid_argument(
            f'Invalid until "{text[:80]}": it must be a time with seconds and a zone, 2017-01-01T00:00:00Z.'
        )
    return found


def _keys(job: Job, store: Store) -> Keys:
    payload = job.payload
    if payload["uri"]:
        return InFiles(job, store, sources.parse(payload["uri"]))
    if payload["until"] is None:
        return InStore(job, store, payload["types"])
    return InStore(job, store, payload["types"], last=first_rid(payload["until"] + 1) - 1)


def _check_destination(job: Job) -> None:
    """Raise Google's message where the agent may not write the lists."""
    if job.payload["gcsDestination"]:
        folder = shared.parse(job.payload["gcsDestination"])
        names = [folder.name + _name(job, "Patient")]
        shared.require_write(job.context, job.payload["store"], folder.bucket, names)


def _name(job: Job, resource_type: str) -> str:
    return f"{operations.number(job.operation)}_{resource_type}"


async def _list(job: Job) -> None:
    """Write the ids of the current versions that are deleted, an object for each type that there is one of."""
    if job.payload["gcsDestination"]:
        names = {each: _name(job, each) for each in await asyncio.to_thread(results.files, job)}
        await results.write(job, shared.parse(job.payload["gcsDestination"]), names, LOG_ENTRY)


def _step(tx: sqlite3.Connection, job: Job, batch: list[Key]) -> None:
    """Delete some resources, and tell of those that were current."""
    store, until = stored.opened_in(job.context, tx, job.payload["store"]), job.payload["until"]
    told = []
    for key in batch:
        newest = versions.newest(tx, store, key.type, key.id)
        if newest is None:
            keys.count_missing(tx, job, key)
        elif until is None or newest.at <= until:
            was_current, old, change = _delete(tx, job, store, newest)
            told += [change] if change is not None else []
            job.count("secondarySuccess", old)
            if was_current:
                job.count("success")
                _note(tx, job, key)
    changes.announce(job.context, tx, store.resource, told)


def _note(tx: sqlite3.Connection, job: Job, key: Key) -> None:
    if job.payload["gcsDestination"]:
        results.add(tx, job, key.type, key.relative)


def _delete(tx: sqlite3.Connection, job: Job, store: Store, newest: Version) -> tuple[bool, int, Change | None]:
    """Delete what is wanted of a resource: whether it was current, how many old versions, and what to tell.

    Where the request only asks what would be, nothing is changed.
    """
    parts, one = job.payload["parts"], (store, newest.type, newest.id)
    if job.payload["validateOnly"]:
        return _CURRENT in parts and not newest.deleted, _OLD in parts and _count_old(tx, store, newest), None
    if parts == [_CURRENT]:
        at = int(job.context.clock.seconds() * 1_000_000)
        change = keeping.delete(job.context, tx, *one, at, operation=operations.number(job.operation))
        return change is not None, 0, change
    if parts == [_OLD]:
        return False, keeping.purge(job.context, tx, *one), None
    change, old = keeping.erase(job.context, tx, *one)
    return change is not None, old, change


def _count_old(tx: sqlite3.Connection, store: Store, newest: Version) -> int:
    sql = "SELECT count(*) FROM fhir_versions WHERE store = ? AND type = ? AND id = ?"
    number: int = tx.execute(sql, (store.key, newest.type, newest.id)).fetchone()[0]
    return number if newest.deleted else number - 1
