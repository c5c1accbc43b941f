"""JSON as values of SQL, and what is inside it.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions: int64, float64, bool, string, lax_int64,
lax_float64, lax_bool, lax_string; operators: JSON and STRUCT subscript operators.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("INT64(JSON '2005')", "2005"),
        ("INT64(JSON '10.0')", "10"),
        ("SAFE.INT64(JSON '\"strawberry\"')", None),
        ("FLOAT64(JSON '9.8')", "9.8"),
        ("BOOL(JSON 'true')", "true"),
        ("STRING(JSON '\"purple\"')", "purple"),
        ("LAX_INT64(JSON '9.8')", "10"),
        ("LAX_INT64(JSON 'true')", "1"),
        ("LAX_INT64(JSON '\"10\"')", "10"),
        ("LAX_INT64(JSON '\"foo\"')", None),
        ("LAX_INT64(JSON '1e100')", None),
        ("LAX_FLOAT64(JSON '\"NaN\"')", "NaN"),
        ("LAX_FLOAT64(JSON 'true')", None),
        ("LAX_BOOL(JSON '\"TRUE\"')", "true"),
        ("LAX_BOOL(JSON '\"foo\"')", None),
        ("LAX_BOOL(JSON '10')", "true"),
        ("LAX_BOOL(JSON '0')", "false"),
        ("LAX_STRING(JSON 'true')", "true"),
        ("LAX_STRING(JSON '3.14')", "3.14"),
        ("LAX_STRING(JSON '{\"a\": 1}')", None),
    ],
)
def test_conversions(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("INT64(JSON '10.1')", "not an integer"),
        ("INT64(JSON '\"5\"')", "not an integer"),
        ("FLOAT64(JSON '\"5\"')", "not a number"),
        ("BOOL(JSON '1')", "not a boolean"),
        ("STRING(JSON '1')", "not a string"),
        ("STRUCT(1 AS a)[5]", "Field 5 is out of bounds in STRUCT<a INT64>"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")


def test_subscripts(warehouse: SmallWarehouse) -> None:
    json = """SELECT j.a.b[id], j[name], j['a']['b'][0], j.a[9]
        FROM (SELECT JSON '{"a":{"b":[7,8]},"Ann":5}' AS j, 1 AS id, 'Ann' AS name)"""
    assert warehouse.run(json)[1] == [["8", "5", "7", None]]
    struct = "SELECT s[0], s[OFFSET(1)], s[ORDINAL(3)] FROM (SELECT STRUCT<INT64, STRING, BOOL>(23, 'tea', FALSE) AS s)"
    assert warehouse.run(struct)[1] == [["23", "tea", "false"]]
