"""Paths of fields as a DeidentifyConfig writes them: Patient.Address.city, Address.String, Deceased.Age.unit.

Each component is the name of a field (small first letter) or of a type (capital first letter). A path may leave out
its beginning. A choice, deceasedAge, is two components: its name, with either first letter, and the type of its value
(discovery: FieldMetadata.paths).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from emulator.fhir.definitions import Definitions, Element, load
from emulator.fhir.versions import VERSIONS

_PATH = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*")
_ALSO = {"url": "Uri", "canonical": "Uri", "integer64": "Integer"}
"""Types that Google's list lacks, by the one on it that they specialize."""
_ABSTRACT = frozenset(("Base", "Element", "BackboneElement", "BackboneType", "DataType", "Resource", "DomainResource"))
_OWN_CODES = {"administrative-gender": "AdministrativeGenderCode", "languages": "LanguageCode"}


@dataclass(frozen=True, slots=True)
class Step:
    """A field on the way into a resource: what a component of a path may call it."""

    names: frozenset[str]
    stems: frozenset[str] = frozenset()
    """Of a choice: the first of its two components."""
    types: frozenset[str] = frozenset()
    """Of a choice: the second of its two components."""


def reaches(path: tuple[str, ...], steps: tuple[Step, ...]) -> bool:
    """Whether a path, from its end, names the field that steps lead to."""
    if not path:
        return True
    if not steps:
        return False
    step = steps[-1]
    if path[-1] in step.names and reaches(path[:-1], steps[:-1]):
        return True
    in_two = path[-1] in step.types and path[-2:-1] != () and path[-2] in step.stems
    return in_two and reaches(path[:-2], steps[:-1])


def step_to(definitions: Definitions, name: str, element: Element, type_name: str) -> Step:
    """The step to a field by its name in JSON, its element, and the type that its value has."""
    types = type_names(definitions, element, type_name)
    if not element.is_choice:
        return Step(types | {element.name})
    stems = frozenset((element.stem, _capital(element.stem)))
    return Step(types | stems | {name}, stems, types | {type_name})


def step_into(resource_type: str) -> Step:
    """The step to a resource: where a path may begin, and where one resource lies in another."""
    return Step(frozenset((resource_type,)))


def type_names(definitions: Definitions, element: Element, type_name: str) -> frozenset[str]:
    """The types of a field's value as paths name them: its own and those that it specializes.

    A code that is bound to a fixed set is of a type of its own in Google's FHIR, so that Code is not one of them.
    """
    if type_name == "code":
        if own := _code_type(element):
            return frozenset((own,))
        return frozenset() if element.codes is not None else frozenset(("Code",))
    if definitions[type_name].kind == "primitive":
        return frozenset((_capital(type_name), _ALSO.get(type_name, _capital(type_name))))
    own_name = _capital(type_name.rpartition(".")[2])
    return frozenset((own_name, *(_bases(definitions, type_name))))


def parsed(text: str) -> tuple[str, ...]:
    """The components of a path; ValueError, with one sentence, for what is no path or names what FHIR does not have."""
    if not _PATH.fullmatch(text):
        raise ValueError(f'"{text[:100]}" is no path of a FHIR field: it must be names and types between dots.')
    components = tuple(text.split("."))
    unknown = [each for each in components if each not in _known_names()]
    if unknown:
        raise ValueError(f'"{text[:100]}" is no path of a FHIR field: no field or type is called "{unknown[0]}".')
    return components


def _bases(definitions: Definitions, type_name: str) -> Iterable[str]:
    kind = definitions[type_name]
    while kind.base and kind.base not in _ABSTRACT and kind.kind == "complex":
        yield kind.base
        kind = definitions[kind.base]


def _code_type(element: Element) -> str:
    if element.name == "language":
        return "LanguageCode"
    return _OWN_CODES.get(element.codes_name.removeprefix("all-"), "")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


@cache
def _known_names() -> frozenset[str]:
    """All names that a component may have, in any version."""
    return frozenset().union(*(_names_in(load(version)) for version in VERSIONS)) | frozenset(_OWN_CODES.values())


def _names_in(definitions: Definitions) -> set[str]:
    found = set(definitions.resources)
    for name in definitions.names:
        kind = definitions[name]
        found |= {_capital(name.rpartition(".")[2])}
        for field, (element, _) in kind.fields.items():
            found |= {field, element.stem, _capital(element.stem)}
    return found
