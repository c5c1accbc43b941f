"""Functions that change JSON, or list its keys: the examples of GoogleSQL's reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_set, #json_array_append,
#json_array_insert, #json_keys
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("""JSON_SET(JSON '{"a": 1}', '$', JSON '{"b": 2, "c": 3}')""", '{"b":2,"c":3}'),
        ("""JSON_SET(JSON '{"a": 1}', '$.b', 999, create_if_missing => FALSE)""", '{"a":1}'),
        ("""JSON_SET(JSON '{"a": 1}', '$.a', '999', create_if_missing => FALSE)""", '{"a":"999"}'),
        ("""JSON_SET(JSON '{"a": null}', '$.a.b', 100)""", '{"a":{"b":100}}'),
        ("""JSON_SET(JSON '{"a": {"b": 1}}', '$.a[1]', 100)""", '{"a":{"b":1}}'),
        ("""JSON_SET(JSON '["a", ["b", "c"], "d"]', '$[1]', "foo")""", '["a","foo","d"]'),
        ("""JSON_SET(JSON '["a"]', '$[3]', "foo")""", '["a",null,null,"foo"]'),
        ("""JSON_SET(JSON '{}', '$.a.b[2].d', 100)""", '{"a":{"b":[null,null,{"d":100}]}}'),
        ("""JSON_SET(JSON '{"a": 1}', '$.b', 999, '$.c', NULL)""", '{"a":1,"b":999,"c":null}'),
        ("""JSON_SET(CAST(NULL AS JSON), '$.a', 1)""", None),
        ("""JSON_ARRAY_APPEND(JSON '["a", "b", "c"]', '$', 1)""", '["a","b","c",1]'),
        ("""JSON_ARRAY_APPEND(JSON '["a", "b", "c"]', '$', [1, 2])""", '["a","b","c",1,2]'),
        (
            """JSON_ARRAY_APPEND(JSON '["a", "b"]', '$', [1, 2], append_each_element => FALSE)""",
            '["a","b",[1,2]]',
        ),
        ("""JSON_ARRAY_APPEND(JSON '["a", ["b"], "c"]', '$[1]', 1, '$[1][1]', 2)""", '["a",["b",1],"c"]'),
        ("""JSON_ARRAY_APPEND(JSON '{"a": null}', '$.a', 10)""", '{"a":[10]}'),
        ("""JSON_ARRAY_APPEND(JSON '{"a": 1}', '$.a', 2)""", '{"a":1}'),
        ("""JSON_ARRAY_INSERT(JSON '["a", ["b", "c"], "d"]', '$[1]', 1)""", '["a",1,["b","c"],"d"]'),
        ("""JSON_ARRAY_INSERT(JSON '["a", ["b", "c"], "d"]', '$[1][0]', 1)""", '["a",[1,"b","c"],"d"]'),
        ("""JSON_ARRAY_INSERT(JSON '["a", "b", "c"]', '$[1]', [1, 2])""", '["a",1,2,"b","c"]'),
        ("""JSON_ARRAY_INSERT(JSON '["a"]', '$[3]', 2)""", '["a",null,null,2]'),
        ("""JSON_ARRAY_INSERT(JSON '{"a": null}', '$.a[2]', 10)""", '{"a":[null,null,10]}'),
        ("""JSON_ARRAY_INSERT(JSON '1', '$[0]', 'r1')""", "1"),
        ("""JSON_KEYS(JSON '{"a": {"b":1}}')""", ["a", "a.b"]),
        ("""JSON_KEYS(JSON '{"a": {"b":1}}', 1)""", ["a"]),
        ("""JSON_KEYS(JSON '{"a":[{"b":1}, {"c":2}], "d":3}')""", ["a", "d"]),
        ("""JSON_KEYS(JSON '{"a":[{"b":1}, {"c":2}], "d":3}', mode => "lax")""", ["a", "a.b", "a.c", "d"]),
        ("""JSON_KEYS(JSON '{"a":[[{"b":1}]]}', mode => "lax")""", ["a"]),
        ("""JSON_KEYS(JSON '{"a":[[{"b":1}]]}', mode => "lax recursive")""", ["a", "a.b"]),
        ("""JSON_KEYS(JSON '{"a.b": 1}')""", ['"a.b"']),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


def test_columns(warehouse: SmallWarehouse) -> None:
    sql = "SELECT JSON_SET(j, '$.s', name), JSON_ARRAY_APPEND(j, '$.a.b', tags) FROM d.t WHERE id = 1"
    assert warehouse.run(sql)[1] == [['{"a":{"b":[1,2]},"s":"Ann"}', '{"a":{"b":[1,2,"x","y"]},"s":"x"}']]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("JSON_SET(JSON '{}', 'a', 1)", "^Invalid JSONPath: a$"),
        ("JSON_SET(JSON '{}', '$.a[*]', 1)", r"^Invalid JSONPath: \$.a\[\*\]$"),
        ("JSON_SET(JSON '{}', '$.a', 1, nope => TRUE)", "pairs of a path and a value, and create_if_missing$"),
        ("JSON_ARRAY_INSERT(JSON '[]', '$', 1)", "does not end with an array index$"),
        ("JSON_KEYS(JSON '{}', 0)", "max_depth of JSON_KEYS must be positive$"),
        ("JSON_KEYS(JSON '{}', mode => 'x')", "^Invalid mode of JSON_KEYS: x$"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")
