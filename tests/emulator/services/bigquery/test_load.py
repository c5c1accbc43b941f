"""Load jobs: uploads and objects of Cloud Storage, driven by Google's clients."""

import csv
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery, storage

from tests.support.emulator import RunningEmulator

POINT = "0101000000000000000000f03f000000000000f03f"  # POINT(1 1)
SCHEMA = [bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("name", "STRING")]


def rows(client: bigquery.Client, table: bigquery.TableReference) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.list_rows(client.get_table(table))]


@pytest.fixture
def bucket(storage_client: storage.Client, unique: Callable[[str], str]) -> storage.Bucket:
    made: storage.Bucket = storage_client.create_bucket(unique("bigquery-bucket"))
    return made


def test_a_file_that_is_no_parquet_is_said_to_be_none(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    for data in (b"id,name\n1,Ann\n", b"PAR1" + b"x" * 40 + b"PAR1"):
        job = bigquery_client.load_table_from_file(io.BytesIO(data), dataset.table("t"), job_config=config)
        with pytest.raises(exceptions.BadRequest, match="The file is no Parquet file that can be read"):
            job.result()


def test_json_with_the_schema_guessed(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    given = [
        {"i": 1, "f": 1, "s": "x", "when": "2020-01-01T00:00:00Z", "day": "2020-01-01", "ok": True, "list": [1, 2]},
        {"i": 2, "f": 2.5, "s": "7", "who": {"name": "Ann", "tags": ["a"]}},
    ]
    job = bigquery_client.load_table_from_json(given, dataset.table("t"))
    job.result()
    assert job.output_rows == 2
    table = bigquery_client.get_table(dataset.table("t"))
    assert {field.name: (field.field_type, field.mode) for field in table.schema} == {
        "i": ("INTEGER", "NULLABLE"),
        "f": ("FLOAT", "NULLABLE"),
        "s": ("STRING", "NULLABLE"),
        "when": ("TIMESTAMP", "NULLABLE"),
        "day": ("DATE", "NULLABLE"),
        "ok": ("BOOLEAN", "NULLABLE"),
        "list": ("INTEGER", "REPEATED"),
        "who": ("RECORD", "NULLABLE"),
    }
    second = list(bigquery_client.list_rows(table))[1]
    assert second.who == {"name": "Ann", "tags": ["a"]}
    assert (second.i, second.f, second.s, second.list) == (2, 2.5, "7", [])


def test_json_into_a_table_that_exists(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    bigquery_client.create_table(bigquery.Table(dataset.table("t"), SCHEMA))
    for _ in range(2):
        config = bigquery.LoadJobConfig(schema=SCHEMA)
        bigquery_client.load_table_from_json([{"id": 1, "name": "x"}], dataset.table("t"), job_config=config).result()
    assert rows(bigquery_client, dataset.table("t")) == [(1, "x"), (1, "x")]
    config = bigquery.LoadJobConfig(schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
    bigquery_client.load_table_from_json([{"id": 2}], dataset.table("t"), job_config=config).result()
    assert rows(bigquery_client, dataset.table("t")) == [(2, None)]
    config = bigquery.LoadJobConfig(schema=SCHEMA, write_disposition="WRITE_EMPTY")
    with pytest.raises(exceptions.Conflict):
        bigquery_client.load_table_from_json([{"id": 3}], dataset.table("t"), job_config=config).result()


def test_bytes_may_have_line_ends(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    """As the data of Google's own tests have them (python-bigquery: tests/data/scalars_extreme.jsonl)."""
    config = bigquery.LoadJobConfig(schema=[bigquery.SchemaField("b", "BYTES")])
    given = [{"b": "DQo=\n"}, {"b": "AQID\r\nBA=="}]
    bigquery_client.load_table_from_json(given, dataset.table("t"), job_config=config).result()
    assert sorted(rows(bigquery_client, dataset.table("t"))) == [(b"\x01\x02\x03\x04",), (b"\r\n",)]
    with pytest.raises(exceptions.BadRequest, match="Cannot convert value to bytes"):
        bigquery_client.load_table_from_json([{"b": "DQ*="}], dataset.table("t"), job_config=config).result()


def test_an_empty_line_of_one_column_is_a_row(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    """As Google's own tests have it (python-bigquery: tests/data/scalars.csv); with more columns it is none."""

    def load(text: bytes, *names: str) -> list[tuple[Any, ...]]:
        schema = [bigquery.SchemaField(name, "DATE") for name in names]
        table = dataset.table(f"lines_{len(names)}")
        config = bigquery.LoadJobConfig(schema=schema, source_format="CSV")
        bigquery_client.load_table_from_file(io.BytesIO(text), table, job_config=config).result()
        return rows(bigquery_client, table)

    day = dt.date(2020, 1, 1)
    assert load(b"2020-01-01\n\n", "a") == [(day,), (None,)]
    assert load(b"2020-01-01,2020-01-01\n\n", "a", "b") == [(day, day)]


def test_a_bad_row_stops_the_load_and_leaves_nothing(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    given: list[dict[str, Any]] = [{"id": 1}, {"id": "x"}, {"id": 3}]
    config = bigquery.LoadJobConfig(schema=SCHEMA)
    with pytest.raises(exceptions.BadRequest, match="Cannot convert value to integer"):
        bigquery_client.load_table_from_json(given, dataset.table("t"), job_config=config).result()
    with pytest.raises(exceptions.NotFound):
        bigquery_client.get_table(dataset.table("t"))
    config.max_bad_records = 1
    job = bigquery_client.load_table_from_json(given, dataset.table("t"), job_config=config)
    job.result()
    assert rows(bigquery_client, dataset.table("t")) == [(1, None), (3, None)]
    assert len(job.errors) == 1


def test_csv_by_resumable_upload(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "name", "day"])
    writer.writerows([[n, f'n "{n}",\nx', "2020-01-02" if n % 2 else ""] for n in range(50_000)])
    config = bigquery.LoadJobConfig(
        source_format="CSV",
        skip_leading_rows=1,
        allow_quoted_newlines=True,
        schema=[*SCHEMA, bigquery.SchemaField("day", "DATE")],
    )
    file = io.BytesIO(text.getvalue().encode())
    job = bigquery_client.load_table_from_file(file, dataset.table("t"), job_config=config)
    job.result()
    assert job.output_rows == 50_000
    found = rows(bigquery_client, dataset.table("t"))
    assert found[49_999] == (49_999, 'n "49999",\nx', dt.date(2020, 1, 2))
    assert found[0][2] is None


def test_csv_with_the_schema_guessed(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    file = io.BytesIO(b"PatientID;age;seen\nA1;61;2020-01-01\nB2;47;2021-02-03\n")
    config = bigquery.LoadJobConfig(source_format="CSV", autodetect=True, field_delimiter=";")
    bigquery_client.load_table_from_file(file, dataset.table("t"), job_config=config).result()
    found = bigquery_client.get_table(dataset.table("t"))
    assert [(f.name, f.field_type) for f in found.schema] == [
        ("PatientID", "STRING"), ("age", "INTEGER"), ("seen", "DATE"),
    ]  # fmt: skip
    assert rows(bigquery_client, dataset.table("t"))[1] == ("B2", 47, dt.date(2021, 2, 3))


def test_null_markers_jagged_rows_and_too_many_values(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    config = bigquery.LoadJobConfig(source_format="CSV", schema=SCHEMA, null_marker="NA", allow_jagged_rows=True)
    bigquery_client.load_table_from_file(io.BytesIO(b"1,NA\n2\n3,\n"), dataset.table("t"), job_config=config).result()
    assert rows(bigquery_client, dataset.table("t")) == [(1, None), (2, None), (3, "")]
    config = bigquery.LoadJobConfig(source_format="CSV", schema=SCHEMA)
    with pytest.raises(exceptions.BadRequest, match="Too many values in line 1"):
        bigquery_client.load_table_from_file(io.BytesIO(b"1,a,b\n"), dataset.table("t"), job_config=config).result()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'1,"a\nb"\n', r'row starting at line 1. Error: Missing close double quote \("\) character'),
        (b'1,a\n2,"x"z\n', r'row starting at line 2. Error: Data between close double quote \("\) and field separator'),
    ],
    ids=["quoted newline", "text after a quote"],
)
def test_what_csv_does_not_allow(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, text: bytes, message: str
) -> None:
    config = bigquery.LoadJobConfig(source_format="CSV", schema=SCHEMA)
    with pytest.raises(exceptions.BadRequest, match=message):
        bigquery_client.load_table_from_file(io.BytesIO(text), dataset.table("t"), job_config=config).result()


def test_bad_csv_rows_are_counted(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    config = bigquery.LoadJobConfig(source_format="CSV", schema=SCHEMA, max_bad_records=1, allow_quoted_newlines=True)
    file = io.BytesIO(b'1,"a\nb"\n2,"x"z\n3,c\n')
    job = bigquery_client.load_table_from_file(file, dataset.table("t"), job_config=config)
    job.result()
    assert job.output_rows == 2
    assert rows(bigquery_client, dataset.table("t")) == [(1, "a\nb"), (3, "c")]


def test_parquet_keeps_types(bigquery_client: bigquery.Client, dataset: bigquery.Dataset, tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "x.parquet"
    connection = duckdb.connect()
    connection.execute(
        "COPY (SELECT 1::BIGINT AS id, 'x' AS name, [{'a': 1.5}] AS r, DATE '2020-01-01' AS d) "
        f"TO '{path}' (FORMAT parquet)"
    )
    connection.close()
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    with path.open("rb") as file:
        bigquery_client.load_table_from_file(file, dataset.table("t"), job_config=config).result()
    found = bigquery_client.get_table(dataset.table("t"))
    assert [(f.name, f.field_type, f.mode) for f in found.schema][2] == ("r", "RECORD", "REPEATED")
    assert rows(bigquery_client, dataset.table("t"))[0][:2] == (1, "x")


def test_geographies_in_well_known_binary(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, tmp_path: Path
) -> None:
    """As Google's own tests load them (python-bigquery, tests/system/test_pandas.py, test_load_dataframe_w_wkb)."""
    import duckdb

    schema = [bigquery.SchemaField("name", "STRING"), bigquery.SchemaField("place", "GEOGRAPHY")]
    target = bigquery.Table(dataset.table("t"), schema)
    bigquery_client.create_table(target)
    path = tmp_path / "x.parquet"
    connection = duckdb.connect()
    connection.execute(
        f"COPY (SELECT 'bar' AS name, from_hex('{POINT}') AS place UNION ALL SELECT 'foo', NULL) "
        f"TO '{path}' (FORMAT parquet)"
    )
    connection.close()
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    with path.open("rb") as file:
        bigquery_client.load_table_from_file(file, target, job_config=config).result()
    bigquery_client.load_table_from_json([{"name": "hex", "place": POINT}], target).result()
    assert sorted(rows(bigquery_client, target.reference)) == [
        ("bar", "POINT(1 1)"),
        ("foo", None),
        ("hex", "POINT(1 1)"),
    ]


def test_objects_by_wildcard(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket
) -> None:
    for n in range(3):
        text = json.dumps({"id": n, "name": f"n{n}"}).encode() + b"\n"
        bucket.blob(f"in/part-{n}.json").upload_from_string(gzip.compress(text) if n == 2 else text)
    bucket.blob("in/other.txt").upload_from_string("not this one")
    config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=SCHEMA)
    uri = f"gs://{bucket.name}/in/part-*.json"
    job = bigquery_client.load_table_from_uri(uri, dataset.table("t"), job_config=config)
    job.result()
    assert sorted(rows(bigquery_client, dataset.table("t"))) == [(0, "n0"), (1, "n1"), (2, "n2")]
    assert job.input_files == 3
    with pytest.raises(exceptions.NotFound, match="Not found: URI"):
        bigquery_client.load_table_from_uri(f"gs://{bucket.name}/no-*", dataset.table("t"), job_config=config).result()


def test_fields_are_added_where_the_job_says_so(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    bigquery_client.load_table_from_json([{"id": 1}], dataset.table("t")).result()
    config = bigquery.LoadJobConfig(
        schema=SCHEMA, schema_update_options=["ALLOW_FIELD_ADDITION"], write_disposition="WRITE_APPEND"
    )
    bigquery_client.load_table_from_json([{"id": 2, "name": "x"}], dataset.table("t"), job_config=config).result()
    assert rows(bigquery_client, dataset.table("t")) == [(1, None), (2, "x")]


def test_what_a_load_cannot_do(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    config = bigquery.LoadJobConfig(source_format="DATASTORE_BACKUP")
    with pytest.raises(exceptions.MethodNotImplemented, match="DATASTORE_BACKUP is not emulated"):
        bigquery_client.load_table_from_file(io.BytesIO(b"x"), dataset.table("t"), job_config=config).result()
    config = bigquery.LoadJobConfig(source_format="CSV")
    with pytest.raises(exceptions.BadRequest, match="No schema specified"):
        bigquery_client.load_table_from_file(io.BytesIO(b"x"), dataset.table("t"), job_config=config).result()
    body = {"configuration": {"load": {"destinationTable": dataset.table("t").to_api_repr()}}}
    status, answer = emulator.request("POST", f"/bigquery/v2/projects/{emulator.project}/jobs", body)
    assert status == 400
    assert "source URI" in answer["error"]["message"]
    status, answer = emulator.request("POST", f"/bigquery/v2/projects/{emulator.project}/jobs", {"configuration": {}})
    assert status == 400
