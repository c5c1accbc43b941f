"""BIGNUMERIC through the API: streaming, loads, queries with parameters, changes of rows and schemas, extracts.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types and #parameterized_decimal_type.
"""

import io
import json
from collections.abc import Callable
from decimal import Context, Decimal

import pytest
from google.api_core import exceptions
from google.cloud import bigquery, storage

GREATEST = Decimal("578960446186580977117854925043439539266.34992332820282019728792003956564819967")
SCHEMA = [
    bigquery.SchemaField("id", "INTEGER"),
    bigquery.SchemaField("x", "BIGNUMERIC"),
    bigquery.SchemaField("p", "BIGNUMERIC", precision=5, scale=2),
    bigquery.SchemaField("many", "BIGNUMERIC", mode="REPEATED"),
]


@pytest.fixture
def table(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> bigquery.Table:
    made: bigquery.Table = bigquery_client.create_table(bigquery.Table(dataset.table("t"), SCHEMA))
    given = {"id": 1, "x": str(GREATEST), "p": "1.256", "many": ["0.1", "-3"]}
    assert bigquery_client.insert_rows_json(made, [given, {"id": 2, "x": "0.5"}]) == []
    return made


def run(client: bigquery.Client, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql)]


def test_rows_come_back_as_they_were_streamed(bigquery_client: bigquery.Client, table: bigquery.Table) -> None:
    first, second = (tuple(row.values()) for row in bigquery_client.list_rows(table))
    assert first == (1, GREATEST, Decimal("1.26"), [Decimal("0.1"), Decimal(-3)])
    assert second == (2, Decimal("0.5"), None, [])


@pytest.mark.parametrize(
    ("row", "location"),
    [({"x": "1e39"}, "x"), ({"x": "one"}, "x"), ({"p": "1000"}, "p"), ({"many": ["1", "NaN"]}, "many")],
)
def test_rows_that_do_not_fit_are_refused(
    bigquery_client: bigquery.Client, table: bigquery.Table, row: dict[str, object], location: str
) -> None:
    (problem,) = bigquery_client.insert_rows_json(table, [row])
    assert problem["errors"][0]["location"] == location


def test_queries_compute_with_all_digits(bigquery_client: bigquery.Client, table: bigquery.Table) -> None:
    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("less", "BIGNUMERIC", Decimal("1e-38"))]
    )
    sql = f"SELECT x - @less, MAX(x) OVER (), many[SAFE_OFFSET(0)] * p FROM `{table}` ORDER BY x DESC LIMIT 1"
    (row,) = bigquery_client.query_and_wait(sql, job_config=config)
    assert tuple(row.values()) == (
        Context(prec=80).subtract(GREATEST, Decimal("1e-38")),
        GREATEST,
        Decimal("0.126"),
    )


def test_statements_round_to_the_digits_of_the_column(bigquery_client: bigquery.Client, table: bigquery.Table) -> None:
    run(bigquery_client, f"INSERT INTO `{table}` (id, x, p) VALUES (3, 7, 1.005), (4, NUMERIC '0.25', NULL)")
    run(bigquery_client, f"UPDATE `{table}` SET p = p / 3, x = x + 1 WHERE id = 3")
    run(
        bigquery_client,
        f"MERGE `{table}` AS t USING (SELECT 4 AS id, BIGNUMERIC '2.345' AS p) AS s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET p = s.p",
    )
    found = run(bigquery_client, f"SELECT id, x, p FROM `{table}` WHERE id > 2 ORDER BY id")
    assert found == [(3, Decimal(8), Decimal("0.34")), (4, Decimal("0.25"), Decimal("2.35"))]
    with pytest.raises(exceptions.BadRequest, match=r"BIGNUMERIC\(5, 2\) has no room for 1000"):
        run(bigquery_client, f"UPDATE `{table}` SET p = 1000 WHERE id = 3")
    assert run(bigquery_client, f"SELECT p FROM `{table}` WHERE id = 3") == [(Decimal("0.34"),)]


def test_columns_become_bignumeric_and_are_made_by_queries(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    name = f"`{dataset.project}.{dataset.dataset_id}.made`"
    run(bigquery_client, f"CREATE TABLE {name} (a NUMERIC, b INT64)")
    run(bigquery_client, f"INSERT INTO {name} VALUES (1.5, 3)")
    run(bigquery_client, f"ALTER TABLE {name} ALTER COLUMN a SET DATA TYPE BIGNUMERIC")
    run(bigquery_client, f"ALTER TABLE {name} ADD COLUMN c BIGNUMERIC")
    run(bigquery_client, f"UPDATE {name} SET c = a / 7 WHERE TRUE")
    seventh = Decimal("0.21428571428571428571428571428571428571")
    assert run(bigquery_client, f"SELECT * FROM {name}") == [(Decimal("1.5"), 3, seventh)]
    run(bigquery_client, f"CREATE OR REPLACE TABLE {name} (a BIGNUMERIC(10, 3), b FLOAT64) AS SELECT c, a FROM {name}")
    assert run(bigquery_client, f"SELECT * FROM {name}") == [(Decimal("0.214"), 1.5)]
    with pytest.raises(exceptions.BadRequest, match="S must be between 0 and 38"):
        run(bigquery_client, f"CREATE OR REPLACE TABLE {name} (a BIGNUMERIC(50, 40))")


def test_files_hold_all_digits(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, table: bigquery.Table,
    storage_client: storage.Client, unique: Callable[[str], str],
) -> None:  # fmt: skip
    bucket = storage_client.create_bucket(unique("bignumeric-bucket"))
    before = run(bigquery_client, f"SELECT * FROM `{table}` ORDER BY id")
    for form in ("NEWLINE_DELIMITED_JSON", "PARQUET"):
        uri = f"gs://{bucket.name}/rows.{form}"
        bigquery_client.extract_table(
            table, uri, job_config=bigquery.ExtractJobConfig(destination_format=form)
        ).result()
        config = bigquery.LoadJobConfig(source_format=form, schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
        bigquery_client.load_table_from_uri(uri, dataset.table("copy"), job_config=config).result()
        copied = f"`{dataset.project}.{dataset.dataset_id}.copy`"
        assert run(bigquery_client, f"SELECT * FROM {copied} ORDER BY id") == before, form
    line = json.loads(bucket.blob("rows.NEWLINE_DELIMITED_JSON").download_as_text().splitlines()[0])
    assert line["x"] == str(GREATEST)


def test_csv_holds_all_digits(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    config = bigquery.LoadJobConfig(source_format="CSV", schema=SCHEMA[:3])
    data = f"1,{GREATEST},2.005\n2,1e-38,\n".encode()
    bigquery_client.load_table_from_file(io.BytesIO(data), dataset.table("csv"), job_config=config).result()
    found = run(bigquery_client, f"SELECT * FROM `{dataset.project}.{dataset.dataset_id}.csv` ORDER BY id")
    assert found == [(1, GREATEST, Decimal("2.01")), (2, Decimal("1e-38"), None)]
    bad = bigquery_client.load_table_from_file(io.BytesIO(b"1,1e39,\n"), dataset.table("csv"), job_config=config)
    with pytest.raises(exceptions.BadRequest):
        bad.result()
