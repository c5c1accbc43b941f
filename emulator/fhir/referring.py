"""Where a right resource may have references, by its type: what leads to none is not looked at."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from emulator.fhir import references
from emulator.fhir.definitions import Definitions, load

Json = dict[str, Any]
_Ways = Mapping[str, str]
"""Of a type, each name that leads to references: with the type of what is there, or one of these two."""
_TEXT, _ANY = "text of a reference", "any resource"
_EXTENSIONS = ("extension", "modifierExtension")


def texts(resource: Json, version: str) -> list[str]:
    """The texts of all references outside of extensions, as `references.texts`, of a resource that is right.

    `version` is its version by its name in a store: R4.
    """
    found: list[str] = []
    _look(resource, resource["resourceType"], _every_way(version), found)
    return found


def _look(value: Json, kind: str, every: Mapping[str, _Ways], found: list[str]) -> None:
    ways = every[kind]
    for name, each in value.items():
        to = ways.get(name)
        if to is None:
            continue
        if to is _TEXT:
            if type(each) is str:
                found.append(each)
        elif to is _ANY:
            found += references.texts({name: each}, extensions=False)
        elif type(each) is list:
            for one in each:
                if type(one) is dict:
                    _look(one, to, every, found)
        elif type(each) is dict:
            _look(each, to, every, found)


@cache
def _every_way(version: str) -> Mapping[str, _Ways]:
    """Of each type of a version the ways to references."""
    definitions = load(version)
    every = {name: dict(_ways(definitions, name)) for name in definitions.names}
    leading = _leading(every)
    return {
        kind: _in_either_case(name_to for name_to in ways.items() if name_to[1] in leading)
        for kind, ways in every.items()
    }


def _in_either_case(ways: Iterable[tuple[str, str]]) -> _Ways:
    """Ways by their names, and by those with a capital letter, which some versions take for the same."""
    found = dict(ways)
    return {name[0].upper() + name[1:]: to for name, to in found.items() if to is not _TEXT} | found


def _ways(definitions: Definitions, kind: str) -> Iterator[tuple[str, str]]:
    """The names of a type that JSON may have, with what is there."""
    for name, (_, to) in definitions[kind].fields.items():
        if to in ("Resource", "DomainResource"):
            yield name, _ANY
        elif name == "reference" and definitions[to].kind == "primitive":
            yield name, _TEXT
        elif name not in _EXTENSIONS:
            yield name, to


def _leading(every: Mapping[str, _Ways]) -> set[str]:
    """The types from which a way leads to a reference."""
    found = {_TEXT, _ANY}
    while more := {kind for kind, ways in every.items() if kind not in found and not found.isdisjoint(ways.values())}:
        found |= more
    return found
