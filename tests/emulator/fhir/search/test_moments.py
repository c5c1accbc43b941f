from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.fhir.search.moments import EARLIEST, LATEST, interval, moment


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1_000_000)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2015", at(2015, 1, 1), at(2016, 1, 1)),
        ("2015-12", at(2015, 12, 1), at(2016, 1, 1)),
        ("2015-08", at(2015, 8, 1), at(2015, 9, 1)),
        ("2015-08-12", at(2015, 8, 12), at(2015, 8, 13)),  # Cloud Healthcare: search, precision
        ("2015-08-12T10:30Z", at(2015, 8, 12, 10, 30), at(2015, 8, 12, 10, 31)),
        ("2015-08-12T10:30:15Z", at(2015, 8, 12, 10, 30, 15), at(2015, 8, 12, 10, 30, 16)),
        ("2015-08-12T10:30:15+02:00", at(2015, 8, 12, 8, 30, 15), at(2015, 8, 12, 8, 30, 16)),
        ("2015-08-12T10:30:15.5Z", at(2015, 8, 12, 10, 30, 15, 500_000), at(2015, 8, 12, 10, 30, 15, 600_000)),
        ("2015-08-12T10:30:15.123456789Z", at(2015, 8, 12, 10, 30, 15, 123_456), at(2015, 8, 12, 10, 30, 15, 123_457)),
        ("2015-08-12T10:30:15", at(2015, 8, 12, 10, 30, 15), at(2015, 8, 12, 10, 30, 16)),
    ],
)
def test_a_date_stands_for_what_its_precision_leaves_open(text: str, low: int, high: int) -> None:
    assert moment(text) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2015-13",
        "2015-02-30",
        "15-01-01",
        "2015-1-1",
        "20150101",
        "2015-01-01Z",
        "2015-01-01T25:00:00Z",
        "now",
        "0000",
    ],
)
def test_a_text_that_is_no_date(text: str) -> None:
    assert moment(text) is None


def test_the_last_year_ends() -> None:
    assert moment("9999-12-31") == (at(9999, 12, 31), at(9999, 12, 31) + 86_400_000_000)
    assert moment("9999") == (at(9999, 1, 1), at(9999, 12, 31) + 86_400_000_000)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"start": "2015", "end": "2016-01"}, (at(2015, 1, 1), at(2016, 2, 1))),
        ({"start": "2015"}, (at(2015, 1, 1), LATEST)),
        ({"end": "2015"}, (EARLIEST, at(2016, 1, 1))),
        ({}, None),
        ({"event": ["2015-03", "2015-01"]}, (at(2015, 1, 1), at(2015, 4, 1))),
        ({"repeat": {"boundsPeriod": {"start": "2015-01-05"}}, "event": ["2015-01"]}, (at(2015, 1, 1), LATEST)),
        ({"repeat": {"frequency": 1}}, None),
        ({"start": 3}, None),
        (3, None),
    ],
)
def test_periods_and_timings(value: Any, found: tuple[int, int] | None) -> None:
    assert interval(value) == found
