"""The bytes of an object: whole, a range (RFC 9110 14), or gunzipped on the way (decompressive transcoding).

Rules: https://cloud.google.com/storage/docs/json_api/v1/objects/get and https://cloud.google.com/storage/docs/transcoding.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime

from emulator.gateway.ranges import parse_range
from emulator.gateway.request import Request, Response
from emulator.services.storage import keys
from emulator.services.storage.names import object_etag
from emulator.services.storage.objects.rows import StoredObject

SMALL = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


async def answer(request: Request, stored: StoredObject) -> Response:
    """The answer with the bytes. Small objects are read at once, large ones stream at constant memory."""
    keys.require_open(request.context, stored)
    settings = {key: _latin(value) for key, value in stored.settings.items() if isinstance(value, str)}
    encoding = settings.get("contentEncoding", "")
    headers = _headers(stored)
    if settings.get("contentDisposition"):
        headers["content-disposition"] = settings["contentDisposition"]
    if settings.get("contentLanguage"):
        headers["content-language"] = settings["contentLanguage"]
    cache = settings.get("cacheControl", "")
    headers["cache-control"] = cache or "private, max-age=0, must-revalidate"
    headers["x-goog-stored-content-encoding"] = encoding or "identity"
    headers["x-goog-stored-content-length"] = str(stored.size)
    accepts = request.headers.get("accept-encoding", "")
    if encoding == "gzip" and "gzip" not in accepts and "no-transform" not in cache:
        blobs = request.context.blobs
        if await blobs.read(stored.blob_id, 0, 2) == GZIP_MAGIC:
            headers["warning"] = "214 UploadServer gunzipped"
            return Response(200, headers, _gunzipped(blobs.stream(stored.blob_id)))
    if encoding:
        headers["content-encoding"] = encoding
    headers["accept-ranges"] = "bytes"
    span = parse_range(request.headers.get("range", ""), stored.size)
    if span is None:
        return await _body(request, stored, 200, headers, 0, stored.size)
    start, stop = span
    if start >= stop:
        headers = {"content-range": f"bytes */{stored.size}", "content-type": "text/html; charset=UTF-8"}
        return Response(416, headers, b"Request range not satisfiable")
    headers["content-range"] = f"bytes {start}-{stop - 1}/{stored.size}"
    return await _body(request, stored, 206, headers, start, stop)


async def _body(
    request: Request, stored: StoredObject, status: int, headers: dict[str, str], start: int, stop: int
) -> Response:
    blobs = request.context.blobs
    headers["content-length"] = str(stop - start)
    return Response(status, headers, blobs.spans(stored.blob_id, start, stop))


def _headers(stored: StoredObject) -> dict[str, str]:
    hashes = f"crc32c={stored.crc32c}" + (f",md5={stored.md5}" if stored.md5 is not None else "")
    modified = datetime.fromtimestamp(stored.updated // 1_000_000, UTC)
    return {
        "content-type": _latin(stored.content_type or "application/octet-stream"),
        "etag": object_etag(stored.generation, stored.metageneration),
        "last-modified": format_datetime(modified, usegmt=True),
        "x-goog-generation": str(stored.generation),
        "x-goog-metageneration": str(stored.metageneration),
        "x-goog-storage-class": stored.storage_class,
        "x-goog-hash": hashes,
    }


def _latin(value: str) -> str:
    """A value whose UTF-8 goes over the wire as it is: the gateway writes headers as Latin-1."""
    return value if value.isascii() else value.encode().decode("latin-1")


async def _gunzipped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflate = zlib.decompressobj(wbits=31)
    async for chunk in chunks:
        rest = chunk
        while rest:
            yield inflate.decompress(rest, SMALL)
            rest = inflate.unconsumed_tail
    yield inflate.flush()
