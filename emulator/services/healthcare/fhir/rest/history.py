"""history: the versions of a resource from the newest to the oldest, deletions too, page by page."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from emulator.fhir.outcomes import Refused
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import errors, instants, versions
from emulator.services.healthcare.fhir.rest import answers, binary, paths
from emulator.services.healthcare.fhir.rest.interactions import GET, interaction
from emulator.services.healthcare.fhir.rest.pages import asked, link
from emulator.services.healthcare.fhir.stored import Json, Version
from emulator.services.healthcare.fhir.versions import Span

_PERIOD = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


@interaction("fhir.history", GET)
async def history(request: Request) -> Answer:
    """List the versions of a resource that _since or _at ask for."""
    answers.require_json(request)
    target = paths.target_of(request)
    reader = request.context.db.reader
    if not target.store.keeps_versions:
        raise errors.no_versioning()
    if versions.newest(reader, target.store, target.type, target.id) is None:
        raise errors.not_found(target.relative)
    page = asked(request.query)
    span = _span(request.query, page.after[0] if page.after else 1 << 62)
    found = versions.history(reader, target.store, target.type, target.id, span, page.size + 1)
    shown = found[: page.size]
    base = paths.base(request, target.store.name)
    links = [link("self", f"{base}/{target.relative}/_history", request.raw_query)]
    if len(found) > page.size:
        token = paging.encode(shown[-1].rid)
        links.append(link("next", f"{base}/{target.relative}/_history", request.raw_query, token))
    bundle: Json = {"entry": [await _entry(request, base, each) for each in shown], "link": links}
    if not page.after and len(found) <= page.size:
        bundle["total"] = len(found)
    return answers.json({**bundle, "resourceType": "Bundle", "type": "history"})


async def _entry(request: Request, base: str, version: Version) -> Json:
    created = version.method == "POST"
    entry: Json = {
        "fullUrl": f"{base}/{version.relative}",
        "request": {"method": version.method, "url": version.type if created else version.relative},
        "response": {
            "etag": version.etag,
            "lastModified": instants.last_updated(version.at),
            "status": "201 Created" if created else "200 OK",
        },
    }
    if not version.deleted:
        entry["resource"] = orjson.Fragment(await binary.whole(request.context, version))
    return entry


def _span(query: dict[str, Any], before: int) -> Span:
    since = _instant("_since", query["_since"]) if query.get("_since") else 0
    at, until = _period(query["_at"]) if query.get("_at") else (0, Span().until)
    return Span(since=since, until=until, current_from=at, before=before)


def _period(text: str) -> tuple[int, int]:
    """Begin and end of a year, month, day or second, in microseconds since 1970."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        second = _instant("_at", text)
        return second, second + 1_000_000
    try:
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        begin = datetime(year, month, day, tzinfo=UTC)
        if found[3]:
            end = begin + timedelta(days=1)
        elif found[2]:
            end = begin.replace(year=year + month // 12, month=month % 12 + 1)
        else:
            end = begin.replace(year=year + 1)
    except (ValueError, OverflowError):
        raise _bad("_at", text) from None
    return int(begin.timestamp()) * 1_000_000, int(end.timestamp()) * 1_000_000


def _instant(name: str, text: str) -> int:
    found = instants.of_instant(text.replace(" ", "+"))  # a + that nobody encoded
    if found is None:
        raise _bad(name, text)
    return found


def _bad(name: str, text: str) -> Refused:
    sentence = f"{name} {text[:40]!r} is no instant such as 2015-02-07T13:28:17.239+02:00"
    return errors.bad_request("invalid_parameter", sentence)
