"""Extract and copy jobs, driven by Google's clients."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import fastavro
import pytest
from google.api_core import exceptions
from google.cloud import bigquery, storage

from emulator.services.bigquery.jobs.extract import shards


@pytest.fixture
def bucket(storage_client: storage.Client, unique: Callable[[str], str]) -> storage.Bucket:
    made: storage.Bucket = storage_client.create_bucket(unique("extract-bucket"))
    return made


@pytest.fixture
def table(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> bigquery.Table:
    schema = [
        bigquery.SchemaField("id", "INTEGER"),
        bigquery.SchemaField("name", "STRING"),
        bigquery.SchemaField("ts", "TIMESTAMP"),
        bigquery.SchemaField("ok", "BOOLEAN"),
    ]
    made = bigquery_client.create_table(bigquery.Table(dataset.table("t"), schema))
    bigquery_client.insert_rows_json(
        made, [{"id": 1, "name": 'a "b", c', "ts": "2020-01-01T00:00:00Z", "ok": True}, {"id": 2}]
    )
    return made


def test_csv_with_and_without_header(
    bigquery_client: bigquery.Client, table: bigquery.Table, bucket: storage.Bucket
) -> None:
    job = bigquery_client.extract_table(table, f"gs://{bucket.name}/out-*.csv")
    job.result()
    assert job.destination_uri_file_counts == [1]
    text = bucket.blob("out-000000000000.csv").download_as_text()
    assert text == 'id,name,ts,ok\n1,"a ""b"", c",2020-01-01 00:00:00 UTC,true\n2,,,\n'
    config = bigquery.ExtractJobConfig(print_header=False, field_delimiter="\t", compression="GZIP")
    bigquery_client.extract_table(table, f"gs://{bucket.name}/out.tsv.gz", job_config=config).result()
    packed = bucket.blob("out.tsv.gz").download_as_bytes(raw_download=True)
    assert gzip.decompress(packed).decode().splitlines()[1] == "2\t\t\t"


def test_json_and_parquet_come_back_the_same(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket
) -> None:
    rows = [{"id": n, "r": [{"k": str(n), "d": "2020-01-01"}], "by": "AAH/", "j": {"a": n}} for n in range(6000)]
    schema = [
        bigquery.SchemaField("id", "INTEGER"),
        bigquery.SchemaField(
            "r", "RECORD", "REPEATED", fields=[bigquery.SchemaField("k", "STRING"), bigquery.SchemaField("d", "DATE")]
        ),
        bigquery.SchemaField("by", "BYTES"),
        bigquery.SchemaField("j", "JSON"),
    ]
    source = dataset.table("source")
    bigquery_client.load_table_from_json(rows, source, job_config=bigquery.LoadJobConfig(schema=schema)).result()
    original = [dict(row.items()) for row in bigquery_client.list_rows(bigquery_client.get_table(source))]
    config = bigquery.ExtractJobConfig(destination_format="NEWLINE_DELIMITED_JSON")
    bigquery_client.extract_table(source, f"gs://{bucket.name}/a.json", job_config=config).result()
    first = json.loads(bucket.blob("a.json").download_as_bytes().splitlines()[1])
    assert first == {"id": "1", "r": [{"k": "1", "d": "2020-01-01"}], "by": "AAH/", "j": {"a": 1}}
    again = bigquery.LoadJobConfig(schema=schema, source_format="NEWLINE_DELIMITED_JSON")
    bigquery_client.load_table_from_uri(f"gs://{bucket.name}/a.json", dataset.table("json"), job_config=again).result()
    assert [
        dict(r.items()) for r in bigquery_client.list_rows(bigquery_client.get_table(dataset.table("json")))
    ] == original
    config = bigquery.ExtractJobConfig(destination_format="PARQUET")
    bigquery_client.extract_table(source, f"gs://{bucket.name}/a.parquet", job_config=config).result()
    again = bigquery.LoadJobConfig(schema=schema, source_format="PARQUET")
    bigquery_client.load_table_from_uri(
        f"gs://{bucket.name}/a.parquet", dataset.table("parquet"), job_config=again
    ).result()
    assert [
        dict(r.items()) for r in bigquery_client.list_rows(bigquery_client.get_table(dataset.table("parquet")))
    ] == original


def test_what_an_extract_cannot_do(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket
) -> None:
    bigquery_client.load_table_from_json([{"a": [1]}], dataset.table("t")).result()
    with pytest.raises(exceptions.BadRequest, match="nested schema"):
        bigquery_client.extract_table(dataset.table("t"), f"gs://{bucket.name}/x.csv").result()
    with pytest.raises(exceptions.NotFound):
        bigquery_client.extract_table(dataset.table("missing"), f"gs://{bucket.name}/x.csv").result()
    config = bigquery.ExtractJobConfig(destination_format="ORC")
    with pytest.raises(exceptions.MethodNotImplemented):
        bigquery_client.extract_table(dataset.table("t"), f"gs://{bucket.name}/x", job_config=config).result()


def test_copy(bigquery_client: bigquery.Client, table: bigquery.Table, dataset: bigquery.Dataset) -> None:
    def ids(name: str) -> list[Any]:
        return sorted(row.id for row in bigquery_client.list_rows(bigquery_client.get_table(dataset.table(name))))

    bigquery_client.copy_table(table, dataset.table("copy")).result()
    assert ids("copy") == [1, 2]
    with pytest.raises(exceptions.Conflict):
        bigquery_client.copy_table(table, dataset.table("copy")).result()
    config = bigquery.CopyJobConfig(write_disposition="WRITE_APPEND")
    bigquery_client.copy_table([table, dataset.table("copy")], dataset.table("copy"), job_config=config).result()
    assert ids("copy") == [1, 1, 1, 2, 2, 2]
    config = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    bigquery_client.copy_table(table, dataset.table("copy"), job_config=config).result()
    assert ids("copy") == [1, 2]


@pytest.mark.parametrize("logical", [True, False])
def test_avro_comes_back_the_same(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket, logical: bool
) -> None:
    """Without logical types a TIMESTAMP is a number (BigQuery: Avro conversions)."""
    sql = """SELECT 1 AS n, 'x' AS s, 1.5 AS f, TRUE AS ok, b'ab' AS bs, NUMERIC '1.25' AS num, DATE '2020-01-02' AS d,
        TIME '01:02:03.5' AS tm, DATETIME '2020-01-02 03:04:05' AS dt, TIMESTAMP '2020-01-02 03:04:05.25+00' AS ts,
        [STRUCT(1 AS a, 'y' AS b)] AS r, JSON '{"k": [1]}' AS j UNION ALL
        SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], NULL"""
    source = dataset.table("source")
    bigquery_client.query(sql, job_config=bigquery.QueryJobConfig(destination=source)).result()
    config = bigquery.ExtractJobConfig(destination_format="AVRO", compression="DEFLATE", use_avro_logical_types=logical)
    bigquery_client.extract_table(source, f"gs://{bucket.name}/a-*.avro", job_config=config).result()
    again = bigquery.LoadJobConfig(source_format="AVRO", use_avro_logical_types=logical)
    target = dataset.table("target")
    bigquery_client.load_table_from_uri(f"gs://{bucket.name}/a-*.avro", target, job_config=again).result()
    found = {field.name: field.field_type for field in bigquery_client.get_table(target).schema}
    others = ("NUMERIC", "TIMESTAMP") if logical else ("BYTES", "INTEGER")
    assert (found["num"], found["ts"]) == others
    same = "n, s, f, ok, bs, d, tm, dt, r, TO_JSON_STRING(j)" + (", num, ts" if logical else "")
    rows = [
        [tuple(row.values()) for row in bigquery_client.query_and_wait(f"SELECT {same} FROM `{name}` ORDER BY n")]
        for name in (source, target)
    ]
    assert rows[0] == rows[1]


def test_intervals_places_and_ranges_are_texts_in_files(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket
) -> None:
    sql = """SELECT INTERVAL '1-2 3 4:5:6' YEAR TO SECOND AS v, ST_GEOGPOINT(1, 2) AS g,
        RANGE(DATE '2020-01-02', NULL) AS d, JSON '{"k": [1]}' AS j"""
    source = dataset.table("source")
    bigquery_client.query(sql, job_config=bigquery.QueryJobConfig(destination=source)).result()
    for form in ("AVRO", "NEWLINE_DELIMITED_JSON", "CSV"):
        config = bigquery.ExtractJobConfig(destination_format=form)
        bigquery_client.extract_table(source, f"gs://{bucket.name}/{form}", job_config=config).result()
    texts = {"v": "1-2 3 4:5:6", "g": "POINT(1 2)", "d": "[2020-01-02, UNBOUNDED)"}
    written = fastavro.reader(io.BytesIO(bucket.blob("AVRO").download_as_bytes()))
    assert list(written) == [{**texts, "j": '{"k":[1]}'}]
    schema: Any = written.writer_schema
    kinds = {field["name"]: field["type"][1]["sqlType"] for field in schema["fields"]}
    assert kinds == {"v": "INTERVAL", "g": "GEOGRAPHY", "d": "RANGE", "j": "JSON"}
    assert json.loads(bucket.blob("NEWLINE_DELIMITED_JSON").download_as_bytes()) == {**texts, "j": {"k": [1]}}
    lines = list(csv.reader(bucket.blob("CSV").download_as_text().splitlines()))
    assert lines == [["v", "g", "d", "j"], [*texts.values(), '{"k":[1]}']]


def test_rows_go_into_as_many_files_as_there_are_gigabytes() -> None:
    assert shards(0, 0) == [(0, 0)]
    assert shards(10, 900_000_000) == [(0, 10)]
    assert shards(10, 2_000_000_001) == [(0, 4), (4, 4), (8, 2)]
    assert shards(2, 5_000_000_000) == [(0, 1), (1, 1)]
