"""A message as segments and fields: split once, read by number (HL7 v2.5, chapter 2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from emulator.hl7v2.delimiters import STANDARD, Delimiters
from emulator.hl7v2.errors import MessageError

TERMINATOR = b"\r"
HEADER = "MSH"
UNSUPPORTED = "unsupported encoding in message, only ASCII and UTF-8 are supported"
"""Google's words (GoogleCloudPlatform/mllp, issue 21)."""
_ENCODINGS = frozenset(("", "ASCII", "UTF-8", "UTF8", "UNICODE UTF-8"))
_COMMON = frozenset(("MSH", "EVN", "PID", "NK1", "PV1", "PV2", "ORC", "OBR", "OBX", "NTE", "AL1", "DG1"))
"""Ids that need no closer look."""
_SEGMENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """A message. Each segment is a list: its id, then its fields as they stand, escape sequences included.

    A header's field separator is no element of its list, so that its field n is element n - 1.
    """

    delimiters: Delimiters
    segments: list[list[str]]
    has_escapes: bool = True
    """Whether there may be escape sequences in it."""

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
        segments = [line.split(delimiters.field) for line in lines]
        message = cls(delimiters, segments, bool(delimiters.escape) and text.count(delimiters.escape) > has_header)
        message._check()
        return message

    def _check(self) -> None:
        encodings = field_of(self.segments[0], 18, self.delimiters) if self.segments[0][0] == HEADER else ""
        if encodings and not _ENCODINGS.issuperset(encodings.upper().split(self.delimiters.repetition)):
            raise MessageError(UNSUPPORTED)
        if _COMMON.issuperset([segment[0] for segment in self.segments]):
            return
        for number, segment in enumerate(self.segments, 1):
            if not _SEGMENT_ID.fullmatch(segment[0]):
                raise MessageError(
                    f"segment {number} does not begin with a segment ID of three letters or digits, "
                    "perhaps because the segment terminator is another than the store expects"
                )

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
