"""Bundles of type searchset: resources that were found, or came along, with links and a total."""

from collections.abc import Iterable
from typing import Any

import orjson

from emulator.fhir import parsing
from emulator.fhir.definitions import Type
from emulator.gateway.request import Request
from emulator.services.healthcare.fhir.rest import binary, paths
from emulator.services.healthcare.fhir.rest.pages import link
from emulator.services.healthcare.fhir.searching import Answer
from emulator.services.healthcare.fhir.stored import Json, Store, Version

_ALWAYS = frozenset(("resourceType", "id", "meta"))
_OBSERVATION_VALUE = "http://hl7.org/fhir/v3/ObservationValue"
"""As STU3 has it, and Google's answers in R4 (google/fhir-gateway: src/test/resources/patient_id_search.json)."""
_OBSERVATION_VALUE_OF_R5 = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"


async def bundle(request: Request, store: Store, address: str, found: Answer) -> Json:
    """The bundle of a page of a search at an address, with the links that Google's answers were seen to have."""
    applied = list(found.query.applied)
    following = [link("next", address, applied, found.page.token)] if found.page.token else []
    links = [link("search", address, applied), *following]
    links += [link("first", address, applied), link("self", address, applied)]
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
            part = _reduced(store.definitions[each.type], parsing.parse(body, None), query.elements, query.summary)
            body = parsing.canonical(_tagged(store, part))
        made.append(orjson.Fragment(b'{"fullUrl":%s%s","resource":%s%s' % (address, each.relative.encode(), body, end)))
    return made


def _reduced(kind: Type, resource: Json, elements: tuple[str, ...], summary: str) -> Json:
    """Part of a resource of a type: what _elements names, and what _summary leaves.

    What the definitions demand at the top stays (FHIR search: _summary, _elements), so that a client can read the part.
    """
    kept = resource
    if summary == "text":
        kept = {name: value for name, value in kept.items() if _is_asked(kind, name, ("text",))}
    elif summary == "data":
        kept = {name: value for name, value in kept.items() if name != "text"}
    if elements:
        kept = {name: value for name, value in kept.items() if _is_asked(kind, name, elements)}
    return kept


def _is_asked(kind: Type, name: str, elements: tuple[str, ...]) -> bool:
    """Whether a field, or one with the extensions of a primitive (_status), is there always or of a wanted element.

    A choice is wanted as value, value[x] or valueQuantity.
    """
    plain = name.removeprefix("_")
    element, _ = kind.fields.get(plain, (None, ""))
    if plain in _ALWAYS or plain in elements:
        return True
    return element is not None and (element.min > 0 or element.stem in elements or element.name in elements)


def _tagged(store: Store, part: Json) -> Json:
    """Part of a resource, tagged as one, so that nobody takes it for the whole (FHIR search: _summary)."""
    system = _OBSERVATION_VALUE_OF_R5 if store.version == "R5" else _OBSERVATION_VALUE
    meta = dict(part.get("meta") or {})
    return {**part, "meta": {**meta, "tag": [*(meta.get("tag") or []), {"system": system, "code": "SUBSETTED"}]}}
