"""What calls of the XML API have in common: their headers read, their bodies received, what answers an upload."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from emulator.errors import ApiError
from emulator.gateway.request import Request, Response
from emulator.services.storage import access, errors, keys
from emulator.services.storage.acls import uploads as acls
from emulator.services.storage.names import check_object_name
from emulator.services.storage.objects.conditions import Conditions
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.objects.uploads import Upload, check_early
from emulator.services.storage.xml import signatures
from emulator.state.blob_files import Blob

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


def speaks_s3(request: Request) -> bool:
    """Whether the caller signed as clients of S3 do, and so looks for S3's names in the answer."""
    by_header = request.headers.get("authorization", "").startswith(signatures.AWS)
    return by_header or any(name.lower() == "x-amz-signature" for name, _ in request.raw_query)


def query_of(request: Request) -> dict[str, str]:
    """The query parameters, the last of each name."""
    return dict(request.raw_query)


def prepare(request: Request) -> Upload:
    """What an upload is to become, from its headers; names, permissions and conditions checked."""
    headers, name = request.headers, request.path["object"]
    check_object_name(name)
    bucket = access.bucket_for(request, "storage.objects.create", object_name=name)
    keys.for_new(request.context, bucket, headers.get("x-goog-encryption-kms-key-name"))
    body: dict[str, Any] = {field: headers[header] for header, field in _HEADERS.items() if header in headers}
    metadata = {key[len("x-goog-meta-") :]: value for key, value in headers.items() if key.startswith("x-goog-meta-")}
    if metadata:
        body["metadata"] = metadata
    body = acls.of_new(request, bucket, body, _predefined(headers.get("x-goog-acl", "")))
    upload = Upload(
        bucket=bucket.name,
        name=name,
        body=body,
        content_type=headers.get("content-type"),
        kms_key=headers.get("x-goog-encryption-kms-key-name"),
        conditions=conditions_of(request),
        may_replace=access.allows(request, bucket, "storage.objects.delete", name),
    )
    check_early(request, bucket, upload)
    return upload


def _predefined(name: str) -> str:
    """The JSON API's name of a predefined list: public-read is publicRead."""
    first, *rest = name.split("-")
    return first + "".join(word.title() for word in rest)


async def receive(request: Request) -> Blob:
    """The body as a blob that nothing refers to yet."""
    claimed = signatures.payload_hash(request.headers)
    if claimed.startswith("STREAMING-"):
        raise errors.not_emulated(
            f"Bodies in signed chunks ({claimed[:40]}; of boto3, set request_checksum_calculation to when_required)"
        )
    digest = hashlib.sha256() if re.fullmatch("[0-9a-f]{64}", claimed) else None
    async with request.context.blobs.writer() as writer:
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


def generation_of(query: dict[str, str]) -> int | None:
    """The generation that the query names; None for the live one. Raises a 400 for what is no number."""
    text = query.get("generation")
    if text is None:
        return None
    if not text.isdigit():
        raise errors.invalid(f"Invalid generation '{text[:40]}'.")
    return int(text)


def conditions_of(request: Request) -> Conditions:
    """The preconditions that the headers name."""
    return Conditions.of({field: request.headers.get(header) for header, field in _CONDITIONS.items()})
