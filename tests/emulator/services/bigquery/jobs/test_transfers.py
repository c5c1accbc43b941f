"""EXPORT DATA, LOAD DATA, temporary functions and tables, and what CREATE TABLE takes, by Google's clients."""

import gzip
from collections.abc import Callable

import pytest
from google.api_core import exceptions
from google.cloud import bigquery, storage


@pytest.fixture
def bucket(storage_client: storage.Client, unique: Callable[[str], str]) -> storage.Bucket:
    created: storage.Bucket = storage_client.create_bucket(unique("transfers"))
    return created


def test_export_data_writes_objects(bigquery_client: bigquery.Client, bucket: storage.Bucket) -> None:
    options = f"uri='gs://{bucket.name}/rows-*.csv', format='CSV', field_delimiter=';', header=true"
    rows = "SELECT n, CONCAT('x', CAST(n AS STRING)) AS s FROM UNNEST([1, 2]) n ORDER BY n"
    job = bigquery_client.query(f"EXPORT DATA OPTIONS({options}) AS {rows}")
    job.result()
    assert job.statement_type == "EXPORT_DATA"
    assert bucket.blob("rows-000000000000.csv").download_as_bytes() == b"n;s\n1;x1\n2;x2\n"
    with pytest.raises(exceptions.BadRequest, match="overwrite=true"):
        bigquery_client.query_and_wait(f"EXPORT DATA OPTIONS({options}) AS SELECT 3 AS n")
    bigquery_client.query_and_wait(f"EXPORT DATA OPTIONS({options}, overwrite=true) AS (SELECT 3 AS n)")
    assert bucket.blob("rows-000000000000.csv").download_as_bytes() == b"n\n3\n"


def test_export_data_as_json_packed(bigquery_client: bigquery.Client, bucket: storage.Bucket) -> None:
    options = f"uri='gs://{bucket.name}/*.json', format='JSON', compression='GZIP'"
    bigquery_client.query_and_wait(f"EXPORT DATA OPTIONS({options}) AS SELECT [1, 2] AS a")
    packed = bucket.blob("000000000000.json").download_as_bytes(raw_download=True)
    assert gzip.decompress(packed) in (b'{"a":["1","2"]}\n', b'{"a":[1,2]}\n')


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("format='CSV'", "needs the option uri"),
        ("uri='gs://b/x-*.avro', format='ORC'", "The format ORC is not emulated"),
        ("uri='gs://{bucket}/x-*.csv', format='CSV', nope=1", "The option nope is not emulated"),
    ],
)
def test_what_export_data_does_not_take(
    bigquery_client: bigquery.Client, bucket: storage.Bucket, options: str, message: str
) -> None:
    with pytest.raises(exceptions.BadRequest, match=message):
        bigquery_client.query_and_wait(f"EXPORT DATA OPTIONS({options.format(bucket=bucket.name)}) AS SELECT 1 AS x")


def test_load_data(bigquery_client: bigquery.Client, dataset: bigquery.Dataset, bucket: storage.Bucket) -> None:
    bucket.blob("a.csv").upload_from_string("id,name\n1,Ann\n2,Bob\n")
    files = f"FROM FILES (format='CSV', uris=['gs://{bucket.name}/a.csv'], skip_leading_rows=1)"
    name = f"{dataset.dataset_id}.people"
    job = bigquery_client.query(f"LOAD DATA INTO {name} (id INT64, name STRING) {files}")
    job.result()
    assert job.statement_type == "LOAD_DATA"
    bigquery_client.query_and_wait(f"LOAD DATA INTO {name} {files}")
    assert bigquery_client.get_table(name).num_rows == 4
    bigquery_client.query_and_wait(f"LOAD DATA OVERWRITE {name} {files}")
    found = bigquery_client.query_and_wait(f"SELECT id, name FROM {name} ORDER BY id")
    assert [tuple(row) for row in found] == [(1, "Ann"), (2, "Bob")]


def test_temporary_functions_are_written_out(bigquery_client: bigquery.Client) -> None:
    script = (
        "CREATE TEMP FUNCTION twice(x INT64) AS (x * 2);"
        "CREATE TEMPORARY FUNCTION more(x ANY TYPE, y INT64) RETURNS STRING AS "
        "(CONCAT(CAST(twice(x) + y AS STRING), '!'));"
        "SELECT more(n, 1) AS m, twice(n) + 1 AS t FROM UNNEST([1, 2]) n ORDER BY n"
    )
    assert [tuple(row) for row in bigquery_client.query(script).result()] == [("3!", 3), ("5!", 5)]
    with pytest.raises(exceptions.BadRequest, match="Number of arguments does not match for function f"):
        bigquery_client.query_and_wait("CREATE TEMP FUNCTION f(x INT64) AS (x); SELECT f(1, 2)")
    with pytest.raises(exceptions.BadRequest, match="in another language than SQL is not emulated"):
        bigquery_client.query_and_wait(
            "CREATE TEMP FUNCTION f(x FLOAT64) RETURNS FLOAT64 LANGUAGE js AS r'return x'; SELECT f(1.0)"
        )


def test_a_table_with_partitions_clusters_and_options(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    name = f"{dataset.dataset_id}.made"
    bigquery_client.query_and_wait(
        f"CREATE TABLE {name} (a INT64, d DATE) PARTITION BY DATE_TRUNC(d, MONTH) CLUSTER BY a OPTIONS("
        "expiration_timestamp=TIMESTAMP '2100-01-01 00:00:00 UTC', require_partition_filter=true, "
        "partition_expiration_days=3.5, friendly_name='f', labels=[('a', 'b')])"
    )
    table = bigquery_client.get_table(name)
    assert table.time_partitioning.type_ == "MONTH"
    assert table.time_partitioning.expiration_ms == 302_400_000
    assert table.clustering_fields == ["a"]
    assert table.friendly_name == "f"
    assert str(table.expires) == "2100-01-01 00:00:00+00:00"
    bigquery_client.query_and_wait(
        f"CREATE OR REPLACE TABLE {name} PARTITION BY d CLUSTER BY a AS SELECT 1 AS a, DATE '2020-01-01' AS d"
    )
    assert bigquery_client.get_table(name).time_partitioning.field == "d"


def test_temporary_tables_are_the_scripts_own(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    script = (
        "CREATE TEMP TABLE few AS SELECT n FROM UNNEST([1, 2, 3]) n;"
        "CREATE TEMPORARY TABLE None_ (x INT64);"
        "SELECT SUM(few.n) AS s, (SELECT COUNT(*) FROM none_) AS c FROM Few WHERE n > 1"
    )
    assert [tuple(row) for row in bigquery_client.query(script).result()] == [(5, 0)]
    config = bigquery.QueryJobConfig(default_dataset=dataset.reference)
    with pytest.raises(exceptions.NotFound):
        bigquery_client.query_and_wait("SELECT * FROM few", job_config=config)
    changed = "CREATE TEMP TABLE t (x INT64); INSERT INTO t VALUES (1), (2); DELETE FROM t WHERE x = 1; SELECT x FROM t"
    assert [tuple(row) for row in bigquery_client.query_and_wait(changed)] == [(2,)]
