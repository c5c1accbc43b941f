"""Names of months and days of the week in several languages: what they stand for, and others in the same writing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LANGUAGES = json.loads((Path(__file__).parent.parent / "data" / "calendar.json").read_text())["languages"]


class _Name(NamedTuple):
    number: int
    """From 1 for January, from 0 for Monday."""
    others: tuple[str, ...]
    """All names of that language and length, in order."""


def _months() -> Iterator[tuple[str, _Name]]:
    for language in _LANGUAGES.values():
        written = tuple(forms[0] for forms in language["short"])
        for number, (name, forms) in enumerate(zip(language["months"], language["short"], strict=True), 1):
            yield name, _Name(number, tuple(language["months"]))
            yield from ((short, _Name(number, written)) for short in forms)


def _weekdays() -> Iterator[tuple[str, _Name]]:
    for language in _LANGUAGES.values():
        for names in (language["weekdays"], language["short_weekdays"]):
            yield from ((name, _Name(number, tuple(names))) for number, name in enumerate(names))


def _first_of_each(names: Iterator[tuple[str, _Name]]) -> dict[str, _Name]:
    """The names, each in the first language that has it."""
    table: dict[str, _Name] = {}
    for name, meaning in names:
        table.setdefault(name, meaning)
    return table


MONTHS = _first_of_each(_months())
WEEKDAYS = _first_of_each(_weekdays())
"""Months and days of the week by their names in small letters."""


def _pattern_of(names: dict[str, _Name]) -> str:
    """A regular expression of these names, the longest first."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


MONTH = _pattern_of(MONTHS)
WEEKDAY = _pattern_of({name: meaning for name, meaning in WEEKDAYS.items() if len(name) > 2})


def month_number(name: str) -> int:
    """The number of a month by a name that MONTH matches: 1 to 12."""
    return MONTHS[name.lower()].number


def month_like(name: str, number: int) -> str:
    """The name of the month of this number, in the language, length and case of another."""
    return _cased(MONTHS[name.lower()].others[number - 1], name)


def weekday_like(name: str, number: int) -> str:
    """The name of the day of the week of this number (0 is Monday), in the language, length and case of another."""
    return _cased(WEEKDAYS[name.lower()].others[number], name)


def _cased(name: str, like: str) -> str:
    if like.isupper():
        return name.upper()
    return name.capitalize() if like[0].isupper() else name
