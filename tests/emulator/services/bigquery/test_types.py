"""INTERVAL, RANGE and GEOGRAPHY wherever a type can be: columns, rows in and out, parameters, files, schemas.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
"""

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from google.cloud import bigquery

from tests.support.bigquery_values import interval

INTERVAL = interval("1-2 3 4:5:6")
DAYS = {"start": dt.date(2020, 1, 1), "end": None}
FIELDS = [
    bigquery.SchemaField("id", "INTEGER"),
    bigquery.SchemaField("i", "INTERVAL"),
    bigquery.SchemaField("g", "GEOGRAPHY"),
    bigquery.SchemaField("r", "RANGE", range_element_type="DATE"),
    bigquery.SchemaField("t", "RANGE", range_element_type="TIMESTAMP"),
    bigquery.SchemaField("gs", "GEOGRAPHY", mode="REPEATED"),
]
ROW = {
    "id": 1,
    "i": "1-2 3 4:5:6",
    "g": "POINT(-122.35 47.62)",
    "r": {"start": "2020-01-01", "end": None},
    "t": {"start": "2020-01-01 00:00:00 UTC", "end": "2020-01-02 00:00:00 UTC"},
    "gs": ["POINT(1 2)", "LINESTRING(1 1, 2 2)"],
}
READ = {
    "id": 1,
    "i": INTERVAL,
    "g": "POINT(-122.35 47.62)",
    "r": DAYS,
    "t": {"start": dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "end": dt.datetime(2020, 1, 2, tzinfo=dt.UTC)},
    "gs": ["POINT(1 2)", "LINESTRING(1 1, 2 2)"],
}


@pytest.fixture
def table(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> bigquery.Table:
    """A table with a column of each type."""
    return bigquery_client.create_table(bigquery.Table(dataset.reference.table("typed"), FIELDS))


def test_streamed_rows_come_back(bigquery_client: bigquery.Client, table: bigquery.Table) -> None:
    assert bigquery_client.get_table(table).schema == FIELDS
    assert bigquery_client.insert_rows_json(table, [ROW]) == []
    assert [dict(row) for row in bigquery_client.list_rows(table)] == [READ]
    (row,) = bigquery_client.query_and_wait(f"SELECT * FROM `{table.dataset_id}.typed`")
    assert dict(row) == READ


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("i", "soon", "Invalid INTERVAL value"),
        ("g", "POINT(1 91)", "Latitude must be between"),
        ("g", "POINT(1", "Invalid WKT"),
        ("r", {"start": "2020-01-02", "end": "2020-01-01"}, "Cannot convert value to range"),
        ("r", "2020-01-02", "Invalid RANGE value"),
    ],
)
def test_a_streamed_value_that_is_none_is_refused(
    bigquery_client: bigquery.Client, table: bigquery.Table, field: str, value: Any, message: str
) -> None:
    (problem,) = bigquery_client.insert_rows_json(table, [{"id": 1, field: value}])
    assert problem["errors"][0]["location"] == field
    assert message in problem["errors"][0]["message"]


def test_a_streamed_text_that_is_too_long_is_refused(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    fields = [bigquery.SchemaField("s", "STRING", max_length=3), bigquery.SchemaField("b", "BYTES", max_length=2)]
    table = bigquery_client.create_table(bigquery.Table(dataset.reference.table("short"), fields))
    assert bigquery_client.insert_rows_json(table, [{"s": "äöü", "b": "YWI="}]) == []
    problems = bigquery_client.insert_rows_json(table, [{"s": "four"}, {"b": "YWJj"}])
    assert [problem["errors"][0]["message"] for problem in problems] == [
        "STRING(3) has maximum length 3 but got a value with length 4",
        "BYTES(2) has maximum length 2 but got a value with length 3",
    ]


def test_statements_make_and_fill_such_columns(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    name = f"{dataset.dataset_id}.made"
    bigquery_client.query_and_wait(
        f"CREATE TABLE {name} (id INT64, i INTERVAL, g GEOGRAPHY, r RANGE<DATE>, t RANGE<TIMESTAMP>, "
        "gs ARRAY<GEOGRAPHY>)"
    )
    assert [field.to_api_repr() for field in bigquery_client.get_table(name).schema] == [
        field.to_api_repr() for field in FIELDS
    ]
    bigquery_client.query_and_wait(
        f"INSERT INTO {name} VALUES (1, INTERVAL '1-2 3 4:5:6' YEAR TO SECOND, ST_GEOGPOINT(-122.35, 47.62), "
        "RANGE<DATE> '[2020-01-01, UNBOUNDED)', RANGE(TIMESTAMP '2020-01-01', TIMESTAMP '2020-01-02'), "
        "[ST_GEOGPOINT(1, 2), ST_GEOGFROMTEXT('LINESTRING(1 1, 2 2)')]), (2, NULL, NULL, NULL, NULL, [])"
    )
    bigquery_client.query_and_wait(f"CREATE TABLE {name}_copy AS SELECT * FROM {name}")
    first, second = bigquery_client.query_and_wait(f"SELECT * FROM {name}_copy ORDER BY id")
    assert dict(first) == READ
    assert dict(second) == {**dict.fromkeys(READ), "id": 2, "gs": []}
    kinds = bigquery_client.query_and_wait(
        f"SELECT data_type FROM {dataset.dataset_id}.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'made' "
        "ORDER BY ordinal_position"
    )
    assert [kind for (kind,) in kinds] == [
        *("INT64", "INTERVAL", "GEOGRAPHY", "RANGE<DATE>", "RANGE<TIMESTAMP>", "ARRAY<GEOGRAPHY>")
    ]


def test_parameters(bigquery_client: bigquery.Client) -> None:
    parameters = [
        bigquery.ScalarQueryParameter("i", "INTERVAL", "1-2 3 4:5:6"),
        bigquery.ScalarQueryParameter("g", "GEOGRAPHY", "POINT(1 2)"),
        bigquery.RangeQueryParameter("DATE", start=dt.date(2020, 1, 1), name="r"),
        bigquery.ArrayQueryParameter("is", "INTERVAL", ["0-0 1 0:0:0"]),
    ]
    config = bigquery.QueryJobConfig(query_parameters=parameters)
    (row,) = bigquery_client.query_and_wait(
        "SELECT @i AS i, ST_X(@g) AS x, @r AS r, RANGE_CONTAINS(@r, DATE '2021-01-01') AS c, @is[0] AS first",
        job_config=config,
    )
    assert dict(row) == {"i": INTERVAL, "x": 1.0, "r": DAYS, "c": True, "first": interval("0-0 1 0:0:0")}


@pytest.mark.parametrize("form", ["CSV", "NEWLINE_DELIMITED_JSON"])
def test_loads(bigquery_client: bigquery.Client, table: bigquery.Table, form: str) -> None:
    row = {**ROW, "r": "[2020-01-01, UNBOUNDED)", "t": None, "gs": None}
    schema = [field for field in FIELDS if field.mode != "REPEATED"]
    if form == "CSV":
        content = '1,1-2 3 4:5:6,POINT(-122.35 47.62),"[2020-01-01, UNBOUNDED)",\n'
    else:
        content = json.dumps({key: value for key, value in row.items() if value is not None})
    config = bigquery.LoadJobConfig(source_format=form, schema=schema)
    bigquery_client.load_table_from_file(io.BytesIO(content.encode()), table, job_config=config).result()
    assert [dict(row) for row in bigquery_client.list_rows(table)] == [{**READ, "t": None, "gs": []}]


def test_variables_and_functions_of_a_script(bigquery_client: bigquery.Client) -> None:
    (row,) = bigquery_client.query_and_wait(
        "DECLARE i INTERVAL DEFAULT INTERVAL 2 DAY; DECLARE r RANGE<DATE>; DECLARE p GEOGRAPHY;"
        "SET r = RANGE(DATE '2020-01-01', NULL); SET i = i * 2; SET p = ST_GEOGPOINT(1, 2);"
        "SELECT i, r, p, DATE '2020-01-01' + i = DATETIME '2020-01-05' AS l"
    )
    assert dict(row) == {"i": interval("0-0 4 0:0:0"), "r": DAYS, "p": "POINT(1 2)", "l": True}


def test_values_in_json(bigquery_client: bigquery.Client, table: bigquery.Table) -> None:
    bigquery_client.insert_rows_json(table, [ROW])
    (row,) = bigquery_client.query_and_wait(f"SELECT TO_JSON_STRING(whole) AS j FROM {table.dataset_id}.typed AS whole")
    found = json.loads(row["j"])
    assert found["i"] == "1-2 3 4:5:6"
    assert found["g"] == {"type": "Point", "coordinates": [-122.35, 47.62]}
    assert found["r"] == {"start": "2020-01-01", "end": None}


def test_digits_as_they_were_declared(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    """No scale where none is said (python-bigquery, system/test_client.py, test_parameterized_types_round_trip)."""
    declared = [("n", "NUMERIC(9)"), ("s", "NUMERIC(9, 2)"), ("b", "BIGNUMERIC(38)"), ("t", "STRING(9)")]
    name = f"{dataset.dataset_id}.digits"
    columns = ", ".join(" ".join(column) for column in declared)
    bigquery_client.query_and_wait(f"CREATE TABLE {name} ({columns})")
    schema = bigquery_client.get_table(name).schema
    assert [(field.name, field.precision, field.scale, field.max_length) for field in schema] == [
        ("n", 9, None, None),
        ("s", 9, 2, None),
        ("b", 38, None, None),
        ("t", None, None, 9),
    ]
    bigquery_client.query_and_wait(f"INSERT INTO {name} VALUES (1.5, 1.255, BIGNUMERIC '1.5', 'x')")
    assert [tuple(row) for row in bigquery_client.query_and_wait(f"SELECT n, s, b FROM {name}")] == [
        (Decimal(2), Decimal("1.26"), Decimal(2))
    ]
