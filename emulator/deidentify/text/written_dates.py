"""Dates as people write them: found in a text, compared with a known day, and moved by days in the same writing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from emulator.deidentify.dates import NotADate, moved
from emulator.deidentify.text.calendar_names import MONTH, WEEKDAY, month_like, month_number, weekday_like

_NO_LEAP, _LEAP = 2001, 2000
"""The years in which a date without a year is moved."""
_PIVOT = 30
"""A year of two digits below it is of this century."""
_NAME = rf"(?P<month>{MONTH})"
_WEEKDAY = rf"(?:(?P<weekday>{WEEKDAY})\.?,?\s+)?"
_NUMBER = r"(?:3[01]|[12]\d|0?[1-9])"
_DAY = rf"(?P<day>{_NUMBER})"
_ORDINAL = r"(?P<ordinal>st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)"
_ANY_YEAR = r"(?P<year>(?:1[89]|20)\d\d|(?<=['\u2019])\d\d|\d\d(?!\s*[:h%]))"
_BEFORE, _AFTER = r"(?<![\w/])(?<!\d[.-])", r"(?![\w/])(?!-\d|\.\d)"
_TIME = r"(?=(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?(?!\d))"
"""The hours and minutes that follow in a DICOM DT."""

_FORMS = tuple(
    re.compile(_BEFORE + form, re.IGNORECASE)
    for form in (
        # Tuesday, March 5th, 2019 / Mar 5 / Mar. 5, '19
        rf"{_WEEKDAY}{_NAME}\.?\s+{_DAY}{_ORDINAL}(?:(?:,\s*|\s+|,?\s*(?=['\u2019]))['\u2019]?{_ANY_YEAR})?{_AFTER}",
        rf"{_WEEKDAY}{_NAME}\.?\s+{_DAY}{_ORDINAL}{_AFTER}",
        # 5 March 2019 / 05-MAR-19 / 5MAR2019 / 5th of March / 5. März 2019 / 5 de marzo de 2019
        (
            rf"{_WEEKDAY}{_DAY}{_ORDINAL}(?:\s+(?:of|de)\s+|\.?[\s-]*){_NAME}\.?"
            rf"(?:(?:,?\s+|\s+de\s+|-|(?=\d{{4}}))['\u2019]?{_ANY_YEAR})?{_AFTER}"
        ),
        # March 2019 / Mar-2019
        rf"{_NAME}\.?,?(?:\s+|-|\s+de\s+){_YEAR}{_AFTER}",
        # 2019-03-05, before a time too
        rf"{_YEAR}(?P<separator>[-/.])(?P<month>1[0-2]|0?[1-9])(?P=separator){_DAY}(?:(?=T\d)|{_AFTER})",
        # 03/05/2019 / 3-5-19
        rf"(?P<first>{_NUMBER})(?P<separator>[-/])(?P<second>{_NUMBER})(?P=separator){_ANY_YEAR}{_AFTER}",
        # 05.03.2019 / 05.03.19: no numbers of versions and sections
        rf"(?P<first>{_NUMBER})(?P<separator>\.)(?P<second>{_NUMBER})\.{_YEAR}{_AFTER}",
        rf"(?P<first>[0-3]\d)(?P<separator>\.)(?P<second>[01]\d)\.(?P<year>\d\d){_AFTER}",
        # 20190305, before a time too
        rf"{_YEAR}(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12]\d|0[1-9])(?:{_TIME}|{_AFTER})",
        # 03/2019
        rf"(?P<month>1[0-2]|0?[1-9])/{_YEAR}{_AFTER}",
        # on 3/5: without a word before it, it is a fraction
        (
            r"\b(?:on|since|from|until|till|by|dated|date|as of|before|after|through)[:\s]+"
            rf"(?P<first>{_NUMBER})(?P<separator>/)(?P<second>{_NUMBER}){_AFTER}"
        ),
    )
)
_VERBS = frozenset(("may", "march", "mar"))
"""Without a year these are months only with a capital: "may 2 tablets be given"."""


@dataclass(frozen=True)
class WrittenDate:
    """A date that stands in a text: where, the text of its parts and where each of these stands, and its readings."""

    start: int
    end: int
    parts: tuple[tuple[str, int, str], ...]
    """Name (year, month, day, weekday, ordinal), first character and text of each part, in order."""
    readings: tuple[tuple[int | None, int, int | None], ...]
    """Year, month and day; two of them where day and month can't be told apart, the likelier first."""

    def may_be(self, day: date) -> bool:
        """Whether it names this day under any reading; what has no year names every year's."""
        return any((m, d) == (day.month, day.day) and y in (None, day.year) for y, m, d in self._all_readings())

    def moved(self, text: str, days: int) -> str:
        """The words in which the text names it, moved by days: the same form, the same precision. NotADate if none."""
        year, month, day = self.readings[0]
        base = year or (_LEAP if (month, day) == (2, 29) else _NO_LEAP)
        new = moved(base, month, day, days)
        written, place = "", self.start
        for name, start, part in self.parts:
            written += text[place:start] + _rewritten(name, part, new)
            place = start + len(part)
        return written + text[place : self.end]

    def _all_readings(self) -> Iterator[tuple[int | None, int, int | None]]:
        """The readings, those of a year of two digits in both centuries."""
        short = any(name == "year" and len(part) == 2 for name, _, part in self.parts)
        for year, month, day in self.readings:
            yield year, month, day
            if short and year is not None:
                yield (year - 100 if year >= 2000 else year + 100), month, day


def written_dates(text: str) -> list[WrittenDate]:
    """The dates in a text, in order; of those that overlap the longest."""
    matches = [match for form in _FORMS for match in form.finditer(text) if _is_date(match)]
    day_first = any(_first_is_day(match) for match in matches)
    found = [written for match in matches if (written := _written(match, day_first=day_first)) is not None]
    return list(_longest(found))


def _is_date(match: re.Match[str]) -> bool:
    groups = match.groupdict()
    return bool(groups.get("year")) or groups.get("month", "").lower() not in _VERBS or groups["month"][0].isupper()


def _first_is_day(match: re.Match[str]) -> bool:
    """Whether a date of numbers can only be read with the day first, which then holds for the text."""
    groups = match.groupdict()
    return "first" in groups and int(groups["first"]) > 12 >= int(groups["second"])


def _written(match: re.Match[str], *, day_first: bool) -> WrittenDate | None:
    groups = match.groupdict()
    year = _year(groups.get("year"))
    readings: list[tuple[int, int | None]]
    if "first" in groups:
        first_is_day = day_first or groups["separator"] == "."
        readings = list(_orders(int(groups["first"]), int(groups["second"]), first_is_day=first_is_day))
    else:
        readings = [(_month(groups["month"]), int(groups["day"]) if groups.get("day") else None)]
    possible = tuple((year, month, day) for month, day in readings if _exists(year, month, day))
    if not possible:
        return None
    names = _names(groups, possible[0])
    start = match.start("first") if "first" in groups else match.start()
    return WrittenDate(start, match.end(), _placed(match, names), possible)


def _orders(first: int, second: int, *, first_is_day: bool) -> Iterator[tuple[int, int | None]]:
    """Month and day of two numbers, the likelier order first."""
    orders = [(second, first), (first, second)] if first_is_day else [(first, second), (second, first)]
    yield from (order for order in dict.fromkeys(orders) if order[0] <= 12)


def _names(groups: dict[str, str], reading: tuple[int | None, int, int | None]) -> dict[str, str]:
    """What each group of a match stands for."""
    names = {name: name for name, part in groups.items() if part and name != "separator"}
    if "first" in groups:
        month_first = int(groups["first"]) == reading[1]
        names |= {"first": "month" if month_first else "day", "second": "day" if month_first else "month"}
    return names


def _placed(match: re.Match[str], names: dict[str, str]) -> tuple[tuple[str, int, str], ...]:
    placed = [(name, match.start(group), match[group]) for group, name in names.items()]
    return tuple(sorted(placed, key=lambda part: part[1]))


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if len(text) == 4 else int(text) + (2000 if int(text) < _PIVOT else 1900)


def _month(text: str) -> int:
    return int(text) if text.isdigit() else month_number(text)


def _exists(year: int | None, month: int, day: int | None) -> bool:
    try:
        return bool(moved(year or _LEAP, month, day, 0))
    except NotADate:
        return False


def _longest(found: list[WrittenDate]) -> Iterator[WrittenDate]:
    end = 0
    for each in sorted(found, key=lambda written: (written.start, -written.end)):
        if each.start >= end:
            yield each
            end = each.end


def _rewritten(name: str, part: str, new: date) -> str:
    """A part of a date for a new one, as long and in the case of the old one."""
    if name == "weekday":
        return weekday_like(part, new.weekday())
    if name == "ordinal":
        return _ordinal(new.day, part)
    if name == "month" and not part.isdigit():
        return month_like(part, new.month)
    number = {"year": new.year, "month": new.month, "day": new.day}[name]
    return f"{number % 100 if name == 'year' and len(part) == 2 else number:0{len(part)}d}"


def _ordinal(day: int, like: str) -> str:
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return ending.upper() if like.isupper() else ending
