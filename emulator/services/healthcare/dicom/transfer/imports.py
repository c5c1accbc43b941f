"""dicomStores.import: objects of a bucket become instances; resumable, cancellable, failures logged one by one."""

import asyncio
import itertools
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.dicom.errors import DicomError
from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import agent, operations
from emulator.services.healthcare.dicom import index, ingest
from emulator.services.healthcare.dicom.find import DICOM_STORE
from emulator.services.healthcare.dicom.index import Instance, Stored
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import sources, steps

if TYPE_CHECKING:
    from emulator.services.storage.api import StoredObject

Json = dict[str, Any]
KIND = "healthcare.dicom.import"
BATCH = 64
DIFFERENT = (
    "An instance already exists in this DICOM Store with the same Study/Series/SOPInstance UID, "
    "but the DICOM files differ (checksum mismatch)."
)
_GET = "storage.objects.get"


@SERVICE.handles("healthcare.projects.locations.datasets.dicomStores.import")
async def start_import(request: Request) -> Answer:
    """Start an import; the agent's permission on the bucket is checked by the operation."""
    context, store = request.context, request.name
    context.resources.require(DICOM_STORE, store)
    uri = (request.body.get("gcsSource") or {}).get("uri", "")
    if not uri:
        raise invalid_argument("gcsSource.uri is required: the objects to import, as gs://BUCKET/OBJECT.")
    sources.parse(uri)
    storage_class = (request.body.get("blobStorageSettings") or {}).get("blobStorageClass", "STANDARD")
    if storage_class == "BLOB_STORAGE_CLASS_UNSPECIFIED":
        storage_class = "STANDARD"
    payload = {"uri": uri, "storageClass": storage_class}
    operation = await operations.start(request, KIND, store, "dicom.DicomService.ImportDicomData", payload)
    return operations.started(operation)


@dataclass(frozen=True, slots=True)
class _Read:
    """An object whose header was read, or why it was not."""

    found: "StoredObject"
    instance: Instance | None
    problem: str = ""
    code: int = 3


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Import what the source names, in batches; each one's checkpoint is the last object name that is done."""
    context, store = job.context, job.payload["store"]
    source = sources.parse(job.payload["uri"])
    await asyncio.to_thread(_check_bucket, job, source)
    done_up_to = job.checkpoint.get("after", "")
    left = sources.objects(context, source, done_up_to)
    if not done_up_to and job.counter.get("pending", 0) == 0:
        names = await asyncio.to_thread(sum, (1 for _ in sources.objects(context, source)))
        if not names:
            raise invalid_argument(f"No objects match {job.payload['uri']}.")
        job.counter["pending"] = names
    while batch := await asyncio.to_thread(list, itertools.islice(left, BATCH)):
        job.check_cancelled()
        read = await asyncio.to_thread(_read_batch, job, batch)
        await steps.commit(job, _store_batch, store, read)
    job.counter.pop("pending", None)
    return {
        "@type": f"type.googleapis.com/google.cloud.healthcare.{job.payload['version']}.dicom.ImportDicomDataResponse"
    }


def _check_bucket(job: Job, source: sources.Source) -> None:
    """Raise Google's message where the agent may not list the bucket for wildcards, or read nothing that is named."""
    from emulator.services.storage import api

    context, store = job.context, job.payload["store"]
    if source.wild and not agent.may(context, store, "storage.objects.list", source.bucket):
        raise agent.lacks_permission("Cloud Storage")
    named = (found.name for found in sources.objects(context, source))
    first = next(named, source.prefix)
    if not any(agent.may(context, store, _GET, source.bucket, name) for name in itertools.chain((first,), named)):
        raise agent.lacks_permission("Cloud Storage")
    api.require_payer(context, source.bucket, agent.principal(context, store))


def _read_batch(job: Job, batch: Sequence["StoredObject"]) -> list[_Read]:
    context, store = job.context, job.payload["store"]
    return [
        _read(context.blobs.path(found.blob_id), found)
        if agent.may(context, store, _GET, found.bucket, found.name)
        else _Read(found, None, agent.lacks_permission("Cloud Storage").message, 7)
        for found in batch
    ]


def _read(path: Path, found: "StoredObject") -> _Read:
    try:
        if found.size == 0:
            return _Read(found, None, "empty DICOM instance found")
        return _Read(found, index.read_file(path))
    except DicomError as problem:
        return _Read(found, None, str(problem))
    except OSError:
        return _Read(found, None, "The object was deleted while the import ran.")


def _store_batch(tx: sqlite3.Connection, job: Job, store: str, read: Sequence[_Read]) -> None:
    """Store a batch, log its failures, and move the checkpoint: all or nothing."""
    alive = [one for one in read if one.instance is None or _still_there(tx, one.found.blob_id)]
    failed = [(one.found, one.code, one.problem) for one in alive if one.instance is None]
    failed += [(one.found, 5, "The object was deleted while the import ran.") for one in read if one not in alive]
    good = [(one, one.instance) for one in alive if one.instance is not None]
    files = [
        ingest.File(instance, one.found.blob_id, Stored(one.found.blob_id, one.found.size, one.found.crc32c))
        for one, instance in good
    ]
    outcomes = ingest.store_in(tx, job.context, store, files, "ImportDicomData", job.payload["storageClass"])
    failed += [
        (one.found, 6, DIFFERENT) for (one, _), outcome in zip(good, outcomes, strict=True) if outcome == "different"
    ]
    for found, code, message in failed:
        uri = f"gs://{found.bucket}/{found.name}"
        entry = agent.log_entry(store, "ImportDicomLogEntry", code, message, source=uri, operation=job.operation.name)
        job.context.logs.write_in(tx, entry)
    job.count("success", len(read) - len(failed))
    job.count("failure", len(failed))
    job.counter["pending"] = max(0, job.counter.get("pending", 0) - len(read))
    job.checkpoint = {"after": read[-1].found.name}
    job.save_in(tx)


def _still_there(tx: sqlite3.Connection, blob: str) -> bool:
    return tx.execute("SELECT 1 FROM blobs WHERE id = ?", (blob,)).fetchone() is not None
