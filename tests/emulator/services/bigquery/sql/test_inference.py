"""Types of expressions: where values of several types meet, and where they cannot.

https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules (coercion, literal coercion, supertypes),
and there: query-syntax (set operators), operators, conditional_expressions, data-types.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # conversion_rules, supertypes of STRUCT
        (
            "SELECT (CASE WHEN x=1 THEN STRUCT('a' AS k,1 AS v) ELSE STRUCT('b',2) END).k FROM UNNEST([1,2]) x",
            [["a"], ["b"]],
        ),
        ("SELECT STRUCT(1 AS a, 'x' AS b) UNION ALL SELECT STRUCT(2 AS c, 'y' AS d)", [[["1", "x"]], [["2", "y"]]]),
        (
            ("SELECT s.b.q FROM (SELECT STRUCT(1 AS a, STRUCT(1 AS p, 2 AS q) AS b) AS s "
            "UNION ALL SELECT STRUCT(2 AS c, STRUCT(3 AS r, 4 AS s) AS d))"),
            [["2"], ["4"]],
        ),
        (
            ("SELECT s.b[OFFSET(0)].q FROM (SELECT STRUCT([STRUCT(1 AS q)] AS b) AS s "
            "UNION ALL SELECT * FROM (SELECT STRUCT([STRUCT(2 AS r)] AS c)))"),
            [["1"], ["2"]],
        ),
        ("SELECT IF(FALSE, STRUCT(1 AS a), STRUCT(2 AS b)).a", [["2"]]),
        ("SELECT COALESCE(IF(FALSE, STRUCT(1 AS a, 2 AS b), NULL), STRUCT(3 AS x, 4 AS y)).b", [["4"]]),
        ("SELECT ARRAY_CONCAT([STRUCT(1 AS a)], [STRUCT(2 AS b)])", [[[["1"], ["2"]]]]),
        ("SELECT [STRUCT(1 AS a), STRUCT(2 AS b)]", [[[["1"], ["2"]]]]),
        (
            ("WITH RECURSIVE r AS (SELECT STRUCT(1 AS a) AS s UNION ALL SELECT STRUCT(s.a + 1 AS b) FROM r "
            "WHERE s.a < 3) SELECT s.a FROM r"),
            [["1"], ["2"], ["3"]],
        ),
        # operators, comparison of STRUCTs by position
        ("SELECT STRUCT(1 AS a, 2 AS b) = STRUCT(1 AS x, 2 AS y)", [["true"]]),
        ("SELECT STRUCT(1 AS a, 2 AS b) = STRUCT(1 AS x, 3 AS y)", [["false"]]),
        ("SELECT (1, 2) = STRUCT(1 AS x, 2 AS y)", [["true"]]),
        ("SELECT (1, NULL) = (1, NULL), (1, NULL) = (2, NULL), (1, NULL) != (2, NULL)", [[None, "false", "true"]]),
        ("SELECT STRUCT(1 AS a, STRUCT(2 AS c) AS b) != STRUCT(1 AS x, STRUCT(2 AS y) AS z)", [["false"]]),
        ("SELECT id FROM t WHERE one = STRUCT('X', STRUCT(7))", [["1"]]),
        ("SELECT STRUCT(1 AS a, 2 AS b) IN (STRUCT(1 AS x, 2 AS y))", [["true"]]),
        ("SELECT STRUCT(1 AS a, 2 AS b) IN UNNEST([STRUCT(1 AS x, 2 AS y)])", [["true"]]),
        ("SELECT STRUCT(1 AS a, 2 AS b) IN (SELECT AS STRUCT 1 AS x, 2 AS y)", [["true"]]),
        ("SELECT (1, 2) IN ((1, 2), (3, 4)), (1, 2) IN ((3, 4))", [["true", "false"]]),
        ("SELECT (1, NULL) IN ((1, 2)), (1, NULL) IN ((3, 4)), (1, NULL) NOT IN ((3, 4))", [[None, "false", "true"]]),
        ("SELECT id FROM t WHERE (id, name) IN (SELECT (id, name) FROM t_1 WHERE id < 3) ORDER BY id", [["1"], ["2"]]),
        (
            ("SELECT * FROM (SELECT STRUCT(1 AS a) AS x, 1 AS k) JOIN (SELECT 1 AS k, 'b' AS y) USING (k) "
            "UNION ALL SELECT STRUCT(5 AS b), 2, 'z' ORDER BY k"),
            [[["1"], "1", "b"], [["5"], "2", "z"]],
        ),
        # operators, JSON subscript operator
        ("WITH t AS (SELECT PARSE_JSON('{\"a\":[10,20]}') AS j) SELECT j.a[0], j['a'][1] FROM t", [["10", "20"]]),
        ("SELECT x[0] FROM (SELECT TO_JSON([1, 2]) AS x)", [["1"]]),
        ("SELECT x[1] FROM UNNEST(JSON_QUERY_ARRAY(JSON '[[1,2],[3,4]]')) AS x", [["2"], ["4"]]),
        (
            "SELECT js[OFFSET(1)][0], js[0][1], js[SAFE_OFFSET(9)][0] FROM (SELECT [JSON '[1,2]', JSON '[3,4]'] AS js)",
            [["3", "2", None]],
        ),
        (
            "SELECT s.j.k[1], s.a[0], s.a[OFFSET(1)] FROM (SELECT STRUCT(JSON '{\"k\":[7,8]}' AS j, [5,6] AS a) AS s)",
            [["8", "5", "6"]],
        ),
        # conversion_rules, literal coercion of STRING to dates and times
        ("SELECT d = '2020-01-02', dt > '2020-01-02', ts < '2021-01-01' FROM t WHERE id = 1", [["true"] * 3]),
        ("SELECT DATE '2020-01-01' UNION ALL SELECT '2020-01-02'", [["2020-01-01"], ["2020-01-02"]]),
        ("SELECT NULL UNION ALL SELECT 'a'", [[None], ["a"]]),
        ("SELECT 1 UNION ALL SELECT 2.5", [["1.0"], ["2.5"]]),
    ],
)  # fmt: skip
def test_values_of_several_types(warehouse: SmallWarehouse, sql: str, expected: list[list[Any]]) -> None:
    assert warehouse.run(sql)[1] == expected


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        # data-types, constructing a struct: tuple, typeless and typed syntax
        ("(1, 'a')", "STRUCT<_field_1 INT64, _field_2 STRING>"),
        ("[(1, 'a'), (2, 'b')]", "ARRAY<STRUCT<_field_1 INT64, _field_2 STRING>>"),
        ("STRUCT(1, 'x' AS b, (2, 3)).b", "STRING"),
        ("STRUCT(1 AS a, (2, 3))", "STRUCT<a INT64, _field_2 STRUCT<_field_1 INT64, _field_2 INT64>>"),
        ("STRUCT<INT64, STRING>(1, 'x')", "STRUCT<_field_1 INT64, _field_2 STRING>"),
        ("ARRAY<STRUCT<a INT64, b STRING>>[(1, 'x')]", "ARRAY<STRUCT<a INT64, b STRING>>"),
        ("CAST(STRUCT(1 AS p, '2' AS q) AS STRUCT<a STRING, b INT64>)", "STRUCT<a STRING, b INT64>"),
        ("ARRAY(SELECT AS STRUCT 1, 2 AS b)", "ARRAY<STRUCT<_field_1 INT64, b INT64>>"),
        # date_functions, datetime_functions, timestamp_functions: truncating goes by the type of the value
        ("DATE_TRUNC(TIMESTAMP '2020-01-02 03:04:05', DAY)", "TIMESTAMP"),
        ("DATE_TRUNC(DATETIME '2020-01-02 03:04:05', HOUR)", "DATETIME"),
        ("DATE_TRUNC(DATE '2020-01-02', MONTH)", "DATE"),
        ("TIMESTAMP_TRUNC(DATETIME '2020-01-02 03:04:05', HOUR)", "DATETIME"),
        ("DATE '2020-01-02' + INTERVAL 1 DAY", "DATETIME"),
    ],
)  # fmt: skip
def test_types_of_results(warehouse: SmallWarehouse, expression: str, kind: str) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[0] == [f"x {kind}"]


def test_structs_of_tuples_hold_their_values(warehouse: SmallWarehouse) -> None:
    found = warehouse.run("SELECT x.b FROM UNNEST(ARRAY<STRUCT<a INT64, b STRING>>[(1, 'x'), (2, 'y')]) AS x")[1]
    assert found == [["x"], ["y"]]
    assert warehouse.run("SELECT id FROM t WHERE (id, name) IN ((1, 'Ann'), (2, 'x'))")[1] == [["1"]]


def test_json_functions_give_text_of_text(warehouse: SmallWarehouse) -> None:
    """json_functions: JSON_QUERY of a STRING is a STRING, in which the JSON null becomes NULL; of JSON it is JSON."""
    sql = """SELECT JSON_QUERY('{"a":{"b":null}}', '$.a') AS t, JSON_QUERY('{"b":null}', '$.b') AS n,
        JSON_QUERY_ARRAY('[1]') AS a, JSON_QUERY(JSON '{"a":[1]}', '$.a') AS j"""
    names, rows = warehouse.run(sql)
    assert names == ["t STRING", "n STRING", "a ARRAY<STRING>", "j JSON"]
    assert rows == [['{"b":null}', None, ["1"], "[1]"]]


def test_the_first_query_names_the_columns_of_a_union(warehouse: SmallWarehouse) -> None:
    assert warehouse.run("SELECT 1, 2 AS b UNION ALL SELECT 3, 4")[0] == ["f0_ INT64", "b INT64"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 UNION ALL SELECT 'a'", "Column 1 in UNION ALL has incompatible types: INT64, STRING"),
        ("SELECT 1 EXCEPT DISTINCT SELECT '1'", "Column 1 in EXCEPT DISTINCT has incompatible types: INT64, STRING"),
        ("SELECT id = '1' FROM t", "operator = for argument types: INT64, STRING"),
        ("SELECT id = name FROM t", "operator = for argument types: INT64, STRING"),
        ("SELECT name IN (1, 2) FROM t", "operator IN for argument types: STRING, INT64, INT64"),
        ("SELECT 1 IN UNNEST(['a'])", "operator IN for argument types: INT64, ARRAY<STRING>"),
        ("SELECT name BETWEEN 1 AND 2 FROM t", "operator BETWEEN for argument types: STRING, INT64, INT64"),
        ("SELECT ts = d FROM t", "operator = for argument types: TIMESTAMP, DATE"),
        ("SELECT j = j FROM t", "Equality is not defined for arguments of type JSON"),
        ("SELECT tags = tags FROM t", "Equality is not defined for arguments of type ARRAY"),
        ("SELECT one < one FROM t", "Less than is not defined for arguments of type STRUCT"),
        ("SELECT LENGTH(5)", "function LENGTH for argument types: INT64"),
        ("SELECT UPPER(id) FROM t", "function UPPER for argument types: INT64"),
        ("SELECT SUM(x) FROM UNNEST(['a']) AS x", "function SUM for argument types: STRING"),
        ("SELECT IF(1, 2, 3)", "function IF for argument types: INT64, INT64, INT64"),
        ("SELECT IF(TRUE, 1, 'a')", "function IF for argument types: INT64, STRING"),
        ("SELECT CASE WHEN 1 THEN 2 END", "operator CASE for argument types: INT64"),
        ("SELECT CASE WHEN TRUE THEN 2 ELSE 'x' END", "operator CASE for argument types: INT64, STRING"),
        ("SELECT COALESCE(1, 'a')", "function COALESCE for argument types: INT64, STRING"),
        ("SELECT NOT 1", "operator NOT for argument types: INT64"),
        ("SELECT 'a' || 1", "operator || for argument types: STRING, INT64"),
        ("SELECT [1, 'a']", "Array elements of types {INT64, STRING} do not have a common supertype"),
        ("SELECT id FROM t WHERE name", "WHERE clause should return type BOOL, but returns STRING"),
        ("SELECT 1 FROM t AS a JOIN t AS b ON a.id", "JOIN ON clause should return type BOOL, but returns INT64"),
        ("SELECT * FROM t AS a JOIN t AS b ON a.id = b.id", "Duplicate column names in the result are not supported"),
        ("SELECT COUNT(*) AS c FROM t GROUP BY name HAVING c > 'a'", "operator > for argument types: INT64, STRING"),
        ("SELECT * FROM d.w WHERE text = 1", "operator = for argument types: STRING, INT64"),
        ("SELECT id FROM t, UNNEST(recs) WHERE v = '2'", "operator = for argument types: INT64, STRING"),
        ("SELECT 1 FROM p.d.t WHERE d.t.name = 1", "operator = for argument types: STRING, INT64"),
    ],
)
def test_types_that_do_not_fit(warehouse: SmallWarehouse, sql: str, message: str) -> None:
    with pytest.raises(SqlError) as problem:
        warehouse.run(sql)
    assert message in problem.value.message
