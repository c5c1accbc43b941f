"""Bodies of FHIR requests: JSON of a size that is allowed, of a media type that is taken."""

import orjson

from emulator.fhir import outcomes, parsing
from emulator.fhir.outcomes import Issue
from emulator.gateway import unpacking
from emulator.gateway.request import Request
from emulator.services.healthcare.fhir import errors
from emulator.services.healthcare.fhir.stored import Json

FHIR = "application/fhir+json"
PATCH = "application/json-patch+json"
_FORM = "application/x-www-form-urlencoded"
_JSON = frozenset((FHIR, "application/json+fhir", "application/json", "text/json", ""))


def media_type(request: Request) -> str:
    """The media type of the body without parameters, in lower case; "" where none is said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_fhir(request: Request) -> bool:
    """Whether the body is said to be FHIR's JSON, by a type that only FHIR has."""
    return media_type(request) in (FHIR, "application/json+fhir")


async def resource(request: Request, limit: int = parsing.MAX_RESOURCE) -> Json:
    """The JSON object that a request brings; refused with 413 for more bytes, 415 for another kind of body."""
    if media_type(request) not in _JSON:
        raise errors.bad_media(media_type(request), FHIR)
    return parsing.parse(await read(request, limit), limit)


async def patch(request: Request) -> bytes:
    """The JSON Patch that a request brings."""
    if media_type(request) not in (PATCH, "application/json", ""):
        raise errors.bad_media(media_type(request), PATCH)
    return await read(request, parsing.MAX_RESOURCE)


async def refuse_form(request: Request) -> None:
    """Refuse a search whose parameters are in the body: it would find all that the type has.

    Google documents that its stores do not support such searches (fhirStores.fhir.search), not what it answers.
    """
    if media_type(request) == _FORM and await read(request, parsing.MAX_RESOURCE):
        sentence = f"Content-Type {_FORM!r}: send the parameters of a search in the URL, POST TYPE/_search?NAME=VALUE"
        raise outcomes.Refused(415, [Issue("not-supported", "unsupported_media_type", sentence)])


async def type_searched(request: Request) -> str:
    """The resourceType in the body of a search, "" where there is none.

    It was documented there first (SearchResourcesRequest), and clients made then send it: Apache Beam's FhirIO.
    """
    if media_type(request) not in _JSON:
        return ""
    try:
        body = orjson.loads(await read(request, parsing.MAX_RESOURCE) or b"{}")
    except orjson.JSONDecodeError:
        return ""
    named = body.get("resourceType") if isinstance(body, dict) else None
    return named if isinstance(named, str) else ""


async def read(request: Request, limit: int) -> bytes:
    """The whole body, unpacked; 413 for more than `limit` bytes."""
    parts, size = [], 0
    async for part in unpacking.stream(request):
        size += len(part)
        if size > limit:
            raise outcomes.too_large(f"The body has more than {limit} bytes, which is the limit.")
        parts.append(part)
    return b"".join(parts)
