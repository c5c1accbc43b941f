"""What a schedule answers, and times of day as clocks on the wall show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Protocol
from zoneinfo import ZoneInfo

LONGEST_DAYS = 8 * 366 + 1  # between two 29ths of February, where a century's is left out


class Schedule(Protocol):
    """When a job runs. Times are seconds since 1970.

    after_end   whether the time to the next run counts from the end of this one
    """

    after_end: bool

    def next(self, after: float, zone: ZoneInfo) -> float | None:
        """The first time after `after` in a time zone; None for a schedule that has none (the 30th of February)."""


def local(seconds: float, zone: ZoneInfo) -> dt.datetime:
    """A time as clocks of a zone show it."""
    return dt.datetime.fromtimestamp(seconds, zone)


def days_from(first: dt.date) -> Iterator[dt.date]:
    """A day and those after it, as many as a schedule may skip."""
    for number in range(LONGEST_DAYS):
        yield first + dt.timedelta(days=number)


def moments(day: dt.date, time: dt.time, zone: ZoneInfo, *, twice: bool = False) -> Iterator[float]:
    """When clocks of a zone show a time on a day, in seconds since 1970.

    Never, where they are set forward over it; where they are set back the first time, or with `twice` both.
    """
    for fold in (0, 1):
        shown = dt.datetime.combine(day, time, zone).replace(fold=fold)
        seconds = shown.timestamp()
        is_other = fold == 0 or shown.utcoffset() != shown.replace(fold=0).utcoffset()
        if is_other and local(seconds, zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
            yield seconds
        if not twice:
            return
