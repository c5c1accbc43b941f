"""The values of FHIR resources that must not be in what is made of them, and the texts that resources hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from emulator.deidentify.fhir import people
from scripts.leaks.readings import readings
from scripts.leaks.values import DATE, FHIR, PLAIN, Value

Json = dict[str, Any]

_DATE = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
CODED = ("code", "system", "display", "url", "version", "reference", "unit")
"""Fields whose values come from lists: in these a single name that is a word, too, betrays nothing."""


def known_values(resource: Json) -> Iterator[Value]:
    """What a resource says of people, itself or by what it contains, and its identifiers; no days."""
    for person in people.within(resource):
        kind = person.get("resourceType", "")
        said = people.values(person)
        yield from (Value(info_type, text, str(kind), FHIR) for info_type, text in said if info_type != DATE)
    for place, field, value in _fields(resource, str(resource.get("resourceType"))):
        if field == "identifier" and isinstance(value, dict) and isinstance(value.get("value"), str):
            yield Value(PLAIN, value["value"], f"{place}.value", FHIR)


def days(resource: Json) -> Iterator[Value]:
    """The days of a resource, but for that on which the store got it."""
    for place, field, value in _fields(resource, str(resource.get("resourceType"))):
        if field != "lastUpdated" and isinstance(value, str) and _DATE.fullmatch(value):
            yield Value(DATE, value[:10], place, FHIR)


def texts(resource: Json) -> Iterator[tuple[str, str, str]]:
    """All texts of a resource: the path, the field's name, the text as it is and as it may be read."""
    for place, field, value in _fields(resource, str(resource.get("resourceType"))):
        if isinstance(value, str):
            yield from ((f"{place}{how}", "" if how else field, text) for how, text in readings(value))


def _fields(value: Any, place: str, field: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every value below another with its path and the name of its field."""
    yield place, field, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _fields(each, f"{place}.{name}", name)
    elif isinstance(value, list):
        for each in value:
            yield from _fields(each, place, field)
