"""GoogleSQL on DuckDB: what statements give, compared with what BigQuery's function reference says."""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # Numbers
        ("1 + 1", "2"),
        ("2000000000 * 4", "8000000000"),
        ("1 / 2", "0.5"),
        ("1.5", "1.5"),
        ("ROUND(2.567, 2)", "2.57"),
        ("DIV(7, 2)", "3"),
        ("MOD(-7, 3)", "-1"),
        ("SAFE_DIVIDE(1, 0)", None),
        ("IEEE_DIVIDE(1, 0)", "Infinity"),
        ("SAFE_ADD(1, 2)", "3"),
        ("CAST('1.5' AS NUMERIC)", "1.5"),
        ("NUMERIC '1.25' * 2", "2.5"),
        ("BIGNUMERIC '3.5'", "3.5"),
        ("SAFE_CAST('x' AS INT64)", None),
        ("GREATEST(1, NULL)", None),
        ("LOG(8, 2)", "3.0"),
        ("5 & 3", "1"),
        ("1 << 40", "1099511627776"),
        # Text
        ("CAST(1.0 AS STRING)", "1"),
        ("CAST(NUMERIC '1.50' AS STRING)", "1.5"),
        ("CAST(100 AS STRING)", "100"),
        ("REGEXP_CONTAINS('a1', r'a\\d')", "true"),
        ("REGEXP_EXTRACT('a1b', r'(\\d)')", "1"),
        ("REGEXP_EXTRACT('ab', r'\\d')", None),
        ("REGEXP_REPLACE('aa', 'a', 'b')", "bb"),
        ("SPLIT('a,b')", ["a", "b"]),
        ("FORMAT('%d-%s', 5, 'x')", "5-x"),
        ("LPAD('7', 3, '0')", "007"),
        ("LENGTH('äb')", "2"),
        ("BYTE_LENGTH('ä')", "2"),
        ("INITCAP('john doe')", "John Doe"),
        ("CONTAINS_SUBSTR('ABC', 'b')", "true"),
        ("STRPOS('abc', 'c')", "3"),
        ("CONCAT('a', 'b') || 'c'", "abc"),
        ("TO_HEX(SHA256('a'))", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("TO_BASE64(b'ab')", "YWI="),
        ("FROM_BASE64('YWI=')", "YWI="),
        ("CAST('x' AS BYTES)", "eA=="),
        ("SESSION_USER()", "ann@example.com"),
        # Dates and times
        ("DATE_ADD(DATE '2020-01-31', INTERVAL 1 MONTH)", "2020-02-29"),
        ("DATE_SUB(DATE '2020-01-08', INTERVAL 1 WEEK)", "2020-01-01"),
        ("DATE_DIFF(DATE '2020-01-05', DATE '2020-01-04', WEEK)", "1"),
        ("DATE_DIFF(DATE '2020-01-05', DATE '2020-01-04', ISOWEEK)", "0"),
        ("DATE_DIFF(DATE '2020-03-01', DATE '2020-01-31', MONTH)", "2"),
        ("DATE_TRUNC(DATE '2020-01-02', WEEK)", "2019-12-29"),
        ("DATE_TRUNC(DATE '2020-01-02', WEEK(MONDAY))", "2019-12-30"),
        ("DATE_TRUNC(DATE '2020-01-02', QUARTER)", "2020-01-01"),
        ("DATE '2020-01-31' + 1", "2020-02-01"),
        ("LAST_DAY(DATE '2020-02-03')", "2020-02-29"),
        ("LAST_DAY(DATE '2020-02-03', YEAR)", "2020-12-31"),
        ("FORMAT_DATE('%Y%m', DATE '2020-01-02')", "202001"),
        ("PARSE_DATE('%Y%m%d', '20200102')", "2020-01-02"),
        ("SAFE.PARSE_DATE('%Y%m%d', 'x')", None),
        ("EXTRACT(DAYOFWEEK FROM DATE '2020-01-05')", "1"),
        ("EXTRACT(WEEK FROM DATE '2020-01-05')", "1"),
        ("EXTRACT(ISOWEEK FROM DATE '2020-01-05')", "1"),
        ("EXTRACT(MILLISECOND FROM TIMESTAMP '2020-01-01 00:00:01.250')", "250"),
        ("EXTRACT(HOUR FROM TIMESTAMP '2020-01-01 00:00:00' AT TIME ZONE 'Asia/Tokyo')", "9"),
        ("DATE(TIMESTAMP '2020-01-01 20:00:00', 'Asia/Tokyo')", "2020-01-02"),
        ("DATE(2020, 2, 29)", "2020-02-29"),
        ("TIMESTAMP_DIFF(TIMESTAMP '2020-01-01 01:59:00', TIMESTAMP '2020-01-01 00:01:00', HOUR)", "1"),
        ("TIMESTAMP_TRUNC(TIMESTAMP '2020-01-01 20:00:00', DAY, 'Asia/Tokyo')", "2020-01-01T15:00:00Z"),
        ("TIMESTAMP_ADD(TIMESTAMP '2020-01-01', INTERVAL 90 MINUTE)", "2020-01-01T01:30:00Z"),
        ("FORMAT_TIMESTAMP('%F %T', TIMESTAMP '2020-01-01 00:00:01', 'Asia/Tokyo')", "2020-01-01 09:00:01"),
        ("PARSE_TIMESTAMP('%Y-%m-%d', '2020-01-01')", "2020-01-01T00:00:00Z"),
        ("TIMESTAMP('2020-01-01 00:00:00', 'Asia/Tokyo')", "2019-12-31T15:00:00Z"),
        ("TIMESTAMP_MILLIS(1)", "1970-01-01T00:00:00.001000Z"),
        ("UNIX_SECONDS(TIMESTAMP '1970-01-01 00:01:00')", "60"),
        ("UNIX_MILLIS(TIMESTAMP '1969-12-31 23:59:59.9999')", "-1"),
        ("DATETIME(TIMESTAMP '2020-01-01', 'Asia/Tokyo')", "2020-01-01T09:00:00"),
        ("DATETIME_DIFF(DATETIME '2020-01-02T00:00:00', DATETIME '2020-01-01T23:59:00', DAY)", "1"),
        ("TIME(TIMESTAMP '2020-01-01 01:02:03')", "01:02:03"),
        ("TIME_ADD(TIME '23:00:00', INTERVAL 2 HOUR)", "01:00:00"),
        ("FORMAT_TIME('%H:%M', TIME '23:05:00')", "23:05"),
        ("DATE_FROM_UNIX_DATE(1)", "1970-01-02"),
        # JSON
        ("JSON_VALUE('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
        ("JSON_VALUE('{\"a\": {\"b\": 1}}', '$.a')", None),
        ("JSON_QUERY('{\"a\": {\"b\": 1}}', '$.a')", '{"b":1}'),
        ('JSON_VALUE(\'{"00080020": {"Value": ["x"]}}\', \'$."00080020".Value[0]\')', "x"),
        ("JSON_VALUE_ARRAY('{\"a\": [1, \"b\"]}', '$.a')", ["1", "b"]),
        ("TO_JSON_STRING(STRUCT(1 AS a, 'x' AS b))", '{"a":1,"b":"x"}'),
        ("INT64(PARSE_JSON('7'))", "7"),
        ("JSON_TYPE(JSON '[1]')", "array"),
        # Arrays and structs
        ("[1, 2][OFFSET(1)]", "2"),
        ("[1, 2][SAFE_OFFSET(9)]", None),
        ("[1, 2][ORDINAL(1)]", "1"),
        ("ARRAY_LENGTH([1, 2])", "2"),
        ("GENERATE_ARRAY(1, 5, 2)", ["1", "3", "5"]),
        ("GENERATE_DATE_ARRAY('2020-01-01', '2020-01-02')", ["2020-01-01", "2020-01-02"]),
        ("ARRAY_TO_STRING(['a', NULL, 'b'], '-')", "a-b"),
        ("ARRAY_TO_STRING(['a', NULL], '-', '?')", "a-?"),
        ("ARRAY_CONCAT([1], [2])", ["1", "2"]),
        ("1 IN UNNEST([1, 2])", "true"),
        ("3 NOT IN UNNEST([1, 2])", "true"),
        ("STRUCT<a INT64, b STRING>(1, 'x')", ["1", "x"]),
        ("(SELECT AS STRUCT 1 AS a, 2 AS b).b", "2"),
        ("ARRAY(SELECT x * 2 FROM UNNEST([3, 1, 2]) AS x)", ["6", "2", "4"]),
        ("ARRAY(SELECT AS STRUCT x FROM UNNEST([1]) AS x)", [["1"]]),
        ("(SELECT STRING_AGG(x, '|' ORDER BY x DESC LIMIT 2) FROM UNNEST(['a', 'c', 'b']) AS x)", "c|b"),
        ("IF(TRUE, 'x', 'y')", "x"),
    ],
)
def test_expressions(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id, k FROM t, UNNEST(recs) WHERE v = 2", [["1", "b"]]),
        (
            "SELECT t.id, r.k FROM `p.d.t` AS t, UNNEST(t.recs) AS r WITH OFFSET AS o ORDER BY o DESC",
            [["1", "b"], ["1", "a"]],
        ),
        ("SELECT r.* EXCEPT (`at`, deep), o FROM d.t, UNNEST(recs) r WITH OFFSET o WHERE o = 1", [["b", "2", "1"]]),
        ("SELECT t.id, z.z FROM d.t t, t.recs r, r.deep z", [["1", "5"]]),
        ("SELECT r FROM (SELECT recs FROM d.t WHERE id = 1), UNNEST(recs) r WHERE r.v = 2", [[["b", "2", None, []]]]),
        (
            "SELECT id, r.k FROM d.t LEFT JOIN UNNEST(recs) r ON r.k = 'a' ORDER BY id",
            [["1", "a"], ["2", None], ["3", None]],
        ),
        (
            "SELECT id, (SELECT STRING_AGG(k, '|' ORDER BY v DESC) FROM UNNEST(recs)) FROM d.t WHERE id = 1",
            [["1", "b|a"]],
        ),
        ("SELECT (SELECT MAX(v) FROM t.recs) FROM d.t t WHERE id = 1", [["2"]]),
        ("SELECT ARRAY(SELECT AS STRUCT k, v FROM UNNEST(recs)) FROM d.t WHERE id = 1", [[[["a", "1"], ["b", "2"]]]]),
        ("SELECT id FROM d.t WHERE EXISTS (SELECT 1 FROM UNNEST(tags) AS tag WHERE tag = 'z')", [["2"]]),
        (
            "SELECT COUNT(*), SUM(v), ARRAY_AGG(k IGNORE NULLS ORDER BY v DESC LIMIT 1) FROM d.t, UNNEST(recs)",
            [["2", "3", ["b"]]],
        ),
        ("SELECT STRING_AGG(DISTINCT k, ', ' ORDER BY k LIMIT 3) FROM d.t, UNNEST(recs)", [["a, b"]]),
        ("SELECT ARRAY_AGG(id ORDER BY id DESC LIMIT 2) OVER () FROM d.t LIMIT 1", [[["3", "2"]]]),
        ("SELECT APPROX_TOP_COUNT(tag, 1) FROM d.t, UNNEST(tags) AS tag WHERE tag = 'x'", [[[["x", "1"]]]]),
        (
            "SELECT ANY_VALUE(name HAVING MAX id), MAX_BY(name, id), COUNTIF(id > 1), LOGICAL_OR(ok) FROM d.t",
            [["Bob", "Bob", "2", "true"]],
        ),
        ("SELECT name FROM d.t QUALIFY ROW_NUMBER() OVER (ORDER BY id DESC) = 2", [["Bob"]]),
        ("SELECT one.x, one.y.w FROM d.t WHERE one.y.w = 7", [["X", "7"]]),
        ("SELECT j.a.b[0], JSON_VALUE(j.s), j['a']['b'], j.nope FROM d.t WHERE id = 1", [["1", "x", "[1,2]", None]]),
        ("SELECT x.recs[OFFSET(0)].deep[SAFE_OFFSET(0)].z FROM d.t x WHERE id = 1", [["5"]]),
        (
            ("WITH a AS (SELECT ARRAY_AGG(STRUCT(id, name) ORDER BY id) AS p FROM d.t) SELECT p.id FROM a, "
            "UNNEST(p) p"),
            [["1"], ["2"], ["3"]],
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT SUM(n) FROM r",
            [["6"]],
        ),
        ("SELECT k FROM d.v, UNNEST(recs) ORDER BY k", [["a"], ["b"]]),
        ("SELECT x.rows, `rows` AS n FROM (SELECT id AS `rows` FROM d.t) AS x WHERE x.rows = 1", [["1", "1"]]),
        ("SELECT text, half, k FROM d.w ORDER BY k", [["1", "0.5", "a"], ["1", "0.5", "b"]]),
        (
            "SELECT CAST(whole AS STRING), joined FROM d.w2 JOIN d.w ON joined = CONCAT(text, k) ORDER BY 2",
            [["1", "1a"], ["1", "1b"]],
        ),
        ("SELECT _TABLE_SUFFIX, COUNT(*) FROM `p.d.t*` GROUP BY 1 ORDER BY 1", [["", "3"], ["_1", "3"]]),
        (
            ("SELECT id FROM (SELECT * FROM `p.d.t*` WHERE _TABLE_SUFFIX = '' UNION ALL SELECT * FROM t) "
            "WHERE id > 1 ORDER BY id"),
            [["2"], ["2"], ["3"], ["3"]],
        ),
        (
            "SELECT * EXCEPT (recs, one, j, b, tags, ts, d, dt, tm, n, f) FROM d.t ORDER BY d.t.id LIMIT 1",
            [["1", "Ann", "true"]],
        ),
        (
            "SELECT name FROM d.t WHERE id IN (SELECT id FROM d.t_1 WHERE name IS NOT NULL) ORDER BY 1",
            [["Ann"], ["Bob"]],
        ),
        ("SELECT * FROM (SELECT id, name FROM d.t) PIVOT(COUNT(id) FOR name IN ('Ann', 'Bob'))", [["1", "1"]]),
        ("SELECT a FROM UNNEST([STRUCT(1 AS a, 'x' AS b), (2, 'y')]) ORDER BY a DESC", [["2"], ["1"]]),
        ("SELECT x FROM UNNEST([3, 1, 2]) AS x WITH OFFSET o ORDER BY o", [["3"], ["1"], ["2"]]),
        (
            "SELECT table_name FROM d.INFORMATION_SCHEMA.TABLES WHERE table_type = 'VIEW' ORDER BY 1",
            [["v"], ["w"], ["w2"]],
        ),
        (
            ("SELECT field_path FROM `p`.d.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS WHERE table_name = 't' AND "
            "field_path LIKE 'one.%'"),
            [["one.x"], ["one.y"], ["one.y.w"]],
        ),
        ("FROM d.t |> WHERE id = 2 |> SELECT name", [["Bob"]]),
    ],
)  # fmt: skip
def test_queries(warehouse: SmallWarehouse, sql: str, expected: list[list[Any]]) -> None:
    assert warehouse.run(sql)[1] == expected


def test_names_and_types_of_columns(warehouse: SmallWarehouse) -> None:
    names, _ = warehouse.run("SELECT COUNT(*), id, 'x' AS s, 1.5, one.y.w, recs, SUM(n), ts, dt FROM d.t GROUP BY ALL")
    assert names == [
        "f0_ INT64",
        "id INT64",
        "s STRING",
        "f1_ FLOAT64",
        "w INT64",
        "recs ARRAY<STRUCT<k STRING, v INT64, at TIMESTAMP, deep ARRAY<STRUCT<z INT64>>>>",
        "f2_ NUMERIC",
        "ts TIMESTAMP",
        "dt DATETIME",
    ]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM d.t", "Unrecognized name: nope"),
        ("SELECT 1 FROM d.missing", "Not found: Table p:d.missing"),
        ("SELECT id, id FROM d.t", "Duplicate column names"),
        ("SELECT tags[OFFSET(9)] FROM d.t WHERE id = 1", "Array index 9 is out of bounds"),
        ("SELECT 1 FROM UNNEST(5)", "must be arrays"),
        ("SELECT * FROM d.INFORMATION_SCHEMA.ROUTINES", "ROUTINES is not emulated"),
        ("SELECT * FROM d.t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", "SYSTEM_TIME AS OF is not emulated"),
        ("SELECT ST_BUFFER(ST_GEOGPOINT(1, 2), 3)", "The function ST_BUFFER is not emulated"),
        ("SELECT @@project_id", "@@project_id is not emulated"),
        ("SELECT SUM(id HAVING MAX f) FROM d.t", "HAVING MAX and HAVING MIN inside an aggregate"),
        ("SELECT getenv('HOME')", "Function not found: getenv"),
        ("SELECT CAST(1 AS GEOGRAPHY)", "GEOGRAPHY"),
        ("SELECT * FROM read_text('/etc/passwd')", "Table-valued function not found"),
        ("SELECT * FROM duckdb_settings()", "Table-valued function not found"),
        ("CREATE TEMP TABLE x AS SELECT 1 AS a", "CREATE TEMP TABLE is not possible here"),
        ("CALL d.f()", "CALL is not emulated"),
        ("ATTACH '/tmp/x'", "Syntax error"),
        ("SELECT FROM WHERE", "Syntax error: Unexpected keyword WHERE at [1:13]"),
        ("COPY d.t TO '/tmp/x'", "COPY is not emulated"),
        ("SELECT 1 FROM [p:d.t]", "Legacy SQL"),
        ("", "no statement"),
    ],
)
def test_what_cannot_be_done_is_named(warehouse: SmallWarehouse, sql: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        warehouse.run(sql)
    assert message in caught.value.message


def test_dml(warehouse: SmallWarehouse) -> None:
    insert = (
        "INSERT d.t_1 (id, name, recs, one) VALUES "
        "(10, 'Zed', [STRUCT('q', 9, TIMESTAMP '2020-01-01', [STRUCT(1)])], STRUCT('a', STRUCT(4)))"
    )
    assert warehouse.run(insert)[1] == [[1]]
    assert warehouse.run("UPDATE d.t_1 t SET t.name = s.n FROM (SELECT 2 AS id, 'R' AS n) s WHERE t.id = s.id")[1] == [
        [1]
    ]
    merge = "MERGE d.t_1 T USING (SELECT * FROM d.t WHERE id = 1) S ON FALSE WHEN NOT MATCHED THEN INSERT ROW"
    assert warehouse.run(merge)[1] == [[1]]
    assert warehouse.run("DELETE d.t_1 AS t WHERE t.id = 3")[1] == [[1]]
    found = warehouse.run(
        "SELECT id, name, recs[SAFE_OFFSET(0)].deep[SAFE_OFFSET(0)].z, one.y.w FROM d.t_1 ORDER BY 1, 2"
    )
    assert found[1] == [["1", "Ann", "5", "7"], ["1", "Ann", "5", "7"], ["2", "R", None, None], ["10", "Zed", "1", "4"]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "UPDATE d.t_1 t SET name = s.n FROM (SELECT 2 AS id, 'R' AS n UNION ALL SELECT 2, 'S') s WHERE t.id = s.id",
            "must match at most one source row for each target row",
        ),
        (
            "MERGE d.t_1 t USING UNNEST([2, 2]) AS s ON t.id = s WHEN MATCHED THEN UPDATE SET name = 'x'",
            "must match at most one source row for each target row",
        ),
        ("UPDATE d.t_1 SET tags = ['a', NULL] WHERE TRUE", "Array cannot have a null element; error in writing field"),
        ("INSERT d.t_1 (id, tags) VALUES (11, [NULL])", "Array cannot have a null element; error in writing field"),
    ],
)
def test_changes_that_are_refused(warehouse: SmallWarehouse, sql: str, message: str) -> None:
    """A row of the target meets one row at most (dml-syntax#update_statement); arrays (data-types#array_nulls)."""
    before = warehouse.run("SELECT * FROM d.t_1 ORDER BY id, name")[1]
    with pytest.raises(SqlError, match=message):
        warehouse.run(sql)
    assert warehouse.run("SELECT * FROM d.t_1 ORDER BY id, name")[1] == before


def test_parameters_are_values_not_text(warehouse: SmallWarehouse) -> None:
    parameters = [
        {"name": "s", "parameterType": {"type": "STRING"}, "parameterValue": {"value": "'; DROP TABLE t; --"}},
        {
            "name": "a",
            "parameterType": {"type": "ARRAY", "arrayType": {"type": "FLOAT64"}},
            "parameterValue": {"arrayValues": [{"value": "1.5"}, {"value": "NaN"}]},
        },
        {"name": "d", "parameterType": {"type": "DATE"}, "parameterValue": {"value": "2020-02-30"}},
    ]
    assert warehouse.run("SELECT @s AS s, @a AS a", parameters)[1] == [["'; DROP TABLE t; --", ["1.5", "NaN"]]]
    with pytest.raises(SqlError, match="Invalid value for query parameter d of type DATE"):
        warehouse.run("SELECT @d AS d", parameters)


@pytest.mark.parametrize("value", ["1481097600.0", "1.4810976e9", "1481097600"])
def test_a_timestamp_of_a_parameter_is_no_number(warehouse: SmallWarehouse, value: str) -> None:
    """Rows take seconds, parameters do not (python-bigquery, tests/system/test_client.py, test_get_failed_job)."""
    given = {"name": "t", "parameterType": {"type": "TIMESTAMP"}, "parameterValue": {"value": value}}
    with pytest.raises(SqlError, match="Invalid value for query parameter t of type TIMESTAMP"):
        warehouse.run("SELECT @t AS t", [given])
