"""Changing the metadata of an instance, or of every instance of a series or study (v1beta1), by a JSON Patch."""

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from emulator.context import Job
from emulator.dicom import patching
from emulator.dicom.errors import DicomError
from emulator.errors import ApiError, aborted, invalid_argument
from emulator.gateway import unpacking
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare import agent, operations
from emulator.services.healthcare.dicom import index, ingest, pixel_work
from emulator.services.healthcare.dicom.find import Row, instances
from emulator.services.healthcare.dicom.names import STUDIES, DicomPath
from emulator.services.healthcare.dicom.web import metadata
from emulator.services.healthcare.dicom.web.replace import replace_in
from emulator.services.healthcare.dicom.web.wado import cannot
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
KIND = "healthcare.dicom.updateMetadata"
_UPDATE = "healthcare.dicomStores.dicomWebUpdate"
_MAX_PATCH = 1 << 20
_CHANGED = "The instance was changed or deleted meanwhile; retrieve its metadata and try again."


async def _patch_of(request: Request) -> list[Json]:
    """Read the JSON Patch of a body; 400 if it is none."""
    try:
        found = orjson.loads(await unpacking.read(request, _MAX_PATCH))
        patching.check(found)
    except orjson.JSONDecodeError:
        raise invalid_argument("The body is not JSON; it must be a JSON Patch document (RFC 6902).") from None
    except DicomError as problem:
        raise invalid_argument(str(problem)) from None
    checked: list[Json] = found
    return checked


def _rows(request: Request) -> list[Row]:
    return instances(request.context, request.path["parent"], DicomPath.parse(request.path["dicomWebPath"]))


@SERVICE.handles(f"{STUDIES}.series.instances.updateMetadata", permission=_UPDATE)
async def patch_instance(request: Request) -> Answer:
    """Change one instance; the answer is its new metadata."""
    patch = await _patch_of(request)
    store = request.path["parent"]
    row = _rows(request)[0]
    changed = await _patched(request.context, row, patch)
    await request.context.db.write(_replace, request.context, store, row, changed)
    return await metadata.retrieve_metadata(request)


@SERVICE.handles(f"{STUDIES}.updateMetadata", permission=_UPDATE)
async def patch_study(request: Request) -> Answer:
    """Change every instance of a study, in a long-running operation."""
    return await _start(request, "UpdateStudyMetadata")


@SERVICE.handles(f"{STUDIES}.series.updateMetadata", permission=_UPDATE)
async def patch_series(request: Request) -> Answer:
    """Change every instance of a series, in a long-running operation."""
    return await _start(request, "UpdateSeriesMetadata")


async def _start(request: Request, method: str) -> Answer:
    payload = {"patch": await _patch_of(request), "path": request.path["dicomWebPath"], "method": method}
    _rows(request)
    store = request.path["parent"]
    return operations.started(
        await operations.start(request, KIND, store, f"dicomweb.DicomWebService.{method}", payload)
    )


@SERVICE.job(KIND)
async def run(job: Job) -> Json:
    """Change one instance after another; the checkpoint is the last one's UIDs, in whose order they are taken."""
    store, payload = job.payload["store"], job.payload
    rows = sorted(instances(job.context, store, DicomPath.parse(payload["path"])), key=lambda row: row.path)
    rows = [row for row in rows if row.path > job.checkpoint.get("after", "")]
    job.counter["pending"] = len(rows)
    for row in rows:
        job.check_cancelled()
        try:
            changed, problem = await _patched(job.context, row, payload["patch"]), ""
        except ApiError as error:
            changed, problem = None, error.message
        counter, checkpoint = dict(job.counter), dict(job.checkpoint)
        try:
            await job.context.db.write(_step, job, row, changed, problem)
        except BaseException:
            job.counter, job.checkpoint = counter, checkpoint
            raise
    job.counter.pop("pending", None)
    kind = f"dicomweb.{payload['method']}Response"
    return {"@type": f"type.googleapis.com/google.cloud.healthcare.{payload['version']}.{kind}"}


def _step(tx: sqlite3.Connection, job: Job, row: Row, changed: ingest.File | None, problem: str) -> None:
    """Replace one instance, or log why not, and move the checkpoint."""
    store = job.payload["store"]
    if changed is not None:
        _replace(tx, job.context, store, row, changed)
    else:
        source = f"{store}/dicomWeb/{row.path}"
        entry = agent.log_entry(
            store, "UpdateMetadataLogEntry", 3, problem, source=source, operation=job.operation.name
        )
        job.context.logs.write_in(tx, entry)
    job.count("failure" if changed is None else "success")
    job.counter["pending"] -= 1
    job.checkpoint = {"after": row.path}
    job.save_in(tx)


async def _patched(context: "Context", row: Row, patch: list[Json]) -> ingest.File:
    """Write the changed file; 400 where the patch does not fit the instance, 409 where that was deleted meanwhile."""
    try:
        with cannot():
            async with context.blobs.readable(row.blob) as (path,):
                pieces = await pixel_work.run(context, patching.patched, str(path), patch)
        async with context.blobs.writer(md5=False) as writer:
            for piece in pieces:
                if isinstance(piece, bytes):
                    await writer.write(piece)
                    continue
                async for chunk in context.blobs.stream(row.blob, *piece):
                    await writer.write(chunk)
            blob = await writer.finish()
    except FileNotFoundError:
        raise aborted(_CHANGED) from None
    try:
        with cannot():
            async with context.blobs.readable(blob.id) as (new,):
                return ingest.of_blob(await asyncio.to_thread(index.read_file, new), blob)
    except BaseException:
        context.blobs.discard(blob.id)
        raise


def _replace(tx: sqlite3.Connection, context: "Context", store: str, row: Row, changed: ingest.File) -> None:
    """Put the changed file in the place of the one that it was made from; 409 if that has changed meanwhile."""
    try:
        there = tx.execute("SELECT blob FROM dicom_instances WHERE id = ?", (row.id,)).fetchone()
        if there is None or there[0] != row.blob:
            raise aborted(_CHANGED)
        replace_in(tx, context, store, [changed])
    except BaseException:
        context.blobs.discard(changed.stored.blob)
        raise
