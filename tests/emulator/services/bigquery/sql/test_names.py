"""No name of a statement reaches what the engine has of its own: its catalogue, its functions, files, settings."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallWarehouse]:
    made = SmallWarehouse(tmp_path_factory.mktemp("names"))
    yield made
    made.close()


NAMES = [
    "duckdb_columns", "duckdb_tables", "duckdb_settings", "duckdb_databases", "sqlite_master", "SQLite_Master",
    "pragma_database_list", "DuckDB_Columns", "pg_catalog", "pg_tables", "`sqlite_master`", "`/etc/passwd`", "`x.csv`",
    "`stored.main.rows_t`", "stored.main.done_jobs", "main.sqlite_master", "`system.main.duckdb_tables`", "warehouse",
    "bq_cte_0_0", "information_schema", "duckdb_logs",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_tables_are_looked_up_in_the_catalogue_only(warehouse: SmallWarehouse, name: str) -> None:
    with pytest.raises(SqlError, match=r"Not found: Table|must be followed by|must be qualified"):
        warehouse.run(f"SELECT * FROM {name}")


@pytest.mark.parametrize("name", [name for name in NAMES if "." not in name])
def test_a_common_table_expression_does_not_reach_itself_unless_it_is_recursive(
    warehouse: SmallWarehouse, name: str
) -> None:
    with pytest.raises(SqlError, match=r"Not found: Table|must be followed by"):
        warehouse.run(f"WITH {name} AS (SELECT * FROM {name}) SELECT * FROM {name}")
    assert warehouse.run(f"WITH {name} AS (SELECT 1 AS x) SELECT {name}.x FROM {name}")[1] == [["1"]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("WITH t AS (SELECT id FROM t WHERE id = 3) SELECT * FROM t", [["3"]]),
        ("WITH T AS (SELECT id FROM t WHERE id = 3) SELECT t.id FROM t", [["3"]]),
        ("WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT a.x, b.x AS y FROM a, b", [["1", "2"]]),
        ("WITH a AS (SELECT 1 AS x) SELECT (WITH a AS (SELECT x + 1 AS x FROM a) SELECT x FROM a) AS y", [["2"]]),
        ("WITH a AS (SELECT 1 AS x) SELECT * FROM a JOIN a AS b USING (x)", [["1"]]),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT SUM(i) AS s FROM n",
         [["10"]]),
        ("WITH RECURSIVE a AS (SELECT x + 1 AS x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a", [["2"]]),
        ("WITH RECURSIVE n AS ((SELECT 1 AS i) UNION ALL (SELECT n.i + 1 FROM n WHERE n.i < 3)) SELECT * FROM n",
         [["1"], ["2"], ["3"]]),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 501) SELECT COUNT(*) AS c FROM n",
         [["501"]]),
    ],
)  # fmt: skip
def test_what_a_name_means_in_a_with_clause(warehouse: SmallWarehouse, sql: str, expected: Any) -> None:
    assert warehouse.run(sql)[1] == expected


def test_a_recursive_term_unnests_what_the_first_one_gives(warehouse: SmallWarehouse) -> None:
    sql = (
        "WITH RECURSIVE n AS (SELECT 1 AS i, [STRUCT(7 AS a), STRUCT(8)] AS list "
        "UNION ALL SELECT i + 1, list FROM n, UNNEST(n.list) AS x WHERE i < 3 AND x.a = 8) SELECT SUM(i) AS s FROM n"
    )
    assert warehouse.run(sql)[1] == [["6"]]


def test_expressions_that_refer_to_each_other_are_refused(warehouse: SmallWarehouse) -> None:
    with pytest.raises(SqlError, match=r"refer to each other"):
        warehouse.run("WITH RECURSIVE a AS (SELECT x FROM b), b AS (SELECT x FROM a) SELECT x FROM a")


def test_recursion_ends_after_500_iterations(warehouse: SmallWarehouse) -> None:
    sql = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(SqlError, match=r"^A recursive CTE has reached the maximum number of iterations: 500.$"):
        warehouse.run(sql)


@pytest.mark.parametrize("before", ["SELECT ", "SELECT * FROM ", "SELECT * FROM UNNEST([1]) AS x, "])
@pytest.mark.parametrize(
    "function",
    [
        "read_text('/etc/passwd')", "read_csv('/etc/passwd')", "READ_CSV('x')", "read_blob('x')", "read_parquet('x')",
        "getenv('HOME')", "current_setting('memory_limit')", "duckdb_settings()", "pragma_version()", "glob('*')",
        "sniff_csv('x')", "version()", "current_database()", "current_schema()", "query('SELECT 1')", "txid_current()",
        "query_table('t')", "generate_series(1, 3)", "bq_element([1], 0)", "error_('x')", "parse_path('/a')",
    ],
)  # fmt: skip
def test_only_functions_of_bigquery_are_called(warehouse: SmallWarehouse, before: str, function: str) -> None:
    with pytest.raises(SqlError, match=r"(?i)function not found"):
        warehouse.run(before + function)


@pytest.mark.parametrize(
    "statement", ["PRAGMA version", "ATTACH 'x' AS y", "COPY t TO 'x'", "INSTALL httpfs", "SET x=1"]
)
def test_statements_of_the_engine_are_none_of_bigquery(warehouse: SmallWarehouse, statement: str) -> None:
    with pytest.raises(SqlError, match=r"not emulated|Syntax error"):
        warehouse.run(statement)


@pytest.mark.parametrize(
    "sql",
    ["SELECT id AS a, a + 1 AS b FROM d.t", "SELECT id AS a FROM d.t WHERE a = 1", "SELECT 1 AS a, -A AS b"],
)
def test_an_alias_is_not_seen_where_it_is_made(warehouse: SmallWarehouse, sql: str) -> None:
    with pytest.raises(SqlError, match=r"(?i)^Unrecognized name: a$"):
        warehouse.run(sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT (SELECT UPPER(name) AS name) AS x FROM d.t WHERE id = 2", [["BOB"]]),
        ("SELECT (SELECT AS STRUCT a + 1 AS a, a * 3 AS b).b AS x FROM (SELECT 1 AS a) AS t", [["3"]]),
        ("SELECT (SELECT a + b AS a FROM (SELECT 2 AS b)) AS x FROM (SELECT 1 AS a) AS t", [["3"]]),
        ("SELECT (SELECT a + 1 AS a FROM (SELECT 5 AS a)) AS x FROM (SELECT 1 AS a) AS t", [["6"]]),
        ("SELECT (SELECT a + (SELECT a + 1 AS a) AS a) AS x FROM (SELECT 1 AS a) AS t", [["3"]]),
        ("SELECT (SELECT a AS a WHERE a > 1) AS x FROM (SELECT 2 AS a) AS t", [["2"]]),
        ("SELECT (SELECT SUM(l) AS l FROM UNNEST(l) AS l) AS x FROM (SELECT [1, 2] AS l) AS t", [["3"]]),
        ("SELECT (SELECT SUM(y) AS l FROM UNNEST(l) AS y) AS x FROM (SELECT [1, 2] AS l) AS t", [["3"]]),
        ("SELECT (SELECT AS STRUCT x + 1 AS x, x * 3 AS y).y AS z FROM UNNEST([1]) AS x", [["3"]]),
    ],
)
def test_an_alias_is_not_taken_for_a_column_around_its_subquery(
    warehouse: SmallWarehouse, sql: str, expected: list[list[str]]
) -> None:
    """As Google's library of FHIR views writes queries; source: query-syntax#alias_visibility."""
    assert warehouse.run(sql)[1] == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id AS a FROM d.t GROUP BY a HAVING a > 1 ORDER BY a DESC", [["3"], ["2"]]),
        ("SELECT id AS a FROM d.t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1", [["1"]]),
        ("SELECT id AS name, name AS id FROM d.t WHERE name = 'Bob'", [["2", "Bob"]]),
        ("SELECT x AS x, (SELECT x FROM (SELECT 2 AS x)) AS y FROM UNNEST([1]) AS x WHERE x = 1", [["1", "2"]]),
        ("FROM d.t |> EXTEND id + 1 AS more |> WHERE more > 3 |> SELECT more", [["4"]]),
    ],
)
def test_an_alias_is_seen_after_the_list(warehouse: SmallWarehouse, sql: str, expected: list[list[str]]) -> None:
    """Source: query-syntax#alias_visibility."""
    assert warehouse.run(sql)[1] == expected
