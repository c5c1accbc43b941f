"""ConceptMap-translate and ConceptMap-search-translate: a code by the concept maps of a store."""

from collections.abc import Iterator
from typing import Any

from emulator.fhir import parsing
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import errors, guides, indexing, searching, smart
from emulator.services.healthcare.fhir.consents import access
from emulator.services.healthcare.fhir.rest import answers, paths
from emulator.services.healthcare.fhir.rest.interactions import interaction
from emulator.services.healthcare.fhir.stored import Json, Store

TRANSLATE = "healthcare.fhirResources.translateConceptMap"
MOST = 1000
"""Concept maps that are looked through where no URL says which."""
_FORMS = ("Uri", "Canonical", "ScopeUri", "ScopeCanonical")
_NO_MATCH = frozenset(("unmatched", "disjoint", "not-related-to"))


@interaction("fhir.ConceptMap-translate", TRANSLATE)
async def translate(request: Request) -> Answer:
    """Translate a code by one concept map."""
    answers.require_json(request)
    target = paths.target_of(request)
    reading = access.without_consents(request, target.store)
    found = reading.current(request.context.db.reader, "ConceptMap", target.id)
    return _answer(request, target.store, [parsing.parse(found.body, None)])


@interaction("fhir.ConceptMap-search-translate", TRANSLATE)
async def search_translate(request: Request) -> Answer:
    """Translate a code by the concept maps that `url`, or `source` and `target`, name."""
    answers.require_json(request)
    store, query = paths.store_in(request), request.query
    if grant := smart.of(request):
        grant.require_all("read", "ConceptMap")
    wanted = {name: query[name] for name in ("url", "source", "target") if query.get(name)}
    if not wanted:
        raise errors.bad_request("invalid_parameter", "$translate needs url, source or target")
    if url := wanted.pop("url", None):
        found = guides.by_url(request.context.db.reader, store.key, store.parameters, store.keys, "ConceptMap", url)
        return _answer(request, store, [found] if found else [])
    await indexing.caught_up(request.context, store.key)
    known = searching.find(request.context.db.reader, store, "ConceptMap", [("_count", str(MOST))])
    maps = [parsing.parse(each.body, None) for each in known.matches]
    return _answer(request, store, [each for each in maps if _is_between(each, wanted)])


def _is_between(concept_map: Json, wanted: dict[str, str]) -> bool:
    """Whether a map is of the value sets that `source` and `target` name, in whichever form it names its own."""
    return all(url in (concept_map.get(f"{end}{form}") for form in _FORMS) for end, url in wanted.items())


def _answer(request: Request, store: Store, maps: list[Json]) -> Answer:
    query = request.query
    for name in ("code", "system"):
        if not query.get(name):
            raise errors.bad_request("invalid_parameter", f"$translate needs the parameter {name}")
    if wanted := query.get("conceptMapVersion"):
        maps = [each for each in maps if each.get("version") == wanted]
    if not maps:
        raise errors.bad_search("no concept map of the store is meant")
    matches = [match for each in maps for match in _matches(store, each, query["system"], query["code"])]
    done = any(match[0]["valueCode"] not in _NO_MATCH for match in matches)
    parameters: list[Json] = [{"name": "result", "valueBoolean": done}]
    if not matches:
        parameters.append({"name": "message", "valueString": "no mapping of the code was found"})
    parameters += [{"name": "match", "part": match} for match in matches]
    return answers.json({"parameter": parameters, "resourceType": "Parameters"})


def _matches(store: Store, concept_map: Json, system: str, code: str) -> Iterator[list[Json]]:
    relation = "relationship" if store.version == "R5" else "equivalence"
    for group in concept_map.get("group") or []:
        if str(group.get("source", "")).partition("|")[0] != system:
            continue
        for target in (each for one in group.get("element") or [] if one.get("code") == code for each in _of(one)):
            coding = {name: target[name] for name in ("code", "display") if name in target}
            if group.get("target"):
                coding["system"] = str(group["target"]).partition("|")[0]
            part: list[Json] = [{"name": relation, "valueCode": target.get(relation) or "equivalent"}]
            part.append({"name": "concept", "valueCoding": coding})
            if concept_map.get("url"):
                source = "originMap" if store.version == "R5" else "source"
                part.append({"name": source, "valueUri": concept_map["url"]})
            yield part


def _of(element: Json) -> list[Any]:
    return element.get("target") or []
