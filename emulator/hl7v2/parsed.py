"""The ParsedData of a message: every field that is not empty, by its place (Cloud Healthcare: Segment.fields).

A key is the field's number in its segment, from 0 for the segment's id; `[n]` for the n-th repetition from 0, only
where the field repeats; then the component and the subcomponent from 1, only where there are several: "3[0].4.1".
"""

from functools import lru_cache
from typing import Any

from emulator.hl7v2 import escapes
from emulator.hl7v2.delimiters import Delimiters
from emulator.hl7v2.message import HEADER, Message

V1, V2, V3 = "V1", "V2", "V3"
"""V1 leaves MSH-1 out, so that its numbers of MSH are one less than HL7's. V3 is V2 with delimiters unescaped."""
Fields = dict[str, str]
_MADE = 128
"""Numbers for which keys are made once; what lies beyond is rare."""
_NUMBERS = tuple(map(str, range(_MADE)))


def parsed_data(message: Message, version: str = V1) -> dict[str, Any]:
    """The ParsedData of a message, as a version of the parser gives it."""
    unescape = version == V3 and message.has_escapes
    segments = []
    for segment in message.segments:
        if segment[0] == HEADER:
            fields = _header(segment, message.delimiters, version)
        else:
            fields = _fields(segment, message.delimiters)
        if unescape:
            fields = {key: escapes.unescaped(value, message.delimiters) for key, value in fields.items()}
        segments.append({"segmentId": segment[0], "fields": fields})
    return {"segments": segments}


def _header(segment: list[str], delimiters: Delimiters, version: str) -> Fields:
    """The fields of a header, of which those that name the delimiters are not split."""
    encoding = segment[1] if len(segment) > 1 else ""
    names = [HEADER, encoding] if version == V1 else [HEADER, delimiters.field, encoding]
    fields = _fields([""] * len(names) + segment[2:], delimiters)
    return {**{key: name for key, name in zip(_NUMBERS, names, strict=False) if name}, **fields}


def _fields(parts: list[str], delimiters: Delimiters) -> Fields:
    """The fields of a segment by key."""
    component, repetition, subcomponent = delimiters.component, delimiters.repetition, delimiters.subcomponent
    fields: Fields = {}
    for key, value in zip(_numbers(len(parts)), parts, strict=False):
        if not value:
            continue
        if repetition in value:
            for number, each in enumerate(value.split(repetition)):
                _put(fields, f"{key}[{number}]", each, component, subcomponent)
        elif subcomponent and subcomponent in value:
            _put(fields, key, value, component, subcomponent)
        elif component in value:  # the usual case, without the cost of a call
            divided = value.split(component)
            for name, part in zip(_below(key, len(divided)), divided, strict=False):
                if part:
                    fields[name] = part
        else:
            fields[key] = value
    return fields


def _put(fields: Fields, key: str, value: str, component: str, subcomponent: str) -> None:
    """Add the components of one repetition of a field."""
    nested = bool(subcomponent) and subcomponent in value
    if component not in value and not nested:
        if value:
            fields[key] = value
        return
    parts = value.split(component)
    for name, part in zip(_below(key, len(parts)), parts, strict=False):
        if nested and subcomponent in part:
            below = part.split(subcomponent)
            fields.update({deep: each for deep, each in zip(_below(name, len(below)), below, strict=False) if each})
        elif part:
            fields[name] = part


def _numbers(count: int) -> tuple[str, ...]:
    return _NUMBERS if count <= _MADE else tuple(map(str, range(count)))


def _below(key: str, count: int) -> tuple[str, ...]:
    """The keys of the parts of a field or a component: "5.1", "5.2" ..."""
    return _few_below(key) if count <= _FEW else tuple(f"{key}.{number}" for number in range(1, count + 1))


_FEW = 24
"""Parts that most datatypes don't exceed."""


@lru_cache(maxsize=4096)
def _few_below(key: str) -> tuple[str, ...]:
    return tuple(f"{key}.{number}" for number in range(1, _FEW + 1))
