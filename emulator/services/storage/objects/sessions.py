"""Resumable uploads: begin, chunks, status, cancel. A session and what it acknowledged outlive a restart.

https://cloud.google.com/storage/docs/performing-resumable-uploads. The session's address is its credential, as on
Google Cloud: chunks need no token.
"""

from __future__ import annotations

import base64
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import orjson

from emulator.errors import ApiError
from emulator.gateway.request import Answer, Request, Response
from emulator.services.storage import errors, keys
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.objects.methods import view
from emulator.services.storage.objects.partial import PartialFile
from emulator.services.storage.objects.uploads import (
    METADATA_LIMIT,
    Upload,
    check_hashes,
    expected_hashes,
    finalize,
    prepare,
    resource,
)
from emulator.services.storage.service import handles
from emulator.state.data_keys import DataKey
from emulator.state.sealed import KEY

if TYPE_CHECKING:
    from emulator.context import Context

SMALLEST_CHUNK = 262_144
LIFETIME_SECONDS = 7 * 86_400
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+|\*)|\*)/(\d+|\*)", re.ASCII)
_files: WeakKeyDictionary[Any, dict[str, PartialFile]] = WeakKeyDictionary()


@dataclass(frozen=True)
class ContentRange:
    """What a chunk says of itself: first byte, length (None: up to the end), total (None: not known yet)."""

    first: int | None
    length: int | None
    total: int | None

    @classmethod
    def of(cls, request: Request) -> ContentRange:
        """Read Content-Range; without one the request carries everything. Raises 400 for a malformed one."""
        header = request.headers.get("content-range")
        if header is None:
            length = request.headers.get("content-length")
            total = int(length) if length is not None and length.isdigit() else None
            return cls(0, total, total)
        match = _CONTENT_RANGE.fullmatch(header.strip())
        if match is None:
            raise errors.invalid(f"Failed to parse Content-Range header: '{header[:100]}'.")
        total = None if match[3] == "*" else int(match[3])
        if match[1] is None:
            return cls(None, 0, total)
        if match[2] == "*":  # as Node's client has it: from there to the end of the body, which is the object's
            return cls(int(match[1]), None, total)
        first, last = int(match[1]), int(match[2])
        if last < first or (total is not None and last >= total):
            raise errors.invalid(f"The Content-Range header '{header[:100]}' contradicts itself.")
        return cls(first, last - first + 1, total)


async def begin(request: Request) -> Answer:
    """Open a session and say where its chunks go."""
    body = resource(request, await request.read(METADATA_LIMIT))
    upload = prepare(request, body, request.headers.get("x-upload-content-type"))
    upload_id = await open_session(request, upload, expected_hashes(body, request.headers))
    location = (
        f"{request.base_url}/upload/storage/v1/b/{upload.bucket}/o?uploadType=resumable"
        f"&name={quote(upload.name, safe='')}&upload_id={upload_id}"
    )
    return Response(200, {"location": location, "x-guploader-uploadid": upload_id, "content-type": "text/plain"})


async def open_session(request: Request, upload: Upload, hashes: dict[str, str]) -> str:
    """Keep what an upload is to become and which checksums its bytes are to have; gives the session's id."""
    context = request.context
    upload_id = context.ids.hex(48)
    length = request.headers.get("x-upload-content-length", "")
    kept: dict[str, Any] = {
        "upload": upload.to_json(),
        "hashes": hashes,
        "total": int(length) if length.isdigit() else None,
    }
    if context.blobs.keys is not None:
        kept["key"] = _new_key(context, upload)
    created = int(context.clock.seconds() * 1_000_000)
    values = (upload_id, upload.bucket, upload.name, created, orjson.dumps(kept).decode())
    sql = "INSERT INTO storage_uploads (id, bucket, name, created, received, request) VALUES (?, ?, ?, ?, 0, ?)"
    await context.db.write(lambda tx: tx.execute(sql, values).rowcount)
    return upload_id


def _new_key(context: Context, upload: Upload) -> list[str]:
    """A data key for the bytes of an upload: the version that protects what it is to become, and the key under that."""
    bucket = buckets.require(context.db, upload.bucket)
    version = keys.for_new(context, bucket, upload.kms_key or upload.body.get("kmsKeyName")) or ""
    assert context.blobs.keys is not None
    wrapped = context.blobs.keys.wrap(version, secrets.token_bytes(KEY))
    return [version, base64.b64encode(wrapped).decode()]


def _key(context: Context, kept: dict[str, Any]) -> DataKey | None:
    """The data key of an upload; None where its bytes are not encrypted. Raises 400 where its version is closed."""
    if "key" not in kept or context.blobs.keys is None:
        return None
    version, wrapped = kept["key"]
    return DataKey(context.blobs.keys.unwrap(version, base64.b64decode(wrapped)))


@handles("storage.media.resume")
async def resume(request: Request) -> Answer:
    """Take a chunk, or say how much there is."""
    context = request.context
    row = _require(request)
    file = _file(context, row)
    async with file.lock:
        row = _require(request)
        if row["answer"] is not None:
            async for _ in request.stream():
                continue
            return Response.json(orjson.loads(row["answer"]))
        span = ContentRange.of(request)
        kept = orjson.loads(row["request"])
        total = span.total if span.total is not None else None
        if total is not None and kept["total"] not in (None, total):
            raise errors.invalid(
                f"The upload was announced with {kept['total']} bytes, the Content-Range says {total}."
            )
        if span.first is not None:
            await _take(request, file, span)
        if span.length is None or (total is not None and file.received == total):
            return await _finish(request, row["id"], file, kept)
        return _incomplete(request, file.received)


@handles("storage.media.cancel")
async def cancel(request: Request) -> Answer:
    """Forget a session and its bytes. Answers 499, as Google does."""
    row = _require(request)
    file = _file(request.context, row)
    async with file.lock:
        await request.context.db.write(forget, request.context, row["id"])
    _files.get(request.context, {}).pop(row["id"], None)
    return Response(499)


def forget(tx: sqlite3.Connection, context: Context, upload_id: str) -> None:
    """Delete a session inside a write; its file goes with the commit."""
    tx.execute("DELETE FROM storage_uploads WHERE id = ?", (upload_id,))
    path = folder(context) / upload_id
    context.db.after_commit(lambda: path.unlink(missing_ok=True))


def folder(context: Context) -> Path:
    """Where the files of uploads under way are."""
    path = context.settings.state / "uploads"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _require(request: Request) -> sqlite3.Row:
    upload_id = dict(request.raw_query).get("upload_id", "")
    row = request.context.db.one("SELECT * FROM storage_uploads WHERE id = ?", (upload_id,))
    if row is None or row["bucket"] != request.path["bucket"]:
        raise errors.no_such_upload()
    return row


def _file(context: Context, row: sqlite3.Row) -> PartialFile:
    files = _files.setdefault(context, {})
    upload_id: str = row["id"]
    if upload_id not in files:
        key = _key(context, orjson.loads(row["request"]))
        files[upload_id] = PartialFile(context.blobs, folder(context) / upload_id, row["received"], key)
    return files[upload_id]


async def _take(request: Request, file: PartialFile, span: ContentRange) -> None:
    """Append a chunk, without what of it is there already; keep what arrived even if the client goes away."""
    assert span.first is not None
    if span.first > file.received:
        raise errors.invalid(
            f"Invalid request. According to the Content-Range header, the upload offset is {span.first} byte(s), "
            f"which exceeds already uploaded size of {file.received} byte(s)."
        )
    final = span.length is None or span.first + span.length == span.total
    if not final and span.length is not None and span.length < SMALLEST_CHUNK:
        raise errors.invalid(
            "Invalid request. The number of bytes uploaded is required to be equal or greater than 262144, except for "
            "the final request (it's recommended to be the exact multiple of 262144). The received request contained "
            f"{span.length} bytes, which does not meet this requirement."
        )
    before, skip = file.received, file.received - span.first
    try:
        async for chunk in _beyond(request.stream(), skip, span.length):
            await file.write(chunk)
    finally:
        received = await file.sync()
        if received != before:
            sql = "UPDATE storage_uploads SET received = ? WHERE id = ?"
            values = (received, dict(request.raw_query)["upload_id"])
            await request.context.db.write(lambda tx: tx.execute(sql, values).rowcount)


async def _beyond(chunks: AsyncIterator[bytes], skip: int, length: int | None) -> AsyncIterator[bytes]:
    """The bytes after the first `skip`, at most those that were announced."""
    arrived = 0
    async for chunk in chunks:
        stop = len(chunk) if length is None else min(len(chunk), length - arrived)
        start = max(0, skip - arrived)
        arrived += len(chunk)
        if start < stop:
            yield chunk[start:stop] if start or stop < len(chunk) else chunk


async def _finish(request: Request, upload_id: str, file: PartialFile, kept: dict[str, Any]) -> Answer:
    context = request.context
    upload = Upload.from_json(kept["upload"])
    blob = await file.link()

    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        bucket, stored = finalize(tx, context, upload, blob)
        answer = view(request, bucket, stored)
        done = orjson.dumps({name: value for name, value in kept.items() if name != "key"}).decode()
        sql = "UPDATE storage_uploads SET answer = ?, received = ?, request = ? WHERE id = ?"
        tx.execute(sql, (orjson.dumps(answer).decode(), blob.size, done, upload_id))
        context.db.after_commit(lambda: file.path.unlink(missing_ok=True))
        return answer

    try:
        for expected in (kept["hashes"], expected_hashes({}, request.headers)):  # said at the start, and with the end
            check_hashes(expected, blob)
        answer = await context.db.write(step)
    except (ApiError, sqlite3.Error) as error:
        context.blobs.discard(blob.id)
        if isinstance(error, ApiError) and error.code == 400 and error.reason != errors.KEY_DISABLED:
            await context.db.write(forget, context, upload_id)
            _files.get(context, {}).pop(upload_id, None)
        raise
    _files.get(context, {}).pop(upload_id, None)
    return Response.json(answer)


def _incomplete(request: Request, received: int) -> Response:
    """308, or what stands for it where the client says that it cannot see one."""
    headers = {"range": f"bytes=0-{received - 1}"} if received else {}
    headers["x-guploader-uploadid"] = dict(request.raw_query)["upload_id"]
    if request.headers.get("x-guploader-no-308") == "yes":
        return Response(200, {**headers, "x-http-status-code-override": "308"})
    return Response(308, headers)
