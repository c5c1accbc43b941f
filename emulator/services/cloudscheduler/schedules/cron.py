"""unix-cron: five fields, minute, hour, day of the month, month and day of the week.

Cloud Scheduler: "Cron job format"; a day that either of both day fields names counts where both are restricted, as
crontab(5) says.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from emulator.services.cloudscheduler.schedules import schedule

FIELDS = 5
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class _Field:
    """The values of one field, and whether it is restricted: begins with anything but an asterisk."""

    values: frozenset[int]
    restricted: bool


@dataclass(frozen=True)
class Cron:
    """A schedule by five fields."""

    minute: _Field
    hour: _Field
    day: _Field
    month: _Field
    weekday: _Field
    after_end = False

    def next(self, after: float, zone: ZoneInfo) -> float | None:
        """See Schedule.next. What runs every hour does so twice in an hour that comes twice."""
        times = [dt.time(*each) for each in itertools.product(sorted(self.hour.values), sorted(self.minute.values))]
        twice = not self.hour.restricted
        for day in schedule.days_from(schedule.local(after, zone).date()):
            if not self._is_on(day):
                continue
            found = [at for time in times for at in schedule.moments(day, time, zone, twice=twice) if at > after]
            if found:
                return min(found)
        return None

    def _is_on(self, day: dt.date) -> bool:
        if day.month not in self.month.values:
            return False
        by_day, by_weekday = day.day in self.day.values, day.isoweekday() % 7 in self.weekday.values
        if self.day.restricted and self.weekday.restricted:
            return by_day or by_weekday
        return by_day and by_weekday


def read(words: list[str]) -> Cron:
    """The schedule of five fields in small letters. Raises ValueError for what is none."""
    if len(words) != FIELDS:
        raise ValueError(f"it has {len(words)} fields, not {FIELDS}")
    minute, hour, day, month, weekday = words
    days = _field(weekday, 0, 7, WEEKDAYS)
    return Cron(
        _field(minute, 0, 59),
        _field(hour, 0, 23),
        _field(day, 1, 31),
        _field(month, 1, 12, MONTHS),
        _Field(frozenset(value % 7 for value in days.values), days.restricted),  # 7 is Sunday, too
    )


def _field(text: str, first: int, last: int, names: tuple[str, ...] = ()) -> _Field:
    values = frozenset(itertools.chain.from_iterable(_part(part, first, last, names) for part in text.split(",")))
    return _Field(values, restricted=not text.startswith("*"))


def _part(text: str, first: int, last: int, names: tuple[str, ...]) -> range:
    """The values of one of the parts between commas: "*", "5", "1-5", "*/2", "0-23/2"."""
    span, slash, every = text.partition("/")
    step = _number(every) if slash else 1
    if span == "*":
        low, high = first, last
    else:
        start, dash, end = span.partition("-")
        low = _value(start, first, names)
        high = _value(end, first, names) if dash else (last if slash else low)
    if step < 1 or not first <= low <= high <= last:
        raise ValueError(f'"{text}" is not within {first} to {last}')
    return range(low, high + 1, step)


def _value(text: str, first: int, names: tuple[str, ...]) -> int:
    return names.index(text) + first if text in names else _number(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise ValueError(f'"{text}" is no number')
    return int(text)
