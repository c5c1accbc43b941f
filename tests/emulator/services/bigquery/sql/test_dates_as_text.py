"""Dates and times as text and back, with zones.

https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions, conversion_functions#cast_as_string;
zones: data-types#time_zones.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FORMAT_DATE('%b-%d-%Y', DATE '2008-12-25')", "Dec-25-2008"),
        ("FORMAT_DATE('%e', DATE '2020-01-07')", " 7"),
        ("FORMAT_DATETIME('%c', DATETIME '2008-12-25 15:30:00')", "Thu Dec 25 15:30:00 2008"),
        ("FORMAT_TIME('%R', TIME '15:30:00')", "15:30"),
        ("FORMAT_TIMESTAMP('%c', TIMESTAMP '2050-12-25 15:30:55+00', 'UTC')", "Sun Dec 25 15:30:55 2050"),
        ("FORMAT_TIMESTAMP('%F %T %Z', TIMESTAMP '2020-01-07', 'America/Los_Angeles')", "2020-01-06 16:00:00 UTC-8"),
        ("FORMAT_TIMESTAMP('%F %T%Ez', TIMESTAMP '2020-01-07', '+05:30')", "2020-01-07 05:30:00+05:30"),
        ("LAST_DAY(DATE '2008-11-10', WEEK(SUNDAY))", "2008-11-15"),
        ("LAST_DAY(DATE '2008-11-10', WEEK(MONDAY))", "2008-11-16"),
        ("FORMAT_DATE('%Y', NULL)", None),
        ("PARSE_TIMESTAMP('%c', 'Thu Dec 25 07:30:00 2008')", "2008-12-25T07:30:00Z"),
        ("PARSE_TIMESTAMP('%F %T', '2020-01-02 03:04:05', 'Asia/Tokyo')", "2020-01-01T18:04:05Z"),
        ("PARSE_TIMESTAMP('%F %T %Z', '2020-01-02 03:04:05 Asia/Tokyo', 'UTC')", "2020-01-01T18:04:05Z"),
        ("PARSE_TIMESTAMP('%F', '2020-01-02', '-03')", "2020-01-02T03:00:00Z"),
        ("PARSE_DATETIME('%F %R', '2020-01-02 03:04')", "2020-01-02T03:04:00"),
        ("PARSE_TIME('%I:%M:%S %p', '2:23:38 pm')", "14:23:38"),
        ("SAFE.PARSE_DATE('%F %H', '2020-01-02 03')", None),
        ("SAFE.PARSE_TIMESTAMP('%F', '2020-01-02', 'Nowhere')", None),
        ("STRING(TIMESTAMP '2008-12-25 15:30:00+00', 'America/Los_Angeles')", "2008-12-25 07:30:00-08"),
        ("STRING(TIMESTAMP '2008-12-25 15:30:00.12+00', '+05:30')", "2008-12-25 21:00:00.120+05:30"),
        ("CAST(TIMESTAMP '2008-12-25 15:30:00.1+00' AS STRING)", "2008-12-25 15:30:00.100+00"),
        ("CAST(DATETIME '2008-12-25 15:30:00.1234' AS STRING)", "2008-12-25 15:30:00.123400"),
        ("TIMESTAMP('2020-01-01 00:00:00', '+05:30')", "2019-12-31T18:30:00Z"),
        ("EXTRACT(HOUR FROM TIMESTAMP '2020-01-01' AT TIME ZONE '-3')", "21"),
        ("DATETIME(TIMESTAMP '2020-01-01', '-03:00')", "2019-12-31T21:00:00"),
        ("DATETIME(DATE '2020-01-01', TIME '03:00:00')", "2020-01-01T03:00:00"),
        ("TIME(TIMESTAMP '2020-01-01', '+05:30')", "05:30:00"),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


def test_formats_and_zones_may_come_from_columns(warehouse: SmallWarehouse) -> None:
    sql = "SELECT FORMAT_TIMESTAMP(f, TIMESTAMP '2020-01-01', z) AS x FROM UNNEST([STRUCT('%H' AS f, '+02' AS z)])"
    assert warehouse.run(sql)[1] == [["02"]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("PARSE_DATE('%F', 'x')", '^Failed to parse input string "x"$'),
        ("PARSE_DATE('%T', '01:02:03')", "^Invalid format: %T is not allowed for the DATE type.$"),
        ("PARSE_TIMESTAMP('%F', '2020-01-02', 'Nowhere')", "^Invalid time zone: Nowhere$"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")
