"""Answers of FHIR methods: a resource with its headers, an outcome, what Prefer and Accept ask for."""

import re
from typing import Any

from emulator.fhir import outcomes, parsing
from emulator.gateway.request import Request, Response
from emulator.services.healthcare.fhir import errors, instants
from emulator.services.healthcare.fhir.errors import JSON
from emulator.services.healthcare.fhir.rest import paths
from emulator.services.healthcare.fhir.stored import Store, Version
from emulator.services.healthcare.fhir.work import Done

_TAKEN = re.compile(r"application/(fhir\+json|json\+fhir|json|\*)|\*/\*|text/json", re.IGNORECASE)


def preferred(request: Request, name: str) -> str:
    """What Prefer says of `return` or `handling`, in lower case; "" where it says nothing (RFC 7240)."""
    header = request.headers.get("prefer")
    for part in re.split(r"[,;]", header) if header else ():
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"').lower()
    return ""


def is_strict(request: Request, store: Store) -> bool:
    """Whether unknown search parameters are refused: by Prefer, else as the store is set."""
    handling = preferred(request, "handling")
    return handling == "strict" or (handling != "lenient" and bool(store.settings.get("defaultSearchHandlingStrict")))


def require_json(request: Request) -> None:
    """Refuse an Accept header, or _format, that wants no JSON with 406."""
    form = next((value for name, value in request.raw_query if name == "_format"), "")
    if form and "json" not in form.lower():
        raise errors.no_such_answer(form)
    accept = request.headers.get("accept", "")
    if accept and not any(_TAKEN.fullmatch(part.partition(";")[0].strip()) for part in accept.split(",")):
        raise errors.no_such_answer(accept)


def headers_of(version: Version) -> dict[str, str]:
    """Headers of an answer that is a version of a resource."""
    return {"content-type": JSON, "etag": version.etag, "last-modified": instants.http_date(version.at)}


def changed(request: Request, store: str, done: Done) -> Response:
    """The answer to a create, update or patch: the resource, or what Prefer asks for instead."""
    version = done.version
    if version is None:
        return json({}, done.status)
    headers = headers_of(version)
    address = paths.address(paths.base(request, store), version)
    headers["content-location" if done.status == 200 else "location"] = address
    if done.status == 201:
        headers["content-location"] = address
    match preferred(request, "return"):
        case "minimal":
            return Response(done.status, headers)
        case "operationoutcome":
            outcome = outcomes.outcome([outcomes.SUCCESS], paths.version_in(request))
            return Response(done.status, headers, parsing.readable(outcome))
    return Response(done.status, headers, parsing.indented(version.body))


def json(value: Any, status: int = 200) -> Response:
    """JSON of FHIR, keys sorted and compact: a bundle."""
    return Response(status, {"content-type": JSON}, parsing.canonical(value))


def resource(value: dict[str, Any], status: int = 200) -> Response:
    """A resource that is not kept, an outcome or capabilities: JSON with sorted keys and an indentation."""
    return Response(status, {"content-type": JSON}, parsing.indented(parsing.canonical(value)))
