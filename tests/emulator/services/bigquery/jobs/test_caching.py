"""The query cache: whose results, of which queries, until when.

https://cloud.google.com/bigquery/docs/cached-results
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.accounts import grant, make_account
from tests.support.asking import move
from tests.support.bigquery_clients import client_of
from tests.support.emulator import RunningEmulator


@pytest.fixture
def films(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    """A table of one number."""
    name = f"{dataset.dataset_id}.films"
    bigquery_client.query_and_wait(f"CREATE TABLE {name} AS SELECT 1 AS n")
    return name


def ask(client: bigquery.Client, sql: str, **more: Any) -> tuple[bool, list[Any]]:
    """Whether a result was cached, and its first column."""
    job = client.query(sql, job_config=bigquery.QueryJobConfig(**more))
    rows = [row[0] for row in job.result()]
    return bool(job.cache_hit), rows


def test_the_same_query_gives_the_same_result_for_nothing(bigquery_client: bigquery.Client, films: str) -> None:
    sql = f"SELECT n FROM {films}"
    first = bigquery_client.query(sql)
    assert [row.n for row in first.result()] == [1]
    second = bigquery_client.query(sql)
    assert [row.n for row in second.result()] == [1]
    assert (first.cache_hit, second.cache_hit) == (False, True)
    assert second.destination == first.destination
    assert first.total_bytes_billed == 10 << 20
    assert (second.total_bytes_processed, second.total_bytes_billed) == (0, 0)
    assert ask(bigquery_client, sql, use_query_cache=False) == (False, [1])
    assert ask(bigquery_client, f"{sql} ") == (False, [1])
    listed = bigquery_client.query_and_wait(
        f"SELECT cache_hit FROM INFORMATION_SCHEMA.JOBS_BY_USER WHERE job_id = '{second.job_id}'"
    )
    assert [row.cache_hit for row in listed] == [True]


@pytest.mark.parametrize("how", ["dml", "insertAll", "load", "replaced", "column", "view"])
def test_a_table_that_has_changed_is_asked_anew(bigquery_client: bigquery.Client, films: str, how: str) -> None:
    run = bigquery_client.query_and_wait
    run(f"CREATE VIEW {films}_view AS SELECT COUNT(*) AS rows_, MAX(n) AS most FROM {films}")
    sql = f"SELECT TO_JSON_STRING(v) FROM {films}_view AS v"
    before = ask(bigquery_client, sql)[1]
    assert ask(bigquery_client, sql) == (True, before)
    if how == "dml":
        run(f"UPDATE {films} SET n = 7 WHERE TRUE")
    elif how == "insertAll":
        assert bigquery_client.insert_rows_json(bigquery_client.get_table(films), [{"n": 2}]) == []
    elif how == "load":
        bigquery_client.load_table_from_json([{"n": 3}], films).result()
    elif how == "replaced":
        run(f"CREATE OR REPLACE TABLE {films} AS SELECT 5 AS n")
    elif how == "column":
        run(f"ALTER TABLE {films} ADD COLUMN more STRING")
        assert ask(bigquery_client, sql) == (False, before)
        return
    else:
        run(f"CREATE OR REPLACE VIEW {films}_view AS SELECT 9 AS rows_, 9 AS most")
    cached, after = ask(bigquery_client, sql)
    assert (cached, after != before) == (False, True)


def test_what_is_not_cached(bigquery_client: bigquery.Client, dataset: bigquery.Dataset, films: str) -> None:
    """Exceptions to query caching: functions, wildcards, destinations, row access policies, statements of scripts."""
    bigquery_client.query_and_wait(f"CREATE FUNCTION {dataset.dataset_id}.today() AS (CURRENT_DATE())")
    for sql in (
        f"SELECT CURRENT_TIMESTAMP() FROM {films}",
        f"SELECT session_user() FROM {films}",
        f"SELECT {dataset.dataset_id}.today() FROM {films}",
        f"SELECT n FROM `{dataset.dataset_id}.film*`",
        f"SELECT 1; SELECT n FROM {films}",
    ):
        assert [ask(bigquery_client, sql)[0] for _ in range(2)] == [False, False], sql
    destination = bigquery.TableReference(dataset.reference, "kept")
    into = {"destination": destination, "write_disposition": "WRITE_TRUNCATE"}
    assert [ask(bigquery_client, f"SELECT n FROM {films}", **into)[0] for _ in range(2)] == [False, False]
    bigquery_client.query_and_wait(
        f"CREATE ROW ACCESS POLICY p ON {films} GRANT TO ('allAuthenticatedUsers') FILTER USING (TRUE)"
    )
    assert [ask(bigquery_client, f"SELECT n FROM {films}")[0] for _ in range(2)] == [False, False]


def test_parameters_are_a_part_of_the_query(bigquery_client: bigquery.Client) -> None:
    def asked(value: int) -> tuple[bool, list[Any]]:
        parameter = bigquery.ScalarQueryParameter("cached_one", "INT64", value)
        return ask(bigquery_client, "SELECT @cached_one AS given", query_parameters=[parameter])

    assert [asked(1), asked(2), asked(1)] == [(False, [1]), (False, [2]), (True, [1])]


def test_a_query_may_ask_for_a_cached_result_alone(bigquery_client: bigquery.Client, films: str) -> None:
    """Ensuring use of the cache: the query fails where createDisposition is CREATE_NEVER and nothing is cached."""
    sql = f"SELECT n AS only_cached FROM {films}"
    with pytest.raises(exceptions.NotFound, match="cached result"):
        ask(bigquery_client, sql, create_disposition="CREATE_NEVER")
    ask(bigquery_client, sql)
    assert ask(bigquery_client, sql, create_disposition="CREATE_NEVER") == (True, [1])


def test_a_result_is_cached_for_one_person_and_one_day(running: RunningEmulator) -> None:
    client = client_of(running)
    client.create_dataset("d")
    client.query_and_wait("CREATE TABLE d.t AS SELECT 1 AS n")
    sql = "SELECT n FROM d.t"
    ask(client, sql)
    other = make_account(running, "cache-reader")
    for role in ("roles/bigquery.jobUser", "roles/bigquery.dataViewer"):
        grant(running, f"projects/{running.project}", other.member, role)
    assert ask(client_of(running, other.token), sql) == (False, [1])
    assert ask(client, sql) == (True, [1])
    move(running, seconds=25 * 3600)
    assert ask(client, sql) == (False, [1])
