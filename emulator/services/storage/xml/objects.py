"""GET, PUT and DELETE of /BUCKET/OBJECT, with a token or a signed URL (https://cloud.google.com/storage/docs/xml-api)."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from emulator.gateway.request import Request, Response
from emulator.services.storage import access, errors
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects import downloads, rows, sessions
from emulator.services.storage.objects.changes import Change
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.objects.uploads import check_hashes, expected_hashes, finalize
from emulator.services.storage.service import SERVICE, handles
from emulator.services.storage.xml import multipart, resumable, signatures, signatures_v2
from emulator.services.storage.xml.requests import (
    conditions_of,
    generation_of,
    prepare,
    query_of,
    receive,
    speaks_s3,
    stored_answer,
)

if TYPE_CHECKING:
    from emulator.context import Context


def alias(context: Context, http: str, raw_path: str) -> tuple[str, str] | None:
    """/BUCKET/OBJECT or /BUCKET under the path that the fragment of a discovery document has; None for no such bucket.

    Clients of Node take STORAGE_EMULATOR_HOST for the whole base of the JSON API: /b/... is /storage/v1/b/... then.
    """
    if raw_path == "/b" or raw_path.startswith("/b/"):
        return http, f"storage/v1{raw_path}"
    bucket, _, name = raw_path.lstrip("/").partition("/")
    if not bucket or buckets.find(context.db, bucket) is None:
        return None
    return http, f"_xml/{bucket}/{quote(name, safe='%~-._')}" if name else f"_xml/{bucket}"


SERVICE.alias = alias


def authenticate(request: Request) -> str:
    """Who signed a call of the XML API, "" where nobody did. Headers of S3 then count as Google's of the same name."""
    if not request.method.id.startswith("storage.xml."):
        return ""
    principal = signatures.signer(request) or signatures_v2.signer(request)
    request.headers = {re.sub("^x-amz-", "x-goog-", name): value for name, value in request.headers.items()}
    return principal


SERVICE.authenticate = authenticate


@handles("storage.xml.getObject")
async def get_object(request: Request) -> Response:
    """The bytes of an object, or the parts of a multipart upload."""
    query = query_of(request)
    if "uploadId" in query:
        return multipart.list_parts(request)
    _, stored = _find(request)
    answer = await downloads.answer(request, stored)
    prefix = "x-amz" if speaks_s3(request) else "x-goog"
    for name, value in stored.settings.get("metadata", {}).items():
        answer.headers[f"{prefix}-meta-{name.lower()}"] = quote(value, safe=" !#$%&'()*+,-./:;<=>?@[]^_`{|}~\"")
    for header in ("content-type", "content-disposition", "cache-control", "content-language"):
        if f"response-{header}" in query:
            answer.headers[header] = query[f"response-{header}"]
    return answer


@handles("storage.xml.putObject")
async def put_object(request: Request) -> Response:
    """Upload an object, one part of a multipart upload, or the next bytes of a resumable one."""
    if "uploadId" in query_of(request):
        return await multipart.put_part(request)
    if "upload_id" in query_of(request):
        return await resumable.go_on(request)
    if "x-goog-copy-source" in request.headers:
        raise errors.not_emulated("Copies through the XML API (x-goog-copy-source)")
    upload = prepare(request)
    blob = await receive(request)
    check_hashes(expected_hashes({}, request.headers), blob)
    _, stored = await request.context.db.write(finalize, request.context, upload, blob)
    return stored_answer(stored)


@handles("storage.xml.postObject")
async def post_object(request: Request) -> Response:
    """Begin or complete a multipart upload, or begin a resumable one."""
    query = query_of(request)
    if request.headers.get("x-goog-resumable", "").lower() == "start":
        return await resumable.begin(request)
    if "upload_id" in query:
        return await resumable.go_on(request)
    if "uploads" in query:
        return await multipart.begin(request)
    if "uploadId" in query:
        return await multipart.complete(request)
    raise errors.invalid(
        "A POST to an object begins a multipart (?uploads) or resumable (x-goog-resumable: start) upload."
    )


@handles("storage.xml.deleteObject")
async def delete_object(request: Request) -> Response:
    """Delete an object, or abort a multipart or resumable upload."""
    context, query = request.context, query_of(request)
    if "uploadId" in query:
        return await multipart.abort(request)
    if "upload_id" in query:
        cancelled = await sessions.cancel(request)
        assert isinstance(cancelled, Response)
        return cancelled
    name = request.path["object"]
    bucket = access.bucket_for(request, "storage.objects.delete", object_name=name)
    generation, conditions = generation_of(query), conditions_of(request)

    def step(tx: sqlite3.Connection) -> None:
        Change(context, tx, bucket.name).delete(name, generation, conditions)

    await context.db.write(step)
    return Response(204)


def _find(request: Request) -> tuple[Bucket, StoredObject]:
    name = request.path["object"]
    bucket = access.bucket_for(request, "storage.objects.get", object_name=name)
    stored = rows.find(request.context.db, bucket.name, name, generation_of(query_of(request)))
    if stored is None:
        raise errors.no_such_object(bucket.name, name)
    conditions_of(request).check(stored, reading=True)
    return bucket, stored
