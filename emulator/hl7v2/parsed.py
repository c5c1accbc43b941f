"""The ParsedData of a message: every field that is not empty, by its key (Cloud Healthcare: Segment.fields)."""

from collections.abc import Sequence
from itertools import compress, repeat
from typing import Any

from emulator.hl7v2 import escapes
from emulator.hl7v2.delimiters import Delimiters
from emulator.hl7v2.layouts import FIELD, LAYOUTS
from emulator.hl7v2.message import HEADER, Message

V1, V2, V3 = "V1", "V2", "V3"
"""V1 leaves MSH-1 out, so that its numbers of MSH are one less than HL7's. V3 is V2 with delimiters unescaped."""
Fields = dict[str, str]


def parsed_data(message: Message, version: str = V1) -> dict[str, Any]:
    """The ParsedData of a message, as a version of the parser gives it."""
    delimiters, text = message.delimiters, "\r".join(message.lines)
    if _is_plain(message, text):
        segments = _together(text, delimiters, version)
    else:
        segments = [_alone(line, delimiters, version) for line in message.lines]
    if version == V3 and delimiters.escape and text.count(delimiters.escape) > 1:
        _unescape(segments, message)
    return {"segments": [{"segmentId": fields["0"], "fields": fields} for fields in segments]}


def _is_plain(message: Message, text: str) -> bool:
    """Whether a message can be cut as a whole: only its first segment is a header, and its delimiters are ASCII."""
    return (
        text.startswith(HEADER)
        and f"\r{HEADER}" not in text
        and text.count("\r") == len(message.lines) - 1
        and message.delimiters.cutter.is_quick
    )


def _together(text: str, delimiters: Delimiters, version: str) -> Sequence[Fields]:
    """The fields of all segments of a message."""
    names = _names(delimiters.field, delimiters.encoding, version)
    values, shapes = delimiters.cutter.segments(text[len(HEADER + delimiters.encoding) + 1 :])
    values[:1] = names
    shapes[0] = FIELD * (len(names) - 1) + shapes[0]
    each, wanted = iter(values), iter(values)
    numbered = map(zip, map(LAYOUTS.__getitem__, shapes), repeat(each))
    return list(map(dict, map(compress, numbered, repeat(wanted))))


def _alone(line: str, delimiters: Delimiters, version: str) -> Fields:
    """The fields of one segment."""
    names: list[str] = []
    if line.startswith(HEADER):
        encoding, separator, rest = line[len(HEADER) + 1 :].partition(delimiters.field)
        names, line = _names(delimiters.field, encoding, version), separator + rest
    values, shape = delimiters.cutter.segment(line)
    if names:
        values[:1] = names
        shape = FIELD * (len(names) - 1) + shape
    return dict(compress(zip(LAYOUTS[shape], values, strict=True), values))


def _names(field: str, encoding: str, version: str) -> list[str]:
    """The first values of a header, which name the delimiters and so are not cut."""
    return [HEADER, encoding] if version == V1 else [HEADER, field, encoding]


def _unescape(segments: Sequence[Fields], message: Message) -> None:
    """Put delimiters in the place of their escape sequences, each of which has the escape character twice."""
    escape, unescape = message.delimiters.escape, escapes.unescaper(message.delimiters)
    for fields, line in zip(segments, message.lines, strict=True):
        if line.count(escape) > 1:
            for key in [key for key, value in fields.items() if escape in value]:
                fields[key] = unescape(fields[key])
