"""Tables that are partitioned by the time at which rows come, and partition decorators.

https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table
"""

import io
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from emulator.services.bigquery.sql import engine, ingestion, storage


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query_and_wait(sql)]


def load(client: bigquery.Client, table: str, text: str, **settings: Any) -> None:
    config = bigquery.LoadJobConfig(source_format="CSV", **settings)
    schema = [bigquery.SchemaField("n", "INTEGER")]
    config.schema = schema
    client.load_table_from_file(io.BytesIO(text.encode()), table, job_config=config).result()


@pytest.fixture
def days(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    """The full name of a table with the number 1 in the partition of 2020-01-01 and 2 and 3 in that of the next day."""
    name = f"{dataset.project}.{dataset.dataset_id}.days"
    bigquery_client.query_and_wait(f"CREATE TABLE `{name}` (n INT64) PARTITION BY _PARTITIONDATE")
    load(bigquery_client, f"{name}$20200101", "1\n")
    load(bigquery_client, f"{name}$20200102", "2\n3\n")
    return name


def test_rows_say_in_which_partition_they_are(bigquery_client: bigquery.Client, days: str) -> None:
    sql = f"SELECT n, CAST(_PARTITIONTIME AS STRING), _PARTITIONDATE FROM `{days}` ORDER BY n"
    found = rows(bigquery_client, sql)
    assert [(n, time, str(day)) for n, time, day in found] == [
        (1, "2020-01-01 00:00:00+00", "2020-01-01"),
        (2, "2020-01-02 00:00:00+00", "2020-01-02"),
        (3, "2020-01-02 00:00:00+00", "2020-01-02"),
    ]
    assert rows(bigquery_client, f"SELECT n FROM `{days}` WHERE _PARTITIONTIME = '2020-01-01'") == [(1,)]
    assert rows(bigquery_client, f"SELECT n FROM `{days}` AS t WHERE t._PARTITIONDATE < '2020-01-02'") == [(1,)]


def test_the_client_lists_partitions(bigquery_client: bigquery.Client, days: str) -> None:
    assert bigquery_client.list_partitions(days) == ["20200101", "20200102"]


def test_a_star_shows_no_pseudo_column(bigquery_client: bigquery.Client, days: str) -> None:
    sql = f"SELECT * FROM `{days}` AS t WHERE _PARTITIONDATE = '2020-01-01'"
    assert [dict(row.items()) for row in bigquery_client.query_and_wait(sql)] == [{"n": 1}]
    assert [dict(row.items()) for row in bigquery_client.query_and_wait(sql.replace("*", "t.*"))] == [{"n": 1}]
    sql = f"SELECT *, _PARTITIONTIME AS came FROM `{days}` WHERE n = 1"
    assert [list(row.keys()) for row in bigquery_client.query_and_wait(sql)] == [["n", "came"]]


def test_statements_name_the_partition(bigquery_client: bigquery.Client, days: str) -> None:
    bigquery_client.query_and_wait(f"INSERT INTO `{days}` (_PARTITIONTIME, n) VALUES (TIMESTAMP '2021-05-06', 4)")
    bigquery_client.query_and_wait(f"INSERT INTO `{days}` VALUES (5)")
    bigquery_client.query_and_wait(f"UPDATE `{days}` SET n = 20 WHERE _PARTITIONDATE = '2020-01-02' AND n = 2")
    bigquery_client.query_and_wait(f"DELETE `{days}` WHERE _PARTITIONTIME = TIMESTAMP '2020-01-01'")
    found = rows(bigquery_client, f"SELECT n, _PARTITIONDATE < CURRENT_DATE() FROM `{days}` ORDER BY n")
    assert found == [(3, True), (4, True), (5, False), (20, True)]


def test_a_load_takes_the_place_of_one_partition(bigquery_client: bigquery.Client, days: str) -> None:
    load(bigquery_client, f"{days}$20200102", "7\n", write_disposition="WRITE_TRUNCATE")
    assert rows(bigquery_client, f"SELECT n FROM `{days}` ORDER BY n") == [(1,), (7,)]
    with pytest.raises(exceptions.Conflict):
        load(bigquery_client, f"{days}$20200102", "8\n", write_disposition="WRITE_EMPTY")
    load(bigquery_client, f"{days}$20200103", "8\n", write_disposition="WRITE_EMPTY")
    with pytest.raises(exceptions.BadRequest, match="Invalid partition id 2020010304"):
        load(bigquery_client, f"{days}$2020010304", "8\n")


def test_a_query_writes_into_a_partition(bigquery_client: bigquery.Client, days: str) -> None:
    config = bigquery.QueryJobConfig(destination=f"{days}$20200101", write_disposition="WRITE_TRUNCATE")
    bigquery_client.query("SELECT 11 AS n UNION ALL SELECT 12", job_config=config).result()
    found = rows(bigquery_client, f"SELECT n FROM `{days}` WHERE _PARTITIONDATE = '2020-01-01' ORDER BY n")
    assert found == [(11,), (12,)]


def test_rows_of_a_column_partition_have_to_belong_to_it(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    name = f"{dataset.project}.{dataset.dataset_id}.by_day"
    bigquery_client.query_and_wait(f"CREATE TABLE `{name}` PARTITION BY d AS SELECT DATE '2020-01-01' AS d, 1 AS n")
    config = bigquery.QueryJobConfig(destination=f"{name}$20200102", write_disposition="WRITE_TRUNCATE")
    bigquery_client.query("SELECT DATE '2020-01-02' AS d, 2 AS n", job_config=config).result()
    with pytest.raises(exceptions.BadRequest, match="Some rows belong to different partitions"):
        bigquery_client.query("SELECT DATE '2020-01-03' AS d, 2 AS n", job_config=config).result()
    assert rows(bigquery_client, f"SELECT n FROM `{name}` ORDER BY n") == [(1,), (2,)]


def test_a_partition_is_copied(bigquery_client: bigquery.Client, days: str) -> None:
    bigquery_client.copy_table(f"{days}$20200102", f"{days}_copy$20200109").result()
    sql = f"SELECT n, CAST(_PARTITIONDATE AS STRING) FROM `{days}_copy` ORDER BY n"
    assert rows(bigquery_client, sql) == [(2, "2020-01-09"), (3, "2020-01-09")]
    bigquery_client.copy_table(days, f"{days}_whole").result()
    sql = f"SELECT n, CAST(_PARTITIONDATE AS STRING) FROM `{days}_whole` ORDER BY n"
    assert rows(bigquery_client, sql) == [(1, "2020-01-01"), (2, "2020-01-02"), (3, "2020-01-02")]


def test_partitions_are_listed(bigquery_client: bigquery.Client, days: str) -> None:
    dataset = days.split(".")[1]
    sql = f"SELECT partition_id, total_rows FROM {dataset}.INFORMATION_SCHEMA.PARTITIONS ORDER BY 1"
    assert rows(bigquery_client, sql) == [("20200101", 1), ("20200102", 2)]


def test_columns_added_and_renamed_leave_partitions_as_they_are(bigquery_client: bigquery.Client, days: str) -> None:
    bigquery_client.query_and_wait(f"ALTER TABLE `{days}` ADD COLUMN s STRING")
    bigquery_client.query_and_wait(f"ALTER TABLE `{days}` RENAME COLUMN n TO m")
    bigquery_client.query_and_wait(
        f"BEGIN TRANSACTION; INSERT INTO `{days}` VALUES (9, 'x'); DELETE `{days}` WHERE m = 3; COMMIT TRANSACTION"
    )
    sql = f"SELECT m, s, _PARTITIONDATE = '2020-01-02' FROM `{days}` WHERE _PARTITIONDATE > '2020-01-01' ORDER BY m"
    assert rows(bigquery_client, sql) == [(2, None, True), (9, "x", False)]


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ("", False),
        ("WHERE n = 1", False),
        ("WHERE _PARTITIONTIME >= '2020-01-01'", True),
        ("WHERE _PARTITIONDATE = '2020-01-01'", True),
    ],
)
def test_a_filter_on_the_pseudo_column_is_required(
    bigquery_client: bigquery.Client, days: str, condition: str, allowed: bool
) -> None:
    bigquery_client.query_and_wait(f"ALTER TABLE `{days}` SET OPTIONS (require_partition_filter = true)")
    for table in (days, f"{days[:-1]}*"):
        sql = f"SELECT COUNT(*) FROM `{table}` {condition}"
        if allowed:
            rows(bigquery_client, sql)
        else:
            message = r"without a filter over column\(s\) '_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME'"
            with pytest.raises(exceptions.BadRequest, match=message):
                rows(bigquery_client, sql)


def test_rows_are_streamed_into_and_listed_from_a_partition(bigquery_client: bigquery.Client, days: str) -> None:
    schema = [bigquery.SchemaField("n", "INTEGER")]
    assert bigquery_client.insert_rows_json(f"{days}$20200103", [{"n": 4}]) == []
    listed = {
        day: [row.n for row in bigquery_client.list_rows(bigquery.Table(f"{days}${day}", schema))]
        for day in ("20200101", "20200102", "20200103", "20200104")
    }
    assert listed == {"20200101": [1], "20200102": [2, 3], "20200103": [4], "20200104": []}


def test_tables_of_older_versions_get_the_column(tmp_path: Path) -> None:
    opened = engine.Engine(tmp_path)
    place, fields = engine.stored("t_old"), [{"name": "n", "type": "INTEGER"}]
    storage.create(opened.connection(), place, fields)
    storage.append(opened.connection(), place, fields, [{"n": 1}])
    storage.upgrade(opened.connection(), {"t_old": [*fields, *ingestion.hidden("DAY")]})
    found = opened.connection().execute(f"SELECT _PARTITIONTIME = date_trunc('day', now()) FROM {place}").fetchall()
    opened.close()
    assert found == [(True,)]
