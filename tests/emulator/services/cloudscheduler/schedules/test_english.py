"""The English-like form as App Engine's page "cron.yaml reference" has it."""

import pytest

from emulator.services.cloudscheduler import schedules
from tests.emulator.services.cloudscheduler.schedules.test_cron import times

FRIDAY = "2026-01-30T10:07"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every 5 minutes", ["2026-01-30T10:12", "2026-01-30T10:17", "2026-01-30T10:22"]),
        ("every 24 hours", ["2026-01-31T10:07", "2026-02-01T10:07", "2026-02-02T10:07"]),
        ("every 30 mins from 10:00 to 11:00", ["2026-01-30T10:30", "2026-01-30T11:00", "2026-01-31T10:00"]),
        ("every 1 hours from 23:00 to 01:00", ["2026-01-30T23:00", "2026-01-31T00:00", "2026-01-31T01:00"]),
        ("every 2 hours synchronized", ["2026-01-30T12:00", "2026-01-30T14:00", "2026-01-30T16:00"]),
        ("every day 00:00", ["2026-01-31T00:00", "2026-02-01T00:00", "2026-02-02T00:00"]),
        ("every monday 09:00", ["2026-02-02T09:00", "2026-02-09T09:00", "2026-02-16T09:00"]),
        ("every mon,wed of month 09:00", ["2026-02-02T09:00", "2026-02-04T09:00", "2026-02-09T09:00"]),
        ("1st monday of sep,oct,nov 17:00", ["2026-09-07T17:00", "2026-10-05T17:00", "2026-11-02T17:00"]),
        ("2nd,third mon,thu of march 17:00", ["2026-03-09T17:00", "2026-03-12T17:00", "2026-03-16T17:00"]),
        ("1 of jan,april,july,oct 00:00", ["2026-04-01T00:00", "2026-07-01T00:00", "2026-10-01T00:00"]),
        ("1, 8,15 of month 09:00", ["2026-02-01T09:00", "2026-02-08T09:00", "2026-02-15T09:00"]),
        ("first sunday of quarter 00:00", ["2026-04-05T00:00", "2026-07-05T00:00", "2026-10-04T00:00"]),
        ("first day of second month of quarter 01:00", ["2026-02-01T01:00", "2026-05-01T01:00", "2026-08-01T01:00"]),
    ],
)
def test_forms(text: str, expected: list[str]) -> None:
    assert [time[:16] for time in times(text, FRIDAY)] == expected


def test_an_interval_counts_from_the_end_of_a_run_and_what_is_synchronized_does_not() -> None:
    assert schedules.read("every 5 minutes").after_end
    assert not schedules.read("every 5 minutes synchronized").after_end
    assert not schedules.read("every day 09:00").after_end


@pytest.mark.parametrize(
    "text",
    [
        *("every", "every 0 minutes", "every x minutes", "every 7 hours synchronized", "every 5 minutes from 10:00"),
        *("every 5 minutes from 10:00 until 11:00", "every day", "every day 25:00", "every someday 09:00"),
        *("sixth monday 09:00", "every monday of moon 09:00", "32 of month 09:00"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        schedules.read(text)
