"""Seeded edits that make resources wrong, or nearly so."""

from collections.abc import Iterator
from random import Random
from typing import Any

from emulator.fhir.definitions import Definitions
from tests.support.fhir_edits import Edit, at, edited
from tests.tools.fhir_oracle.generate import VALUES, Json

_EXTENSION = {"extension": [{"url": "http://example.org/e", "valueCode": "a"}]}
_WRONG: list[Any] = [
    *("", None, True, -1, 1.5, 10**12, 2**31, "zz zz", " a", "a\u0001", [], {}, [None], [{}], ["x"]),
    *("2000-02-30", "2000-13", "2000-01-01T00:00:00", "2000-01-01T24:00:00Z", "24:00:00", "12:00", "::", "%zz", "1a:b"),
    *("http://a b/", "http://a:b/", "abc=", "urn:oid:1", "FINAL", "Active", "entered_in_error", "#x", "urn:uuid:1"),
    *("Patient/1", "Medication/1", "BodySite/1", "ServiceRequest/1", "Encounter/1/_history/2"),
    *({"value": 1}, {"reference": "Patient/1"}, {"reference": "Medication/1"}, {"reference": 5}, _EXTENSION),
]
_BESIDE: list[Any] = [
    _EXTENSION,
    {"id": "a"},
    {},
    5,
    [None],
    [{"id": "1"}],
    [_EXTENSION],
    {"extension": [{}]},
    {"x": 1},
]
_PRIMITIVES = [value for values in VALUES.values() for value in values]
_WAYS = ("delete", "set", "set", "set", "rename", "add", "beside", "beside", "array", "capital", "double", "reference")


def mutated(resource: Json, random: Random, definitions: Definitions) -> list[Edit]:
    """One edit, or now and then two, of a resource."""
    edits: list[Edit] = []
    for _ in range(random.choice((1, 1, 1, 2))):
        if changed := edited(resource, edits):
            edits.append(_edit(changed, random, definitions))
    return edits


def _edit(resource: Json, random: Random, definitions: Definitions) -> Edit:
    path = random.choice([path for path in _paths(resource, []) if path])
    value, last, way = at(resource, path), path[-1], random.choice(_WAYS)
    if isinstance(last, int):
        return ["delete", path] if way == "delete" else ["set", path, random.choice(_WRONG)]
    if way == "delete":
        return ["delete", path]
    if way == "rename":
        return ["rename", path, random.choice(_names(resource, definitions))]
    if way == "add":
        return ["set", [*path[:-1], random.choice(_names(resource, definitions))], random.choice(_WRONG + _PRIMITIVES)]
    if way == "beside":
        return ["set", [*path[:-1], f"_{last}"], random.choice(_BESIDE)]
    if way == "array":
        return ["unwrap", path] if isinstance(value, list) and value else ["wrap", path]
    if way == "capital":
        return ["rename", path, last[:1].upper() + last[1:]]
    if way == "double":
        return ["double", path]
    if way == "reference" and isinstance(value, dict) and "reference" in value:
        name = random.choice(sorted(definitions.resources))
        return ["set", [*path, "reference"], f"{name}/1"]
    return ["set", path, random.choice(_WRONG)]


def _names(resource: Json, definitions: Definitions) -> list[str]:
    """The names that types of a resource have, in their order."""
    name = str(resource.get("resourceType"))
    within = sorted(each for each in definitions.names if each == name or each.startswith(f"{name}."))
    return sorted({field for each in within for field in definitions[each].fields}) or ["id"]


def _paths(value: Any, path: list[Any]) -> Iterator[list[Any]]:
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in steps:
        yield from _paths(each, [*path, step])
