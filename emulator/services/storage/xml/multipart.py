"""XML multipart uploads: parts that arrive in any order and side by side, then one object.

https://cloud.google.com/storage/docs/multipart-uploads. Each part is a blob of its own until the upload is completed.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import orjson

from emulator.errors import ApiError
from emulator.gateway.request import Request, Response
from emulator.services.storage import access, errors, keys
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.objects.changes import Change, Draft
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.objects.uploads import Upload, check_hashes, expected_hashes
from emulator.services.storage.xml.answers import document
from emulator.services.storage.xml.requests import etag, prepare, query_of, receive

if TYPE_CHECKING:
    from emulator.context import Context

MAX_PARTS = 10_000
SMALLEST_PART = 5 << 20
BODY_LIMIT = 4 << 20


async def begin(request: Request) -> Response:
    """Open an upload."""
    context = request.context
    upload = prepare(request)
    upload_id = context.ids.hex(48)
    created = int(context.clock.seconds() * 1_000_000)
    values = (upload_id, upload.bucket, upload.name, created, orjson.dumps(upload.to_json()).decode())
    sql = "INSERT INTO storage_multipart (id, bucket, name, created, request) VALUES (?, ?, ?, ?, ?)"
    await context.db.write(lambda tx: tx.execute(sql, values).rowcount)
    return document("InitiateMultipartUploadResult", Bucket=upload.bucket, Key=upload.name, UploadId=upload_id)


async def put_part(request: Request) -> Response:
    """Store one part; a part of the same number replaces it."""
    context = request.context
    row = _require(request, "storage.multipartUploads.create")
    number = query_of(request).get("partNumber", "")
    if not number.isdigit() or not 1 <= int(number) <= MAX_PARTS:
        raise errors.invalid(f"Invalid partNumber '{number[:20]}': it must be from 1 to {MAX_PARTS}.")
    blob = await receive(request)
    check_hashes(expected_hashes({}, request.headers), blob)
    upload = Upload.from_json(orjson.loads(row["request"]))
    bucket, encrypted = buckets.require(context.db, upload.bucket), context.blobs.keys is not None

    def step(tx: sqlite3.Connection) -> None:
        if tx.execute("SELECT 1 FROM storage_multipart WHERE id = ?", (row["id"],)).fetchone() is None:
            raise errors.no_such_upload()
        key = (row["id"], int(number))
        old = tx.execute("SELECT blob FROM storage_parts WHERE upload = ? AND number = ?", key).fetchone()
        if old is not None:
            context.blobs.drop_ref(tx, old[0])
        context.blobs.add_ref(tx, blob, keys.for_new(context, bucket, upload.kms_key, tx) or "" if encrypted else "")
        values = (*key, blob.id, blob.size, blob.md5, blob.crc32c)
        tx.execute("INSERT OR REPLACE INTO storage_parts VALUES (?, ?, ?, ?, ?, ?)", values)

    await context.db.write(step)
    return Response(200, {"etag": etag(blob.md5), "x-goog-hash": f"crc32c={blob.crc32c},md5={blob.md5}"})


def list_parts(request: Request) -> Response:
    """The parts that have arrived, as XML."""
    row = _require(request, "storage.multipartUploads.listParts")
    parts = _parts(request.context, row["id"])
    answer = document("ListPartsResult", Bucket=row["bucket"], Key=row["name"], UploadId=row["id"])
    inner = "".join(
        f"<Part><PartNumber>{part['number']}</PartNumber><ETag>{etag(part['md5'])}</ETag><Size>{part['size']}</Size></Part>"
        for part in parts.values()
    )
    assert isinstance(answer.body, bytes)
    return Response(
        200, answer.headers, answer.body.replace(b"</ListPartsResult>", f"{inner}</ListPartsResult>".encode())
    )


async def complete(request: Request) -> Response:
    """Join the parts named into the object, in order of their numbers."""
    context = request.context
    row = _require(request, "storage.multipartUploads.create")
    upload = Upload.from_json(orjson.loads(row["request"]))
    chosen = _chosen(await request.read(BODY_LIMIT), _parts(context, row["id"]))
    async with context.blobs.writer() as writer:
        for part in chosen:
            async for chunk in context.blobs.stream(part["blob"]):
                await writer.write(chunk)
        blob = await writer.finish()

    def step(tx: sqlite3.Connection) -> StoredObject:
        change = Change(context, tx, upload.bucket)
        draft = Draft(upload.name, blob, upload.body, upload.content_type, has_md5=False, kms_key=upload.kms_key)
        stored = change.store(draft, upload.conditions, may_replace=upload.may_replace)
        forget(tx, context, row["id"])
        return stored

    stored = await context.db.write(step)
    location = f"{request.base_url}/{upload.bucket}/{upload.name}"
    tag = f'"{stored.generation:x}-{len(chosen)}"'
    answer = document(
        "CompleteMultipartUploadResult", Location=location, Bucket=upload.bucket, Key=upload.name, ETag=tag
    )
    answer.headers.update({"x-goog-generation": str(stored.generation), "x-goog-hash": f"crc32c={stored.crc32c}"})
    return answer


async def abort(request: Request) -> Response:
    """Drop an upload and its parts."""
    row = _require(request, "storage.multipartUploads.abort")
    await request.context.db.write(forget, request.context, row["id"])
    return Response(204)


def forget(tx: sqlite3.Connection, context: Context, upload_id: str) -> None:
    """Delete an upload and its parts inside a write."""
    for (blob,) in tx.execute("SELECT blob FROM storage_parts WHERE upload = ?", (upload_id,)).fetchall():
        context.blobs.drop_ref(tx, blob)
    tx.execute("DELETE FROM storage_parts WHERE upload = ?", (upload_id,))
    tx.execute("DELETE FROM storage_multipart WHERE id = ?", (upload_id,))


def _require(request: Request, permission: str) -> sqlite3.Row:
    name = request.path["object"]
    bucket = access.bucket_for(request, permission, object_name=name)
    sql = "SELECT * FROM storage_multipart WHERE id = ? AND bucket = ? AND name = ?"
    row = request.context.db.one(sql, (query_of(request)["uploadId"], bucket.name, name))
    if row is None:
        raise ApiError(404, "NOT_FOUND", "The requested upload was not found.", "NoSuchUpload")
    return row


def _parts(context: Context, upload_id: str) -> dict[int, dict[str, Any]]:
    rows = context.db.all("SELECT * FROM storage_parts WHERE upload = ? ORDER BY number", (upload_id,))
    return {row["number"]: dict(row) for row in rows}


def _chosen(body: bytes, parts: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts that the caller names, checked against those that arrived."""
    try:
        if b"<!" in body:
            raise errors.invalid("The body must not declare a document type.")
        root = ET.fromstring(body)  # noqa: S314 - no document type, so no entities
    except ET.ParseError as error:
        raise errors.invalid("The body is not XML.") from error
    chosen: list[dict[str, Any]] = []
    for element in root.iter():
        if element.tag.rpartition("}")[2] != "Part":
            continue
        fields = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element}
        number = fields.get("PartNumber", "")
        part = parts.get(int(number)) if number.isdigit() else None
        if part is None or fields.get("ETag", "").strip('"') != etag(part["md5"]).strip('"'):
            raise ApiError(
                400, "INVALID_ARGUMENT", f"Part {number[:10]} was not uploaded or has another ETag.", "InvalidPart"
            )
        if chosen and part["number"] <= chosen[-1]["number"]:
            raise ApiError(400, "INVALID_ARGUMENT", "Parts must be named in ascending order.", "InvalidPartOrder")
        chosen.append(part)
    if not chosen:
        raise errors.invalid("The body names no parts.")
    if any(part["size"] < SMALLEST_PART for part in chosen[:-1]):
        raise ApiError(400, "INVALID_ARGUMENT", "Every part but the last must be at least 5 MiB.", "EntityTooSmall")
    return chosen
