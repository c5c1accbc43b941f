"""Bundles of type searchset: resources that were found, or came along, with links and a total."""

from collections.abc import Iterable
from typing import Any

import orjson

from emulator.fhir import parsing
from emulator.gateway.request import Request
from emulator.services.healthcare.fhir.rest import binary, paths
from emulator.services.healthcare.fhir.rest.pages import link
from emulator.services.healthcare.fhir.searching import Answer
from emulator.services.healthcare.fhir.stored import Json, Store, Version

_ALWAYS = frozenset(("resourceType", "id", "meta"))
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


async def bundle(request: Request, store: Store, address: str, found: Answer) -> Json:
    """The bundle of a page of a search at an address."""
    applied = list(found.query.applied)
    links = [link("self", address, applied)]
    if found.page.token:
        links.insert(0, link("next", address, applied, found.page.token))
    listed = await entries(request, store, found.matches, "match", found.query)
    if found.included:
        listed += await entries(request, store, found.included, "include", found.query)
    answer: Json = {"entry": listed, "link": links, "resourceType": "Bundle", "type": "searchset"}
    if not listed:
        del answer["entry"]
    if found.page.total is not None:
        answer["total"] = found.page.total
    return answer


async def entries(
    request: Request, store: Store, found: Iterable[Version], mode: str, query: Any = None
) -> list[orjson.Fragment]:
    """Resources as entries, in JSON with sorted keys; parts of them where a query says so."""
    address = orjson.dumps(f"{paths.base(request, store.name)}/")[:-1]
    end = b',"search":{"mode":"%s"}}' % mode.encode()
    made = []
    for each in found:
        body = await binary.whole(request.context, each) if each.blob else each.body
        if query is not None and (query.elements or query.summary):
            body = parsing.canonical(_reduced(parsing.parse(body, None), query.elements, query.summary))
        made.append(orjson.Fragment(b'{"fullUrl":%s%s","resource":%s%s' % (address, each.relative.encode(), body, end)))
    return made


def _reduced(resource: Json, elements: tuple[str, ...], summary: str) -> Json:
    """Part of a resource: what _elements names, and what _summary leaves; tagged as a part."""
    kept = resource
    if summary == "text":
        kept = {name: value for name, value in kept.items() if name in _ALWAYS or name == "text"}
    elif summary == "data":
        kept = {name: value for name, value in kept.items() if name != "text"}
    if elements:
        wanted = _ALWAYS | {*elements, *(f"_{name}" for name in elements)}
        kept = {name: value for name, value in kept.items() if name in wanted}
    meta = dict(kept.get("meta") or {})
    return {**kept, "meta": {**meta, "tag": [*(meta.get("tag") or []), SUBSETTED]}}
