"""Functions, table functions and procedures, by Google's client and by statements.

https://cloud.google.com/bigquery/docs/routines, and there: user-defined-functions, table-functions, procedures;
https://cloud.google.com/bigquery/docs/reference/rest/v2/routines
"""

import datetime as dt
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.emulator import RunningEmulator


def values(rows: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


@pytest.fixture
def few(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    """The name of a table with the numbers 1 to 3."""
    name = f"{dataset.dataset_id}.few"
    bigquery_client.query_and_wait(f"CREATE TABLE {name} AS SELECT n FROM UNNEST([1, 2, 3]) AS n")
    return name


def function_of_x(
    dataset: bigquery.Dataset, name: str, kind: bigquery.StandardSqlDataType, body: str
) -> bigquery.Routine:
    return bigquery.Routine(
        dataset.routine(name),
        type_="SCALAR_FUNCTION",
        language="SQL",
        body=body,
        arguments=[bigquery.RoutineArgument(name="x", data_type=kind)],
    )


def test_a_function_by_the_api(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    kind = bigquery.StandardSqlDataType(bigquery.StandardSqlTypeNames.INT64)
    routine = function_of_x(dataset, "twice", kind, "x * 2")
    made = bigquery_client.create_routine(routine)
    assert made.return_type == kind
    assert made.etag
    assert made.created == made.modified
    with pytest.raises(exceptions.Conflict):
        bigquery_client.create_routine(routine)
    sql = f"SELECT {dataset.dataset_id}.twice(4), `{dataset.project}.{dataset.dataset_id}.twice`(5)"
    assert values(bigquery_client.query_and_wait(sql)) == [(8, 10)]
    made.body = "x * 3"
    changed = bigquery_client.update_routine(made, ["arguments", "body", "language", "return_type", "type_"])
    assert changed.body == "x * 3"
    assert values(bigquery_client.query_and_wait(sql)) == [(12, 15)]
    assert [item.routine_id for item in bigquery_client.list_routines(dataset)] == ["twice"]
    with pytest.raises(exceptions.BadRequest, match="still in use"):
        bigquery_client.delete_dataset(dataset)
    bigquery_client.delete_routine(made)
    with pytest.raises(exceptions.NotFound, match="Not found: Routine"):
        bigquery_client.get_routine(made)
    with pytest.raises(exceptions.NotFound, match="Not found: Routine"):
        bigquery_client.query_and_wait(sql)


def test_a_function_of_a_range(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    """python-bigquery, tests/system/test_client.py, test_create_routine_with_range."""
    day = bigquery.StandardSqlDataType(bigquery.StandardSqlTypeNames.DATE)
    days = bigquery.StandardSqlDataType(bigquery.StandardSqlTypeNames.RANGE, range_element_type=day)
    routine = function_of_x(dataset, "start", days, "RANGE_START(x)")
    assert bigquery_client.create_routine(routine).return_type.to_api_repr() == {"typeKind": "DATE"}
    sql = f"SELECT {dataset.dataset_id}.start(RANGE<DATE> '[2016-08-12, UNBOUNDED)')"
    assert values(bigquery_client.query_and_wait(sql)) == [(dt.date(2016, 8, 12),)]


def test_a_variable_of_a_range_without_a_value(bigquery_client: bigquery.Client) -> None:
    script = "DECLARE days RANGE<DATE>; SELECT RANGE_START(days) AS start;"
    assert values(bigquery_client.query_and_wait(script)) == [(None,)]


@pytest.mark.parametrize(
    ("made", "asked", "expected"),
    [
        # user-defined-functions: types, templated parameters, several arguments, queries inside
        ("FUNCTION {d}.f(x INT64, y INT64) RETURNS FLOAT64 AS ((x + 4) / y)", "SELECT {d}.f(5, 2)", [(4.5,)]),
        ("FUNCTION {d}.f(a ANY TYPE, b ANY TYPE) AS (a + 4 + b)", "SELECT {d}.f(1, 2), {d}.f(1.5, 2.0)", [(7, 7.5)]),
        ("FUNCTION {d}.f(x STRING) AS (CONCAT('<', UPPER(x), '>'))", "SELECT {d}.f('a')", [("<A>",)]),
        ("FUNCTION {d}.f() AS (42)", "SELECT {d}.f() + 1", [(43,)]),
        ("FUNCTION {d}.f(xs ARRAY<INT64>) AS ((SELECT SUM(v) FROM UNNEST(xs) AS v))", "SELECT {d}.f([1, 2])", [(3,)]),
        ("FUNCTION {d}.f(s STRUCT<a INT64, b INT64>) AS (s.a + s.b)", "SELECT {d}.f(STRUCT(1, 2))", [(3,)]),
        ("FUNCTION {d}.f(x INT64) AS (x + (SELECT MAX(n) FROM {d}.few))", "SELECT {d}.f(1)", [(4,)]),
        ("FUNCTION {d}.f(x INT64) AS (x * x)", "SELECT {d}.f(n) FROM {d}.few WHERE {d}.f(n) > 1 ORDER BY 1",
         [(4,), (9,)]),
        ("FUNCTION {d}.f(x INT64) AS (x * x)", "SELECT {d}.f({d}.f(2))", [(16,)]),
        ("OR REPLACE FUNCTION {d}.f(x INT64) OPTIONS (description='adds') AS (x + 1)", "SELECT {d}.f(1)", [(2,)]),
        # table-functions
        ("TABLE FUNCTION {d}.f(least INT64) AS SELECT n FROM {d}.few WHERE n >= least",
         "SELECT n FROM {d}.f(2) ORDER BY n", [(2,), (3,)]),
        ("TABLE FUNCTION {d}.f(x INT64) RETURNS TABLE<a INT64, b STRING> AS SELECT x AS a, 'q' AS b",
         "SELECT t.a, t.b FROM {d}.f(7) AS t", [(7, "q")]),
        ("TABLE FUNCTION {d}.f(x INT64) AS (SELECT n, n * x AS m FROM {d}.few)",
         "SELECT SUM(m) FROM {d}.f(10) JOIN {d}.few USING (n) WHERE n < 3", [(30,)]),
        # procedures
        ("PROCEDURE {d}.f(IN x INT64, OUT y INT64) BEGIN SET y = x + 1; END",
         "DECLARE r INT64; CALL {d}.f(4, r); SELECT r", [(5,)]),
        ("PROCEDURE {d}.f(INOUT x INT64) BEGIN SET x = x * 2; END",
         "DECLARE r INT64 DEFAULT 3; CALL {d}.f(r); CALL {d}.f(r); SELECT r", [(12,)]),
        ("PROCEDURE {d}.f(x STRING) BEGIN SELECT CONCAT(x, '!'); END", "CALL {d}.f('hi')", [("hi!",)]),
        ("PROCEDURE {d}.f(a ANY TYPE, OUT b STRING) BEGIN SET b = CAST(a AS STRING); END",
         "DECLARE r STRING; CALL {d}.f(1, r); SELECT r", [("1",)]),
        ("PROCEDURE {d}.f() BEGIN RETURN; SELECT 1; END", "SELECT 5; CALL {d}.f()", [(5,)]),
        (("PROCEDURE {d}.f(n INT64, OUT r INT64) BEGIN IF n <= 1 THEN SET r = 1; ELSE BEGIN DECLARE s INT64; "
         "CALL {d}.f(n - 1, s); SET r = n * s; END; END IF; END"),
         "DECLARE r INT64; CALL {d}.f(5, r); SELECT r", [(120,)]),
        ("PROCEDURE {d}.f() BEGIN CREATE TEMP TABLE left_ AS SELECT 9 AS x; END",
         "CALL {d}.f(); SELECT x FROM left_", [(9,)]),
        ("PROCEDURE {d}.f() BEGIN SELECT ERROR('inside'); END",
         ("BEGIN CALL {d}.f(); EXCEPTION WHEN ERROR THEN SELECT @@error.message, "
         "@@error.stack_trace[OFFSET(0)].location IS NOT NULL, ARRAY_LENGTH(@@error.stack_trace); END"),
         [("inside", True, 2)]),
    ],
)  # fmt: skip
def test_what_routines_give(
    bigquery_client: bigquery.Client,
    dataset: bigquery.Dataset,
    few: str,
    made: str,
    asked: str,
    expected: list[tuple[Any, ...]],
) -> None:
    assert few == f"{dataset.dataset_id}.few"
    bigquery_client.query_and_wait(f"CREATE {made}".replace("{d}", dataset.dataset_id))
    assert values(bigquery_client.query_and_wait(asked.replace("{d}", dataset.dataset_id))) == expected


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE FUNCTION {d}.f(x FLOAT64) RETURNS FLOAT64 LANGUAGE js AS r'return x'", "JAVASCRIPT are not emulated"),
        ("CREATE FUNCTION {d}.f(x FLOAT64) RETURNS FLOAT64 LANGUAGE python AS r'x'", "PYTHON are not emulated"),
        ("CREATE AGGREGATE FUNCTION {d}.f(x FLOAT64) AS (SUM(x))", "AGGREGATE FUNCTION is not emulated"),
        ("CREATE FUNCTION {d}.f(x INT64) AS (y)", "Unrecognized name: y"),
        ("CREATE FUNCTION {d}.f(x INT64) AS (x +)", "Syntax error"),
        ("CREATE PROCEDURE {d}.p() BEGIN IF TRUE THEN SELECT 1; END; END", "Syntax error"),
        ("CREATE FUNCTION f(x INT64) AS (x)", "must be qualified with a dataset"),
        ("DROP FUNCTION {d}.nothing", "Not found: Routine"),
        ("CREATE PROCEDURE {d}.p() BEGIN END; DROP FUNCTION {d}.p", "is a procedure"),
        ("CREATE PROCEDURE {d}.p() BEGIN END; CALL {d}.p(1)", "takes 0 arguments, and 1 are given"),
        ("CREATE PROCEDURE {d}.p(OUT x INT64) BEGIN END; CALL {d}.p(1)", "Undeclared variable: 1"),
        ("CREATE FUNCTION {d}.f(x INT64) AS (x); SELECT {d}.f(1, 2)", "Number of arguments does not match"),
        ("CREATE FUNCTION {d}.f(x INT64) AS (x); CREATE FUNCTION {d}.f(x INT64) AS (x)", "Already Exists: Routine"),
        ("CREATE FUNCTION {d}.f(x INT64) AS (x); CALL {d}.f(1)", "CALL takes procedures"),
        ("CREATE PROCEDURE {d}.p() BEGIN CALL {d}.p(); END; CALL {d}.p()", "more than 50 deep"),
    ],
)
def test_what_is_wrong_with_routines(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, statement: str, message: str
) -> None:
    with pytest.raises(exceptions.GoogleAPICallError, match=message):
        bigquery_client.query(statement.replace("{d}", dataset.dataset_id)).result(retry=None)


def test_statements_about_routines(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    name = f"{dataset.dataset_id}.f"
    job = bigquery_client.query(f"CREATE FUNCTION IF NOT EXISTS {name}(x INT64) AS (x)")
    job.result()
    assert (job.statement_type, job.ddl_operation_performed) == ("CREATE_FUNCTION", "CREATE")
    assert job.ddl_target_routine == dataset.routine("f")
    job = bigquery_client.query(f"CREATE FUNCTION IF NOT EXISTS {name}(x INT64) AS (x * 5)")
    job.result()
    assert job.ddl_operation_performed == "SKIP"
    bigquery_client.query_and_wait(f"CREATE OR REPLACE FUNCTION {name}(x INT64) AS (x * 7)")
    view = bigquery.Table(dataset.table("v"))
    view.view_query = f"SELECT {name}(n) AS m FROM UNNEST([1, 2]) AS n"
    bigquery_client.create_table(view)
    assert values(bigquery_client.query_and_wait(f"SELECT SUM(m) FROM {dataset.dataset_id}.v")) == [(21,)]
    bigquery_client.query_and_wait(f"DROP FUNCTION {name}; DROP FUNCTION IF EXISTS {name}")
    assert list(bigquery_client.list_routines(dataset)) == []


def test_the_policy_of_a_routine(emulator: RunningEmulator, dataset: bigquery.Dataset) -> None:
    base = f"/bigquery/v2/projects/{dataset.project}"
    body = {"routineReference": {"routineId": "f"}, "routineType": "PROCEDURE", "definitionBody": "BEGIN END"}
    path = f"{base}/datasets/{dataset.dataset_id}/routines"
    assert emulator.request("POST", path, body)[0] == 200
    status, shown = emulator.request("GET", f"{path}/f")
    assert (status, shown["language"], shown["routineType"]) == (200, "SQL", "PROCEDURE")
    policy = {"policy": {"bindings": [{"role": "roles/bigquery.dataViewer", "members": ["user:a@example.com"]}]}}
    resource = f"{base}/datasets/{dataset.dataset_id}/routines/f"
    assert emulator.request("POST", f"{resource}:setIamPolicy", policy)[0] == 200
    assert emulator.request("POST", f"{resource}:getIamPolicy", {})[1]["bindings"] == policy["policy"]["bindings"]
    asked = {"permissions": ["bigquery.routines.get"]}
    assert emulator.request("POST", f"{resource}:testIamPermissions", asked)[1] == asked
