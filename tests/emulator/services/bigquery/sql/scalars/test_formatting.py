"""Format elements: the examples of GoogleSQL's reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements
"""

import datetime as dt

import pytest

from emulator.services.bigquery.sql.scalars.formatting import EPOCH, format_moment

MOMENT = (dt.datetime(2021, 1, 20, 21, 47, tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("%A", "Wednesday"), ("%a", "Wed"), ("%B", "January"), ("%b", "Jan"), ("%C", "20"),
        ("%c", "Wed Jan 20 21:47:00 2021"), ("%D", "01/20/21"), ("%d", "20"), ("%e", "20"), ("%F", "2021-01-20"),
        ("%G", "2021"), ("%g", "21"), ("%H", "21"), ("%h", "Jan"), ("%I", "09"), ("%j", "020"), ("%k", "21"),
        ("%l", " 9"), ("%M", "47"), ("%m", "01"), ("%n", "\n"), ("%P", "pm"), ("%p", "PM"), ("%Q", "1"),
        ("%R", "21:47"), ("%S", "00"), ("%s", "1611179220"), ("%T", "21:47:00"), ("%t", "\t"), ("%U", "03"),
        ("%u", "3"), ("%V", "03"), ("%W", "03"), ("%w", "3"), ("%X", "21:47:00"), ("%x", "01/20/21"), ("%Y", "2021"),
        ("%y", "21"), ("%%", "%"), ("%E3S", "00.000"), ("%E*S", "00"), ("%E4Y", "2021"), ("%Ez", "+00:00"),
        ("%z", "+0000"), ("%Z", "UTC"), ("%J", "017"), ("x%Ey%", "x21%"),
    ],
)  # fmt: skip
def test_elements(element: str, expected: str) -> None:
    assert format_moment("TIMESTAMP", element, MOMENT, 0) == expected


@pytest.mark.parametrize(("offset", "expected"), [(-5 * 3600, "UTC-5 -0500 -05:00"), (19_800, "UTC+5:30 +0530 +05:30")])
def test_zones(offset: int, expected: str) -> None:
    assert format_moment("TIMESTAMP", "%Z %z %Ez", MOMENT, offset) == expected


def test_an_instant_does_not_depend_on_its_zone() -> None:
    assert format_moment("TIMESTAMP", "%s", MOMENT - 18_000_000_000, -18_000) == "1611179220"


@pytest.mark.parametrize(
    ("kind", "template", "expected"),
    [("DATE", "%F %T", "2021-01-20 %T"), ("TIME", "%F %R", "%F 21:47"), ("DATETIME", "%H%z", "21%z")],
)
def test_elements_that_a_type_lacks_stand_for_themselves(kind: str, template: str, expected: str) -> None:
    assert format_moment(kind, template, MOMENT, 0) == expected


def test_fractions_of_a_second() -> None:
    assert format_moment("TIME", "%E1S|%E6S|%E*S|%S", 120_000, 0) == "00.1|00.120000|00.12|00"


def test_single_digits_are_preceded_by_a_space() -> None:
    assert format_moment("DATETIME", "%e|%k", 7 * 86_400_000_000, 0) == " 8| 0"
