"""Dates as people write them: found in a text, compared with a known day, and moved by days in the same writing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from emulator.deidentify.dates import NotADate, moved
from emulator.deidentify.text.calendar.names import (
    MONTH,
    MONTHS,
    WEEKDAY,
    WEEKDAYS,
    month_like,
    month_number,
    weekday_like,
)

_NO_LEAP, _LEAP = 2001, 2000
"""The years in which a date without a year is moved."""
_PIVOT = 30
"""A year of two digits below it is of this century."""
_NAME = rf"(?P<month>{MONTH})(?![^\W\d_])"
_WEEKDAY = rf"(?:(?P<weekday>{WEEKDAY})\.?,?\s+)?"
_NUMBER = r"(?:3[01]|[12]\d|0?[1-9])"
_DAY = rf"(?P<day>{_NUMBER})"
_ORDINAL = r"(?P<ordinal>st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)"
_ANY_YEAR = r"(?P<year>(?:1[89]|20)\d\d|(?<=['\u2019])\d\d|\d\d(?!\s*[:h%]))"
_BEFORE, _AFTER = r"(?<![\d/])(?<!\d\.)", r"(?!\d|/\d|\.\d)"
"""Letters may touch a date: "WALL05.01.70"."""
_TIME = r"(?=(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?(?!\d))"
"""The hours and minutes that follow in a DICOM DT."""

_CUE = re.compile(
    r"\b(?:on|since|from|until|till|thru|through|by|dated|date|of|before|after|was|[-\u2013]|visit|mon|tues?|wed|thu(?:rs)?"
    rf"|fri|sat|sun|{WEEKDAY})[,:\s]+$",
    re.IGNORECASE,
)
"""What stands before a day and month without a year: without it they are a fraction."""
_SHORT = rf"(?P<first>{_NUMBER})(?P<separator>/)(?P<second>{_NUMBER}){_AFTER}"


def _compiled(*forms: str, before: str = _BEFORE) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(before + form, re.IGNORECASE) for form in forms)


_OF_WORDS = _compiled(
    # Tuesday, March 5th, 2019 / Mar 5 / Mar. 5, '19
    rf"{_WEEKDAY}{_NAME}\.?\s+{_DAY}{_ORDINAL}(?:(?:,\s*|\s+|,?\s*(?=['\u2019]))['\u2019]?{_ANY_YEAR})?{_AFTER}",
    rf"{_WEEKDAY}{_NAME}\.?\s+{_DAY}{_ORDINAL}{_AFTER}",
    # March 2019 / Mar-2019
    rf"{_NAME}\.?,?(?:\s+|-|\s+de\s+){_YEAR}{_AFTER}",
    before="",
)
_DAY_FIRST = (
    # 5 March 2019 / 05-MAR-19 / 5MAR2019 / 5th of March / 5. März 2019 / 5 de marzo de 2019
    rf"(?:(?<![^\W\d_])|(?={_NUMBER}[.-]?(?:{MONTH}))){_DAY}{_ORDINAL}(?:\s+(?:of|de)\s+|\.?[\s-]*){_NAME}\.?"
    rf"(?:(?:,?\s+|\s+de\s+|-|(?=\d{{4}}))['\u2019]?{_ANY_YEAR})?{_AFTER}"
)
_OF_NUMBERS = _compiled(
    _DAY_FIRST,
    # 2019-03-05, before a time too
    rf"(?<!\d-){_YEAR}(?P<separator>[-/.])(?P<month>1[0-2]|0?[1-9])(?P=separator){_DAY}(?!-\d){_AFTER}",
    # 3-5-19
    rf"(?<!\d-)(?P<first>{_NUMBER})(?P<separator>-)(?P<second>{_NUMBER})-{_ANY_YEAR}(?!-\d){_AFTER}",
    # 05.03.2019 / 05.03.19: no numbers of versions and sections
    rf"(?P<first>{_NUMBER})(?P<separator>\.)(?P<second>{_NUMBER})\.{_YEAR}{_AFTER}",
    rf"(?P<first>[0-3]\d)(?P<separator>\.)(?P<second>[01]\d)\.(?P<year>\d\d){_AFTER}",
    # 20190305, before a time too
    rf"{_YEAR}(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12]\d|0[1-9])(?:{_TIME}|{_AFTER})",
    # 2019年3月5日 / 2019년 3월 5일
    rf"{_YEAR}\s?[年년]\s?(?P<month>1[0-2]|0?[1-9])\s?[月월]\s?{_DAY}\s?[日일]",
    # 03/2019
    rf"(?P<month>1[0-2]|0?[1-9])/{_YEAR}{_AFTER}",
)
_OF_SLASHES = re.compile(
    rf"(?<![\d/.])(?P<first>{_NUMBER})(?P<separator>/)(?P<second>{_NUMBER})/{_ANY_YEAR}(?!\d|/\d|\.\d)", re.IGNORECASE
)
"""03/05/2019, also as one of two with a dash between them."""
_OF_WEEKDAYS = (*_compiled(rf"{_WEEKDAY}{_DAY_FIRST}", before=""), _OF_WORDS[0], _OF_WORDS[1])
(_SHORT_FORM,) = _compiled(_SHORT)
_START = re.compile(r"\d+|(?<![^\W\d_])[^\W\d_]{3,12}(?![^\W\d_])")
"""Where a date may begin: a number or a word."""
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

    def any_readings(self) -> Iterator[tuple[int | None, int, int | None]]:
        """The year, month and day of each reading, those of a year of two digits in both centuries."""
        short = any(name == "year" and len(part) == 2 for name, _, part in self.parts)
        for year, month, day in self.readings:
            yield year, month, day
            if short and year is not None:
                yield (year - 100 if year >= 2000 else year + 100), month, day


def written_dates(text: str) -> list[WrittenDate]:
    """The dates in a text, in order; of those that overlap the longest."""
    matches = [match for start in _START.finditer(text) for match in _matches(text, start) if _is_date(match)]
    day_first = any(_first_is_day(match) for match in matches)
    found = [written for match in matches if (written := _written(match, day_first=day_first)) is not None]
    return list(_longest(found))


def _matches(text: str, start: re.Match[str]) -> Iterator[re.Match[str]]:
    """The forms of dates that begin with a number or a word of a text."""
    place, word = start.start(), start[0].lower()
    for form in _forms(word):
        match = form.match(text, place)
        if match is not None:
            yield match
    if len(word) <= 2 and text[start.end() : start.end() + 1] == "/":
        match = _SHORT_FORM.match(text, place)
        if match is not None and _CUE.search(text, max(0, place - 14), place):
            yield match


def _forms(word: str) -> tuple[re.Pattern[str], ...]:
    if word[0].isdigit():
        return (*_OF_NUMBERS, _OF_SLASHES)
    if word in MONTHS:
        return _OF_WORDS
    return _OF_WEEKDAYS if word in WEEKDAYS else ()


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
    orders = list(_orders(groups, first_is_day=day_first or groups.get("separator") == "."))
    readings = [(year, _month(groups[month]), int(groups[day]) if groups.get(day) else None) for month, day in orders]
    possible = [number for number, reading in enumerate(readings) if _exists(*reading)]
    if not possible:
        return None
    names = _names(groups, *orders[possible[0]])
    return WrittenDate(match.start(), match.end(), _placed(match, names), tuple(readings[each] for each in possible))


def _orders(groups: dict[str, str], *, first_is_day: bool) -> Iterator[tuple[str, str]]:
    """The groups that month and day may be, the likelier first."""
    if "first" not in groups:
        yield "month", "day"
        return
    orders = [("second", "first"), ("first", "second")]
    yield from orders if first_is_day else reversed(orders)


def _names(groups: dict[str, str], month: str, day: str) -> dict[str, str]:
    """What each group of a match stands for."""
    names = {name: name for name, part in groups.items() if part and name not in ("separator", "first", "second")}
    return names | {group: name for group, name in ((month, "month"), (day, "day")) if groups.get(group)}


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
