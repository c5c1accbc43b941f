"""Dates of DICOM and FHIR moved by days, with the precision and the form that they had.

What has no day moves as the middle of its month or year does, so that a year stays (shifts are shorter than half a
year) and a month is as near as can be. Times of day and offsets stay. Dates in sentences: text/calendar/written.py.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_DA = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})")
_DT = re.compile(r"(\d{4})(?:(\d{2})(?:(\d{2}))?)?((?:\d{2}){0,3}(?:\.\d{1,6})?(?:[+-]\d{4})?)", re.ASCII)
_FHIR = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(T.+)?)?)?", re.ASCII)


class NotADate(ValueError):
    """A text that is no date of the kind that was asked for, or a date that would leave the years 1 to 9999."""


def shift_da(value: str, days: int) -> str:
    """A DICOM DA some days later: YYYYMMDD, or the older YYYY.MM.DD (PS3.5 6.2)."""
    match = _match(_DA, value)
    year, dot, month, day = match.groups()
    new = moved(int(year), int(month), int(day), days)
    return f"{new.year:04}{dot}{new.month:02}{dot}{new.day:02}"


def shift_dt(value: str, days: int) -> str:
    """A DICOM DT some days later: YYYYMMDDHHMMSS.FFFFFF&ZZXX, cut off after any component (PS3.5 6.2)."""
    year, month, day, rest = _match(_DT, value).groups()
    return "".join(_parts(year, month, day, days)) + rest


def shift_fhir(value: str, days: int) -> str:
    """A FHIR date, dateTime or instant some days later."""
    year, month, day, time = _match(_FHIR, value).groups()
    return "-".join(_parts(year, month, day, days)) + (time or "")


def moved(year: int, month: int | None, day: int | None, days: int) -> date:
    """The day that is some days after a date, of whose month or year the middle is taken where it has no day."""
    try:
        return date(year, month or 7, day or (15 if month else 2)) + timedelta(days)
    except (ValueError, OverflowError):
        raise NotADate("There is no such day, or the moved one is outside the years 1 to 9999.") from None


def day_of(value: str) -> date | None:
    """The day that a DICOM DA or DT or a FHIR date, dateTime or instant names; None where it names none."""
    match = _DA.fullmatch(value.strip()) or _FHIR.fullmatch(value.strip()) or _DT.fullmatch(value.strip())
    if match is None:
        return None
    groups = match.groups()
    year, month, day = (groups[0], *groups[2:4]) if match.re is _DA else groups[:3]
    try:
        return date(int(year), int(month), int(day)) if month and day else None
    except ValueError:
        return None


def _match(form: re.Pattern[str], value: str) -> re.Match[str]:
    match = form.fullmatch(value.strip())
    if match is None:
        raise NotADate("The value has not the form of a date.")
    return match


def _parts(year: str, month: str | None, day: str | None, days: int) -> list[str]:
    """Year, month and day of the moved date, as many as the old one had."""
    new = moved(int(year), (month and int(month)) or None, (day and int(day)) or None, days)
    return [f"{new.year:04}", *([f"{new.month:02}"] if month else []), *([f"{new.day:02}"] if day else [])]
