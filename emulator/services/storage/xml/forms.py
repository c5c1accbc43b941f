"""POST of a form to /BUCKET: an upload from a web page, allowed by a signed policy document.

https://cloud.google.com/storage/docs/xml-api/post-object-forms and
https://cloud.google.com/storage/docs/authentication/signatures#policy-document.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from emulator.errors import ApiError
from emulator.gateway.multipart import PartData, PartEnd, PartStart, boundary_of, events
from emulator.gateway.request import Request, Response
from emulator.services.storage import errors
from emulator.services.storage.objects.uploads import check_hashes, expected_hashes, finalize
from emulator.services.storage.service import handles
from emulator.services.storage.xml.answers import document
from emulator.services.storage.xml.requests import etag, prepare, stored_answer
from emulator.services.storage.xml.signatures import Claim
from emulator.state.blob_files import Blob

FIELDS_LIMIT = 20 << 10  # "the form and its fields, without the file"
_PARAMETER = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_AS_HEADERS = ("cache-control", "content-disposition", "content-encoding", "content-language", "content-type")
_UNBOUND = ("policy", "file", "signature", "x-goog-signature", "x-amz-signature")


@handles("storage.xml.postBucket")
async def post_form(request: Request) -> Response:
    """Store the file of a form. Raises 403 where its policy does not allow that, 400 where the form is malformed."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise errors.invalid("A POST to a bucket is a form: Content-Type must be multipart/form-data.")
    form = _Form(events(request.stream(), boundary_of(content_type)))
    fields = await form.fields()
    if "key" not in fields:
        raise ApiError(400, "INVALID_ARGUMENT", "The form has no field 'key', the object's name.", "InvalidArgument")
    name = fields["key"].replace("${filename}", form.filename)
    smallest, largest = _check_policy(request, {**fields, "key": name})
    request.path = {**request.path, "object": name}
    given = {key: value for key, value in fields.items() if key in _AS_HEADERS or key.startswith("x-goog-")}
    acl = {"x-goog-acl": fields["acl"]} if "acl" in fields else {}
    request.headers = {"content-type": form.content_type, **acl, **given}
    upload = prepare(request)
    blob = await _received(request, form, smallest, largest)
    check_hashes(expected_hashes({}, request.headers), blob)
    _, stored = await request.context.db.write(finalize, request.context, upload, blob)
    answer = stored_answer(stored)
    location = f"{request.base_url}/{upload.bucket}/{upload.name}"
    redirect = fields.get("success_action_redirect", "")
    if redirect.startswith(("http://", "https://")):
        return Response(303, {**answer.headers, "location": redirect})
    if fields.get("success_action_status") == "201":
        written = document("PostResponse", Location=location, Bucket=upload.bucket, Key=name, ETag=etag(stored.md5))
        return Response(201, {**answer.headers, **written.headers}, written.body)
    return Response(200 if fields.get("success_action_status") == "200" else 204, answer.headers)


class _Form:
    """The fields before the file, then the bytes of the file; what follows it is not heeded, as documented."""

    def __init__(self, parts: AsyncIterator[PartStart | PartData | PartEnd]) -> None:
        self._parts = parts
        self.filename = ""
        self.content_type = "application/octet-stream"

    async def fields(self) -> dict[str, str]:
        """Name (in small letters) and value of each. Raises 400 without a file, or for more than 20 KiB."""
        found: dict[str, bytearray] = {}
        name, size = "", 0
        async for part in self._parts:
            if isinstance(part, PartStart):
                given = dict(_PARAMETER.findall(part.headers.get("content-disposition", "")))
                name = given.get("name", "").lower()
                if name == "file":
                    self.filename = given.get("filename", "").encode("latin-1").decode("utf-8", "replace")
                    self.content_type = part.headers.get("content-type", self.content_type)
                    return {key: bytes(value).decode("utf-8", "replace") for key, value in found.items()}
                found[name] = bytearray()
            elif isinstance(part, PartData):
                size += len(part.data)
                if size > FIELDS_LIMIT:
                    raise errors.invalid(f"The fields of a form are limited to {FIELDS_LIMIT} bytes.")
                found[name] += part.data
        raise ApiError(400, "INVALID_ARGUMENT", "The form has no field 'file'.", "InvalidArgument")

    async def file(self) -> AsyncIterator[bytes]:
        """The bytes of the file."""
        complete = False
        async for part in self._parts:
            complete = complete or isinstance(part, PartEnd)
            if isinstance(part, PartData) and not complete:
                yield part.data


async def _received(request: Request, form: _Form, smallest: int, largest: int | None) -> Blob:
    size = 0
    async with request.context.blobs.writer() as writer:
        async for chunk in form.file():
            size += len(chunk)
            if largest is not None and size > largest:
                raise ApiError(400, "INVALID_ARGUMENT", "The file is larger than the policy allows.", "EntityTooLarge")
            await writer.write(chunk)
        if size < smallest:
            raise ApiError(400, "INVALID_ARGUMENT", "The file is smaller than the policy allows.", "EntityTooSmall")
        return await writer.finish()


def _check_policy(request: Request, fields: Mapping[str, str]) -> tuple[int, int | None]:
    """Make the policy's signer the caller; gives the smallest and the largest size that it allows.

    A form without a policy is the caller's own, as any request.
    """
    if "policy" not in fields:
        return 0, None
    prefix = "x-amz-" if "x-amz-signature" in fields else "x-goog-"
    claim = Claim.of(*(fields.get(prefix + part, "") for part in ("algorithm", "credential", "date", "signature")))
    request.principal = claim.principal(request.context, [fields["policy"].encode()])
    try:
        policy = orjson.loads(base64.b64decode(fields["policy"], validate=True))
        expires = datetime.fromisoformat(policy["expiration"])
        conditions = [_condition(condition) for condition in policy["conditions"]]
        over = request.context.clock.now() > expires
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError):
        raise _refused("The policy document is not valid JSON in base64 with an expiration and conditions.") from None
    if over:
        raise _refused("The policy has expired.")
    smallest, largest = 0, None
    bound = set()
    for kind, name, value in conditions:
        if kind == "content-length-range":
            smallest, largest = name, value
            continue
        bound.add(name)
        given = request.path["bucket"] if name == "bucket" else fields.get(name, "")
        if not (given.startswith(value) if kind == "starts-with" else given == value):
            raise _refused(f"The form does not meet a condition of the policy: of the field '{name[:60]}'.")
    for name in fields:
        if name not in bound and name not in _UNBOUND and not name.startswith("x-ignore-"):
            raise _refused(f"The policy has no condition for the field '{name[:60]}' of the form.")
    return smallest, largest


def _condition(condition: Any) -> tuple[str, Any, Any]:
    """(eq or starts-with, field, value), or (content-length-range, least, most). Raises ValueError and its like."""
    if isinstance(condition, dict):
        ((name, value),) = condition.items()
        return "eq", name.lower(), str(value)
    kind, first, second = condition
    kind = kind.lower()
    if kind == "content-length-range":
        return kind, int(first), int(second)
    if kind not in ("eq", "starts-with") or not first.startswith("$"):
        raise ValueError(kind)
    return kind, first[1:].lower(), str(second)


def _refused(message: str) -> ApiError:
    return ApiError(403, "PERMISSION_DENIED", f"Invalid according to Policy: {message}", "AccessDenied")
