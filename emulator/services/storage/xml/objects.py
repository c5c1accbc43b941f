"""GET, PUT and DELETE of /BUCKET/OBJECT, with a token or a signed URL (https://cloud.google.com/storage/docs/xml-api)."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emulator.gateway.errors import ApiError
from emulator.gateway.request import Request, Response
from emulator.services.storage import access, errors
from emulator.services.storage.buckets import rows as buckets
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.names import check_object_name
from emulator.services.storage.objects import downloads, rows, sessions
from emulator.services.storage.objects.changes import Change
from emulator.services.storage.objects.conditions import Conditions
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.objects.uploads import Upload, check_early, check_hashes, expected_hashes, finalize
from emulator.services.storage.service import SERVICE, handles
from emulator.services.storage.xml import signatures
from emulator.state.blobs import Blob

if TYPE_CHECKING:
    from emulator.app import Emulator

_HEADERS = {
    "cache-control": "cacheControl",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "content-language": "contentLanguage",
    "x-goog-custom-time": "customTime",
    "x-goog-storage-class": "storageClass",
}
_CONDITIONS = {
    "x-goog-if-generation-match": "ifGenerationMatch",
    "x-goog-if-metageneration-match": "ifMetagenerationMatch",
}


def alias(emulator: Emulator, raw_path: str) -> str | None:
    """/BUCKET/OBJECT or /BUCKET under the path that the fragment of a discovery document has; None for no such bucket.

    Clients of Node take STORAGE_EMULATOR_HOST for the whole base of the JSON API: /b/... is /storage/v1/b/... then.
    """
    if raw_path == "/b" or raw_path.startswith("/b/"):
        return f"storage/v1{raw_path}"
    bucket, _, name = raw_path.lstrip("/").partition("/")
    if not bucket or buckets.find(emulator.db, bucket) is None:
        return None
    return f"_xml/{bucket}/{quote(name, safe='%~-._')}" if name else f"_xml/{bucket}"


SERVICE.alias = alias


def authenticate(request: Request) -> str:
    """Who signed a call of the XML API, "" where nobody did. Headers of S3 then count as Google's of the same name."""
    if not request.method.id.startswith("storage.xml."):
        return ""
    principal = signatures.signer(request)
    request.headers = {re.sub("^x-amz-", "x-goog-", name): value for name, value in request.headers.items()}
    return principal


SERVICE.authenticate = authenticate


def speaks_s3(request: Request) -> bool:
    """Whether the caller signed as clients of S3 do, and so looks for S3's names in the answer."""
    by_header = request.headers.get("authorization", "").startswith(signatures.AWS)
    return by_header or any(name.lower() == "x-amz-signature" for name, _ in request.raw_query)


def query_of(request: Request) -> dict[str, str]:
    """The query parameters, the last of each name."""
    return dict(request.raw_query)


@handles("storage.xml.getObject")
async def get_object(request: Request) -> Response:
    """The bytes of an object, or the parts of a multipart upload."""
    query = query_of(request)
    if "uploadId" in query:
        from emulator.services.storage.xml import multipart

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
        from emulator.services.storage.xml import multipart

        return await multipart.put_part(request)
    if "upload_id" in query_of(request):
        from emulator.services.storage.xml import resumable

        return await resumable.go_on(request)
    if "x-goog-copy-source" in request.headers:
        raise errors.not_emulated("Copies through the XML API (x-goog-copy-source)")
    upload = prepare(request)
    blob = await receive(request)
    check_hashes(expected_hashes({}, request.headers), blob)
    _, stored = await request.emulator.db.write(finalize, request.emulator, upload, blob)
    return stored_answer(stored)


@handles("storage.xml.postObject")
async def post_object(request: Request) -> Response:
    """Begin or complete a multipart upload, or begin a resumable one."""
    from emulator.services.storage.xml import multipart, resumable

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
    emulator, query = request.emulator, query_of(request)
    if "uploadId" in query:
        from emulator.services.storage.xml import multipart

        return await multipart.abort(request)
    if "upload_id" in query:
        cancelled = await sessions.cancel(request)
        assert isinstance(cancelled, Response)
        return cancelled
    name = request.path["object"]
    bucket = access.bucket_for(request, "storage.objects.delete", object_name=name)
    generation, conditions = _generation(query), _conditions(request)

    def step(tx: sqlite3.Connection) -> None:
        Change(emulator, tx, bucket.name).delete(name, generation, conditions)

    await emulator.db.write(step)
    return Response(204)


def prepare(request: Request) -> Upload:
    """What an upload is to become, from its headers; names, permissions and conditions checked."""
    headers, name = request.headers, request.path["object"]
    check_object_name(name)
    bucket = access.bucket_for(request, "storage.objects.create", object_name=name)
    access.require_key(request.emulator, bucket.project, request.headers.get("x-goog-encryption-kms-key-name"))
    body: dict[str, Any] = {field: headers[header] for header, field in _HEADERS.items() if header in headers}
    metadata = {key[len("x-goog-meta-") :]: value for key, value in headers.items() if key.startswith("x-goog-meta-")}
    if metadata:
        body["metadata"] = metadata
    upload = Upload(
        bucket=bucket.name,
        name=name,
        body=body,
        content_type=headers.get("content-type"),
        kms_key=headers.get("x-goog-encryption-kms-key-name"),
        conditions=_conditions(request),
        may_replace=access.allows(request, bucket, "storage.objects.delete", name),
    )
    check_early(request, bucket, upload)
    return upload


async def receive(request: Request) -> Blob:
    """The body as a blob that nothing refers to yet."""
    claimed = signatures.payload_hash(request.headers)
    if claimed.startswith("STREAMING-"):
        raise errors.not_emulated(
            f"Bodies in signed chunks ({claimed[:40]}; of boto3, set request_checksum_calculation to when_required)"
        )
    digest = hashlib.sha256() if re.fullmatch("[0-9a-f]{64}", claimed) else None
    async with request.emulator.blobs.writer() as writer:
        async for chunk in request.stream():
            await writer.write(chunk)
            if digest is not None:
                digest.update(chunk)
        if digest is not None and digest.hexdigest() != claimed:
            message = "The SHA-256 of the body is not the one that the request was signed with."
            raise ApiError(400, "INVALID_ARGUMENT", message, "XAmzContentSHA256Mismatch")
        return await writer.finish()


def stored_answer(stored: StoredObject) -> Response:
    """The answer to an upload: no body, the version in the headers."""
    hashes = f"crc32c={stored.crc32c}" + (f",md5={stored.md5}" if stored.md5 else "")
    headers = {
        "etag": etag(stored.md5),
        "x-goog-generation": str(stored.generation),
        "x-goog-metageneration": str(stored.metageneration),
        "x-goog-hash": hashes,
        "x-goog-stored-content-length": str(stored.size),
        "content-type": "text/html; charset=UTF-8",
    }
    return Response(200, headers)


def etag(md5: str | None) -> str:
    """The XML API's etag: the MD5 in hexadecimal, quoted."""
    return f'"{base64.b64decode(md5 or "").hex()}"'


def _find(request: Request) -> tuple[Bucket, StoredObject]:
    name = request.path["object"]
    bucket = access.bucket_for(request, "storage.objects.get", object_name=name)
    stored = rows.find(request.emulator.db, bucket.name, name, _generation(query_of(request)))
    if stored is None:
        raise errors.no_such_object(bucket.name, name)
    _conditions(request).check(stored, reading=True)
    return bucket, stored


def _generation(query: dict[str, str]) -> int | None:
    text = query.get("generation")
    if text is None:
        return None
    if not text.isdigit():
        raise errors.invalid(f"Invalid generation '{text[:40]}'.")
    return int(text)


def _conditions(request: Request) -> Conditions:
    return Conditions.of({field: request.headers.get(header) for header, field in _CONDITIONS.items()})
