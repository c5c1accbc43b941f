"""Text as dates and times: the examples of GoogleSQL's reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/: date_functions#parse_date,
datetime_functions#parse_datetime, time_functions#parse_time, timestamp_functions#parse_timestamp.
"""

import pytest

from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.parsing import parse_moment


@pytest.mark.parametrize(
    ("kind", "template", "text", "expected"),
    [
        ("DATE", "%A %b %e %Y", "Thursday Dec 25 2008", "2008-12-25 00:00:00"),
        ("DATE", "%x", "12/25/08", "2008-12-25 00:00:00"),
        ("DATE", "%Y%m%d", "20081225", "2008-12-25 00:00:00"),
        ("DATE", "%y", "69", "1969-01-01 00:00:00"),
        ("DATE", "%Y-%m-%d", " 2008-1-2 ", "2008-01-02 00:00:00"),
        ("DATE", "%d %B", "7 MARCH", "1970-03-07 00:00:00"),
        ("DATE", "%Y Q%Q", "2020 Q2", "2020-04-01 00:00:00"),
        ("DATE", "%Y%j", "2020060", "2020-02-29 00:00:00"),
        ("DATE", "%G-W%V-%u", "2020-W53-5", "2021-01-01 00:00:00"),
        ("DATE", "%Y %W %a", "2021 03 Wed", "2021-01-20 00:00:00"),
        ("DATE", "%Y %U %w", "2021 03 3", "2021-01-20 00:00:00"),
        ("DATE", "%C%y", "1912", "1912-01-01 00:00:00"),
        ("DATETIME", "%a %b %e %I:%M:%S %Y", "Thu Dec 25 07:30:00 2008", "2008-12-25 07:30:00"),
        ("DATETIME", "%c", "Thu Dec 25 07:30:00 2008", "2008-12-25 07:30:00"),
        ("DATETIME", "%Y-%m-%d %H:%M:%S", "1998-10-18 13:45:55", "1998-10-18 13:45:55"),
        ("DATETIME", "%m/%d/%Y %I:%M:%S %p", "8/30/2018 2:23:38 pm", "2018-08-30 14:23:38"),
        ("DATETIME", "%A, %B %e, %Y", "Wednesday, December 19, 2018", "2018-12-19 00:00:00"),
        ("DATETIME", "%F %H:%M:%E*S", "2020-01-02 03:04:05.678", "2020-01-02 03:04:05.678000"),
        ("TIME", "%I:%M:%S %p", "2:23:38 pm", "1970-01-01 14:23:38"),
        ("TIME", "%H", "15", "1970-01-01 15:00:00"),
        ("TIME", "%E2S", "05.25", "1970-01-01 00:00:05.250000"),
        ("TIMESTAMP", "%c", "Thu Dec 25 07:30:00 2008", "2008-12-25 07:30:00 Asia/Tokyo"),
        ("TIMESTAMP", "%F%Ez", "2020-01-02+05:30", "2020-01-02 00:00:00 GMT+05:30"),
        ("TIMESTAMP", "%F%z", "2020-01-02-0800", "2020-01-02 00:00:00 GMT-08:00"),
        ("TIMESTAMP", "%F%z", "2020-01-02Z", "2020-01-02 00:00:00 UTC"),
        ("TIMESTAMP", "%F %Z", "2020-01-02 America/Lima", "2020-01-02 00:00:00 America/Lima"),
        ("TIMESTAMP", "%Y %s", "1999 1611179220", "2021-01-20 21:47:00 UTC"),
    ],
)
def test_examples(kind: str, template: str, text: str, expected: str) -> None:
    assert parse_moment(kind, template, text, "Asia/Tokyo" if kind == "TIMESTAMP" else "") == expected


@pytest.mark.parametrize(
    ("kind", "template", "text", "message"),
    [
        # The reference's own: an element on one side only.
        ("DATE", "%Y-%m-%d", "Thursday Dec 25 2008", 'Failed to parse input string "Thursday Dec 25 2008"'),
        ("DATE", "%b %e %Y", "Thursday Dec 25 2008", "Failed to parse"),
        ("DATE", "%F", "2021-02-29", "Failed to parse"),
        ("DATE", "%F", "2021-02-28x", "Failed to parse"),
        ("DATE", "%Y%j", "2021366", "Failed to parse"),
        ("DATE", "%G %V", "2021 53", "Failed to parse"),
        ("TIME", "%H:%M", "24:00", "Failed to parse"),
        ("TIME", "%I", "13", "Failed to parse"),
        ("DATE", "%F %H", "2020-01-02 03", "Invalid format: %H is not allowed for the DATE type."),
        ("TIME", "%F", "2020-01-02", "Invalid format: %F is not allowed for the TIME type."),
    ],
)
def test_errors(kind: str, template: str, text: str, message: str) -> None:
    with pytest.raises(ScalarError, match=message):
        parse_moment(kind, template, text, "")


@pytest.mark.parametrize(
    ("template", "text"), [("%n" * 60 + "%Y", " " * 2000 + "x"), ("%d" * 60, "1" * 119 + "x")], ids=["spaces", "days"]
)
def test_a_text_that_fits_in_many_ways_is_read_one_way(template: str, text: str) -> None:
    with pytest.raises(ScalarError, match="Failed to parse"):
        parse_moment("DATE", template, text, "")
