"""A message as segments and fields: split once, read by number (HL7 v2.5, chapter 2)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

from emulator.hl7v2.delimiters import STANDARD, Delimiters
from emulator.hl7v2.errors import MessageError

TERMINATOR = b"\r"
HEADER = "MSH"
UNSUPPORTED = "unsupported encoding in message, only ASCII and UTF-8 are supported"
"""Google's words (GoogleCloudPlatform/mllp, issue 21)."""
_ENCODINGS = frozenset(("", "ASCII", "UTF-8", "UTF8", "UNICODE UTF-8"))
_COMMON = (
    *("MSH", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "ORC", "OBR", "OBX", "NTE", "AL1", "DG1", "GT1", "IN1", "MSA"),
    *("IPC", "TQ1", "SPM", "ZDS"),
)
"""Ids that need no closer look."""
_CHARACTER_SET = 18
"""MSH-18."""
_SEGMENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9]{2}", re.ASCII)


@dataclass(frozen=True)
class Message:
    """A message: its delimiters, and its segments as they stand, escape sequences included, without terminators."""

    delimiters: Delimiters
    lines: list[str]

    @classmethod
    def parse(cls, raw: bytes, terminator: bytes = TERMINATOR, *, allow_null_header: bool = False) -> Self:
        """Split a message. Raises MessageError for what is none, or is in another encoding than ASCII or UTF-8."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise MessageError(UNSUPPORTED) from None
        lines = [line for line in text.split(terminator.decode()) if line]
        if not lines:
            raise MessageError("the message is empty")
        has_header = lines[0].startswith(HEADER)
        if not has_header and not allow_null_header:
            raise MessageError("the message does not begin with an MSH segment")
        delimiters = Delimiters.of_header(lines[0]) if has_header else STANDARD
        if has_header:
            _check_encoding(lines[0], delimiters)
        _check_ids(lines, delimiters.field)
        return cls(delimiters, lines)

    @cached_property
    def segments(self) -> list[list[str]]:
        """Each segment as a list: its id, then its fields.

        A header's field separator is no element of its list, so that its field n is element n - 1.
        """
        return [line.split(self.delimiters.field) for line in self.lines]

    def field(self, segment: str, number: int) -> str:
        """A field of the first segment of that id by HL7's number, "" where there is none."""
        return next((field_of(each, number, self.delimiters) for each in self.segments if each[0] == segment), "")

    def component(self, segment: str, field: int, number: int = 1) -> str:
        """A component of the first repetition of such a field."""
        return component_of(self.field(segment, field).split(self.delimiters.repetition)[0], number, self.delimiters)

    @property
    def message_type(self) -> str:
        """MSH-9.1, such as ADT."""
        return self.component(HEADER, 9)

    @property
    def trigger(self) -> str:
        """MSH-9.2, such as A01."""
        return self.component(HEADER, 9, 2)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.field(HEADER, 10)

    def patient_ids(self) -> Iterator[tuple[str, str]]:
        """The values and types of PID-2, PID-3 and PID-4: components 1 and 5 of each repetition that has a value."""
        for segment in self.segments:
            if segment[0] == "PID":
                for field in segment[2:5]:
                    yield from self._patient_ids(field)

    def _patient_ids(self, field: str) -> Iterator[tuple[str, str]]:
        for repetition in field.split(self.delimiters.repetition) if field else ():
            value = component_of(repetition, 1, self.delimiters)
            if value:
                yield value, component_of(repetition, 5, self.delimiters)


def _check_encoding(header: str, delimiters: Delimiters) -> None:
    """Raise MessageError where MSH-18 names another encoding than ASCII or UTF-8."""
    before = _CHARACTER_SET - 1
    if header.count(delimiters.field) < before:
        return
    named = header.split(delimiters.field, before + 1)[before]
    if named and not _ENCODINGS.issuperset(named.upper().split(delimiters.repetition)):
        raise MessageError(UNSUPPORTED)


def _check_ids(lines: Sequence[str], field: str) -> None:
    """Raise MessageError for a segment that does not begin with an id."""
    if _common(field).issuperset([line[:4] for line in lines]):
        return
    for number, line in enumerate(lines, 1):
        if not _SEGMENT_ID.fullmatch(line.partition(field)[0]):
            raise MessageError(
                f"segment {number} does not begin with a segment ID of three letters or digits, "
                "perhaps because the segment terminator is another than the store expects"
            )


@lru_cache(maxsize=64)
def _common(field: str) -> frozenset[str]:
    """What common segments begin with."""
    return frozenset(name + field for name in _COMMON)


def field_of(segment: list[str], number: int, delimiters: Delimiters) -> str:
    """A field of a segment by HL7's number, which counts the field separator of a header as its first."""
    place = number
    if segment[0] == HEADER:
        if number == 1:
            return delimiters.field
        place = number - 1
    return segment[place] if place < len(segment) else ""


def component_of(value: str, number: int, delimiters: Delimiters) -> str:
    """A component of a field's repetition by its number from 1."""
    parts = value.split(delimiters.component)
    return parts[number - 1] if number <= len(parts) else ""
