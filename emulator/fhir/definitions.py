"""What FHIR's definitions say of each type: its elements, their types, how many, which codes, what they may refer to.

The tables in emulator/fhir/data have one object for each type, by path (Patient, Patient.contact), with its `kind`
(primitive, complex, resource, or inner for a type within a type), its `base`, and its own `elements` in their order:
`types`, `min` (0 unless said), `max` (1 unless said, null for any number), `codes` (of a code: the name of the value
set that it is bound to, which the table lists where the binding is required and its codes are FHIR's own), `targets`
(of references, any unless said) and `constraints` (key and FHIRPath of the invariants of severity error). A primitive
may have the `pattern` of its value.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import orjson

from emulator.fhir.versions import VERSIONS

Json = dict[str, Any]

_DATA = Path(__file__).parent / "data"
_NAMED_OTHERWISE = {"SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity"}
"""Profiles that choices name by the type that they constrain: doseQuantity."""


@dataclass(frozen=True)
class Constraint:
    """An invariant of severity error."""

    key: str
    """As the specification has it: obs-7."""
    expression: str
    """FHIRPath, which must be true for the element that it stands at."""


@dataclass(frozen=True)
class Element:
    """An element of a type. A choice is one element: value[x]."""

    name: str
    types: tuple[str, ...]
    """Names of types; of a type within a type its path, such as Patient.contact."""
    min: int = 0
    max: int | None = 1
    """None for any number."""
    codes: frozenset[str] | None = None
    """The codes that a required binding allows. None where there is none, or where they cannot be listed."""
    codes_name: str = ""
    """Of a code: the last part of the URL of the value set that it is bound to, such as administrative-gender."""
    targets: tuple[str, ...] = ()
    """The types of resources that a reference may point at; none said is any."""
    constraints: tuple[Constraint, ...] = ()

    @property
    def is_choice(self) -> bool:
        """Whether the type of the value is a part of the name in JSON: valueQuantity."""
        return self.name.endswith("[x]")

    @property
    def is_list(self) -> bool:
        """Whether JSON has an array."""
        return self.max is None or self.max > 1

    @property
    def stem(self) -> str:
        """The name without [x]."""
        return self.name.removesuffix("[x]")

    def named(self) -> Mapping[str, str]:
        """Each name that the element may have in JSON, with the type that it then has."""
        if not self.is_choice:
            return {self.name: self.types[0]} if self.types else {}
        names = {kind: _NAMED_OTHERWISE.get(kind, kind) for kind in self.types}
        return {self.stem + name[0].upper() + name[1:]: kind for kind, name in names.items()}


@dataclass(frozen=True)
class Type:
    """A primitive, a data type, a resource, or a type within one of these."""

    name: str
    kind: str
    """primitive, complex, resource or inner."""
    base: str
    """The name of the type that this one specializes, "" for Element, Resource and Base."""
    abstract: bool
    elements: Mapping[str, Element]
    """By name, inherited ones first, in the order of the definitions."""
    constraints: tuple[Constraint, ...]
    """Inherited ones first."""
    pattern: str = ""

    @cached_property
    def fields(self) -> Mapping[str, tuple[Element, str]]:
        """Each name that JSON may have, without those that begin with _, with its element and the type it then has."""
        return {name: (element, kind) for element in self.elements.values() for name, kind in element.named().items()}


@dataclass
class Definitions:
    """The definitions of one version. Types are made when they are first asked for."""

    number: str
    """The version as published: 4.0.1."""
    _types: Mapping[str, Json]
    _codes: Mapping[str, list[str]]
    _made: dict[str, Type] = field(default_factory=dict)
    _code_sets: dict[str, frozenset[str]] = field(default_factory=dict)

    def type(self, name: str) -> Type | None:
        """The type of this name or path, None where the version has none."""
        if name not in self._made and name in self._types:
            self._made[name] = self._make(name, self._types[name])
        return self._made.get(name)

    def __getitem__(self, name: str) -> Type:
        """As `type`; KeyError where the version has none."""
        found = self.type(name)
        if found is None:
            raise KeyError(name)
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """All types, those within types too."""
        return frozenset(self._types)

    @cached_property
    def resources(self) -> frozenset[str]:
        """The types of resources that can be stored: Patient and so on, abstract ones left out."""
        return frozenset(
            name for name, row in self._types.items() if row["kind"] == "resource" and not row.get("abstract")
        )

    def is_a(self, name: str, base: str) -> bool:
        """Whether a type is another one or specializes it."""
        while name and name != base:
            name = self._types.get(name, {}).get("base", "")
        return name == base

    def _make(self, name: str, row: Json) -> Type:
        base = self.type(row["base"])
        own = {each: self._element(each, element) for each, element in row["elements"].items()}
        constraints = _constraints(row)
        return Type(
            name,
            row["kind"],
            row["base"],
            row.get("abstract", False),
            {**base.elements, **own} if base else own,
            (*base.constraints, *constraints) if base else constraints,
            row.get("pattern", ""),
        )

    def _element(self, name: str, row: Json) -> Element:
        codes = row.get("codes", "")
        return Element(
            name,
            tuple(row["types"]),
            row.get("min", 0),
            row.get("max", 1),
            self._code_set(codes) if codes in self._codes else None,
            codes,
            tuple(row.get("targets", ())),
            _constraints(row),
        )

    def _code_set(self, name: str) -> frozenset[str]:
        if name not in self._code_sets:
            self._code_sets[name] = frozenset(self._codes[name])
        return self._code_sets[name]


@cache
def load(version: str) -> Definitions:
    """The definitions of a version by its name in a store (versions.VERSIONS): R4. Kept once loaded."""
    table = _table(version)
    return Definitions(table["version"], table["types"], table["codes"])


@cache
def choice_names() -> Mapping[str, frozenset[str]]:
    """The names in JSON of each choice of any version, by its stem: value has valueQuantity, valueString and so on.

    Other names that begin with an element's name are none of its: a TestScript's responseCode is no response.
    """
    found: dict[str, set[str]] = {}
    for version in VERSIONS:
        for row in _table(version)["types"].values():
            for name, element in row["elements"].items():
                if (choice := Element(name, tuple(element["types"]))).is_choice:
                    found.setdefault(choice.stem, set()).update(choice.named())
    return {stem: frozenset(names) for stem, names in found.items()}


def _table(version: str) -> Json:
    """The table of a version as it is kept; large, and read anew each time."""
    table: Json = orjson.loads(gzip.decompress((_DATA / f"{version.lower()}.json.gz").read_bytes()))
    return table


def _constraints(row: Json) -> tuple[Constraint, ...]:
    return tuple(Constraint(key, expression) for key, expression in row.get("constraints", ()))
