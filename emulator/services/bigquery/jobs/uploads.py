"""Load jobs that bring their file: multipart and resumable uploads to jobs.insert.

https://cloud.google.com/bigquery/docs/reference/api-uploads. The address of a resumable upload holds the id of its
session; what was acknowledged of it survives a restart.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from emulator.gateway import validation
from emulator.gateway.multipart import RelatedBody
from emulator.gateway.request import Answer, Request, Response
from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import run, store, upload_files
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.requests import project_of
from emulator.services.bigquery.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

METADATA_LIMIT = 4 << 20
RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)\Z")


def _folder(context: Context) -> Path:
    folder = warehouse.of(context).files
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def insert(request: Request) -> Answer:
    """The first request of an upload: uploadType multipart or resumable."""
    kind = dict(request.raw_query).get("uploadType", "")
    if kind == "resumable":
        return await _begin(request)
    if kind != "multipart":
        raise errors.invalid(f"Invalid uploadType '{kind}'; use multipart or resumable.")
    body = RelatedBody(request.headers.get("content-type", ""), request.stream(), METADATA_LIMIT)
    job = _job(request, await body.open())
    path = _folder(request.context) / request.context.ids.hex(32)
    await upload_files.write(request.context, path, body.media(), 0)
    return await _submit(request, job, path)


def _job(request: Request, raw: bytes) -> Job:
    try:
        value = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as problem:
        raise errors.invalid(f"Invalid JSON payload received. {problem}") from None
    body = validation.conform(request.method.document, "Job", value, lenient=True)
    job = store.new(request.context, project_of(request), body, request.principal)
    if job.kind != "load":
        raise errors.invalid("Only load jobs take an upload.")
    return job


async def _submit(request: Request, job: Job, path: Path, session: str = "") -> Answer:
    job.payload["upload"] = str(path)

    def forget(tx: sqlite3.Connection) -> None:
        tx.execute("DELETE FROM bigquery_uploads WHERE id = ?", (session,))

    await run.submit(request.context, job, forget)
    return store.view(request.context, job)


async def _begin(request: Request) -> Answer:
    context = request.context
    job = _job(request, await request.read(METADATA_LIMIT))
    session = context.ids.hex(48)
    values = (session, job.project, job.principal, orjson.dumps(job.body), job.created)
    await context.db.write(lambda tx: tx.execute("INSERT INTO bigquery_uploads VALUES(?,?,?,?,?)", values).rowcount)
    (_folder(context) / session).touch()
    location = (
        f"{request.base_url}/upload/bigquery/v2/projects/{job.project}/jobs?uploadType=resumable&upload_id={session}"
    )
    return Response(200, {"location": location, "x-guploader-uploadid": session, "content-type": "text/plain"})


@SERVICE.handles("bigquery.uploads.resume", permission="")
async def resume(request: Request) -> Answer:
    """A chunk of a resumable upload, or the question how much has arrived (308 and Range)."""
    context = request.context
    session = dict(request.raw_query).get("upload_id", "")
    row = context.db.one("SELECT * FROM bigquery_uploads WHERE id = ?", (session,))
    if row is None or row["principal"] != request.principal:
        raise errors.error("notFound", "No such upload session: it has ended, or never began.")
    path = _folder(context) / row["id"]
    first, total = _range(request)
    received = await context.blobs.run(upload_files.size, context, path)
    if first is not None:
        if first > received:
            raise errors.error("backendError", f"Chunk starts at {first}, but only {received} bytes have arrived.")
        received = await upload_files.write(context, path, request.stream(), first)
    if total is None or received < total:
        headers = {"range": f"bytes=0-{received - 1}"} if received else {}
        return Response(308, headers)
    body = orjson.loads(row["job"])
    job = store.new(context, row["project"], body, row["principal"])
    return await _submit(request, job, path, row["id"])


SERVICE.handles("bigquery.uploads.resumeAlternative", permission="")(resume)


def _range(request: Request) -> tuple[int | None, int | None]:
    """The first byte of a chunk (None: a question) and the total (None: not known yet)."""
    header = request.headers.get("content-range")
    if header is None:
        length = request.headers.get("content-length", "")
        return 0, int(length) if length.isdigit() else 0
    match = RANGE.match(header.strip())
    if match is None:
        raise errors.invalid(f"Failed to parse Content-Range header: {header[:100]}.")
    return (None if match[1] is None else int(match[1])), (None if match[3] == "*" else int(match[3]))
