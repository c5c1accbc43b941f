"""Values of parameters as they are written in a query, by type (FHIR, search: search parameter types)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.moments import moment

_PREFIX = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?", re.ASCII)
_ESCAPED = re.compile(r"\\([,$|\\])")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Flag(NamedTuple):
    """Of :missing."""

    wanted: bool


class Token(NamedTuple):
    """A code, a system, or both. System None: any; "": none. Code None: any."""

    code: str | None
    system: str | None


class Text(NamedTuple):
    """A text to be compared: a string, a URI, the URL of a value set."""

    text: str


class Targets(NamedTuple):
    """What a reference may point at, as the index has it: Type/id, or a URL."""

    targets: tuple[str, ...]


class Date(NamedTuple):
    """An interval of microseconds since 1970, the end excluded, and how values compare with it."""

    prefix: str
    low: int
    high: int


class Number(NamedTuple):
    """A number with what its precision leaves open, low included and high not, and how values compare with it."""

    prefix: str
    exact: float
    low: float
    high: float


class Quantity(NamedTuple):
    """A number with a unit: code and system; system None: any, and then the code may be the unit's name, too."""

    number: Number
    system: str | None
    code: str | None


class Pair(NamedTuple):
    """The two parts of a composite."""

    code: Token
    value: Value


Value: TypeAlias = Flag | Token | Text | Targets | Date | Number | Quantity | Pair


def split(text: str, sign: str) -> list[str]:
    """The parts between signs that are not escaped by a backslash; the parts keep their escapes."""
    if "\\" not in text:
        return text.split(sign)
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == sign:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def unescaped(text: str) -> str:
    r"""A text with \, \$ \| and \\ as the signs that they stand for."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def token(text: str) -> Token:
    """[system|]code, or system| for any code of it."""
    system, bar, code = _parted(text)
    if not bar:
        return Token(unescaped(text), None)
    return Token(unescaped(code) or None, unescaped(system))


def _parted(text: str) -> tuple[str, bool, str]:
    first, *rest = split(text, "|")
    return first, bool(rest), "|".join(rest)


def date(text: str, now: int) -> Date:
    """[prefix]date; `ap` widens by a tenth of the time between it and now, in microseconds since 1970.

    What can't be read is refused in Google's words, as SATUSEHAT's platform passes them on.
    """
    prefix, rest = _prefixed(text)
    found = moment(rest.replace(" ", "+"))
    if found is None:
        raise SearchError(f'error parsing date "{rest}": invalid dateTime: {rest}')
    low, high = found
    if prefix == "ap":
        margin = abs(now - low) // 10
        return Date("ap", low - margin, high + margin)
    return Date(prefix, low, high)


def number(name: str, text: str) -> Number:
    """[prefix]number. 7.00 stands for what is from 6.995 to below 7.005; `ap` for what is within a tenth."""
    prefix, rest = _prefixed(text)
    if not _NUMBER.fullmatch(rest):
        raise SearchError(f'Invalid value "{text}" of {name}: it must be a number, such as 7.5 or gt7.5.')
    exact = Decimal(rest)
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal(5).scaleb(exponent - 1 if exponent <= 0 else exponent - 2)
    if prefix == "ap":
        half = abs(exact) / 10
    high = float(exact + half)
    if high <= float(exact):  # with more digits than are kept, it stands for itself
        high = math.nextafter(float(exact), math.inf)
    return Number(prefix, float(exact), float(exact - half), high)


def quantity(name: str, text: str) -> Quantity:
    """[prefix]number[|system|code]; without a system the code may be a unit."""
    first, *rest = split(text, "|")
    system, code = (*map(unescaped, rest), "", "")[:2]
    return Quantity(number(name, first), system or None, code or None)


def _prefixed(text: str) -> tuple[str, str]:
    match = _PREFIX.fullmatch(text)
    assert match
    return match[1] or "eq", match[2]


def targets(text: str, types: tuple[str, ...], local: Callable[[str], str]) -> Targets:
    """id, Type/id or a URL, as the index may have it; an id alone is one of each type that is possible."""
    text = unescaped(text)
    if _ID.fullmatch(text):
        return Targets(tuple(f"{each}/{text}" for each in types))
    return Targets((local(text),))
