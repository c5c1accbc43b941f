"""CAST with FORMAT: the examples of the reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#formatting_syntax
"""

import datetime as dt

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.scalars.casting import parse_cast
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        ("DATE '2018-01-30'", "YYYY", "2018"),
        ("DATE '0076-01-30'", "YYYY", "0076"),
        ("DATE '2018-01-30'", "YYY YY Y RRRR RR", "018 18 8 2018 18"),
        ("DATE '2018-01-30'", "MM MON MONTH Mon Month mon month", "01 JAN JANUARY Jan January jan january"),
        ("DATE '2020-12-31'", "DAY,Day,day,DY,D", "THURSDAY ,Thursday ,thursday ,THU,5"),
        ("DATE '2018-02-03'", "DD DDD", "03 034"),
        ("TIME '21:30:00'", "HH HH12 HH24 MI", "09 09 21 30"),
        ("TIME '01:02:03.4567'", "SS SSSSS FF1 FF6 FF9", "03 03723 4 456700 456700000"),
        ("TIME '16:02:03'", "AM A.M. am a.M. P.M.", "PM P.M. pm p.m. P.M."),
        ("TIMESTAMP '2008-12-25 00:00:00+00:00'", "TZH:TZM", "+00:00"),
        ("DATETIME '2018-01-30 01:02:03'", 'YYYY"Y"-."/\\\\\\""/,;:', '2018Y-./\\"/,;:'),
        ("DATE '2018-01-30'", "", ""),
        (r"b'\x00\x01\xEF\xFF'", "HEX", "0001efff"),
        (r"b'\x02\x11\x3B'", "BASE8", "00410473"),
        (r"b'\xde\xad\xbe\xef'", "base64m", "3q2+7w=="),
        (r"b'\x48\x65\x6c\x6c\x6f'", "ASCII", "Hello"),
        (r"b'\x24'", "UTF-8", "$"),
        (r"b'\x05'", "BASE2", "00000101"),
    ],
)
def test_as_text(warehouse: SmallWarehouse, value: str, form: str, expected: str) -> None:
    quoted = form.replace("\\", "\\\\").replace("'", "\\'")
    assert warehouse.run(f"SELECT CAST({value} AS STRING FORMAT '{quoted}') AS x") == (["x STRING"], [[expected]])


def test_as_a_zone_shows_it(warehouse: SmallWarehouse) -> None:
    value = "CAST(TIMESTAMP '2008-12-25 00:00:00+00:00' AS STRING FORMAT 'HH24 TZH TZM' AT TIME ZONE 'Asia/Kolkata')"
    assert warehouse.run(f"SELECT {value}")[1] == [["05 +05 30"]]


@pytest.mark.parametrize(
    ("text", "kind", "form", "expected"),
    [
        ("18-12-03", "DATE", "YY-MM-DD", "2018-12-03"),
        ("018-12-03", "DATE", "YYY-MM-DD", "2018-12-03"),
        ("DEC 03, 2018", "DATE", "MON DD, YYYY", "2018-12-03"),
        ("December 03, 2018", "DATE", "MONTH DD, YYYY", "2018-12-03"),
        ("2018034", "DATE", "YYYYDDD", "2018-02-03"),
        ("2,018-12-03", "DATE", "Y,YYY-MM-DD", "2018-12-03"),
        ("15:30", "TIME", "HH24:MI", "15:30:00"),
        ("03:30 P.M.", "TIME", "HH:MI P.M.", "15:30:00"),
        ("12:30 am", "TIME", "HH12:MI AM", "00:30:00"),
        ("01:05:07.16", "TIME", "HH24:MI:SS.FF2", "01:05:07.160000"),
        ("03723", "TIME", "SSSSS", "01:02:03"),
        ("2020060311", "DATETIME", "YYYYMMDDHH24", "2020-06-03T11:00:00"),
        ("2020.06.03 00:00:53+05:30", "TIMESTAMP", "YYYY.MM.DD HH24:MI:SSTZH:TZM", "2020-06-02T18:30:53Z"),
    ],
)
def test_from_text(warehouse: SmallWarehouse, text: str, kind: str, form: str, expected: str) -> None:
    assert warehouse.run(f"SELECT CAST('{text}' AS {kind} FORMAT '{form}') AS x") == ([f"x {kind}"], [[expected]])


def test_from_text_of_a_zone(warehouse: SmallWarehouse) -> None:
    value = "CAST('2020-06-03 11:00' AS TIMESTAMP FORMAT 'YYYY-MM-DD HH24:MI' AT TIME ZONE 'Asia/Kolkata')"
    assert warehouse.run(f"SELECT {value}")[1] == [["2020-06-03T05:30:00Z"]]


@pytest.mark.parametrize(
    ("form", "text", "year", "expected"),
    [
        ("RR-MM-DD", "18-12-03", 2021, "2018-12-03"),
        ("RR-MM-DD", "18-12-03", 2050, "2118-12-03"),
        ("RR-MM-DD", "50-12-03", 2021, "1950-12-03"),
        ("RR-MM-DD", "50-12-03", 2050, "2050-12-03"),
        ("YYYY", "18", 2021, "0018-03-01"),
        ("MM-DD", "12-03", 2021, "2021-12-03"),
    ],
)
def test_what_is_left_out_is_that_of_today(form: str, text: str, year: int, expected: str) -> None:
    now = int(dt.datetime(year, 3, 23, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert parse_cast("DATE", form, text, "", now) == f"{expected} 00:00:00"


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("0001efff", "HEX", "AAHv/w=="),
        ("00410473", "BASE8", "AhE7"),
        ("3q2+\\n7w==", "BASE64M", "3q2+7w=="),
        ("Hello", "ASCII", "SGVsbG8="),
        ("$", "UTF8", "JA=="),
        ("MFRA====", "BASE32", "YWI="),
    ],
)
def test_from_text_to_bytes(warehouse: SmallWarehouse, text: str, form: str, expected: str) -> None:
    assert warehouse.run(f"SELECT CAST('{text}' AS BYTES FORMAT '{form}') AS x") == (["x BYTES"], [[expected]])


def test_null_and_safe_cast(warehouse: SmallWarehouse) -> None:
    values = (
        "CAST(NULL AS DATE FORMAT 'YYYY'), SAFE_CAST('x' AS DATE FORMAT 'YYYY'), SAFE_CAST('z' AS BYTES FORMAT 'HEX')"
    )
    assert warehouse.run(f"SELECT {values}")[1] == [[None, None, None]]


@pytest.mark.parametrize(
    ("cast", "message"),
    [
        ("'x' AS DATE FORMAT 'YYYY'", 'Failed to parse input string "x"'),
        ("'2018-02-30' AS DATE FORMAT 'YYYY-MM-DD'", 'Failed to parse input string "2018-02-30"'),
        ("'x' AS DATE FORMAT 'HH24'", "DATE does not support the format element HH24"),
        ("DATE '2020-01-01' AS STRING FORMAT 'MI'", "DATE does not support the format element MI"),
        ("'x' AS DATE FORMAT 'YYYY#'", "Cannot find matched format element at 4"),
        ("'x' AS TIME FORMAT 'HH:MI'", "Invalid format model: a 12-hour element and a meridian indicator"),
        ("'x' AS DATE FORMAT 'YYYY YY'", "Invalid format model: YYYY, YY"),
        ("'x' AS DATE FORMAT 'DDD MM'", "Invalid format model: DDD with a month"),
        ("'x' AS TIME FORMAT 'SSSSS MI'", "Invalid format model: SSSSS with"),
        ("'x' AS DATE FORMAT 'DAY'", "Invalid format model: DAY"),
        ("'xyz' AS BYTES FORMAT 'HEX'", "Failed to decode invalid HEX string"),
        ("'é' AS BYTES FORMAT 'ASCII'", "Failed to decode invalid ASCII string"),
        (r"b'\xff' AS STRING FORMAT 'ASCII'", "Bytes are no valid ASCII"),
        ("b'a' AS STRING FORMAT 'BASE7'", "Invalid format string: BASE7"),
        ("b'a' AS STRING FORMAT 'BASE8'", "BASE8 of a number of bytes that is no multiple of 3 is not emulated"),
        ("1 AS STRING FORMAT '999'", "CAST with FORMAT from INT64 to STRING is not emulated"),
    ],
)
def test_errors(warehouse: SmallWarehouse, cast: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT CAST({cast})")
