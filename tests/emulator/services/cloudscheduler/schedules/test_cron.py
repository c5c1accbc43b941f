"""unix-cron as Cloud Scheduler's page "Cron job format" and crontab(5) have it."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from emulator.services.cloudscheduler import schedules


def times(text: str, after: str, zone: str = "UTC", count: int = 3) -> list[str]:
    """The next times of a schedule after a time, as clocks of the zone show them."""
    at: float | None = dt.datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)).timestamp()
    found = []
    for _ in range(count):
        assert at is not None
        at = schedules.read(text).next(at, ZoneInfo(zone))
        assert at is not None
        found.append(dt.datetime.fromtimestamp(at, ZoneInfo(zone)).isoformat(timespec="minutes"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["2026-01-31T23:59", "2026-02-01T00:00", "2026-02-01T00:01"]),
        ("45 23 * * 6", ["2026-02-07T23:45", "2026-02-14T23:45", "2026-02-21T23:45"]),  # Google: "Every Saturday"
        ("0 9 * * 1", ["2026-02-02T09:00", "2026-02-09T09:00", "2026-02-16T09:00"]),
        ("0 */2 * * *", ["2026-02-01T00:00", "2026-02-01T02:00", "2026-02-01T04:00"]),
        ("0 0-23/12 * * *", ["2026-02-01T00:00", "2026-02-01T12:00", "2026-02-02T00:00"]),
        ("0 0 1,2 5,6 *", ["2026-05-01T00:00", "2026-05-02T00:00", "2026-06-01T00:00"]),
        ("*/20 8-9 * * mon-fri", ["2026-02-02T08:00", "2026-02-02T08:20", "2026-02-02T08:40"]),
        ("0 0 * JAN,MAR SUN", ["2026-03-01T00:00", "2026-03-08T00:00", "2026-03-15T00:00"]),
        ("0 0 * * 7", ["2026-02-01T00:00", "2026-02-08T00:00", "2026-02-15T00:00"]),  # 7 is Sunday, too
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
        # crontab(5): both day fields restricted: either is enough
        ("0 0 3 * 1", ["2026-02-02T00:00", "2026-02-03T00:00", "2026-02-09T00:00"]),
        ("0 0 */2 * 1", ["2026-02-09T00:00", "2026-02-23T00:00", "2026-03-09T00:00"]),
    ],
)
def test_fields(text: str, expected: list[str]) -> None:
    assert [time[:16] for time in times(text, "2026-01-31T23:58")] == expected


def test_a_schedule_without_a_day_has_no_time() -> None:
    assert schedules.read("0 0 30 2 *").next(0.0, ZoneInfo("UTC")) is None


def test_a_time_that_clocks_are_set_forward_over_is_left_out() -> None:
    """In Berlin 02:00 became 03:00 on 2026-03-29 (tz database)."""
    assert times("30 2 * * *", "2026-03-28T00:00", "Europe/Berlin") == [
        "2026-03-28T02:30+01:00",
        "2026-03-30T02:30+02:00",
        "2026-03-31T02:30+02:00",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    """In Berlin 03:00 became 02:00 on 2026-10-25 (tz database)."""
    assert times("30 2 * * *", "2026-10-25T00:00", "Europe/Berlin", 2) == [
        "2026-10-25T02:30+02:00",
        "2026-10-26T02:30+01:00",
    ]


def test_what_runs_every_hour_runs_in_both_hours_of_the_same_name() -> None:
    assert times("30 * * * *", "2026-10-25T01:00", "Europe/Berlin", 4) == [
        "2026-10-25T01:30+02:00",
        "2026-10-25T02:30+02:00",
        "2026-10-25T02:30+01:00",
        "2026-10-25T03:30+01:00",
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("", "at night", "* * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *"),
        *("*/0 * * * *", "1,,2 * * * *", "a * * * *", "* * L * *"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        schedules.read(text)
