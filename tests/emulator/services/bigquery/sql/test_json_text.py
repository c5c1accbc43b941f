"""JSON made of values.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions: JSON encodings, to_json_string, to_json,
json_object, json_array.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

ROW = "SELECT [1, 2] AS x, 'foo' AS y, STRUCT(true AS a, DATE '2017-04-05' AS b) AS s"
PRETTY = """{
  "x": [
    1,
    2
  ],
  "y": "foo",
  "s": {
    "a": true,
    "b": "2017-04-05"
  }
}"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("TO_JSON_STRING(TIMESTAMP '2020-01-02 03:04:05')", '"2020-01-02T03:04:05Z"'),
        ("TO_JSON_STRING(TIMESTAMP '2017-03-06 12:34:56.789012')", '"2017-03-06T12:34:56.789012Z"'),
        ("TO_JSON_STRING(DATETIME '2017-03-06 12:34:56.789012')", '"2017-03-06T12:34:56.789012"'),
        ("TO_JSON_STRING(TIME '12:34:56.789012')", '"12:34:56.789012"'),
        ("TO_JSON_STRING(DATE '2017-03-06')", '"2017-03-06"'),
        ("TO_JSON_STRING(b'Google')", '"R29vZ2xl"'),
        ("TO_JSON_STRING(9007199254740992)", "9007199254740992"),
        ("TO_JSON_STRING([1, -9007199254740993, NULL])", '[1,"-9007199254740993",null]'),
        ("TO_JSON_STRING(NUMERIC '-1')", "-1"),
        ("TO_JSON_STRING(NUMERIC '9007199254740993')", '"9007199254740993"'),
        ("TO_JSON_STRING(NUMERIC '123.560')", '"123.56"'),
        (
            "TO_JSON_STRING([1.0, 0.1, CAST('nan' AS FLOAT64), CAST('-inf' AS FLOAT64)])",
            '[1,0.1,"NaN","-Infinity"]',
        ),
        (r"TO_JSON_STRING('a\"\\b\n')", r'"a\"\\b\n"'),
        ("TO_JSON_STRING(NULL)", "null"),
        ("TO_JSON_STRING(JSON '{\"a\": [1,  2]}')", '{"a":[1,2]}'),
        ("TO_JSON_STRING(STRUCT(1, 'x'))", '{"":1,"":"x"}'),
        ("TO_JSON_STRING(STRUCT(CAST(NULL AS STRING) AS a, ARRAY<INT64>[] AS b))", '{"a":null,"b":[]}'),
        (f"(SELECT TO_JSON_STRING(t) FROM ({ROW}) AS t)", '{"x":[1,2],"y":"foo","s":{"a":true,"b":"2017-04-05"}}'),
        (f"(SELECT TO_JSON_STRING(t, true) FROM ({ROW}) AS t)", PRETTY),
        ("TO_JSON_STRING(STRUCT(ARRAY<INT64>[] AS a, '[,]' AS b), true)", '{\n  "a": [],\n  "b": "[,]"\n}'),
        ("TO_JSON(9007199254740993)", "9007199254740993"),
        ("TO_JSON(9007199254740993, stringify_wide_numbers=>TRUE)", '"9007199254740993"'),
        ("TO_JSON(STRUCT(NUMERIC '1.50' AS n, b'ab' AS b))", '{"b":"YWI=","n":1.5}'),
        ("TO_JSON(NULL)", "null"),
        ("PARSE_JSON('{\"a\":  [1, \"x y\"]}')", '{"a":[1,"x y"]}'),
        ("JSON_OBJECT('a', 1, 'b', TIMESTAMP '2020-01-02', 'c', NULL)", '{"a":1,"b":"2020-01-02T00:00:00Z","c":null}'),
        ("JSON_OBJECT(['a', 'b'], [10, 20])", '{"a":10,"b":20}'),
        ("(SELECT JSON_OBJECT(name, id) FROM t WHERE id = 1)", '{"Ann":1}'),
        ("JSON_OBJECT()", "{}"),
        ("JSON_ARRAY(10, 'a', [1], NULL)", '[10,"a",[1],null]'),
        ("JSON_ARRAY()", "[]"),
    ],
)  # fmt: skip
def test_json_of_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


def test_json_of_a_row(warehouse: SmallWarehouse) -> None:
    (((row,)),) = warehouse.run("SELECT TO_JSON_STRING(r) FROM t, UNNEST(recs) AS r WITH OFFSET AS o WHERE o = 0")[1]
    assert row == '{"k":"a","v":1,"at":"2021-01-01T00:00:00Z","deep":[{"z":5}]}'


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("JSON_OBJECT(CAST(NULL AS STRING), 1)", "a key cannot be NULL"),
        ("TO_JSON(1, nope=>TRUE)", "TO_JSON takes stringify_wide_numbers"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")
