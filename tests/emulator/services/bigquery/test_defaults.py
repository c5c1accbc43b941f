"""Default values of columns: in DDL, in statements that change rows, in streamed rows and in loads.

https://cloud.google.com/bigquery/docs/default-values
"""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

Run = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def name(dataset: bigquery.Dataset) -> str:
    return f"{dataset.project}.{dataset.dataset_id}.t"


@pytest.fixture
def run(bigquery_client: bigquery.Client) -> Run:
    return lambda sql: [tuple(row.values()) for row in bigquery_client.query_and_wait(sql)]


@pytest.fixture
def table(run: Run, name: str) -> str:
    """A table of which each column but the first has a default, by its name in SQL."""
    run(
        f'CREATE TABLE `{name}` (id INT64, n NUMERIC DEFAULT 1.5, s STRING NOT NULL DEFAULT "it\'s", '
        "d DATE DEFAULT CURRENT_DATE(), u STRING DEFAULT GENERATE_UUID(), a ARRAY<INT64> DEFAULT [1, 2])"
    )
    return f"`{name}`"


@pytest.mark.usefixtures("table")
def test_the_schema_tells(bigquery_client: bigquery.Client, name: str) -> None:
    found = {field.name: field.default_value_expression for field in bigquery_client.get_table(name).schema}
    assert found.pop("s") in ('"it\'s"', "'it\\'s'")
    assert found == {"id": None, "n": "1.5", "d": "CURRENT_DATE", "u": "GENERATE_UUID()", "a": "[1, 2]"}


def test_columns_that_an_insert_leaves_out(run: Run, table: str) -> None:
    run(f"INSERT INTO {table} (id) VALUES (1), (2)")
    run(f"INSERT INTO {table} (id, s) SELECT x, 'q' FROM UNNEST([3, 4]) AS x")
    rows = run(f"SELECT id, CAST(n AS STRING), s, a, d = CURRENT_DATE(), LENGTH(u) FROM {table} ORDER BY id")
    assert rows == [
        (1, "1.5", "it's", [1, 2], True, 36),
        (2, "1.5", "it's", [1, 2], True, 36),
        (3, "1.5", "q", [1, 2], True, 36),
        (4, "1.5", "q", [1, 2], True, 36),
    ]
    assert run(f"SELECT COUNT(DISTINCT u) FROM {table}") == [(4,)]


def test_the_keyword_default(run: Run, table: str) -> None:
    run(
        f"INSERT INTO {table} VALUES (DEFAULT, DEFAULT, DEFAULT, '2020-01-01', 'u', DEFAULT), "
        "(2, NULL, 'x', NULL, NULL, [])"
    )
    assert run(f"SELECT id, CAST(n AS STRING), s, d, u, a FROM {table} WHERE u = 'u'") == [
        (None, "1.5", "it's", dt.date(2020, 1, 1), "u", [1, 2])
    ]
    assert run(f"SELECT n, s, d, u, a FROM {table} WHERE id = 2") == [(None, "x", None, None, [])]
    run(f"UPDATE {table} SET n = DEFAULT, a = DEFAULT, id = DEFAULT WHERE id = 2")
    assert run(f"SELECT id, CAST(n AS STRING), a FROM {table} WHERE s = 'x'") == [(None, "1.5", [1, 2])]


def test_merge(run: Run, table: str) -> None:
    run(f"INSERT INTO {table} (id, n) VALUES (1, 7)")
    run(
        f"MERGE {table} AS t USING UNNEST([1, 2, 3]) AS x ON t.id = x WHEN MATCHED THEN UPDATE SET n = DEFAULT "
        "WHEN NOT MATCHED AND x = 2 THEN INSERT (id) VALUES (x) "
        "WHEN NOT MATCHED THEN INSERT (id, s) VALUES (x, DEFAULT)"
    )
    found = run(f"SELECT id, CAST(n AS STRING), s FROM {table} ORDER BY id")
    assert found == [(1, "1.5", "it's"), (2, "1.5", "it's"), (3, "1.5", "it's")]


def test_streamed_rows(bigquery_client: bigquery.Client, run: Run, table: str, name: str) -> None:
    """Each row by itself: what it leaves out gets the default, NULL stays NULL."""
    assert bigquery_client.insert_rows_json(name, [{"id": 1}, {"id": 2, "n": None, "a": [5]}, {"id": 3}]) == []
    found = run(f"SELECT id, CAST(n AS STRING), s, a FROM {table} ORDER BY id")
    assert found == [(1, "1.5", "it's", [1, 2]), (2, None, "it's", [5]), (3, "1.5", "it's", [1, 2])]
    assert run(f"SELECT COUNT(DISTINCT u) FROM {table}") == [(3,)]
    (problem,) = bigquery_client.insert_rows_json(name, [{"id": 4, "s": None}])
    assert problem["errors"][0]["message"] == "Missing required field: s."


def test_loads_of_some_columns(bigquery_client: bigquery.Client, run: Run, table: str, name: str) -> None:
    config = bigquery.LoadJobConfig(
        source_format="CSV",
        schema=[bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("s", "STRING", mode="REQUIRED")],
    )
    bigquery_client.load_table_from_file(io.BytesIO(b"1,x\n"), name, job_config=config).result()
    assert run(f"SELECT id, CAST(n AS STRING), s, a FROM {table}") == [(1, "1.5", "x", [1, 2])]


def test_defaults_are_set_and_dropped(run: Run, table: str, bigquery_client: bigquery.Client, name: str) -> None:
    run(f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT 7")
    run(f"ALTER TABLE {table} ALTER COLUMN n DROP DEFAULT")
    run(f"INSERT INTO {table} (s) VALUES ('x')")
    assert run(f"SELECT id, n FROM {table}") == [(7, None)]
    found = bigquery_client.get_table(name)
    found.schema = [
        bigquery.SchemaField(f.name, f.field_type, f.mode, default_value_expression="'new'") if f.name == "u" else f
        for f in found.schema
    ]
    bigquery_client.update_table(found, ["schema"])
    run(f"INSERT INTO {table} (id) VALUES (8)")
    assert run(f"SELECT u FROM {table} WHERE id = 8") == [("new",)]


@pytest.mark.parametrize(
    ("default", "message"),
    [
        ("(SELECT 1)", "Invalid default value expression for column x"),
        ("UPPER('a')", "Invalid default value expression for column x"),
        ("y", "Invalid default value expression for column x"),
        ("'a'", r"Query column 1 has type STRING which cannot be inserted"),
    ],
)
def test_what_is_no_default_is_refused(run: Run, name: str, default: str, message: str) -> None:
    with pytest.raises(exceptions.BadRequest, match=message):
        run(f"CREATE TABLE `{name}` (x INT64 DEFAULT {default})")


def test_added_columns_have_none_yet(run: Run, table: str) -> None:
    with pytest.raises(exceptions.BadRequest, match="Cannot add column z with a default value"):
        run(f"ALTER TABLE {table} ADD COLUMN z INT64 DEFAULT 1")
