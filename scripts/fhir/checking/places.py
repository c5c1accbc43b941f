"""Where in a resource's JSON a path of the validator leads, and what FHIR's definitions say of that place.

Paths name choices in two ways: `Patient.deceasedDateTime` of what could not be read, `Patient.deceased.dateTime` of the
rest, as Google's parser has them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from emulator.fhir.definitions import Definitions, Element

Json = dict[str, Any]
_SEGMENT = re.compile(r"[^.\[\]]+|\[\d+\]")


@dataclass
class Place:
    """A place in JSON: the object or array that holds it, and its name or number there; `holder` None for the top."""

    holder: Any
    key: str | int
    value: Any
    kind: str
    """The type of what is there, as the definitions name it; "" where they don't say."""
    element: Element | None = None


def find(resource: Json, path: str, definitions: Definitions) -> Place | None:
    """The place of a path, None where it leads nowhere, as the paths of what is missing do."""
    segments = _SEGMENT.findall(path)
    place = Place(None, "", resource, str(resource.get("resourceType", "")))
    position = 1 if segments else 0
    while position < len(segments):
        step = _step(place, segments[position : position + 2], definitions)
        if step is None:
            return None
        place, taken = step
        position += taken
    return place


def _step(place: Place, segments: list[str], definitions: Definitions) -> tuple[Place, int] | None:
    """One step down, and how many segments it takes."""
    segment, value = segments[0], place.value
    if segment.startswith("["):
        number = int(segment[1:-1])
        if not isinstance(value, list) or number >= len(value):
            return None
        return Place(value, number, value[number], _kind(value[number], place.kind), place.element), 1
    if not isinstance(value, dict):
        return None
    if segment not in value and _same_name(segment, value.get("resourceType")):
        return place, 1
    for name, taken in _names(segments):
        if name in value:
            element, kind = _defined(definitions, place.kind, name)
            return Place(value, name, value[name], _kind(value[name], kind), element), taken
    return None


def _names(segments: list[str]) -> list[tuple[str, int]]:
    """The names that a segment may have in JSON, with the segments that each takes: a choice takes two."""
    found = [(segments[0], 1)]
    if len(segments) > 1 and not segments[1].startswith("["):
        found.append((segments[0] + segments[1][0].upper() + segments[1][1:], 2))
    return [*found, (segments[0][0].upper() + segments[0][1:], 1)]


def _same_name(segment: str, resource_type: object) -> bool:
    return isinstance(resource_type, str) and segment.lower() == resource_type.lower()


def _kind(value: Any, kind: str) -> str:
    """The type of a value: a resource says its own."""
    stated = value.get("resourceType") if isinstance(value, dict) else None
    return stated if isinstance(stated, str) else kind


def _defined(definitions: Definitions, kind: str, name: str) -> tuple[Element | None, str]:
    owner = definitions.type(kind)
    return owner.fields.get(name.removeprefix("_"), (None, "")) if owner else (None, "")
