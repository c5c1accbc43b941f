"""The procedural language: what scripts give, by Google's pages.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#..., and where another page is named,
https://cloud.google.com/bigquery/docs/reference/... or https://cloud.google.com/bigquery/docs/...
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        # declare
        ("DECLARE x INT64; SELECT x", [(None,)]),
        ("DECLARE d DATE DEFAULT DATE '2020-02-03'; SELECT EXTRACT(DAY FROM d)", [(3,)]),
        ("DECLARE x, y, z INT64 DEFAULT 0; SELECT x, y, z", [(0, 0, 0)]),
        ("DECLARE item DEFAULT (SELECT 'a' || 'b'); SELECT item", [("ab",)]),
        ("DECLARE x FLOAT64 DEFAULT 1; SELECT x / 2", [(0.5,)]),
        ("DECLARE a ARRAY<INT64>; SELECT a IS NULL", [(True,)]),
        ("DECLARE a ARRAY<INT64> DEFAULT [1, 2]; SELECT a[OFFSET(1)], ARRAY_LENGTH(a)", [(2, 2)]),
        ("DECLARE s STRUCT<a INT64, b STRING> DEFAULT (1, 'x'); SELECT s.a, s.b", [(1, "x")]),
        ("DECLARE b BYTES DEFAULT b'ab'; SELECT b", [(b"ab",)]),
        ("DECLARE j JSON DEFAULT JSON '{\"a\": [1]}'; SELECT INT64(j.a[0])", [(1,)]),
        ("DECLARE n NUMERIC DEFAULT NUMERIC '1.5'; SELECT CAST(n * 2 AS INT64)", [(3,)]),
        # set
        ("DECLARE x INT64 DEFAULT 1; SET x = 5; SELECT x", [(5,)]),
        ("DECLARE x INT64 DEFAULT 1; SET x = x + 1; SET x = x * 10; SELECT x", [(20,)]),
        ("DECLARE x, y INT64; SET (x, y) = (1, 2); SELECT x + y", [(3,)]),
        ("DECLARE a INT64; DECLARE b STRING; SET (a, b) = (SELECT AS STRUCT 7, 'q'); SELECT a, b", [(7, "q")]),
        ("DECLARE x INT64 DEFAULT 1; DECLARE y INT64 DEFAULT 2; SET (x, y) = (y, x); SELECT x, y", [(2, 1)]),
        ("DECLARE n INT64; SET n = (SELECT COUNT(*) FROM UNNEST([1, 2, 3])); SELECT n", [(3,)]),
        # a column goes before a variable of its name (.../docs/multi-statement-queries)
        ("DECLARE x INT64 DEFAULT 1; SELECT x FROM (SELECT 2 AS x)", [(2,)]),
        ("DECLARE x INT64 DEFAULT 1; SELECT y FROM UNNEST([1, 2]) AS y WHERE y > x", [(2,)]),
        ("DECLARE x INT64 DEFAULT 2; WITH c AS (SELECT x AS n) SELECT n * x FROM c", [(4,)]),
        ("DECLARE xs ARRAY<INT64> DEFAULT [3, 4]; SELECT SUM(v) FROM UNNEST(xs) AS v", [(7,)]),
        ("DECLARE xs ARRAY<INT64> DEFAULT [3, 4]; SELECT 4 IN UNNEST(xs), 5 IN UNNEST(xs)", [(True, False)]),
        # begin
        ("DECLARE x INT64 DEFAULT 10; BEGIN DECLARE y INT64; SET y = x; SELECT y; END; SELECT x", [(10,)]),
        ("BEGIN DECLARE y INT64 DEFAULT 1; END; BEGIN DECLARE y STRING DEFAULT 'a'; SELECT y; END", [("a",)]),
        # begin...exception...end
        ("BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN SELECT 'caught'; END", [("caught",)]),
        ("BEGIN SELECT ERROR('mine'); EXCEPTION WHEN ERROR THEN SELECT @@error.message; END", [("mine",)]),
        ("BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN SELECT @@error.statement_text; END", [("SELECT 1/0",)]),
        (
            ("BEGIN\n  SELECT ERROR('x');\nEXCEPTION WHEN ERROR THEN\n"
            "  SELECT @@error.stack_trace[OFFSET(0)].line, @@error.stack_trace[OFFSET(0)].column;\nEND"),
            [(2, 3)],
        ),
        ("BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT 2; END; SELECT @@error.message", [(None,)]),
        (
            ("BEGIN BEGIN SELECT ERROR('a'); EXCEPTION WHEN ERROR THEN RAISE; END; "
            "EXCEPTION WHEN ERROR THEN SELECT CONCAT('again ', @@error.message); END"),
            [("again a",)],
        ),
        (
            ("BEGIN BEGIN SELECT ERROR('a'); EXCEPTION WHEN ERROR THEN RAISE USING MESSAGE = 'b'; END; "
            "EXCEPTION WHEN ERROR THEN SELECT @@error.message; END"),
            [("b",)],
        ),
        ("BEGIN SELECT * FROM nowhere.nothing; EXCEPTION WHEN ERROR THEN SELECT 'no table'; END", [("no table",)]),
        ("DECLARE x INT64; BEGIN SET x = 1; SET x = 1/0; EXCEPTION WHEN ERROR THEN SELECT x; END", [(1,)]),
        # case, as a statement
        ("DECLARE x INT64 DEFAULT 2; CASE x WHEN 1 THEN SELECT 'one'; WHEN 2 THEN SELECT 'two'; END CASE", [("two",)]),
        ("CASE 9 WHEN 1 THEN SELECT 'one'; ELSE SELECT 'other'; END CASE", [("other",)]),
        ("CASE WHEN FALSE THEN SELECT 1; WHEN 1 < 2 THEN SELECT 2; ELSE SELECT 3; END CASE", [(2,)]),
        (
            ("CASE WHEN EXISTS(SELECT 1 FROM UNNEST([1]) AS n WHERE n = 1) THEN SELECT 'there'; "
            "ELSE SELECT 'not'; END CASE"),
            [("there",)],
        ),
        # if
        ("IF TRUE THEN SELECT 1; ELSE SELECT 2; END IF", [(1,)]),
        ("IF FALSE THEN SELECT 1; ELSEIF TRUE THEN SELECT 2; ELSE SELECT 3; END IF", [(2,)]),
        ("IF NULL THEN SELECT 1; ELSE SELECT 2; END IF", [(2,)]),
        ("IF CASE WHEN 1 = 1 THEN TRUE ELSE FALSE END THEN SELECT IF(1 > 2, 'a', 'b'); END IF", [("b",)]),
        ("SELECT 0; IF FALSE THEN SELECT 1; END IF", [(0,)]),
        # loop, break, leave
        ("DECLARE x INT64 DEFAULT 0; LOOP SET x = x + 1; IF x >= 10 THEN LEAVE; END IF; END LOOP; SELECT x", [(10,)]),
        ("DECLARE x INT64 DEFAULT 0; LOOP SET x = x + 1; IF x = 3 THEN BREAK; END IF; END LOOP; SELECT x", [(3,)]),
        # repeat
        ("DECLARE x INT64 DEFAULT 0; REPEAT SET x = x + 1; UNTIL x >= 3 END REPEAT; SELECT x", [(3,)]),
        ("DECLARE x INT64 DEFAULT 9; REPEAT SET x = x + 1; UNTIL TRUE END REPEAT; SELECT x", [(10,)]),
        # while
        ("DECLARE x INT64 DEFAULT 0; WHILE x < 4 DO SET x = x + 1; END WHILE; SELECT x", [(4,)]),
        ("DECLARE x INT64 DEFAULT 0; WHILE FALSE DO SET x = 1; END WHILE; SELECT x", [(0,)]),
        # continue, iterate
        (
            ("DECLARE x, odd INT64 DEFAULT 0; WHILE x < 6 DO SET x = x + 1; "
            "IF MOD(x, 2) = 0 THEN CONTINUE; END IF; SET odd = odd + x; END WHILE; SELECT odd"),
            [(9,)],
        ),
        # for...in
        (
            ("DECLARE total INT64 DEFAULT 0; FOR r IN (SELECT n, n * n AS s FROM UNNEST([1, 2, 3]) AS n) DO "
            "SET total = total + r.s; END FOR; SELECT total"),
            [(14,)],
        ),
        (
            ("DECLARE said STRING DEFAULT ''; FOR r IN (SELECT w FROM UNNEST(['a', 'b']) AS w ORDER BY w DESC) DO "
            "SET said = CONCAT(said, r.w); END FOR; SELECT said"),
            [("ba",)],
        ),
        ("FOR r IN (SELECT 1 AS a) DO SELECT r.a + 1; END FOR", [(2,)]),
        # labels
        (
            ("DECLARE x INT64 DEFAULT 0; outer_: LOOP LOOP SET x = x + 1; IF x > 2 THEN LEAVE outer_; END IF; "
            "END LOOP; END LOOP outer_; SELECT x"),
            [(3,)],
        ),
        (
            ("DECLARE x, y INT64 DEFAULT 0; a: WHILE x < 3 DO SET x = x + 1; b: WHILE TRUE DO SET y = y + 1; "
            "ITERATE a; END WHILE b; END WHILE a; SELECT x, y"),
            [(3, 3)],
        ),
        ("part: BEGIN SELECT 1; LEAVE part; SELECT 2; END part", [(1,)]),
        # the statement RETURN
        ("SELECT 1; RETURN; SELECT 2", [(1,)]),
        ("LOOP BEGIN SELECT 5; RETURN; END; END LOOP; SELECT 6", [(5,)]),
        # execute immediate
        ("EXECUTE IMMEDIATE 'SELECT 1 + 1'", [(2,)]),
        ("DECLARE y INT64; EXECUTE IMMEDIATE 'SELECT ? * (? + 2)' INTO y USING 1, 3; SELECT y", [(5,)]),
        ("DECLARE y INT64; EXECUTE IMMEDIATE 'SELECT @a * (@b + 2)' INTO y USING 1 AS b, 3 AS a; SELECT y", [(9,)]),
        (
            "DECLARE a INT64; DECLARE b STRING; EXECUTE IMMEDIATE \"SELECT 1, 'x'\" INTO a, b; SELECT a, b",
            [(1, "x")],
        ),
        ("DECLARE a INT64 DEFAULT 3; EXECUTE IMMEDIATE 'SELECT n FROM UNNEST([1]) n WHERE n > 5' INTO a; SELECT a",
         [(None,)]),
        (("DECLARE t STRING DEFAULT 'few'; CREATE TEMP TABLE few AS SELECT 4 AS n; "
         "EXECUTE IMMEDIATE CONCAT('SELECT n FROM ', t)"), [(4,)]),
        ("DECLARE xs ARRAY<STRING> DEFAULT ['a', 'b']; EXECUTE IMMEDIATE 'SELECT ARRAY_LENGTH(?)' USING xs", [(2,)]),
        ("DECLARE s STRUCT<a INT64> DEFAULT STRUCT(8); EXECUTE IMMEDIATE 'SELECT @s.a' USING s AS s", [(8,)]),
        # system variables (standard-sql/system-variables)
        ("SELECT 1; SELECT @@script.num_child_jobs", [(1,)]),
        ("CREATE TEMP TABLE t (x INT64); INSERT INTO t VALUES (1), (2); SELECT @@row_count", [(2,)]),
        ("SELECT @@project_id; SELECT @@project_id", [("test-project",)]),
        ("SELECT @@time_zone, @@transaction_id", [("UTC", None)]),
        ("SET @@dataset_id = 'some'; SELECT @@dataset_id", [("some",)]),
        # temporary tables and functions (multi-statement-queries#temporary_tables)
        ("CREATE TEMP TABLE t AS SELECT 1 AS x; UPDATE t SET x = 5 WHERE TRUE; SELECT x FROM _SESSION.t", [(5,)]),
        ("CREATE TEMP TABLE t AS SELECT 1 AS x; TRUNCATE TABLE t; SELECT COUNT(*) FROM t", [(0,)]),
        ("CREATE TEMP TABLE t AS SELECT 1 AS x; DROP TABLE t; CREATE TEMP TABLE t AS SELECT 2 AS y; SELECT y FROM t",
         [(2,)]),
        (
            ("CREATE TEMP TABLE t AS SELECT 1 AS x; MERGE t USING (SELECT 2 AS x) s ON t.x = s.x "
            "WHEN NOT MATCHED THEN INSERT ROW; SELECT SUM(x) FROM t"),
            [(3,)],
        ),
        ("DECLARE x INT64 DEFAULT 3; CREATE TEMP FUNCTION twice(n INT64) AS (n * 2); SELECT twice(x)", [(6,)]),
        ("CREATE TEMP FUNCTION one() AS (1); IF one() = 1 THEN SELECT one() + 1; END IF", [(2,)]),
        # transactions of several statements (docs/transactions)
        (
            ("CREATE TEMP TABLE t AS SELECT 1 AS x; BEGIN TRANSACTION; INSERT INTO t VALUES (2); "
            "ROLLBACK TRANSACTION; SELECT COUNT(*) FROM t"),
            [(1,)],
        ),
        (
            "CREATE TEMP TABLE t AS SELECT 1 AS x; BEGIN; INSERT INTO t VALUES (2); COMMIT; SELECT COUNT(*) FROM t",
            [(2,)],
        ),
        (
            ("BEGIN BEGIN TRANSACTION; SELECT ERROR('x'); COMMIT TRANSACTION; EXCEPTION WHEN ERROR THEN "
            "ROLLBACK TRANSACTION; SELECT 'rolled back'; END"),
            [("rolled back",)],
        ),
    ],
)  # fmt: skip
def test_scripts_as_the_documentation_has_them(
    bigquery_client: bigquery.Client, script: str, expected: list[tuple[Any, ...]]
) -> None:
    assert [tuple(row) for row in bigquery_client.query_and_wait(script)] == expected


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SELECT 1; DECLARE x INT64", "Variable declarations are allowed only at the start of a block or script"),
        ("DECLARE x INT64; BEGIN DECLARE X STRING; END", "Variable 'X' redeclaration is not allowed"),
        ("BEGIN DECLARE y INT64; END; SELECT y", "Unrecognized name: y"),
        ("DECLARE x INT64; SET x = 'five'", "STRING .* x, which has type INT64"),
        ("SET nope = 1", "Undeclared variable: nope"),
        ("DECLARE x, y INT64; SET (x, y) = (1, 2, 3)", "Cannot assign a value with 3 fields to 2 variables"),
        ("DECLARE x INT64;\nSET x = DIV(1, 0);", r"Query error: .*division by zero.* at \[2:9\]"),
        ("SELECT 1;\n  SELECT ERROR('mine')", r"Query error: mine at \[2:3\]"),
        ("IF TRUE THEN SELECT 1; END", r"Syntax error: Expected keyword IF but got end of script at \[1:27\]"),
        ("IF 'a' THEN SELECT 1; END IF", "must be of type BOOL"),
        ("BREAK", "only allowed inside of a loop"),
        ("LOOP LEAVE other; END LOOP", "other"),
        ("SELECT 1; SELEC 2", "Syntax error"),
        ("RAISE USING MESSAGE = 'stop here'", "stop here"),
        ("RAISE", "outside of an exception handler"),
        ("BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN RAISE; END", "division by zero"),
        ("EXECUTE IMMEDIATE CAST(NULL AS STRING)", "NULL"),
        ("EXECUTE IMMEDIATE 'BEGIN END'", "no control statement"),
        ("DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT x'", "Unrecognized name: x"),
        ("DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT * FROM UNNEST([1, 2])' INTO x", "one row at most"),
        ("COMMIT TRANSACTION", "only allowed in a transaction"),
        ("BEGIN TRANSACTION; BEGIN TRANSACTION", "not allowed in a transaction"),
        ("SET @@project_id = 'x'", "Cannot assign to the system variable @@project_id"),
        ("SET @@time_zone = 'Europe/Paris'", "not emulated"),
        ("SELECT 1; SELECT @@nope", "@@nope"),
        ("CREATE TEMP TABLE t (x INT64); CREATE TEMP TABLE t (x INT64)", "Already Exists"),
    ],
)
def test_what_is_wrong_with_a_script(bigquery_client: bigquery.Client, script: str, message: str) -> None:
    with pytest.raises((exceptions.BadRequest, exceptions.Conflict), match=message):
        bigquery_client.query_and_wait(script)
