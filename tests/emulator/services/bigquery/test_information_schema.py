"""INFORMATION_SCHEMA and __TABLES__: jobs, partitions, storage, datasets.

Columns: https://cloud.google.com/bigquery/docs/information-schema-intro and the pages of each view.
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


def values(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql)]


@pytest.fixture
def table(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    name = f"{dataset.dataset_id}.t"
    bigquery_client.query_and_wait(
        f"CREATE TABLE {name} (taken TIMESTAMP, s STRING) PARTITION BY DATE(taken) CLUSTER BY s "
        "OPTIONS(description='d')"
    )
    bigquery_client.query_and_wait(
        f"INSERT INTO {name} VALUES ('2020-01-02 23:59:59', 'ab'), ('2020-01-02', 'c'), ('2020-01-03', NULL), "
        "(NULL, 'd')"
    )
    return name


@pytest.mark.parametrize("view", ["JOBS", "JOBS_BY_PROJECT", "JOBS_BY_USER"])
@pytest.mark.parametrize("prefix", ["`region-us`.", "`{project}`.`region-us`.", "`{project}.region-us`.", ""])
def test_jobs(bigquery_client: bigquery.Client, table: str, prefix: str, view: str) -> None:
    config = bigquery.QueryJobConfig(labels={"a": "b"})
    job = bigquery_client.query(f"SELECT s FROM {table}", job_config=config)
    job.result()
    source = prefix.format(project=bigquery_client.project) + f"INFORMATION_SCHEMA.{view}"
    columns = "job_type, statement_type, state, query, error_result.reason, labels[OFFSET(0)].value, user_email"
    sql = f"SELECT {columns}, ARRAY_LENGTH(referenced_tables) AS n, end_time >= creation_time AS ordered FROM {source}"
    found = values(bigquery_client, f"{sql} WHERE job_id = '{job.job_id}'")
    assert found == [("QUERY", "SELECT", "DONE", job.query, None, "b", job.user_email, 1, True)]


def test_jobs_that_failed_and_of_other_regions(bigquery_client: bigquery.Client) -> None:
    job = bigquery_client.query("SELECT nope")
    with pytest.raises(exceptions.BadRequest):
        job.result()
    sql = "SELECT error_result.reason, error_result.message FROM `region-us`.INFORMATION_SCHEMA.JOBS WHERE job_id = "
    assert values(bigquery_client, f"{sql}'{job.job_id}'") == [("invalidQuery", "Unrecognized name: nope")]
    assert values(bigquery_client, f"{sql.replace('region-us', 'region-eu')}'{job.job_id}'") == []


def test_partitions(bigquery_client: bigquery.Client, dataset: bigquery.Dataset, table: str) -> None:
    where = dataset.dataset_id
    bigquery_client.query_and_wait(f"CREATE TABLE {where}.plain AS SELECT 1 AS x")
    bigquery_client.query_and_wait(
        f"CREATE TABLE {where}.ranged (n INT64) PARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 100, 10))"
    )
    bigquery_client.query_and_wait(f"INSERT INTO {where}.ranged VALUES (5), (99), (100), (NULL)")
    found = values(
        bigquery_client,
        f"SELECT table_name, partition_id, total_rows FROM {where}.INFORMATION_SCHEMA.PARTITIONS ORDER BY 1, 2",
    )
    assert found == [
        ("plain", None, 1),
        ("ranged", "0", 1), ("ranged", "90", 1), ("ranged", "__NULL__", 1), ("ranged", "__UNPARTITIONED__", 1),
        ("t", "20200102", 2), ("t", "20200103", 1), ("t", "__NULL__", 1),
    ]  # fmt: skip
    assert table.endswith(".t")


def test_storage_and_meta_tables(bigquery_client: bigquery.Client, dataset: bigquery.Dataset, table: str) -> None:
    bigquery_client.query_and_wait(f"CREATE VIEW {dataset.dataset_id}.v AS SELECT s FROM {table}")
    size = bigquery_client.get_table(table).num_bytes
    sql = "SELECT table_name, total_rows, total_logical_bytes FROM `region-us`.INFORMATION_SCHEMA.TABLE_STORAGE"
    assert values(bigquery_client, f"{sql} WHERE table_schema = '{dataset.dataset_id}'") == [("t", 4, size)]
    found = values(
        bigquery_client,
        "SELECT table_id, row_count, size_bytes, type, creation_time > 0 AS made "
        f"FROM `{dataset.dataset_id}.__TABLES__` ORDER BY 1",
    )
    assert found == [("t", 4, size, 1, True), ("v", 0, 0, 2, True)]


def test_datasets_and_tables_of_a_project_and_a_region(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, table: str
) -> None:
    project, name = bigquery_client.project, dataset.dataset_id
    for source in (f"`{project}`.INFORMATION_SCHEMA.SCHEMATA", "`region-us`.INFORMATION_SCHEMA.SCHEMATA"):
        sql = f"SELECT catalog_name, location FROM {source} WHERE schema_name = '{name}'"
        assert values(bigquery_client, sql) == [(project, "US")]
    sql = f"SELECT table_name FROM `region-us`.INFORMATION_SCHEMA.TABLES WHERE table_schema = '{name}'"
    assert values(bigquery_client, sql) == [(table.partition(".")[2],)]
    other = sql.replace("region-us", "region-asia-east1")
    assert values(bigquery_client, other) == []
    with pytest.raises(exceptions.BadRequest, match="must be qualified with a dataset or a region"):
        bigquery_client.query_and_wait("SELECT * FROM INFORMATION_SCHEMA.TABLES")


@pytest.mark.parametrize(
    "rest",
    [
        "(id INT64 NOT NULL OPTIONS(description='a \"key\"'), n NUMERIC(5, 2) DEFAULT 1.5, l ARRAY<STRUCT<a STRING>>)",
        (
            "(ts TIMESTAMP, id INT64) PARTITION BY DATE(ts) CLUSTER BY id OPTIONS(description='d',"
            " labels=[('k', 'v')], expiration_timestamp=TIMESTAMP '2099-01-01',"
            " require_partition_filter=TRUE, partition_expiration_days=3)"
        ),
        "(ts TIMESTAMP) PARTITION BY TIMESTAMP_TRUNC(ts, HOUR)",
        "(d DATE) PARTITION BY d",
        "(d DATE) PARTITION BY DATE_TRUNC(d, MONTH)",
        "(d DATETIME) PARTITION BY DATETIME_TRUNC(d, YEAR)",
        "(n INT64) PARTITION BY _PARTITIONDATE",
        "(n INT64) PARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 100, 10)) OPTIONS(friendly_name='f')",
    ],
)
def test_the_ddl_of_a_table_makes_the_same_table(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, rest: str
) -> None:
    """TABLES: ddl is "the DDL statement that can be used to recreate the table"."""
    name = f"{dataset.dataset_id}.again"
    bigquery_client.query_and_wait(f"CREATE TABLE {name} {rest}")
    before = bigquery_client.get_table(name).to_api_repr()
    ((ddl,),) = values(bigquery_client, f"SELECT ddl FROM {dataset.dataset_id}.INFORMATION_SCHEMA.TABLES")
    bigquery_client.delete_table(name)
    bigquery_client.query_and_wait(ddl)
    after = bigquery_client.get_table(name).to_api_repr()
    changing = ("etag", "creationTime", "lastModifiedTime")
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
