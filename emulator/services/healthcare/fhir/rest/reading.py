"""read and vread, also conditional on what the caller has."""

from emulator.fhir import parsing
from emulator.gateway.request import Answer, Request, Response
from emulator.services.healthcare.fhir import conditions, instants
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.rest import answers, binary, paths
from emulator.services.healthcare.fhir.rest.interactions import GET, interaction
from emulator.services.healthcare.fhir.stored import Version


@interaction("fhir.read", GET)
async def read(request: Request) -> Answer:
    """The current version of a resource, 304 where the caller has it."""
    return await _answer(request, _current(request))


@interaction("fhir.vread", GET)
async def vread(request: Request) -> Answer:
    """One version of a resource."""
    return await _answer(request, _version(request))


@interaction("fhir.Binary-read", GET)
async def read_binary(request: Request) -> Answer:
    """A Binary as JSON, or its data to who accepts that."""
    return await binary.answer(request, _current(request))


@interaction("fhir.Binary-vread", GET)
async def vread_binary(request: Request) -> Answer:
    """A version of a Binary as JSON, or its data to who accepts that."""
    return await binary.answer(request, _version(request))


def _current(request: Request) -> Version:
    target = paths.target_of(request)
    return access.of(request, target.store).current(request.context.db.reader, target.type, target.id)


def _version(request: Request) -> Version:
    target = paths.target_of(request)
    asked = access.of(request, target.store)
    return asked.version(request.context.db.reader, target.type, target.id, target.version)


async def _answer(request: Request, version: Version) -> Answer:
    answers.require_json(request)
    headers = answers.headers_of(version)
    if _has(request, version):
        return Response(304, headers)
    return Response(200, headers, parsing.indented(version.body))


def _has(request: Request, version: Version) -> bool:
    """Whether the caller says that it has this version: by ETag, else by time to the second."""
    if etags := request.headers.get("if-none-match", "").strip():
        return conditions.names(etags, version.version_id)
    since = instants.of_http_date(date) if (date := request.headers.get("if-modified-since")) else None
    return since is not None and version.at // 1_000_000 <= since // 1_000_000
