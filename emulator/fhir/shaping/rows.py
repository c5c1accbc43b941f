"""Rows of the shapes ANALYTICS and ANALYTICS_V2 (FhirBigQueryDestination.schemaConfig), after SQL-on-FHIR.

A choice is a record with its type (`value.quantity`), a reference to a resource has its id by its type
(`subject.patientId`), extensions are columns, elements have no ids, and what contains itself is cut at a depth.
"""

import re
from collections import Counter
from enum import Enum
from functools import partial
from typing import Any

from emulator.fhir import parsing
from emulator.fhir.definitions import Definitions, Element, Type
from emulator.fhir.shaping import extensions
from emulator.fhir.shaping.values import shaped

Json = dict[str, Any]

DEPTH = 2
"""How often a name may be within itself, unless a schemaConfig says otherwise."""
_RELATIVE = re.compile(r"([A-Z][A-Za-z]+)/([^/]+)(?:/_history/[^/]+)?")


class Shape(Enum):
    """The shapes that have columns by the definitions."""

    ANALYTICS = "ANALYTICS"
    ANALYTICS_V2 = "ANALYTICS_V2"


class Shaper:
    """Makes rows of resources. One at a time: it keeps count of how deep it is."""

    def __init__(self, definitions: Definitions, shape: Shape, depth: int = DEPTH) -> None:
        """`depth` is recursiveStructureDepth, 1 to 5."""
        self._definitions = definitions
        self._repeated = shape is Shape.ANALYTICS_V2
        self._depth = depth
        self._within: Counter[str] = Counter()

    def row(self, resource: Json) -> Json:
        """The row of a resource that is valid. extensions.RowError where it has none."""
        self._within.clear()
        return self._resource(resource)

    def _resource(self, resource: Json) -> Json:
        return self._object(self._definitions[resource["resourceType"]], resource)

    def _object(self, kind: Type, value: Json) -> Json:
        row: Json = {}
        for element in kind.elements.values():
            for name, type_name in element.named().items():
                spelled = name if name in value or f"_{name}" in value else name[0].upper() + name[1:]
                if spelled in value or f"_{spelled}" in value:
                    self._add(row, kind, element, type_name, value.get(spelled), value.get(f"_{spelled}"))
        return row

    def _add(self, row: Json, kind: Type, element: Element, type_name: str, value: Any, beside: Any) -> None:
        """Put an element's value, and the extensions beside it, into a row."""
        if element.name == "extension":
            self._extend(row, value or [])
        elif element.name == "id" and kind.kind != "resource":
            self._primitive(row, element, type_name, None, beside)
        elif element.is_choice:
            self._deeper(row, element.stem, lambda _: self._choice(element, type_name, value, beside), value)
        elif self._definitions[type_name].kind == "primitive":
            self._primitive(row, element, type_name, value, beside)
        else:
            self._deeper(row, element.name, partial(self._complex, element, type_name), value)

    def _choice(self, element: Element, type_name: str, value: Any, beside: Any) -> Json:
        """The record of a choice: its value under the name of its type."""
        row: Json = {}
        if self._definitions[type_name].kind == "primitive":
            self._primitive(row, element, type_name, value, beside)
        else:
            self._deeper(row, choice_name(type_name), partial(self._one, type_name), value)
        return row

    def _primitive(self, row: Json, element: Element, type_name: str, value: Any, beside: Any) -> None:
        if type(value) is dict:
            value, beside = None, value
        self._put(row, element, type_name, choice_name(type_name) if element.is_choice else element.name, value, beside)

    def _put(self, row: Json, element: Element, type_name: str, name: str, value: Any, beside: Any) -> None:
        values = value if type(value) is list else [value]
        values = [shaped(element, type_name, None if type(each) is dict else each) for each in values]
        besides = [self._beside(each) for each in (beside if type(beside) is list else [beside])]
        if name == "id" and element.is_choice:
            values = [None]  # as every other id that is not the resource's
        elif besides[0] is not None and not element.is_list and not values[0]:
            values = [None]  # Google's shaper loses false and 0 where there are extensions
        if any(each is not None for each in values):
            row[name] = values if element.is_list else values[0]
        if any(each is not None for each in besides):
            row[f"_{name}"] = besides if element.is_list else besides[0]

    def _beside(self, value: Any) -> Json | None:
        """The extensions beside a primitive, as columns."""
        row: Json = {}
        if type(value) is dict:
            self._extend(row, value.get("extension") or [])
        return row or None

    def _deeper(self, row: Json, name: str, shape: Any, value: Any) -> None:
        """Put what `shape` makes of a value into a row, unless its name is within itself too often."""
        self._within[name] += 1
        if self._within[name] <= self._depth and (made := shape(value)) is not None:
            row[name] = made
        self._within[name] -= 1

    def _complex(self, element: Element, type_name: str, value: Any) -> Any:
        if not element.is_list:
            return self._one(type_name, value or {})
        made = [self._one(type_name, each or {}) for each in value or ()]
        return made if any(each is not None for each in made) else None

    def _one(self, type_name: str, value: Json) -> Any:
        if self._definitions.is_a(type_name, "Resource"):
            return parsing.canonical(self._resource(value)).decode() if self._repeated else None
        row = self._object(self._definitions[type_name], value or {})
        if type_name == "Reference":
            self._refer(row)
        return row

    def _refer(self, row: Json) -> None:
        """Name the resource that a reference points at by its type."""
        found = _RELATIVE.fullmatch(str(row.get("reference", "")))
        if found and found[1] in self._definitions.resources:
            del row["reference"]
            row[id_column(found[1])] = found[2]

    def _extend(self, row: Json, found: list[Json]) -> None:
        add = extensions.add_repeated if self._repeated else extensions.add_single
        add(row, [each or {} for each in found], self._extension)

    def _extension(self, extension: Json) -> Json | None:
        """What an extension's column holds: in ANALYTICS nothing where what is within its value collides, as Google."""
        row: Json = {}
        value = self._definitions["Extension"].elements["value[x]"]
        for name, type_name in value.named().items():
            if name in extension or f"_{name}" in extension:
                try:
                    row["value"] = self._choice(value, type_name, extension.get(name), extension.get(f"_{name}"))
                except extensions.RowError:
                    if self._repeated:  # BigQuery takes no null within an array
                        raise
                    return None
        if not row or self._repeated:
            self._extend(row, extension.get("extension") or [])
        return row


def id_column(resource_type: str) -> str:
    """The column of a reference's id: patientId."""
    return f"{resource_type[0].lower()}{resource_type[1:]}Id"


def choice_name(type_name: str) -> str:
    """The field of a choice's record: codeableConcept."""
    name = {"SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity"}.get(type_name, type_name)
    return name[0].lower() + name[1:]
