"""Binary: as JSON like any resource, or its data raw, streamed to and from a file.

Data that came raw stays a file; JSON of the resource has it as base64 when it is read.
"""

import base64
import binascii
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from emulator.fhir import outcomes, parsing
from emulator.gateway import unpacking
from emulator.gateway.request import Answer, Request, Response
from emulator.services.healthcare.fhir import checks, errors, keeping
from emulator.services.healthcare.fhir.conditions import Conditions
from emulator.services.healthcare.fhir.rest import answers, bodies, changing, paths
from emulator.services.healthcare.fhir.rest.interactions import CREATE, UPDATE, interaction
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.work import Done
from emulator.state.blob_files import Blob

if TYPE_CHECKING:
    from emulator.context import Context

MAX_CREATE, MAX_UPDATE = 1 << 30, 2 << 30
"""Bytes (Cloud Healthcare: fhir.Binary-create, fhir.Binary-update)."""
MAX_INSIDE = 10 << 20
"""Bytes of data that are shown where Binaries are among other resources (Cloud Healthcare: fhir.Binary-create)."""
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_MARK = "\N{SYMBOL FOR START OF TEXT}data\N{SYMBOL FOR END OF TEXT}"
_OCTETS = "application/octet-stream"
_PIECE = 3 << 18


@interaction("fhir.Binary-create", CREATE, on=lambda request: request.path["parent"])
async def create(request: Request) -> Answer:
    """Create a Binary, from JSON or from raw data."""
    store = paths.store_in(request)
    if bodies.is_fhir(request):
        answers.require_json(request)
        given = checks.resource(store, await bodies.resource(request), "Binary")
        whole_new = keeping.made_ready(store, given)
        done = await changing.perform(request, store, lambda w: w.create(whole_new))
        return answers.changed(request, store.name, done)
    blob, new = await _received(request, MAX_CREATE), keeping.made_ready(store, _described(request, store))
    done = await changing.perform(request, store, lambda w: w.create(new, blob=blob))
    return _empty(request, store, done)


@interaction("fhir.Binary-update", UPDATE)
async def update(request: Request) -> Answer:
    """Replace a Binary, or create it, from JSON or from raw data."""
    target = paths.target_of(request)
    store, conditions = target.store, Conditions.of_headers(request.headers)
    if bodies.is_fhir(request):
        answers.require_json(request)
        given = checks.resource(store, await bodies.resource(request), "Binary")
        new = keeping.made_ready(store, checks.same_id(given, target.id))
        done = await changing.perform(request, store, lambda w: w.update(new, conditions))
        return answers.changed(request, store.name, done)
    blob = await _received(request, MAX_UPDATE)
    new = keeping.made_ready(store, {**_described(request, store), "id": target.id})
    done = await changing.perform(request, store, lambda w: w.update(new, conditions, blob))
    return _empty(request, store, done)


async def answer(request: Request, version: Version) -> Response:
    """A Binary as its reader accepts it: its data to who accepts their type, JSON to all others."""
    resource: Json = parsing.parse(version.body, None)
    kind = str(resource.get("contentType", ""))
    headers = answers.headers_of(version)
    if _wants_data(request, kind):
        return await _data(request.context, version, resource, {**headers, "content-type": kind})
    answers.require_json(request)
    if not version.blob:
        return Response(200, headers, version.body)
    return Response(200, headers, _as_json(request.context, version, resource))


async def whole(context: "Context", version: Version) -> bytes:
    """The JSON of a version, with the data of a raw Binary where it has no more than 10 MB; else why it is missing."""
    if not version.blob:
        return version.body
    resource: Json = parsing.parse(version.body, None)
    if context.blobs.size(version.blob) > MAX_INSIDE:
        extension = {"extension": [{"url": ABSENT, "valueCode": "unsupported"}]}
        return parsing.canonical({**resource, f"_{_field(resource)}": extension})
    data = base64.b64encode(await context.blobs.read(version.blob)).decode()
    return parsing.canonical({**resource, _field(resource): data})


async def _received(request: Request, limit: int) -> Blob:
    """The file of a raw body, synced; 413 for more bytes than the limit."""
    for name, value in (("return", "representation"), ("representation", "resource")):  # FHIR's words, and Google's
        if answers.preferred(request, name) == value:
            raise errors.bad_request("invalid_prefer", f"Prefer: {name}={value} can't be used for raw Binary data")
    async with request.context.blobs.writer(md5=False) as writer:
        async for part in unpacking.stream(request):
            if writer.size + len(part) > limit:
                raise outcomes.too_large(f"The body has more than {limit} bytes, which is the limit.")
            await writer.write(part)
        return await writer.finish()


def _described(request: Request, store: Store) -> Json:
    """The Binary that raw data makes: what it is, and who decides on access to it."""
    kind = request.headers.get("content-type", "") or _OCTETS
    field = "content" if "content" in store.definitions["Binary"].elements else "data"
    resource: Json = {"resourceType": "Binary", "contentType": kind, field: ""}
    if security := request.headers.get("x-security-context"):
        resource["securityContext"] = {"reference": security}
    return checks.resource(store, resource, "Binary")


def _field(resource: Json) -> str:
    """The element with the data, which is empty where a file has it: `content` before R4."""
    return "content" if "content" in resource else "data"


def _empty(request: Request, store: Store, done: Done) -> Response:
    """The answer to raw data: no body, and where the Binary is."""
    version = done.version
    if version is None:
        return Response(done.status)
    location = paths.address(paths.base(request, store.name), version)
    return Response(done.status, {**answers.headers_of(version), "location": location, "content-location": location})


def _wants_data(request: Request, kind: str) -> bool:
    """Whether Accept has the type of the data, and not FHIR's JSON."""
    accepted = {part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")}
    return kind.partition(";")[0].strip().lower() in accepted and not accepted & {bodies.FHIR, "application/json+fhir"}


async def _data(context: "Context", version: Version, resource: Json, headers: dict[str, str]) -> Response:
    if not version.blob:
        try:
            return Response(200, headers, base64.b64decode(str(resource.get(_field(resource)) or "")))
        except binascii.Error:
            raise errors.no_such_answer(headers["content-type"]) from None
    size = context.blobs.size(version.blob)
    return Response(200, {**headers, "content-length": str(size)}, context.blobs.stream(version.blob))


async def _as_json(context: "Context", version: Version, resource: Json) -> AsyncIterator[bytes]:
    """JSON of a Binary whose data is a file, piece by piece."""
    text = parsing.canonical({**resource, _field(resource): _MARK})
    before, _, after = text.partition(_MARK.encode())
    yield before
    start, size = 0, context.blobs.size(version.blob)
    while start < size:
        yield base64.b64encode(await context.blobs.read(version.blob, start, min(start + _PIECE, size)))
        start += _PIECE
    yield after
