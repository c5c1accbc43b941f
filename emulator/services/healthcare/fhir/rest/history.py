"""history: the versions of a resource from the newest to the oldest, deletions too, page by page."""

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from emulator.fhir.versions import BEFORE_R4
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import errors, instants, versions
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.rest import answers, binary, paths
from emulator.services.healthcare.fhir.rest.interactions import GET, interaction
from emulator.services.healthcare.fhir.rest.pages import asked, links, moment_in
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.versions import Span

if TYPE_CHECKING:
    from emulator.context import Context

Pairs = list[tuple[str, str]]


@interaction("fhir.history", GET)
async def history(request: Request) -> Answer:
    """List the versions of a resource that _since or _at ask for."""
    answers.require_json(request)
    return answers.json(await bundle(request, paths.target_of(request), request.query, request.raw_query))


async def bundle(request: Request, target: paths.Target, query: dict[str, Any], raw_query: Pairs) -> Json:
    """A page of the history of a resource, as the parameters of a query ask for it."""
    reader = request.context.db.reader
    if not target.store.keeps_versions:
        raise errors.no_versioning()
    reading = access.of(request, target.store)
    reading.require_known(reader, target.type, target.id)
    page = asked(query)
    span = _span(query, page.after[0] if page.after else 1 << 62)
    found = versions.history(reader, target.store, target.type, target.id, span, page.size + 1, versions.PAGE)
    shown, more = found[: page.size], len(found) > page.size or versions.is_full(found)
    base, visible = paths.base(request, target.store.name), [each for each in shown if reading.sees(reader, each)]
    address = f"{base}/{target.relative}/_history"
    following = paging.encode(shown[-1].rid) if more else ""
    previous = _previous(reader, target, query, page) if page.after else None
    entries = [await entry(request.context, target.store, base, each) for each in visible]
    listed: Json = {"entry": entries, "link": links(address, raw_query, following, previous)}
    if not page.after and not more:
        listed["total"] = len(visible)
    return {**listed, "resourceType": "Bundle", "type": "history"}


async def entry(context: "Context", store: Store, base: str, version: Version) -> Json:
    """A version as an entry of a history; `base` is the address of the store's FHIR."""
    posted = version.method == "POST"
    put = version.method == "PUT"
    created = posted or (put and versions.brought_into_being(context.db.reader, store, version))
    shown: Json = {
        "fullUrl": f"{base}/{version.relative}",
        "request": {"method": _verb(store, version), "url": version.type if posted else version.relative},
        "response": {
            "etag": version.etag,
            "lastModified": instants.last_updated(version.at),
            "status": "201 Created" if created else "200 OK",
        },
    }
    if not version.deleted:
        shown["resource"] = orjson.Fragment(await binary.whole(context, version))
    return shown


def _verb(store: Store, version: Version) -> str:
    """The verb that made a version; before R4 no entry of a bundle has PATCH, and what it does is an update."""
    return "PUT" if version.method == "PATCH" and store.version in BEFORE_R4 else version.method


def _previous(reader: sqlite3.Connection, target: paths.Target, query: dict[str, Any], page: paging.Asked) -> str:
    """The token of the page before; "" where that is the first one."""
    until = _span(query, 0).until
    last = versions.later(reader, target.store, target.type, target.id, page.start, until, page.size)
    return "" if last is None else paging.encode(last)


def _span(query: dict[str, Any], before: int) -> Span:
    since, at = moment_in(query, "_since"), moment_in(query, "_at")
    return Span(
        since=max(since[0], 0) if since else 0,
        until=min(max(at[1], 0), versions.LAST) if at else versions.LAST,
        current_from=max(at[0], 0) if at else 0,
        before=before,
    )
