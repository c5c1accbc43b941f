"""Scripts as jobs: child jobs, parameters, transactions on tables, cancellation and time limits.

https://cloud.google.com/bigquery/docs/multi-statement-queries, https://cloud.google.com/bigquery/docs/transactions
"""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.accounts import grant, make_account
from tests.support.bigquery_clients import client_of
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

Names = Callable[[str], str]
ENDLESS = "LOOP SELECT 1; END LOOP"


@pytest.fixture
def few(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> str:
    """The name of a table with the numbers 1 to 3."""
    name = f"{dataset.dataset_id}.few"
    bigquery_client.query_and_wait(f"CREATE TABLE {name} AS SELECT n FROM UNNEST([1, 2, 3]) AS n")
    return name


def values(rows: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


def test_each_statement_is_a_child_job(bigquery_client: bigquery.Client, few: str) -> None:
    job = bigquery_client.query(
        f"DECLARE most INT64 DEFAULT (SELECT MAX(n) FROM {few});\nSELECT most;\n"
        f"IF most > 2 THEN\n  INSERT INTO {few} VALUES (4);\nEND IF;"
    )
    job.result()
    assert job.statement_type == "SCRIPT"
    assert job.num_child_jobs == 3
    children = list(bigquery_client.list_jobs(parent_job=job))
    assert [child.statement_type for child in reversed(children)] == ["SELECT", "SELECT", "INSERT"]
    assert {child.parent_job_id for child in children} == {job.job_id}
    newest = children[0].script_statistics
    assert newest is not None
    assert newest.evaluation_kind == "STATEMENT"
    (frame,) = newest.stack_frames
    assert frame.text == f"INSERT INTO {few} VALUES (4)"
    assert (frame.start_line, frame.start_column) == (4, 3)
    assert (frame.end_line, frame.end_column) == (4, 2 + len(frame.text))
    oldest = children[-1].script_statistics
    assert oldest is not None
    assert oldest.evaluation_kind == "EXPRESSION"
    assert job.job_id in {shown.job_id for shown in bigquery_client.list_jobs()}
    assert not {shown.job_id for shown in bigquery_client.list_jobs()} & {child.job_id for child in children}


def test_rows_and_counts_are_those_of_the_last_statement(bigquery_client: bigquery.Client, few: str) -> None:
    job = bigquery_client.query(f"SELECT 1; SELECT n FROM {few} WHERE n < 3 ORDER BY n; BEGIN END")
    assert values(job.result()) == [(1,), (2,)]
    job = bigquery_client.query(f"SELECT 1; DELETE FROM {few} WHERE n < 3")
    rows = job.result()
    assert values(rows) == []
    assert rows.num_dml_affected_rows == 2
    second, first = bigquery_client.list_jobs(parent_job=job)
    assert values(bigquery_client.get_job(first.job_id).result()) == [(1,)]
    assert second.statement_type == "DELETE"


def test_a_job_goes_with_its_children(bigquery_client: bigquery.Client) -> None:
    job = bigquery_client.query("SELECT 1; SELECT 2")
    job.result()
    first, second = bigquery_client.list_jobs(parent_job=job)
    with pytest.raises(exceptions.BadRequest, match="child"):
        bigquery_client.delete_job_metadata(first)
    bigquery_client.delete_job_metadata(job)
    for gone in (job, first, second):
        with pytest.raises(exceptions.NotFound):
            bigquery_client.get_job(gone.job_id)


def test_parameters_of_a_script(bigquery_client: bigquery.Client) -> None:
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter(None, "INT64", 1),
            bigquery.ScalarQueryParameter(None, "STRING", "b"),
            bigquery.ScalarQueryParameter(None, "INT64", 3),
        ]
    )
    sql = "DECLARE x INT64 DEFAULT ?; IF ? = 'b' THEN SELECT x + ?; END IF"
    assert values(bigquery_client.query_and_wait(sql, job_config=config)) == [(4,)]
    with pytest.raises(exceptions.BadRequest, match="Positional parameter number 4"):
        bigquery_client.query_and_wait("SELECT ?, ?; SELECT ?, ?", job_config=config)
    named = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("a", "INT64", 2)])
    sql = "SET @@query_label = 'team:x'; SELECT @a; SELECT @a * @a"
    job = bigquery_client.query(sql, job_config=named)
    assert values(job.result()) == [(4,)]
    assert {child.labels["team"] for child in bigquery_client.list_jobs(parent_job=job)} == {"x"}


def test_a_transaction_shows_its_changes_inside_and_all_at_once_outside(
    bigquery_client: bigquery.Client, few: str
) -> None:
    script = (
        f"CREATE TEMP TABLE seen (c INT64); BEGIN TRANSACTION; INSERT INTO {few} VALUES (10); "
        f"DELETE FROM {few} WHERE n = 1; INSERT INTO seen SELECT SUM(n) FROM {few}; COMMIT TRANSACTION; "
        "SELECT c FROM seen"
    )
    assert values(bigquery_client.query_and_wait(script)) == [(15,)]
    assert values(bigquery_client.query_and_wait(f"SELECT SUM(n) FROM {few}")) == [(15,)]


@pytest.mark.parametrize("end", ["ROLLBACK TRANSACTION", "SELECT ERROR('x')", "SELECT 1"])
def test_a_transaction_that_is_not_committed_leaves_nothing(
    bigquery_client: bigquery.Client, few: str, end: str
) -> None:
    job = bigquery_client.query(f"BEGIN TRANSACTION; DELETE FROM {few} WHERE TRUE; {end}")
    if "ERROR" in end:
        with pytest.raises(exceptions.BadRequest):
            job.result()
    else:
        job.result()
    assert values(bigquery_client.query_and_wait(f"SELECT COUNT(*) FROM {few}")) == [(3,)]
    bigquery_client.query_and_wait(f"DELETE FROM {few} WHERE n = 1")  # nothing holds the table


def test_tables_are_not_made_in_a_transaction(bigquery_client: bigquery.Client, few: str) -> None:
    with pytest.raises(exceptions.BadRequest, match="DROP_TABLE is not supported in a transaction"):
        bigquery_client.query_and_wait(f"BEGIN TRANSACTION; DROP TABLE {few}; COMMIT TRANSACTION")
    assert values(bigquery_client.query_and_wait(f"SELECT COUNT(*) FROM {few}")) == [(3,)]


def test_a_second_transaction_on_a_table_is_aborted(bigquery_client: bigquery.Client, few: str) -> None:
    first = bigquery_client.query(f"BEGIN TRANSACTION; DELETE FROM {few} WHERE n = 1; {ENDLESS}")
    eventually(lambda: len(list(bigquery_client.list_jobs(parent_job=first, max_results=3))) >= 3)
    with pytest.raises(exceptions.BadRequest, match="aborted due to concurrent update"):
        bigquery_client.query_and_wait(f"BEGIN TRANSACTION; DELETE FROM {few} WHERE n = 2; COMMIT TRANSACTION")
    assert first.cancel()
    with pytest.raises(exceptions.GoogleAPICallError, match="cancel"):
        first.result(timeout=PATIENCE)
    assert values(bigquery_client.query_and_wait(f"SELECT COUNT(*) FROM {few}")) == [(3,)]


@pytest.mark.parametrize(
    "script", [ENDLESS, "LOOP END LOOP", f"BEGIN {ENDLESS}; EXCEPTION WHEN ERROR THEN SELECT 1; END"]
)
def test_a_script_is_cancelled_between_statements(bigquery_client: bigquery.Client, script: str) -> None:
    job = bigquery_client.query(script)
    assert job.cancel()
    with pytest.raises(exceptions.GoogleAPICallError, match="cancel"):
        job.result(timeout=PATIENCE)


def test_a_query_cancels_a_job(bigquery_client: bigquery.Client) -> None:
    job = bigquery_client.query(ENDLESS)
    bigquery_client.query_and_wait(f"CALL BQ.JOBS.CANCEL('{job.project}.{job.job_id}')")
    job.reload()
    assert job.state == "DONE"
    assert job.error_result["reason"] == "stopped"


def test_a_query_cancels_no_job_of_somebody_else(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, unique: Names
) -> None:
    other = make_account(emulator, unique("other"))
    grant(emulator, f"projects/{emulator.project}", other.member, "roles/bigquery.jobUser")
    job = bigquery_client.query(ENDLESS)
    try:
        with pytest.raises(exceptions.Forbidden, match=r"bigquery\.jobs\.update"):
            client_of(emulator, other.token).query_and_wait(f"CALL BQ.JOBS.CANCEL('{job.job_id}')")
        job.reload()
        assert job.state != "DONE"
    finally:
        job.cancel()


def test_a_script_ends_at_its_time_limit(bigquery_client: bigquery.Client) -> None:
    job = bigquery_client.query(ENDLESS, job_config=bigquery.QueryJobConfig(job_timeout_ms=300))
    with pytest.raises(exceptions.GoogleAPICallError, match="timed out"):
        job.result(timeout=PATIENCE)
    states = {child.state for child in bigquery_client.list_jobs(parent_job=job)}
    assert states <= {"DONE"}


def test_a_script_has_no_destination(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    config = bigquery.QueryJobConfig(destination=dataset.table("made"))
    with pytest.raises(exceptions.BadRequest, match="destinationTable cannot be set for scripts"):
        bigquery_client.query_and_wait("SELECT 1; SELECT 2", job_config=config)


def test_a_dry_run_of_a_script_checks_its_syntax(bigquery_client: bigquery.Client) -> None:
    config = bigquery.QueryJobConfig(dry_run=True)
    assert bigquery_client.query("DECLARE x INT64; SELECT x", job_config=config).statement_type == "SCRIPT"
    with pytest.raises(exceptions.BadRequest, match="Syntax error"):
        bigquery_client.query("DECLARE x INT64; SELECT FROM", job_config=config)
