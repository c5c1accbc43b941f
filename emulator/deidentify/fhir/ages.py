"""Ages over 89, which HIPAA lets nobody tell: as numbers, and by birth dates (45 CFR 164.514(b)(2)(i)(C))."""

from __future__ import annotations

from datetime import date
from typing import Any

from emulator.deidentify.dates import day_of

Json = dict[str, Any]
OLDEST = 89
"""The highest age in years that may be told. Those above are all 90."""
_DAYS = {"a": 365.25, "mo": 30.4375, "wk": 7.0, "d": 1.0}
"""Of the units that an Age may have (UCUM)."""


def capped(age: Json, value: Any) -> Any:
    """The value of an Age as it may be told, in the unit of the age, which is years where none is said."""
    days = _DAYS.get(str(age.get("code") or "a"))
    if days is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    highest = (OLDEST + 1) * _DAYS["a"] / days
    return int(highest) if value > highest else value


def is_told(person: Json, today: date) -> bool:
    """Whether the birth date of a person, which may have died, tells of an age of over 89 years."""
    born = _year_and_day(person.get("birthDate"))
    end = _year_and_day(person.get("deceasedDateTime")) or (today.year, (today.month, today.day))
    if born is None:
        return False
    years = end[0] - born[0] - (end[1] < born[1])
    return years > OLDEST


def _year_and_day(value: Any) -> tuple[int, tuple[int, int]] | None:
    """The year and the month and day of a FHIR date or dateTime; of one without a day, the first of its year."""
    text = str(value or "")
    day = day_of(text)
    if day is not None:
        return day.year, (day.month, day.day)
    return (int(text[:4]), (1, 1)) if text[:4].isdigit() else None
