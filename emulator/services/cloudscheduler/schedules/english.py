"""The English-like form: "every 5 minutes", "every monday 09:00", "1st,third mon of sep 17:00".

App Engine: "cron.yaml reference", "Cron schedule syntax". A schedule is an interval or names days and a time.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from emulator.services.cloudscheduler.schedules import schedule
from emulator.services.cloudscheduler.schedules.cron import MONTHS, WEEKDAYS
from emulator.services.cloudscheduler.schedules.schedule import Schedule

_ORDINALS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}
_ORDINALS |= {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_UNITS = {"hours": 3600, "hour": 3600, "minutes": 60, "minute": 60, "mins": 60, "min": 60}
_TIME = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_DAY_SECONDS = 86400
_MONTH_DAYS = 31
_QUARTER = 3
_FULL_MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
_FULL_WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


@dataclass(frozen=True)
class Interval:
    """Every so many seconds after the end of a run."""

    seconds: int
    after_end = True

    def next(self, after: float, zone: ZoneInfo) -> float | None:
        """See Schedule.next."""
        del zone
        return after + self.seconds


@dataclass(frozen=True)
class Between:
    """Every so many seconds of each day, from a time of day to another one, both counted in."""

    seconds: int
    start: dt.time
    end: dt.time
    after_end = False

    def next(self, after: float, zone: ZoneInfo) -> float | None:
        """See Schedule.next."""
        yesterday = schedule.local(after, zone).date() - dt.timedelta(days=1)
        for day in (yesterday + dt.timedelta(days=number) for number in range(4)):
            for begin in schedule.moments(day, self.start, zone):
                at = begin + max(0, (after - begin) // self.seconds + 1) * self.seconds
                if at <= begin + self._length():
                    return at
        return None

    def _length(self) -> int:
        """Seconds from start to end, which may be on the next day; a second short of a day where both are the same."""
        start, end = (time.hour * 3600 + time.minute * 60 for time in (self.start, self.end))
        return (end - start) % _DAY_SECONDS or _DAY_SECONDS - 1


@dataclass(frozen=True)
class Days:
    """A time of day, on days of the month, or on weekdays (0 is Sunday) of weeks of a month, in some months."""

    time: dt.time
    months: frozenset[int]
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    after_end = False

    def next(self, after: float, zone: ZoneInfo) -> float | None:
        """See Schedule.next."""
        for day in schedule.days_from(schedule.local(after, zone).date()):
            for at in schedule.moments(day, self.time, zone) if self._is_on(day) else ():
                if at > after:
                    return at
        return None

    def _is_on(self, day: dt.date) -> bool:
        if day.month not in self.months:
            return False
        if self.month_days:
            return day.day in self.month_days
        return day.isoweekday() % 7 in self.weekdays and (day.day - 1) // 7 + 1 in self.weeks


def read(words: list[str]) -> Schedule:
    """The schedule of words in small letters. Raises ValueError for what is none."""
    words = _joined(words)
    if len(words) >= _QUARTER and words[0] == "every" and words[2] in _UNITS:
        return _interval(words[1:])
    return _days(words)


def _joined(words: list[str]) -> list[str]:
    """Lists in one word each: "1st, third" is "1st,third"."""
    return re.sub(r"\s*,\s*", ",", " ".join(words)).split()


def _interval(words: list[str]) -> Schedule:
    """The interval of "5 minutes", "2 hours synchronized", "30 mins from 10:00 to 14:00"."""
    number, unit, *rest = words
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 6 and int(number)):
        raise ValueError(f'"{number}" is no number of {unit}')
    seconds = int(number) * _UNITS[unit]
    if not rest:
        return Interval(seconds)
    if rest == ["synchronized"]:
        if _DAY_SECONDS % seconds:
            raise ValueError("what is synchronized divides a day")
        return Between(seconds, dt.time(0), dt.time(0))
    if len(rest) == 4 and rest[0] == "from" and rest[2] == "to":
        return Between(seconds, _time(rest[1]), _time(rest[3]))
    raise ValueError(f'"{" ".join(rest)}" is not "synchronized", and not "from HH:MM to HH:MM"')


def _days(words: list[str]) -> Days:
    """The days of "every day 00:00", "2nd,third mon,wed of march 17:00", "1,15 of month 09:00"."""
    *words, time = words
    if "of" in words:
        at = words.index("of")
        words, months = words[:at], _months(words[at + 1 :])
    else:
        months = frozenset(range(1, 13))
    if len(words) == 1 and re.fullmatch(r"[\d,]+", words[0]):
        return Days(_time(time), months, month_days=_month_days(words[0]))
    if len(words) != 2:
        raise ValueError("it names no days")
    which, days = words
    weeks = range(1, 6) if which == "every" else _each(which, _ORDINALS)
    if days == "day":
        if which != "every":
            return Days(_time(time), months, month_days=frozenset(weeks))
        return Days(_time(time), months, month_days=frozenset(range(1, _MONTH_DAYS + 1)))
    return Days(_time(time), months, weekdays=_names(days, WEEKDAYS, _FULL_WEEKDAYS, 0), weeks=frozenset(weeks))


def _months(words: list[str]) -> frozenset[int]:
    """The months of "month", "sep,oct", "quarter", "first,third month of quarter"."""
    if words == ["month"]:
        return frozenset(range(1, 13))
    if words == ["quarter"]:
        return frozenset(range(1, 13, _QUARTER))
    if len(words) == 4 and words[1:] == ["month", "of", "quarter"]:
        which = {number for number in _each(words[0], _ORDINALS) if number <= _QUARTER}
        return frozenset(month for month in range(1, 13) if (month - 1) % _QUARTER + 1 in which)
    if len(words) != 1:
        raise ValueError(f'"{" ".join(words)}" are no months')
    return _names(words[0], MONTHS, _FULL_MONTHS, 1)


def _names(text: str, short: tuple[str, ...], full: list[str], first: int) -> frozenset[int]:
    known = {name: number for names in (short, full) for number, name in enumerate(names, first)}
    return frozenset(_each(text, known))


def _each(text: str, known: dict[str, int]) -> list[int]:
    wrong = [word for word in text.split(",") if word not in known]
    if wrong:
        raise ValueError(f'"{wrong[0]}" is not known')
    return [known[word] for word in text.split(",")]


def _month_days(text: str) -> frozenset[int]:
    days = frozenset(int(word) for word in text.split(",") if word)
    if not days or not all(1 <= day <= _MONTH_DAYS for day in days):
        raise ValueError(f'"{text}" are no days of a month')
    return days


def _time(text: str) -> dt.time:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no time such as 09:00')
    return dt.time(int(found[1]), int(found[2]))
