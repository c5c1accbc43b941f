"""storage.objects.insert: media and multipart uploads; resumable ones begin here and go on in sessions.py.

https://cloud.google.com/storage/docs/uploads-downloads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.errors import ApiError
from emulator.gateway import validation
from emulator.gateway.multipart import RelatedBody
from emulator.gateway.request import Answer, Request
from emulator.services.storage import access, errors, keys
from emulator.services.storage.acls import uploads as acls
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.names import check_object_name
from emulator.services.storage.objects import rows
from emulator.services.storage.objects.changes import Change, Draft
from emulator.services.storage.objects.conditions import Conditions
from emulator.services.storage.objects.methods import view
from emulator.services.storage.objects.rows import StoredObject
from emulator.state.blob_files import Blob

METADATA_LIMIT = 1 << 20


@dataclass(frozen=True)
class Upload:
    """What an upload is to become: everything that is known before its bytes.

    body is the Object resource that the caller sent; may_replace says that he may delete what is there.
    """

    bucket: str
    name: str
    body: dict[str, Any]
    content_type: str | None
    kms_key: str | None
    conditions: Conditions
    may_replace: bool

    def to_json(self) -> dict[str, Any]:
        """What a session keeps."""
        return {**vars(self), "conditions": self.conditions.to_json()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Upload:
        """The reverse of to_json."""
        return cls(**{**value, "conditions": Conditions(**value["conditions"])})


def prepare(request: Request, body: dict[str, Any], content_type: str | None) -> Upload:
    """Check names, permissions and parameters of an upload. Raises 400, 401, 403, 404."""
    query = request.query
    name = query.get("name") or body.get("name") or ""
    check_object_name(name)
    bucket = access.bucket_for(request, "storage.objects.create", object_name=name)
    if body.get("bucket") not in (None, bucket.name):
        raise errors.invalid(f"The bucket '{body['bucket']}' in the metadata is not the bucket of the URL.")
    refuse_own_key(request.headers)
    keys.for_new(request.context, bucket, query.get("kmsKeyName") or body.get("kmsKeyName"))
    body = acls.of_new(request, bucket, body, query.get("predefinedAcl"))
    if query.get("contentEncoding"):
        body = {**body, "contentEncoding": query["contentEncoding"]}
    if body.get("retention"):
        access.require(request, bucket, "storage.objects.setRetention", name)
    upload = Upload(
        bucket=bucket.name,
        name=name,
        body=body,
        content_type=body.get("contentType") or content_type,
        kms_key=query.get("kmsKeyName"),
        conditions=Conditions.of(query),
        may_replace=access.allows(request, bucket, "storage.objects.delete", name),
    )
    check_early(request, bucket, upload)
    return upload


def check_early(request: Request, bucket: Bucket, upload: Upload) -> None:
    """Refuse before the bytes come what would be refused after them."""
    current = rows.live(request.context.db, bucket.name, upload.name)
    upload.conditions.check(current)
    if current is not None and not upload.may_replace:
        raise access.denied(request.principal, "storage.objects.delete", "object")


def refuse_own_key(headers: Mapping[str, str]) -> None:
    """Customer-supplied encryption keys are not emulated: 501 rather than bytes that are not encrypted."""
    if "x-goog-encryption-algorithm" in headers:
        raise errors.not_emulated("Customer-supplied encryption keys")


def resource(request: Request, raw: bytes) -> dict[str, Any]:
    """The Object resource that an upload brings. Raises 400 where it is no JSON or has wrong types."""
    if not raw.strip():
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise errors.parse_error(str(error)) from error
    document = request.method.document
    if "Object" not in document.schemas:
        return dict(value)
    return validation.conform(document, "Object", value, lenient=True)


def expected_hashes(body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """The checksums that the caller expects: of the metadata, X-Goog-Hash and Content-MD5."""
    expected: dict[str, str] = {}
    for part in headers.get("x-goog-hash", "").split(","):
        kind, _, value = part.strip().partition("=")
        if kind in ("md5", "crc32c"):
            expected[kind] = value
    if "content-md5" in headers:
        expected["md5"] = headers["content-md5"]
    for key, kind in (("md5Hash", "md5"), ("crc32c", "crc32c")):
        if body.get(key):
            expected[kind] = body[key]
    return expected


def check_hashes(expected: Mapping[str, str], blob: Blob) -> None:
    """Raise 400 where the bytes that arrived are not those that were meant."""
    for kind, title, calculated in (("md5", "MD5 hash", blob.md5), ("crc32c", "CRC32C", blob.crc32c)):
        if expected.get(kind, calculated) != calculated:
            raise errors.hash_mismatch(title, expected[kind], calculated)


def finalize(tx: sqlite3.Connection, context: Any, upload: Upload, blob: Blob) -> tuple[Bucket, StoredObject]:
    """Make the object of an upload, inside a write; conditions are checked again."""
    change = Change(context, tx, upload.bucket)
    draft = Draft(upload.name, blob, upload.body, upload.content_type, kms_key=upload.kms_key)
    stored = change.store(draft, upload.conditions, may_replace=upload.may_replace)
    return change.bucket, stored


async def media(request: Request) -> Answer:
    """Take the body as the object's bytes; the query and the Content-Type say the rest."""
    upload = prepare(request, {}, request.headers.get("content-type"))
    return await _receive(request, upload, request.stream())


async def multipart(request: Request) -> Answer:
    """Take a multipart/related body: the Object resource in JSON, then the bytes."""
    related = RelatedBody(request.headers.get("content-type", ""), request.stream(), METADATA_LIMIT)
    body = resource(request, await related.open())
    upload = prepare(request, body, related.media_type)
    return await _receive(request, upload, related.media())


async def _receive(request: Request, upload: Upload, chunks: AsyncIterator[bytes]) -> Answer:
    context = request.context
    async with context.blobs.writer() as writer:
        async for chunk in chunks:
            await writer.write(chunk)
        blob = await writer.finish()
    try:
        check_hashes(expected_hashes(upload.body, request.headers), blob)
        bucket, stored = await context.db.write(finalize, context, upload, blob)
    except (ApiError, sqlite3.Error):  # rolled back: nothing refers to the file
        context.blobs.discard(blob.id)
        raise
    return view(request, bucket, stored)
