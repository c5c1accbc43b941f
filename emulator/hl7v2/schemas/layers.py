"""Which schema and which types are for a message: layers, each for the messages that its sources match.

Later layers override earlier ones; HL7's own are the first (Cloud Healthcare: SchemaPackage, VersionSource).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import HEADER, Message, component_of
from emulator.hl7v2.schemas import standard
from emulator.hl7v2.schemas.model import Group, Json, Type, group_of, type_of

FAIL, SKIP, PARSE = "FAIL", "SKIP", "PARSE"
_UNSPECIFIED = "UNEXPECTED_SEGMENT_HANDLING_MODE_UNSPECIFIED"
_PLACE = re.compile(r"(\d+)(?:\[(\d+)\])?(?:\.(\d+))?(?:\.(\d+))?", re.ASCII)
_KEY = re.compile(r"\w{1,4}(_\w{1,4})?", re.ASCII)
"""What keys look like that may be quoted: a header can hold anything in their place."""
Matches = Callable[[Message], bool]


@dataclass(frozen=True)
class Package:
    """A SchemaPackage, ready to be asked."""

    schemas: Sequence[tuple[Matches, Mapping[str, Json]]]
    types: Sequence[tuple[Matches, Mapping[str, Type]]]
    unexpected: str
    """FAIL, SKIP or PARSE: what becomes of segments that no schema has a place for."""
    hard: bool
    """Whether messages that don't fit are refused."""
    ignore_least: bool
    _groups: dict[tuple[int, str], Group] = field(default_factory=dict)
    _merged: dict[tuple[bool, ...], Mapping[str, Type]] = field(default_factory=dict)

    def group_for(self, message: Message) -> Group:
        """The root group of a message's schema. Raises MessageError where there is none."""
        own, structure = key_of(message), message.component(HEADER, 9, 3)
        for key in (own, standard.structure_of(own), structure):
            for place in range(len(self.schemas) - 1, -1, -1):
                matches, groups = self.schemas[place]
                if key in groups and matches(message):
                    return self._group(place, key, groups[key])
        named = f"type {own}" if _KEY.fullmatch(own) else "this type"
        raise MessageError(f"there is no schema for messages of {named}")

    def types_for(self, message: Message) -> Mapping[str, Type]:
        """The types that are for a message, by name."""
        which = tuple(matches(message) for matches, _ in self.types)
        if which not in self._merged:
            layers = (types for fits, (_, types) in zip(which, self.types, strict=True) if fits)
            self._merged[which] = {name: each for types in layers for name, each in types.items()}
        return self._merged[which]

    def _group(self, place: int, key: str, given: Json) -> Group:
        if (place, key) not in self._groups:
            self._groups[place, key] = group_of(given, ignore_least=self.ignore_least)
        return self._groups[place, key]


def package_of(given: Json) -> Package:
    """Read a SchemaPackage. Raises MessageError for sources of versions that can't be read."""
    ignore_least = bool(given.get("ignoreMinOccurs"))
    unexpected = given.get("unexpectedSegmentHandling") or FAIL
    return Package(
        [(_always, standard.structures())]
        + [(_matches(each), each.get("messageSchemaConfigs") or {}) for each in given.get("schemas") or ()],
        [(_always, _standard_types(ignore_least=ignore_least))]
        + [
            (_matches(each), _types(each.get("type") or (), ignore_least=ignore_least))
            for each in given.get("types") or ()
        ],
        FAIL if unexpected == _UNSPECIFIED else unexpected,
        given.get("schematizedParsingType") == "HARD_FAIL",
        ignore_least,
    )


def key_of(message: Message) -> str:
    """What schemas of a message are named by: ADT_A04 for ADT^A04, the type alone where it has no trigger event."""
    return "_".join(filter(None, (message.message_type, message.trigger)))


@lru_cache(maxsize=2)
def _standard_types(*, ignore_least: bool) -> Mapping[str, Type]:
    return _types(standard.types(), ignore_least=ignore_least)


def _types(given: Sequence[Json], *, ignore_least: bool) -> Mapping[str, Type]:
    return {each.get("name") or "": type_of(each, ignore_least=ignore_least) for each in given}


def _matches(layer: Json) -> Matches:
    """Whether all sources of a layer match a message."""
    wanted = [(_place(each.get("mshField") or ""), each.get("value") or "") for each in layer.get("version") or ()]
    return lambda message: all(_value(message, place) == value for place, value in wanted)


def _always(_message: Message) -> bool:
    return True


def _place(text: str) -> tuple[int, int, int, int]:
    """Field, repetition from 0, component and subcomponent of "18[1].1"; the last two are 0 for the whole."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise MessageError(f'mshField "{text[:40]}" names no field: write 12, 3.1 or 18[1].1')
    number, repetition, component, subcomponent = (int(part or 0) for part in found.groups())
    return number, repetition, component, subcomponent


def _value(message: Message, place: tuple[int, int, int, int]) -> str:
    number, repetition, component, subcomponent = place
    delimiters = message.delimiters
    parts = message.field(HEADER, number).split(delimiters.repetition)
    value = parts[repetition] if repetition < len(parts) else ""
    if component:
        value = component_of(value, component, delimiters)
    if subcomponent:
        below = value.split(delimiters.subcomponent) if delimiters.subcomponent else [value]
        value = below[subcomponent - 1] if subcomponent <= len(below) else ""
    return value
