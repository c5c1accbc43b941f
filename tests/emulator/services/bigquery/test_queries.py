"""Query jobs, driven by google-cloud-bigquery."""

import datetime as dt
from decimal import Decimal
from typing import Any, cast

import pytest
from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud import bigquery

from tests.support.emulator import RunningEmulator


@pytest.fixture
def people(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> bigquery.Table:
    schema = [
        bigquery.SchemaField("id", "INTEGER"),
        bigquery.SchemaField("name", "STRING"),
        bigquery.SchemaField("born", "DATE"),
        bigquery.SchemaField("tags", "STRING", mode="REPEATED"),
    ]
    table = bigquery_client.create_table(bigquery.Table(dataset.table("people"), schema))
    rows = [
        {"id": 1, "name": "Ann", "born": "1980-01-01", "tags": ["x", "y"]},
        {"id": 2, "name": "Bob", "born": "1990-01-01"},
        {"id": 3, "name": "Cem"},
    ]
    assert not bigquery_client.insert_rows_json(table, rows)
    return table


def values(rows: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


def test_query_through_a_job_and_at_once(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    sql = f"SELECT id, UPPER(name) AS name FROM `{people.full_table_id.replace(':', '.')}` ORDER BY id DESC"
    job = bigquery_client.query(sql)
    assert values(job.result()) == [(3, "CEM"), (2, "BOB"), (1, "ANN")]
    assert job.statement_type == "SELECT"
    assert job.state == "DONE"
    assert values(bigquery_client.query_and_wait(sql)) == [(3, "CEM"), (2, "BOB"), (1, "ANN")]
    assert values(bigquery_client.get_job(job.job_id).result()) == [(3, "CEM"), (2, "BOB"), (1, "ANN")]


def test_a_query_that_is_asked_again_sees_what_has_changed(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    name = f"`{dataset.project}.{dataset.dataset_id}"

    def asked(table: str) -> list[dict[str, Any]]:
        return [dict(row.items()) for row in bigquery_client.query_and_wait(f"SELECT * FROM {name}.{table}`")]

    bigquery_client.query_and_wait(f"CREATE TABLE {name}.t` AS SELECT 1 AS a")
    bigquery_client.query_and_wait(f"CREATE VIEW {name}.v` AS SELECT a + 1 AS b FROM {name}.t`")
    assert (asked("t"), asked("v")) == ([{"a": 1}], [{"b": 2}])
    bigquery_client.query_and_wait(f"ALTER TABLE {name}.t` ADD COLUMN c STRING")
    bigquery_client.query_and_wait(f"CREATE OR REPLACE VIEW {name}.v` AS SELECT a + 2 AS b FROM {name}.t`")
    assert (asked("t"), asked("v")) == ([{"a": 1, "c": None}], [{"b": 3}])
    bigquery_client.query_and_wait(f"CREATE OR REPLACE TABLE {name}.t` AS SELECT 'x' AS d")
    assert asked("t") == [{"d": "x"}]


def test_results_come_in_pages(bigquery_client: bigquery.Client) -> None:
    rows = bigquery_client.query("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n ORDER BY n").result(page_size=10)
    assert [len(list(page)) for page in rows.pages] == [10, 10, 5]
    assert rows.total_rows == 25
    found = bigquery_client.query_and_wait("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n ORDER BY n", page_size=7)
    assert [row.n for row in found] == list(range(1, 26))


def test_parameters(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    config = bigquery.QueryJobConfig(
        default_dataset=bigquery.DatasetReference(people.project, people.dataset_id),
        query_parameters=[
            bigquery.ArrayQueryParameter("ids", "INT64", [1, 3]),
            bigquery.ScalarQueryParameter("since", "DATE", dt.date(1979, 1, 1)),
            bigquery.StructQueryParameter("who", bigquery.ScalarQueryParameter("first", "STRING", "o'neil")),
            bigquery.ScalarQueryParameter("none", "STRING", None),
        ],
    )
    sql = "SELECT name, @who.first, @none FROM people WHERE id IN UNNEST(@ids) AND born > @since"
    assert values(bigquery_client.query_and_wait(sql, job_config=config)) == [("Ann", "o'neil", None)]
    config.query_parameters = [
        bigquery.ScalarQueryParameter(None, "INT64", 2),
        bigquery.ScalarQueryParameter(None, "TIMESTAMP", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
        bigquery.ScalarQueryParameter(None, "BYTES", cast("str", b"\x00\xff")),
    ]
    found = values(
        bigquery_client.query_and_wait("SELECT name, ?, ? FROM people WHERE id = ?", job_config=_moved(config))
    )
    assert found == [("Bob", dt.datetime(2020, 1, 1, tzinfo=dt.UTC), b"\x00\xff")]


def _moved(config: bigquery.QueryJobConfig) -> bigquery.QueryJobConfig:
    config.query_parameters = [*config.query_parameters[1:], config.query_parameters[0]]
    return config


@pytest.mark.parametrize(
    ("sql", "error", "message"),
    [
        ("SELEC 1", exceptions.BadRequest, "Syntax error"),
        ("SELECT nope FROM people", exceptions.BadRequest, "Unrecognized name: nope"),
        ("SELECT 1 FROM missing", exceptions.NotFound, r"Not found: Table .*missing"),
        ("SELECT FROBNICATE(1)", exceptions.BadRequest, "Function not found: FROBNICATE"),
        ("SELECT 1/0", exceptions.BadRequest, "division by zero"),
        ("SELECT CAST('x' AS INT64)", exceptions.BadRequest, "x"),
        ("SELECT @nope", exceptions.BadRequest, "Query parameter 'nope' not found"),
        ("SELECT NET.REG_DOMAIN('a')", exceptions.BadRequest, "NET.REG_DOMAIN is not emulated"),
        ("SELECT [1, NULL] AS x", exceptions.BadRequest, "Array cannot have a null element; error in writing field x"),
        ("SELECT STRUCT([STRUCT(['a', NULL] AS b)] AS c) AS x", exceptions.BadRequest, "error in writing field x"),
        ("SELECT * FROM read_csv('/etc/passwd')", exceptions.BadRequest, "Table-valued function not found"),
        ("SELECT * FROM read_parquet('x')", exceptions.BadRequest, "Table-valued function not found"),
        ("DELETE FROM people", exceptions.BadRequest, "WHERE"),
        ("SELECT 1 AS rows", exceptions.BadRequest, "Syntax error: Unexpected keyword ROWS"),
        ("SELECT new.id FROM people AS new", exceptions.BadRequest, "Syntax error: Unexpected keyword NEW"),
        ("SELECT ERROR('mine')", exceptions.BadRequest, "mine"),
    ],
)
def test_what_is_wrong_with_a_query(
    bigquery_client: bigquery.Client, people: bigquery.Table, sql: str, error: type[Exception], message: str
) -> None:
    default = bigquery.DatasetReference(people.project, people.dataset_id)
    config = bigquery.QueryJobConfig(default_dataset=default)
    job = bigquery_client.query(sql, job_config=config)
    with pytest.raises(error, match=message):
        job.result()
    assert bigquery_client.get_job(job.job_id).error_result is not None
    with pytest.raises(error, match=message):
        bigquery_client.query_and_wait(sql, job_config=config)


def test_arrays_hold_null_inside_a_query_only(bigquery_client: bigquery.Client) -> None:
    sql = "SELECT ARRAY_LENGTH([1, NULL]) AS n, ARRAY(SELECT x FROM UNNEST([1, NULL]) AS x WHERE x > 0) AS a"
    assert values(bigquery_client.query_and_wait(sql)) == [(2, [1])]


def test_legacy_sql_is_refused(bigquery_client: bigquery.Client) -> None:
    with pytest.raises(exceptions.BadRequest, match="Legacy SQL"):
        bigquery_client.query("SELECT 1", job_config=bigquery.QueryJobConfig(use_legacy_sql=True)).result()


def test_a_query_over_its_limit_of_bytes_is_not_run(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    """Pricing: each table is billed for whole megabytes, ten at least."""
    name, least = f"{people.dataset_id}.{people.table_id}", 10 << 20
    for sql in (
        f"SELECT * FROM {name}",
        f"DELETE FROM {name} WHERE TRUE",
        f"CREATE TABLE {name}_2 AS SELECT * FROM {name}",
    ):
        config = bigquery.QueryJobConfig(maximum_bytes_billed=least - 1)
        with pytest.raises(exceptions.GoogleAPICallError, match=f"{least - 1}. {least} or higher required") as problem:
            bigquery_client.query(sql, job_config=config, job_retry=None).result()
        assert problem.value.errors[0]["reason"] == "bytesBilledLimitExceeded"
    job = bigquery_client.query(f"SELECT * FROM {name}", job_config=bigquery.QueryJobConfig(maximum_bytes_billed=least))
    assert job.result().total_rows == 3
    assert job.total_bytes_billed == least


def test_dry_run_tells_schema_and_bytes(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    sql = f"SELECT id, tags FROM {people.dataset_id}.people"
    job = bigquery_client.query(sql, job_config=bigquery.QueryJobConfig(dry_run=True))
    assert job.total_bytes_processed > 0
    assert [(field.name, field.mode) for field in job.schema or ()] == [("id", "NULLABLE"), ("tags", "REPEATED")]
    with pytest.raises(exceptions.BadRequest, match="Unrecognized name"):
        bigquery_client.query(
            f"SELECT x FROM {people.dataset_id}.people", job_config=bigquery.QueryJobConfig(dry_run=True)
        )


def test_dry_run_of_a_table_made_by_a_query(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    sql = f"CREATE TABLE {people.dataset_id}.copied AS SELECT id FROM {people.dataset_id}.people"
    job = bigquery_client.query(sql, job_config=bigquery.QueryJobConfig(dry_run=True))
    assert [field.name for field in job.schema or ()] == ["id"]
    with pytest.raises(exceptions.NotFound):
        bigquery_client.get_table(f"{people.dataset_id}.copied")


def test_jobs_are_listed_by_state_and_time(bigquery_client: bigquery.Client) -> None:
    job = bigquery_client.query("SELECT 1")
    job.result()
    at = job.created

    def listed(**wanted: Any) -> bool:
        return job.job_id in {found.job_id for found in bigquery_client.list_jobs(max_results=1000, **wanted)}

    assert listed(state_filter="done", min_creation_time=at, max_creation_time=at)
    assert not listed(state_filter="running")
    assert not listed(min_creation_time=at + dt.timedelta(seconds=1))
    assert not listed(max_creation_time=at - dt.timedelta(seconds=1))


def test_dml(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    name = f"{people.dataset_id}.people"

    def affected(sql: str) -> int | None:
        job = bigquery_client.query(sql)
        job.result()
        count: int | None = job.num_dml_affected_rows
        return count

    assert affected(f"INSERT INTO {name} (id, name) VALUES (4, 'Dan'), (5, 'Eve')") == 2
    assert affected(f"UPDATE {name} SET name = CONCAT(name, '!') WHERE id > 3") == 2
    assert affected(f"DELETE FROM {name} WHERE id IN (1, 5)") == 2
    merged = affected(
        f"MERGE {name} t USING (SELECT 2 AS id, 'Rob' AS name UNION ALL SELECT 9, 'Zoe') s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (id, name)"
    )
    assert merged == 2
    rows = bigquery_client.query_and_wait(f"SELECT id, name FROM {name} ORDER BY id")
    assert values(rows) == [(2, "Rob"), (3, "Cem"), (4, "Dan!"), (9, "Zoe")]
    bigquery_client.query(f"TRUNCATE TABLE {name}").result()
    assert bigquery_client.get_table(people).num_rows == 0


def test_a_merge_counts_what_it_did(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    name = f"{people.dataset_id}.people"
    job = bigquery_client.query(
        f"MERGE {name} t USING (SELECT * FROM UNNEST([STRUCT(2 AS id, ['z'] AS tags), (8, []), (9, ['q', 'r'])])) s "
        "ON t.id = s.id WHEN MATCHED THEN UPDATE SET tags = s.tags "
        "WHEN NOT MATCHED THEN INSERT (id, tags) VALUES (s.id, s.tags) "
        "WHEN NOT MATCHED BY SOURCE AND t.id = 1 THEN DELETE"
    )
    job.result()
    statistics = job.dml_stats
    assert statistics is not None
    assert statistics == bigquery.DmlStats(inserted_row_count=2, deleted_row_count=1, updated_row_count=1)
    assert job.num_dml_affected_rows == 4
    rows = bigquery_client.query_and_wait(f"SELECT id, tags FROM {name} ORDER BY id")
    assert values(rows) == [(2, ["z"]), (3, []), (8, []), (9, ["q", "r"])]


def test_a_merge_that_matches_a_row_twice_changes_nothing(
    bigquery_client: bigquery.Client, people: bigquery.Table
) -> None:
    name = f"{people.dataset_id}.people"
    with pytest.raises(exceptions.BadRequest, match="must match at most one source row for each target row"):
        bigquery_client.query_and_wait(
            f"MERGE {name} t USING (SELECT id FROM UNNEST([2, 2, 7]) AS id) s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET name = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"
        )
    rows = bigquery_client.query_and_wait(f"SELECT id, name FROM {name} ORDER BY id")
    assert values(rows) == [(1, "Ann"), (2, "Bob"), (3, "Cem")]


def test_tables_are_made_changed_and_dropped_by_statements(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    name = f"`{dataset.project}.{dataset.dataset_id}.made`"
    job = bigquery_client.query(
        f"CREATE TABLE {name} (id INT64 NOT NULL OPTIONS(description='key'), `at` TIMESTAMP, "
        "r ARRAY<STRUCT<a STRING, b NUMERIC(10, 2)>>) PARTITION BY DATE(`at`) CLUSTER BY id "
        "OPTIONS(description='made', labels=[('a', 'b')])"
    )
    job.result()
    assert job.ddl_operation_performed == "CREATE"
    table = bigquery_client.get_table(dataset.table("made"))
    assert table.description == "made"
    assert table.labels == {"a": "b"}
    assert table.time_partitioning.field == "at"
    assert table.clustering_fields == ["id"]
    assert [(f.name, f.field_type, f.mode) for f in table.schema] == [
        ("id", "INTEGER", "REQUIRED"),
        ("at", "TIMESTAMP", "NULLABLE"),
        ("r", "RECORD", "REPEATED"),
    ]
    assert table.schema[0].description == "key"
    bigquery_client.query(f"ALTER TABLE {name} ADD COLUMN extra STRING, ADD COLUMN IF NOT EXISTS id INT64").result()
    bigquery_client.query(f"INSERT INTO {name} (id, extra) VALUES (1, 'x')").result()
    bigquery_client.query(f"ALTER TABLE {name} RENAME COLUMN extra TO more").result()
    bigquery_client.query(f"ALTER TABLE {name} DROP COLUMN r").result()
    bigquery_client.query(f"ALTER TABLE {name} ALTER COLUMN id DROP NOT NULL").result()
    bigquery_client.query(f"ALTER TABLE {name} SET OPTIONS(description='changed')").result()
    bigquery_client.query(f"ALTER TABLE {name} ALTER COLUMN id SET DATA TYPE NUMERIC").result()
    assert values(bigquery_client.query_and_wait(f"SELECT * FROM {name}")) == [(1, None, "x")]
    changed = bigquery_client.get_table(dataset.table("made"))
    assert [(f.name, f.field_type) for f in changed.schema] == [
        ("id", "NUMERIC"),
        ("at", "TIMESTAMP"),
        ("more", "STRING"),
    ]
    assert changed.description == "changed"
    bigquery_client.query(f"ALTER TABLE {name} RENAME TO renamed").result()
    assert bigquery_client.get_table(dataset.table("renamed")).num_rows == 1
    with pytest.raises(exceptions.NotFound):
        bigquery_client.query(f"DROP TABLE {name}").result()
    bigquery_client.query(f"DROP TABLE IF EXISTS {name}").result()
    bigquery_client.query(f"DROP TABLE {dataset.dataset_id}.renamed").result()
    assert list(bigquery_client.list_tables(dataset)) == []


def test_create_table_as_select_and_view(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    where = people.dataset_id
    bigquery_client.query(f"CREATE TABLE {where}.copy AS SELECT name, tags FROM {where}.people WHERE id < 3").result()
    with pytest.raises(exceptions.Conflict):
        bigquery_client.query(f"CREATE TABLE {where}.copy AS SELECT 1 AS x").result()
    bigquery_client.query(f"CREATE OR REPLACE VIEW {where}.v AS SELECT name FROM {where}.copy").result()
    assert values(bigquery_client.query_and_wait(f"SELECT * FROM {where}.v ORDER BY 1")) == [("Ann",), ("Bob",)]
    bigquery_client.query(f"CREATE OR REPLACE TABLE {where}.copy AS SELECT 'Zoe' AS name").result()
    assert values(bigquery_client.query_and_wait(f"SELECT * FROM {where}.v")) == [("Zoe",)]
    bigquery_client.query(f"CREATE TABLE {where}.like_it LIKE {where}.people").result()
    assert bigquery_client.get_table(f"{where}.like_it").num_rows == 0
    bigquery_client.query(f"DROP VIEW {where}.v").result()


def test_columns_of_a_created_table_take_values_by_position(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    where = f"{dataset.dataset_id}.by_position"
    columns = "(s STRUCT<a INT64, b STRUCT<c STRING>>, n NUMERIC)"
    bigquery_client.query(
        f"CREATE TABLE {where} {columns} AS SELECT STRUCT(1 AS x, STRUCT('z' AS y) AS v), 1.5"
    ).result()
    assert values(bigquery_client.query_and_wait(f"SELECT s.a, s.b.c, n FROM {where}")) == [(1, "z", Decimal("1.5"))]
    with pytest.raises(exceptions.BadRequest, match="Query column 1 has type STRING"):
        bigquery_client.query(f"CREATE TABLE {where}_2 (a INT64) AS SELECT 'x'").result()


def test_schemas_by_statement(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    name = f"{dataset.dataset_id}_more"
    bigquery_client.query(f"CREATE SCHEMA {name} OPTIONS(location='EU', description='x')").result()
    assert bigquery_client.get_dataset(name).location == "EU"
    bigquery_client.query(f"CREATE SCHEMA IF NOT EXISTS {name}").result()
    bigquery_client.query(f"CREATE TABLE {name}.t (a INT64)").result()
    with pytest.raises(exceptions.BadRequest, match="still in use"):
        bigquery_client.query(f"DROP SCHEMA {name}").result()
    bigquery_client.query(f"DROP SCHEMA {name} CASCADE").result()
    with pytest.raises(exceptions.NotFound):
        bigquery_client.get_dataset(name)


def test_destination_and_dispositions(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    target = dataset.table("target")

    def write(sql: str, disposition: str, **options: Any) -> None:
        config = bigquery.QueryJobConfig(destination=target, write_disposition=disposition, **options)
        bigquery_client.query(sql, job_config=config).result()

    def rows() -> list[tuple[Any, ...]]:
        return sorted(values(bigquery_client.list_rows(bigquery_client.get_table(target))))

    write("SELECT 1 AS a", "WRITE_EMPTY")
    with pytest.raises(exceptions.Conflict):
        write("SELECT 2 AS a", "WRITE_EMPTY")
    write("SELECT 2 AS a", "WRITE_APPEND")
    assert rows() == [(1,), (2,)]
    with pytest.raises(exceptions.BadRequest, match="Cannot add fields"):
        write("SELECT 3 AS a, 'x' AS b", "WRITE_APPEND")
    write("SELECT 3 AS a, 'x' AS b", "WRITE_APPEND", schema_update_options=["ALLOW_FIELD_ADDITION"])
    assert rows() == [(1, None), (2, None), (3, "x")]
    write("SELECT TRUE AS c", "WRITE_TRUNCATE", clustering_fields=["c"])
    assert rows() == [(True,)]
    config = bigquery.QueryJobConfig(destination=dataset.table("none"), create_disposition="CREATE_NEVER")
    with pytest.raises(exceptions.NotFound):
        bigquery_client.query("SELECT 1 AS a", job_config=config).result()


def test_information_schema(bigquery_client: bigquery.Client, people: bigquery.Table) -> None:
    tables = f"SELECT table_name, table_type FROM {people.dataset_id}.INFORMATION_SCHEMA.TABLES"
    assert values(bigquery_client.query_and_wait(tables)) == [("people", "BASE TABLE")]
    columns = (
        f"SELECT column_name, data_type FROM `{people.project}.{people.dataset_id}.INFORMATION_SCHEMA.COLUMNS` "
        "WHERE table_name = 'people' ORDER BY ordinal_position"
    )
    assert values(bigquery_client.query_and_wait(columns)) == [
        ("id", "INT64"), ("name", "STRING"), ("born", "DATE"), ("tags", "ARRAY<STRING>"),
    ]  # fmt: skip
    schemata = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SCHEMATA"
    assert values(bigquery_client.query_and_wait(schemata))[0][0] >= 1
    with pytest.raises(exceptions.BadRequest, match=r"INFORMATION_SCHEMA\.RECOMMENDATIONS is not emulated"):
        bigquery_client.query_and_wait(f"SELECT * FROM {people.dataset_id}.INFORMATION_SCHEMA.RECOMMENDATIONS")


def test_jobs_are_listed_found_and_deleted(bigquery_client: bigquery.Client) -> None:
    config = bigquery.QueryJobConfig(labels={"a": "b"})
    job = bigquery_client.query("SELECT 1 AS x", job_config=config, job_id_prefix="mine-")
    job.result()
    assert job.labels == {"a": "b"}
    listed = [item.job_id for item in bigquery_client.list_jobs(max_results=20, state_filter="done")]
    assert job.job_id in listed
    with pytest.raises(exceptions.Conflict, match="Already Exists: Job"):
        bigquery_client.query("SELECT 1", job_id=job.job_id, retry=Retry(lambda _: False), job_retry=None)
    bigquery_client.delete_job_metadata(job.job_id, location=job.location)
    with pytest.raises(exceptions.NotFound, match="Not found: Job"):
        bigquery_client.get_job(job.job_id)


def test_a_repeated_request_is_one_job(emulator: RunningEmulator) -> None:
    path = f"/bigquery/v2/projects/{emulator.project}/queries"
    body = {"query": "SELECT 1 AS x", "useLegacySql": False, "requestId": "req-1"}
    first, second = emulator.request("POST", path, body)[1], emulator.request("POST", path, body)[1]
    assert first["jobReference"] == second["jobReference"]
    assert first["rows"] == second["rows"] == [{"f": [{"v": "1"}]}]


SLOW = (
    "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 20000)) a, UNNEST(GENERATE_ARRAY(1, 20000)) b, "
    "UNNEST(GENERATE_ARRAY(1, 200)) c WHERE MOD(a * b + c, 7) = 3"
)


def test_a_slow_query_is_polled_cancelled_and_blocks_nothing(
    bigquery_client: bigquery.Client, emulator: RunningEmulator, people: bigquery.Table
) -> None:
    job = bigquery_client.query(SLOW)
    path = f"/bigquery/v2/projects/{emulator.project}/queries/{job.job_id}?timeoutMs=1"
    assert emulator.request("GET", path)[1]["jobComplete"] is False
    assert bigquery_client.get_table(people).num_rows == 3
    assert not bigquery_client.insert_rows_json(people, [{"id": 9}])
    assert len(list(bigquery_client.query_and_wait(f"SELECT id FROM {people.dataset_id}.people"))) == 4
    assert job.cancel()
    # Whether the client sees the refusal or the cancelled job first decides which subclass it raises.
    with pytest.raises(exceptions.GoogleAPICallError, match="cancelled"):
        job.result(retry=None, job_retry=None)
    assert bigquery_client.get_job(job.job_id).error_result["reason"] == "stopped"


def test_several_statements_run_in_order(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    where = dataset.dataset_id
    job = bigquery_client.query(
        f"CREATE TABLE {where}.s (a INT64); INSERT INTO {where}.s VALUES (1), (2); "
        f"SELECT SUM(a) AS total FROM {where}.s;"
    )
    assert values(job.result()) == [(3,)]
