"""External tables on Cloud Storage: permanent ones by REST and DDL, and those of one query.

https://cloud.google.com/bigquery/docs/external-data-cloud-storage
"""

import io
from collections.abc import Callable
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud import bigquery, storage
from pyarrow.orc import write_table as write_orc

from tests.support.accounts import grant, make_account
from tests.support.emulator import RunningEmulator


def rows(client: bigquery.Client, sql: str, **settings: Any) -> list[tuple[Any, ...]]:
    found = client.query(sql, job_config=bigquery.QueryJobConfig(**settings)).result()
    return [tuple(row.values()) for row in found]


@pytest.fixture
def bucket(storage_client: storage.Client, unique: Callable[[str], str]) -> storage.Bucket:
    made: storage.Bucket = storage_client.create_bucket(unique("external"))
    return made


def avro(records: list[dict[str, Any]], fields: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema({"type": "record", "name": "r", "fields": fields}), records)
    return file.getvalue()


def orc(columns: dict[str, list[Any]]) -> bytes:
    file = io.BytesIO()
    write_orc(pa.table(columns), file)
    return file.getvalue()


def parquet(columns: dict[str, list[Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


AVRO: list[dict[str, Any]] = [{"name": "n", "type": "long"}, {"name": "s", "type": ["null", "string"]}]
FILES = {
    "CSV": b"n,s\n1,a\n2,b\n",
    "NEWLINE_DELIMITED_JSON": b'{"n": 1, "s": "a"}\n{"n": 2, "s": "b"}\n',
    "PARQUET": parquet({"n": [1, 2], "s": ["a", "b"]}),
    "ORC": orc({"n": [1, 2], "s": ["a", "b"]}),
    "AVRO": avro([{"n": 1, "s": "a"}, {"n": 2, "s": "b"}], AVRO),
}


@pytest.mark.parametrize("form", FILES)
def test_a_table_made_by_rest_reads_what_the_objects_hold_now(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket, form: str
) -> None:
    bucket.blob("a/1").upload_from_string(FILES[form])
    config = bigquery.ExternalConfig(form)
    config.source_uris = [f"gs://{bucket.name}/a/*"]
    config.autodetect = True
    table = bigquery.Table(dataset.table("t"))
    table.external_data_configuration = config
    made = bigquery_client.create_table(table)
    assert made.table_type == "EXTERNAL"
    assert [(field.name, field.field_type) for field in made.schema] == [("n", "INTEGER"), ("s", "STRING")]
    name = f"{dataset.dataset_id}.t"
    assert rows(bigquery_client, f"SELECT * FROM {name} ORDER BY n") == [(1, "a"), (2, "b")]
    bucket.blob("a/2").upload_from_string(FILES[form])
    assert rows(bigquery_client, f"SELECT COUNT(*), SUM(n) FROM {name}") == [(4, 6)]
    files = rows(bigquery_client, f"SELECT DISTINCT _FILE_NAME FROM {name} ORDER BY 1")
    assert files == [(f"gs://{bucket.name}/a/1",), (f"gs://{bucket.name}/a/2",)]


def test_a_table_made_by_ddl(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket
) -> None:
    bucket.blob("x.csv").upload_from_string("skipped\n1;-\n2;b\n")
    name = dataset.dataset_id
    sql = f"""CREATE EXTERNAL TABLE {name}.e (n INT64, s STRING) OPTIONS (
        format = 'CSV', uris = ['gs://{bucket.name}/x.csv'], field_delimiter = ';', skip_leading_rows = 1,
        null_marker = '-', description = 'files')"""
    job = bigquery_client.query(sql)
    job.result()
    assert (job.statement_type, job.ddl_operation_performed) == ("CREATE_EXTERNAL_TABLE", "CREATE")
    assert rows(bigquery_client, f"SELECT * FROM {name}.e ORDER BY n") == [(1, None), (2, "b")]
    assert bigquery_client.get_table(f"{name}.e").description == "files"
    sql = f"SELECT table_type FROM {name}.INFORMATION_SCHEMA.TABLES WHERE table_name = 'e'"
    assert rows(bigquery_client, sql) == [("EXTERNAL",)]
    assert rows(bigquery_client, f"SELECT partition_id FROM {name}.INFORMATION_SCHEMA.PARTITIONS") == []
    assert rows(bigquery_client, f"SELECT table_id, type FROM {name}.__TABLES__") == [("e", 3)]
    with pytest.raises(exceptions.BadRequest, match="is an external table: its rows cannot be changed"):
        rows(bigquery_client, f"INSERT INTO {name}.e VALUES (3, 'c')")
    with pytest.raises(exceptions.BadRequest, match="Cannot list a table of type EXTERNAL"):
        list(bigquery_client.list_rows(bigquery_client.get_table(f"{name}.e")))
    with pytest.raises(exceptions.BadRequest, match="DROP_TABLE cannot drop it"):
        rows(bigquery_client, f"DROP TABLE {name}.e")
    rows(bigquery_client, f"DROP EXTERNAL TABLE {name}.e")
    rows(bigquery_client, f"DROP EXTERNAL TABLE IF EXISTS {name}.e")


def test_keys_in_the_names_of_objects_are_columns(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket
) -> None:
    for day, code in (("2020-01-01", "a"), ("2020-01-02", "b")):
        bucket.blob(f"h/day={day}/code={code}/f.json").upload_from_string(f'{{"n": "{code}"}}\n')
    name, prefix = dataset.dataset_id, f"gs://{bucket.name}/h"
    options = f"format = 'JSON', uris = ['{prefix}/*'], hive_partition_uri_prefix = '{prefix}'"
    rows(bigquery_client, f"CREATE EXTERNAL TABLE {name}.auto WITH PARTITION COLUMNS OPTIONS ({options})")
    found = rows(bigquery_client, f"SELECT n, CAST(day AS STRING), code FROM {name}.auto WHERE day > '2020-01-01'")
    assert found == [("b", "2020-01-02", "b")]
    assert bigquery_client.get_table(f"{name}.auto").schema[1].field_type == "DATE"
    rows(
        bigquery_client,
        f"CREATE EXTERNAL TABLE {name}.told (n STRING) WITH PARTITION COLUMNS (day STRING, code STRING) "
        f"OPTIONS ({options}, require_hive_partition_filter = true)",
    )
    assert rows(bigquery_client, f"SELECT n, day FROM {name}.told WHERE day = '2020-01-01'") == [("a", "2020-01-01")]
    with pytest.raises(exceptions.BadRequest, match="without a filter over"):
        rows(bigquery_client, f"SELECT n FROM {name}.told")


def test_a_load_takes_keys_from_the_names_of_objects(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket
) -> None:
    """https://cloud.google.com/bigquery/docs/hive-partitioned-loads-gcs"""
    bucket.blob("h/year=2020/f.csv").upload_from_string("a\n")
    bucket.blob("h/year=2021/f.csv").upload_from_string("b\n")
    hive = bigquery.external_config.HivePartitioningOptions()
    hive.mode, hive.source_uri_prefix = "AUTO", f"gs://{bucket.name}/h"
    schema = [bigquery.SchemaField("s", "STRING")]
    config = bigquery.LoadJobConfig(source_format="CSV", schema=schema, hive_partitioning=hive)
    target = dataset.table("loaded")
    bigquery_client.load_table_from_uri(f"gs://{bucket.name}/h/*", target, job_config=config).result()
    assert rows(bigquery_client, f"SELECT s, year FROM {dataset.dataset_id}.loaded ORDER BY s") == [
        ("a", 2020),
        ("b", 2021),
    ]


def test_a_query_brings_its_own_table(bigquery_client: bigquery.Client, bucket: storage.Bucket) -> None:
    bucket.blob("x.csv").upload_from_string(FILES["CSV"])
    config = bigquery.ExternalConfig("CSV")
    config.source_uris = [f"gs://{bucket.name}/x.csv"]
    config.autodetect = True
    found = rows(bigquery_client, "SELECT s, _FILE_NAME FROM mine WHERE n = 2", table_definitions={"mine": config})
    assert found == [("b", f"gs://{bucket.name}/x.csv")]


def test_only_who_may_read_the_objects_may_query(
    emulator: RunningEmulator,
    bigquery_client: bigquery.Client,
    dataset: bigquery.Dataset,
    bucket: storage.Bucket,
    unique: Callable[[str], str],
) -> None:
    bucket.blob("x.csv").upload_from_string("1\n")
    name = f"{dataset.dataset_id}.e"
    options = f"format = 'CSV', uris = ['gs://{bucket.name}/x.csv']"
    rows(bigquery_client, f"CREATE EXTERNAL TABLE {name} (n INT64) OPTIONS ({options})")
    account = make_account(emulator, unique("reader"))
    for role in ("roles/bigquery.jobUser", "roles/bigquery.dataViewer"):
        grant(emulator, f"projects/{emulator.project}", account.member, role)
    path = f"/bigquery/v2/projects/{emulator.project}/queries"
    ask = {"query": f"SELECT n FROM {name}", "useLegacySql": False, "timeoutMs": 200_000}
    status, answer = emulator.request("POST", path, ask, account.token)
    assert status == 403
    assert "does not have storage.objects.get access" in answer["error"]["message"]
    grant(emulator, f"buckets/{bucket.name}", account.member, "roles/storage.objectViewer")
    assert emulator.request("POST", path, ask, account.token)[0] == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("format = 'THRIFT', uris = ['gs://b/x']", "The source format THRIFT is not emulated"),
        ("format = 'GOOGLE_SHEETS', uris = ['gs://b/x']", "The source format GOOGLE_SHEETS is not emulated"),
        ("format = 'CSV', uris = ['gs://b/x'], reference_file_schema_uri = 'gs://b/y'", "reference_file_schema_uri"),
    ],
)
def test_what_is_not_emulated_is_named(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, options: str, message: str
) -> None:
    with pytest.raises(exceptions.GoogleAPICallError, match=message):
        rows(bigquery_client, f"CREATE EXTERNAL TABLE {dataset.dataset_id}.e OPTIONS ({options})")
