"""What takes the place of a finding: Google's five transformations of an InfoTypeTransformation."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.deidentify.dates import NotADate
from emulator.deidentify.keys import Secret
from emulator.deidentify.text.calendar.written import WrittenDate


@dataclass(frozen=True)
class Redact:
    """Nothing: "My name is Jane." becomes "My name is ."."""


@dataclass(frozen=True)
class Replace:
    """The infoType in brackets: [PERSON_NAME]."""


@dataclass(frozen=True)
class Mask:
    """As many of one character as the finding has."""

    character: str = "*"


@dataclass(frozen=True)
class DateShift:
    """The date moved by the patient's days; what is no date becomes its infoType in brackets. None: the run's key."""

    secret: Secret | None = None


@dataclass(frozen=True)
class CryptoHash:
    """A hash under a key, 44 characters of base64. None: the run's key."""

    secret: Secret | None = None


Transformation = Redact | Replace | Mask | DateShift | CryptoHash


def transformed(found: str, info_type: str, how: Transformation, secret: Secret) -> str:
    """What takes the place of a found text of this infoType that is no date; secret is the run's key."""
    match how:
        case Redact():
            return ""
        case Replace() | DateShift():
            return f"[{info_type}]"
        case Mask():
            return how.character * len(found)
        case CryptoHash():
            return (how.secret or secret).hash(found)


def moved_date(text: str, written: WrittenDate, days: int) -> str | None:
    """A date of a text moved by days, in its own writing; None where it would leave the years 1 to 9999."""
    try:
        return written.moved(text, days)
    except NotADate:
        return None
