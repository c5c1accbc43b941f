"""A message as a person reads it: each value with its place, as HL7 writes places, and HL7's name of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.hl7v2 import escapes
from emulator.hl7v2.message import HEADER, Message, field_of
from scripts.hl7v2 import names
from scripts.hl7v2.names import Names


@dataclass(frozen=True)
class Line:
    """A line of the tree: how deep it is, a place such as PID-3[2].1, a name, a value; empty for what has parts."""

    depth: int
    place: str
    name: str
    value: str


def lines(message: Message) -> Iterator[Line]:
    """The tree of a message: segments, their fields that have a value, and what these consist of."""
    known = names.of_version(message.component(HEADER, 12))
    for segment in message.segments:
        yield Line(0, segment[0], "", "")
        shift = 1 if segment[0] == HEADER else 0
        for number in range(1, len(segment) + shift):
            value = field_of(segment, number, message.delimiters)
            if value:
                yield from _field(message, segment, number, value, known)


def _field(message: Message, segment: list[str], number: int, value: str, known: Names) -> Iterator[Line]:
    part = known.field(segment[0], number)
    place = f"{segment[0]}-{number}"
    if segment[0] == HEADER and number <= 2:
        yield Line(1, place, part.name, value)
        return
    data_type = _variable(segment) if part.type.lower() == "varies" else part.type
    repetitions = value.split(message.delimiters.repetition)
    for count, repetition in enumerate(repetitions, 1):
        numbered = f"{place}[{count}]" if len(repetitions) > 1 else place
        yield from _value(message, repetition, numbered, part.name, data_type, known)


def _variable(segment: list[str]) -> str:
    """The data type of a value that OBX-2 says (HL7 v2.5, 7.4.2.5)."""
    return segment[2] if segment[0] == "OBX" and len(segment) > 2 else ""


def _value(message: Message, value: str, place: str, name: str, data_type: str, known: Names) -> Iterator[Line]:
    components = value.split(message.delimiters.component)
    if len(components) == 1:
        yield from _component(message, value, 1, place, name, data_type, known)
        return
    yield Line(1, place, name, "")
    for number, component in enumerate(components, 1):
        if component:
            part = known.component(data_type, number)
            yield from _component(message, component, 2, f"{place}.{number}", part.name, part.type, known)


def _component(
    message: Message, value: str, depth: int, place: str, name: str, data_type: str, known: Names
) -> Iterator[Line]:
    separator = message.delimiters.subcomponent
    parts = value.split(separator) if separator else [value]
    if len(parts) == 1:
        yield Line(depth, place, name, escapes.unescaped(value, message.delimiters))
        return
    yield Line(depth, place, name, "")
    for number, part in enumerate(parts, 1):
        if part:
            inner = known.component(data_type, number)
            plain = escapes.unescaped(part, message.delimiters)
            yield Line(depth + 1, f"{place}.{number}", inner.name, plain)
