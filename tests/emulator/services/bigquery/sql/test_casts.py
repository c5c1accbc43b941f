"""CAST and SAFE_CAST: only what GoogleSQL's reference allows.

https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast, and there cast_as_date,
cast_as_time, cast_as_datetime, cast_as_timestamp, cast_as_numeric, cast_as_bytes, cast_as_string; formats:
data-types.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CAST('2020-1-2' AS DATE)", "2020-01-02"),
        ("CAST('3:4:5' AS TIME)", "03:04:05"),
        ("CAST('2020-1-2T3:4:5.5' AS DATETIME)", "2020-01-02T03:04:05.500000"),
        ("CAST('2020-01-02' AS DATETIME)", "2020-01-02T00:00:00"),
        ("CAST('2020-01-02 03:04:05+05:30' AS TIMESTAMP)", "2020-01-01T21:34:05Z"),
        ("CAST('2020-1-2 3:4:5 America/Los_Angeles' AS TIMESTAMP)", "2020-01-02T11:04:05Z"),
        ("CAST('2020-1-2t3:4:5.5z' AS TIMESTAMP)", "2020-01-02T03:04:05.500000Z"),
        ("CAST('2020-1-2+8' AS TIMESTAMP)", "2020-01-01T16:00:00Z"),
        ("CAST('2020-1-2' AS TIMESTAMP)", "2020-01-02T00:00:00Z"),
        ("CAST(' 1e3 ' AS NUMERIC)", "1000"),
        ("CAST('1.1234567895' AS NUMERIC)", "1.12345679"),
        ("CAST(r'a\\x41' AS BYTES)", "YVx4NDE="),
        ("CAST('é' AS BYTES)", "w6k="),
        (r"CAST(b'\xc3\xa9' AS STRING)", "é"),
        ("CAST(TIMESTAMP '2020-01-01 01:02:03' AS TIME)", "01:02:03"),
        ("CAST(DATE '2020-01-01' AS TIMESTAMP)", "2020-01-01T00:00:00Z"),
        ("CAST(TRUE AS STRING)", "true"),
        ("SAFE_CAST('20-1-2' AS DATE)", None),
        ("SAFE_CAST('2020-01-02 03:04:05' AS DATE)", None),
        ("SAFE_CAST('2020-02-30' AS DATE)", None),
        ("SAFE_CAST('inf' AS DATE)", None),
        ("SAFE_CAST('3:04' AS TIME)", None),
        ("SAFE_CAST('24:00:00' AS TIME)", None),
        ("SAFE_CAST('2020-01-02T03:04:05Z' AS DATETIME)", None),
        ("SAFE_CAST('2020-01-02 03:04' AS TIMESTAMP)", None),
        ("SAFE_CAST('epoch' AS TIMESTAMP)", None),
        ("SAFE_CAST('2020-01-02 03:04:05 Mars/Base' AS TIMESTAMP)", None),
        ("SAFE_CAST('1_0' AS NUMERIC)", None),
        ("SAFE_CAST('-1e400' AS FLOAT64)", None),
        ("CAST('-Infinity' AS FLOAT64)", "-Infinity"),
        (r"SAFE_CAST(b'\xff' AS STRING)", None),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


def test_columns_are_cast_as_literals_are(warehouse: SmallWarehouse) -> None:
    sql = (
        "SELECT SAFE_CAST(s AS DATE), SAFE_CAST(s AS TIMESTAMP), SAFE_CAST(MAX(s) AS NUMERIC), CAST(MAX(b) AS STRING) "
        "FROM UNNEST([STRUCT('2020-1-2' AS s, b'x' AS b), STRUCT('2020-01-02 3:04:05-3', b'x')]) GROUP BY s ORDER BY s"
    )
    assert warehouse.run(sql)[1] == [
        [None, "2020-01-02T06:04:05Z", None, "x"],
        ["2020-01-02", "2020-01-02T00:00:00Z", None, "x"],
    ]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("CAST('2020-02-30' AS DATE)", "^Invalid date: '2020-02-30'$"),
        ("CAST('2020-01-02 03:04:05' AS DATE)", "^Invalid date: '2020-01-02 03:04:05'$"),
        ("CAST('24:00:00' AS TIME)", "^Invalid time: '24:00:00'$"),
        ("CAST('2020-01-02 03:04' AS TIMESTAMP)", "^Invalid timestamp: '2020-01-02 03:04'$"),
        ("TIMESTAMP '2020-01-02 03:04'", "^Invalid timestamp: '2020-01-02 03:04'$"),
        ("CAST('1e400' AS FLOAT64)", "^Bad double value: 1e400$"),
        ("CAST('abc' AS NUMERIC)", "^Invalid NUMERIC value: abc$"),
        (r"CAST(b'\xff' AS STRING)", "^Invalid UTF-8 string$"),
        ("CAST(DATE '2020-01-01' AS INT64)", "^Invalid cast from DATE to INT64$"),
        ("SAFE_CAST(1 AS DATE)", "^Invalid cast from INT64 to DATE$"),
        ("CAST(TRUE AS FLOAT64)", "^Invalid cast from BOOL to FLOAT64$"),
        ("CAST(1.5 AS BOOL)", "^Invalid cast from FLOAT64 to BOOL$"),
        ("CAST(TIME '01:02:03' AS DATETIME)", "^Invalid cast from TIME to DATETIME$"),
        ("CAST([1] AS STRING)", "^Invalid cast from ARRAY<INT64> to STRING$"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")
