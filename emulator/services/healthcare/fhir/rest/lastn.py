"""Observation-lastn: the newest observations of a subject, grouped by what they are about."""

import sqlite3
from collections.abc import Iterator

from emulator.fhir import parsing
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import errors, indexing, searching
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.rest import answers, paths, searchsets
from emulator.services.healthcare.fhir.rest.interactions import SEARCH, interaction
from emulator.services.healthcare.fhir.rest.pages import OF_TRANSPORT, link
from emulator.services.healthcare.fhir.stored import Json, Version

MOST = 1000
"""Results of the search, before they are grouped (Cloud Healthcare: fhir.Observation-lastn)."""
_OF_RESULTS = frozenset(("max", "_count", "_sort", "_total", "_page_token"))
"""Parameters of results that the operation itself decides about."""


@interaction("fhir.Observation-lastn", SEARCH)
async def lastn(request: Request) -> Answer:
    """The `max` newest observations of each code."""
    answers.require_json(request)
    store = paths.store_in(request)
    most = _most(request)
    pairs = [pair for pair in request.raw_query if pair[0] not in OF_TRANSPORT and pair[0] not in _OF_RESULTS]
    _require_criteria([name.partition(":")[0].partition(".")[0] for name, _ in pairs])
    wanted = [*pairs, ("_sort", "-date"), ("_count", str(MOST)), ("_total", "none")]
    strict, reading = answers.is_strict(request, store), access.of(request, store)
    reading.require_type("Observation")

    def find(connection: sqlite3.Connection) -> searching.Answer:
        return searching.find(connection, store, "Observation", wanted, strict=strict, reading=reading)

    found = await indexing.read(request.context, store.key, find)
    if found.page.token:
        raise errors.too_costly(f"the search finds more than {MOST} observations: add parameters, such as date")
    shown = [each for group in _groups(found.matches) for each in group[:most]]
    address = f"{paths.base(request, store.name)}/Observation/$lastn"
    return answers.json(
        {
            "entry": await searchsets.entries(request, store, shown, "match"),
            "link": [link("self", address, request.raw_query)],
            "resourceType": "Bundle",
            "total": len(shown),
            "type": "searchset",
        }
    )


def _most(request: Request) -> int:
    text = next((value for name, value in request.raw_query if name == "max"), "1")
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise errors.bad_request("invalid_parameter", f"max {text[:40]!r} is no number from 1 up")
    return int(text)


def _require_criteria(names: list[str]) -> None:
    if not {"subject", "patient"} & {*names}:
        raise errors.bad_search("$lastn needs the parameter subject or patient")
    if not any(name == "category" or "code" in name for name in names):
        raise errors.bad_search("$lastn needs the parameter code or category")


def _groups(found: list[Version]) -> list[list[Version]]:
    """Observations by what they are about: those that share a coding, or have the same text and no coding."""
    groups: dict[str, list[Version]] = {}
    for version in found:
        keys = [*_keys(parsing.parse(version.body, None))]
        group = next((groups[key] for key in keys if key in groups), [])
        group.append(version)
        for key in keys:
            groups.setdefault(key, group)
    return list({id(group): group for group in groups.values()}.values())


def _keys(observation: Json) -> Iterator[str]:
    code = observation.get("code") or {}
    codings = code.get("coding") or []
    for each in codings:
        yield f"{each.get('system', '')}|{each.get('code', '')}"
    if not codings:
        yield str(code.get("text", ""))
