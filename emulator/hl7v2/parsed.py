"""The ParsedData of a message: every field that is not empty, by its place (Cloud Healthcare: Segment.fields).

A key is the field's number in its segment, from 0 for the segment's id; `[n]` for the n-th repetition from 0, only
where the field repeats; then the component and the subcomponent from 1, only where there are several: "3[0].4.1".
"""

from collections.abc import Iterator
from typing import Any

from emulator.hl7v2 import escapes
from emulator.hl7v2.delimiters import Delimiters
from emulator.hl7v2.message import HEADER, Message

V1, V2, V3 = "V1", "V2", "V3"
"""V1 leaves MSH-1 out, so that its numbers of MSH are one less than HL7's. V3 is V2 with delimiters unescaped."""
_NUMBERS = [str(number) for number in range(256)]


def parsed_data(message: Message, version: str = V1) -> dict[str, Any]:
    """The ParsedData of a message, as a version of the parser gives it."""
    delimiters = message.delimiters
    segments = []
    for segment in message.segments:
        is_header = segment[0] == HEADER
        parts = [HEADER, delimiters.field, *segment[1:]] if is_header and version != V1 else segment
        fields = _fields(parts, delimiters, (1 if version == V1 else 2) if is_header else -1)
        if version == V3:
            fields = {key: escapes.unescaped(value, delimiters) for key, value in fields.items()}
        if is_header and version == V3:
            fields["2"] = parts[2]
        segments.append({"segmentId": segment[0], "fields": fields})
    return {"segments": segments}


def _fields(parts: list[str], delimiters: Delimiters, whole: int) -> dict[str, str]:
    """The fields of a segment by key; the one at `whole` is not split, since it names the delimiters."""
    component, repetition, subcomponent = delimiters.component, delimiters.repetition, delimiters.subcomponent
    fields = {}
    for number, value in enumerate(parts):
        if not value:
            continue
        key = _NUMBERS[number] if number < 256 else str(number)
        if number == whole:
            fields[key] = value
        elif component in value or repetition in value or (subcomponent and subcomponent in value):
            fields.update(_parts(key, value, delimiters))
        else:
            fields[key] = value
    return fields


def _parts(key: str, value: str, delimiters: Delimiters) -> Iterator[tuple[str, str]]:
    """The parts of a field that has several."""
    if delimiters.repetition not in value:
        yield from _components(key, value, delimiters)
        return
    for number, repetition in enumerate(value.split(delimiters.repetition)):
        yield from _components(f"{key}[{number}]", repetition, delimiters)


def _components(key: str, value: str, delimiters: Delimiters) -> Iterator[tuple[str, str]]:
    subcomponent = delimiters.subcomponent
    nested = bool(subcomponent) and subcomponent in value
    if delimiters.component not in value and not nested:
        if value:
            yield key, value
        return
    for number, component in enumerate(value.split(delimiters.component), 1):
        if nested and subcomponent in component:
            for below, part in enumerate(component.split(subcomponent), 1):
                if part:
                    yield f"{key}.{number}.{below}", part
        elif component:
            yield f"{key}.{number}", component
