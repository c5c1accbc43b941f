"""Dates, times and periods as intervals of microseconds since 1970 in UTC, the end excluded.

A value stands for all that its precision leaves open (FHIR, search: date): 2015-08 is the whole month. Without an
offset it is in UTC, since a store has no time zone of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

Interval = tuple[int, int]
EARLIEST, LATEST = -(1 << 62), 1 << 62
"""Where a period has no start, or no end."""
_FORM = re.compile(
    r"\d{4}(-\d\d(-\d\d(?P<time>T\d\d:\d\d(?P<second>:\d\d(?P<fraction>\.\d{1,9})?)?)?)?)?(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_MICROSECOND = timedelta(microseconds=1)


def moment(text: str) -> Interval | None:
    """The interval of a date, dateTime or instant; None for a text that is none."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    try:
        if match["time"] is None:
            return None if match["zone"] else _days(text)
        low = _microseconds(text, match)
    except (ValueError, OverflowError):
        return None
    if fraction := match["fraction"]:
        return low, low + 10 ** max(7 - len(fraction), 0)
    return low, low + (_SECOND if match["second"] else 60 * _SECOND)


def _microseconds(text: str, match: re.Match[str]) -> int:
    if match["fraction"] and len(match["fraction"]) > 7:
        text = text.replace(match["fraction"], match["fraction"][:7])
    time = datetime.fromisoformat(text)
    if match["zone"] is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // _MICROSECOND


def _days(text: str) -> Interval:
    """The interval of a year, a month or a day."""
    if len(text) == 10:
        first = date.fromisoformat(text).toordinal()
        return (first - _EPOCH_DAY) * _DAY, (first + 1 - _EPOCH_DAY) * _DAY
    year, month = int(text[:4]), int(text[5:] or 1)
    first = date(year, month, 1).toordinal()
    months = year * 12 + month - 1 + (1 if len(text) == 7 else 12)
    after = date(months // 12, months % 12 + 1, 1).toordinal() if months < 120_000 else date.max.toordinal() + 1
    return (first - _EPOCH_DAY) * _DAY, (after - _EPOCH_DAY) * _DAY


def period(value: Mapping[str, Any]) -> Interval | None:
    """The interval of a Period, open where it has no start or no end; None where it has neither.

    One that ends before it starts is no period; it is taken for the time between.
    """
    start, end = _read(value.get("start")), _read(value.get("end"))
    if start is None and end is None:
        return None
    low, high = start or (EARLIEST, EARLIEST), end or (LATEST, LATEST)
    return min(low[0], high[0]), max(low[1], high[1])


def timing(value: Mapping[str, Any]) -> Interval | None:
    """The outer bounds of a Timing: of its events and of its repeat's period (FHIR, search: date)."""
    found = [each for text in value.get("event") or () if (each := _read(text))]
    bounds = (value.get("repeat") or {}).get("boundsPeriod")
    if isinstance(bounds, dict) and (whole := period(bounds)):
        found.append(whole)
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def interval(value: Any) -> Interval | None:
    """The interval of any value that a date parameter may find; None for one that stands for no time."""
    if isinstance(value, str):
        return moment(value)
    if not isinstance(value, dict):
        return None
    return timing(value) if "event" in value or "repeat" in value else period(value)


def _read(text: Any) -> Interval | None:
    return moment(text) if isinstance(text, str) else None
