"""Search parameters by version and resource type, as FHIR and, on top, a store's configuration define them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path as File
from typing import Any

import orjson

from emulator.fhir.definitions import load
from emulator.fhir.paths.compiling import Path, compiled
from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.unions import alternatives, of_base
from emulator.fhir.search.errors import SearchError

_DATA = File(__file__).parents[1] / "data"
TYPES = ("token", "string", "reference", "date", "number", "quantity", "uri", "composite")
COMMON = "Resource"
"""The base of parameters that all types have, such as _tag."""


@dataclass(frozen=True, eq=False)
class Parameter:
    """One way to search one type of resources. Each is itself only, so that it is a quick key."""

    base: str
    code: str
    type: str
    """token, string, reference, date, number, quantity, uri or composite."""
    expression: str
    """In FHIRPath; of a composite, where its components are asked of. "" for what has none: _text and _content."""
    targets: tuple[str, ...] = ()
    """Of a reference: the types that it may point at; none where any may."""
    components: tuple[Component, ...] = ()
    parts: tuple[str, ...] = ()
    """Codes of parameters of the same base that together find what it finds: it is looked for in their rows."""

    @cached_property
    def key(self) -> int:
        """The number by which the index knows it: 32 bits of base and code."""
        return key_of(self.base, self.code)

    @cached_property
    def text_key(self) -> int:
        """The number of the texts of a token, for :text."""
        return key_of(self.base, f"{self.code}:text")

    @cached_property
    def path(self) -> Path:
        """The function that gives its values of a resource."""
        return compiled(self.expression)


@dataclass(frozen=True)
class Component:
    """A part of a composite: its expression, from the composite's own values, and the type of its values."""

    expression: str
    type: str


def key_of(base: str, code: str) -> int:
    """CRC-32 of "base.code": the same at every start, so that no table of numbers is needed."""
    return zlib.crc32(f"{base}.{code}".encode())


@dataclass(frozen=True)
class Parameters:
    """The parameters of a version of FHIR, with those that a store adds."""

    version: str
    types: frozenset[str]
    """Names of resource types."""
    by_type: Mapping[str, Mapping[str, Parameter]]
    """Of a resource type, or of COMMON: parameters by code, those of all types included, with the type as base."""
    left_out: Mapping[str, frozenset[str]]
    """What FHIR has and Cloud Healthcare does not."""
    patient_compartment: Mapping[str, tuple[str, ...]]
    """Of a resource type: the codes of parameters by which a resource belongs to a patient."""
    added: tuple[Parameter, ...] = field(default=())

    @cached_property
    def in_order(self) -> tuple[str, ...]:
        """The names of resource types, sorted."""
        return tuple(sorted(self.types))

    def of(self, resource_type: str) -> Mapping[str, Parameter]:
        """Parameters by code. SearchError for what is no resource type of this version."""
        if resource_type not in self.types:
            raise SearchError(f'"{resource_type}" is no resource type of FHIR {self.version}.')
        return self.by_type[resource_type]

    def find(self, resource_type: str | None, code: str) -> Parameter | None:
        """The parameter of a type by code, or of all types (None)."""
        return self.by_type[resource_type or COMMON].get(code)

    def extended(self, resources: Iterable[Mapping[str, Any]]) -> Parameters:
        """These and what SearchParameter resources define (configureSearch). SearchError says what is wrong in one."""
        added = [each for resource in resources for each in _defined(resource, self)]
        by_type = {name: dict(each) for name, each in self.by_type.items()}
        keys = {each.key: each for codes in by_type.values() for each in codes.values()}
        for each in added:
            codes = by_type[each.base]
            codes.update({code: replace(one, parts=()) for code, one in codes.items() if each.code in one.parts})
            other = keys.setdefault(each.key, each)
            if (other.base, other.code) != (each.base, each.code):
                raise SearchError(f'The code "{each.code}" of a SearchParameter cannot be used; choose another.')
            codes[each.code] = each
        return Parameters(
            self.version, self.types, by_type, self.left_out, self.patient_compartment, (*self.added, *added)
        )


@lru_cache(maxsize=8)
def parameters(version: str) -> Parameters:
    """The parameters of a version by its name in a store (versions.VERSIONS): R4."""
    table = orjson.loads(gzip.decompress((_DATA / f"search-{version.lower()}.json.gz").read_bytes()))
    types = load(version).resources
    common = table["parameters"].pop(COMMON)
    rows = {name: {**common, **table["parameters"].get(name, {})} for name in (*types, COMMON)}
    rows[COMMON] = common
    return Parameters(
        version,
        types,
        {base: _of_base(base, codes) for base, codes in rows.items()},
        {base: frozenset(codes) for base, codes in table["leftOut"].items()},
        {name: tuple(codes) for name, codes in table["patientCompartment"].items()},
    )


def _of_base(base: str, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Parameter]:
    plain = {code: _parameter(base, code, row) for code, row in rows.items()}
    return {code: replace(each, parts=_parts(each, plain)) for code, each in plain.items()}


def _parts(parameter: Parameter, others: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Parameters whose expressions are the sides of one's union, all of them, in their order: code of combo-code."""
    if "|" not in parameter.expression or parameter.type == "reference":
        return ()
    sides = alternatives(parameter.expression)
    alike = {
        code: set(alternatives(each.expression))
        for code, each in others.items()
        if each.expression and each.type == parameter.type and each.components == parameter.components
    }
    found = dict.fromkeys(code for side in sides for code, own in alike.items() if side in own and own < set(sides))
    return tuple(found) if {side for code in found for side in alike[code]} == set(sides) else ()


def _parameter(base: str, code: str, row: Mapping[str, Any]) -> Parameter:
    components = [_component(each, place, code) for place, each in enumerate(row.get("components", ()))]
    return Parameter(
        base, code, row["type"], row.get("expression", ""), tuple(row.get("target", ())), tuple(components)
    )


def _component(expression: str, place: int, code: str) -> Component:
    """A composite is named after its parts: the last word of code-value-quantity is the type of its second."""
    if place == 0:
        return Component(expression, "token")
    kinds = {"concept": "token", "quantity": "quantity", "date": "date", "string": "string"}
    return Component(expression, kinds.get(code.rsplit("-", 1)[-1], "reference"))


def _defined(resource: Mapping[str, Any], known: Parameters) -> list[Parameter]:
    """The parameters of a SearchParameter resource, one a base."""
    code, kind, expression = (resource.get(name) for name in ("code", "type", "expression"))
    name = f'The SearchParameter "{resource.get("url") or resource.get("id") or code}"'
    if not (isinstance(code, str) and code and isinstance(expression, str) and expression):
        raise SearchError(f"{name} needs a code and an expression.")
    if kind not in TYPES or kind == "composite":
        raise SearchError(f'{name} is of type "{kind}", which cannot be searched by.')
    named = resource.get("base")
    bases = [base for each in named or () for base in ([each] if each != COMMON else sorted(known.types))]
    unknown = [base for base in bases if base not in known.types]
    if unknown or not bases:
        raise SearchError(f"{name} needs a base that is a resource type of FHIR {known.version}, not {named}.")
    targets = tuple(each for each in resource.get("target") or () if isinstance(each, str))
    found = [Parameter(base, code, kind, part, targets) for base in bases if (part := of_base(expression, base))]
    try:
        for each in found:
            compiled(each.expression)
    except PathError as error:
        raise SearchError(f"{name}: {error}") from None
    return found
