"""The fields of a segment as JSON, by their types.

What is empty is null, up to the last part that the message has; what repeats is a list; a part that no type knows is
taken as VARIES: components by number, each with its subcomponents by number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.hl7v2 import escapes
from emulator.hl7v2.delimiters import Delimiters
from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import HEADER
from emulator.hl7v2.schemas.model import UNESCAPED, VARIES, Field, Occurs, Type

Value = Any
_UNKNOWN = Type("", {}, VARIES)
_ANY_NUMBER = Occurs(0, 0)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the segments of a message."""

    types: Mapping[str, Type]
    delimiters: Delimiters
    unescape: bool
    """Whether delimiters in texts are unescaped, as the parser V3 does."""

    def segment(self, segment: Sequence[str], *, known: bool = True) -> dict[str, Value]:
        """A segment by the type of its id, or as VARIES where it has none and need not be `known`.

        Raises MessageError, which names places and never values, for what does not fit.
        """
        name = segment[0]
        kind = self.types.get(name)
        if kind is None and known:
            raise MessageError(f"type {name} is not defined")
        kind = kind or _UNKNOWN
        values = [self.delimiters.field, *segment[1:]] if name == HEADER else segment[1:]
        shown: dict[str, Value] = {"0": name}
        for number, value in enumerate(values, 1):
            field = kind.fields.get(number) or Field(str(number), number, "", _ANY_NUMBER)
            whole = name == HEADER and number <= 2
            shown[field.name] = value if whole else self._field(field, value, f"{name}-{number}")
        for field in kind.fields.values():
            if field.occurs.least and field.number > len(values):
                raise MessageError(f"{name}-{field.number} is missing")
        return shown

    def _field(self, field: Field, value: str, place: str) -> Value:
        """A field with its repetitions."""
        if not value:
            _require(not field.occurs.least, f"{place} is missing")
            return None
        separators = self._separators()
        if field.occurs.most == 1:
            _require(self.delimiters.repetition not in value, f"{place} is repeated, which its type does not allow")
            return self._part(field.type, value, separators, place)
        repetitions = value.split(self.delimiters.repetition)
        _require(
            not field.occurs.most or len(repetitions) <= field.occurs.most,
            f"{place} is there {len(repetitions)} times, and at most {field.occurs.most} are allowed",
        )
        return [self._part(field.type, each, separators, place) if each else None for each in repetitions]

    def _part(self, type_name: str, value: str, separators: str, place: str) -> Value:
        """A value of a type, which the separators, the outer ones first, divide."""
        kind = self.types.get(type_name) if type_name else _UNKNOWN
        if kind is None:
            raise MessageError(f"type {type_name} of {place} is not defined")
        if kind.primitive == UNESCAPED:
            return value
        if kind.primitive == VARIES:
            return self._varies(value, separators)
        if kind.primitive:
            _require(
                not any(each in value for each in separators), f"{place} has parts, but its type {kind.name} has none"
            )
            return self._text(value)
        parts = value.split(separators[0]) if separators else [value]
        shown: dict[str, Value] = {}
        for number, part in enumerate(parts, 1):
            field = kind.fields.get(number)
            here = f"{place}.{number}"
            if part:
                shown[field.name if field else str(number)] = self._part(
                    field.type if field else "", part, separators[1:], here
                )
            else:
                shown[field.name if field else str(number)] = None
        for field in kind.fields.values():
            if field.occurs.least and not (field.number <= len(parts) and parts[field.number - 1]):
                raise MessageError(f"{place}.{field.number} is missing")
        return shown

    def _varies(self, value: str, separators: str) -> Value:
        if not value:
            return None
        if not separators:
            return self._text(value)
        parts = value.split(separators[0])
        return {str(number): self._varies(part, separators[1:]) for number, part in enumerate(parts, 1)}

    def _text(self, value: str) -> str:
        return escapes.unescaped(value, self.delimiters) if self.unescape else value

    def _separators(self) -> str:
        return self.delimiters.component + self.delimiters.subcomponent


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise MessageError(sentence)
