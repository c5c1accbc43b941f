"""Sessions: what lives on from one query to the next, for how long, and for whom.

https://cloud.google.com/bigquery/docs/sessions-intro, https://cloud.google.com/bigquery/docs/sessions-write-queries
"""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.accounts import grant, make_account
from tests.support.asking import move
from tests.support.bigquery_clients import client_of
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE


class Opened:
    """A session of a client. `ask` runs a query in it, and gives the rows."""

    def __init__(self, client: bigquery.Client, first: str = "SELECT 1") -> None:
        self.client = client
        job = client.query(first, job_config=bigquery.QueryJobConfig(create_session=True))
        assert job.session_info is not None  # before its result, as clients take it
        self.id = str(job.session_info.session_id)
        job.result()

    def config(self, **more: Any) -> bigquery.QueryJobConfig:
        named = bigquery.ConnectionProperty("session_id", self.id)
        return bigquery.QueryJobConfig(connection_properties=[named], **more)

    def job(self, sql: str, **more: Any) -> bigquery.QueryJob:
        return self.client.query(sql, job_config=self.config(**more))

    def ask(self, sql: str, **more: Any) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.job(sql, **more).result()]


@pytest.fixture
def session(bigquery_client: bigquery.Client) -> Opened:
    """A session of the owner."""
    return Opened(bigquery_client)


def test_what_a_query_makes_is_there_for_the_next(session: Opened, dataset: bigquery.Dataset) -> None:
    session.ask("CREATE TEMP TABLE seen AS SELECT 1 AS n")
    session.ask("INSERT INTO seen VALUES (2)")
    session.ask("CREATE TEMP FUNCTION doubled(x INT64) AS (x * 2)")
    session.ask("DECLARE most INT64 DEFAULT (SELECT MAX(n) FROM seen)")
    session.ask(f"SET @@dataset_id = '{dataset.dataset_id}'; SET @@query_label = 'study:chest'; SET most = most + 10")
    session.ask("CREATE TABLE kept AS SELECT most AS m")
    job = session.job("SELECT doubled(n), most, @@session_id, (SELECT m FROM kept) FROM _SESSION.seen ORDER BY n")
    assert [tuple(row.values()) for row in job.result()] == [(2, 12, session.id, 12), (4, 12, session.id, 12)]
    job.reload()
    assert job.labels == {"study": "chest"}
    assert job.session_info is not None
    assert job.session_info.session_id == session.id


def test_a_script_in_a_session_uses_and_leaves_variables(session: Opened) -> None:
    session.ask("DECLARE x INT64 DEFAULT 1; BEGIN DECLARE inner_one INT64 DEFAULT 5; SET x = x + inner_one; END")
    assert session.ask("IF x = 6 THEN SELECT x; END IF") == [(6,)]
    with pytest.raises(exceptions.BadRequest, match="inner_one"):
        session.ask("SELECT inner_one")


def test_nothing_of_a_session_is_seen_outside_of_it(session: Opened) -> None:
    session.ask("CREATE TEMP TABLE hidden_one AS SELECT 1 AS n")
    other = Opened(session.client)
    for ask in (other.ask, session.client.query_and_wait):
        with pytest.raises(exceptions.GoogleAPICallError, match="hidden_one"):
            ask("SELECT * FROM hidden_one")


def test_a_transaction_may_go_over_several_queries(session: Opened, dataset: bigquery.Dataset) -> None:
    """Transactions: "You can run multi-statement transactions over multiple queries in a session"."""
    name, outside = f"{dataset.dataset_id}.moved", session.client.query_and_wait
    outside(f"CREATE TABLE {name} AS SELECT 1 AS n")
    session.ask("CREATE TEMP TABLE own AS SELECT 1 AS n")
    session.ask("BEGIN TRANSACTION")
    job = session.job(f"INSERT INTO {name} VALUES (2)")
    job.result()
    assert job.transaction_info is not None
    session.ask("DELETE FROM own WHERE TRUE")
    count = f"SELECT COUNT(*) FROM {name}"
    assert session.ask(count) == [(2,)]
    assert [row[0] for row in outside(count)] == [1]
    session.ask("ROLLBACK TRANSACTION")
    assert session.ask(f"SELECT (SELECT COUNT(*) FROM {name}), (SELECT COUNT(*) FROM own)") == [(1, 1)]
    session.ask(f"BEGIN; INSERT INTO {name} VALUES (3)")
    session.ask("COMMIT")
    assert [row[0] for row in outside(count)] == [2]


def test_a_query_that_fails_rolls_the_transaction_back(session: Opened, dataset: bigquery.Dataset) -> None:
    """Transactions: without a handler "the query fails and BigQuery automatically rolls back the transaction"."""
    name = f"{dataset.dataset_id}.undone"
    session.client.query_and_wait(f"CREATE TABLE {name} AS SELECT 1 AS n")
    session.ask("BEGIN TRANSACTION")
    session.ask(f"INSERT INTO {name} VALUES (2)")
    with pytest.raises(exceptions.BadRequest, match="division by zero"):
        session.ask(f"SELECT 1 / 0 FROM {name}")
    assert session.ask(f"SELECT COUNT(*) FROM {name}") == [(1,)]
    with pytest.raises(exceptions.BadRequest, match="only allowed in a transaction"):
        session.ask("COMMIT TRANSACTION")


def test_one_query_at_a_time(session: Opened) -> None:
    """Sessions: "No concurrent queries are allowed in the same session"; words of nodejs-bigquery#1220."""
    endless = session.job("LOOP SELECT 1; END LOOP")
    with pytest.raises(exceptions.BadRequest, match="Concurrent jobs in the same session are not allowed"):
        session.ask("SELECT 1")
    endless.cancel()
    assert session.ask("SELECT 2") == [(2,)]


def test_a_session_is_ended_by_its_queries_and_by_its_id(session: Opened) -> None:
    session.ask("CREATE TEMP TABLE gone AS SELECT 1 AS n; CALL BQ.ABORT_SESSION()")
    with pytest.raises(exceptions.NotFound, match="has ended"):
        session.ask("SELECT 1")
    other = Opened(session.client, "CREATE TEMP TABLE gone AS SELECT 1 AS n")
    endless = other.job("LOOP SELECT 1; END LOOP")
    session.client.query_and_wait(f"CALL BQ.ABORT_SESSION('{other.id}')")
    with pytest.raises(exceptions.GoogleAPICallError, match="terminated"):
        endless.result(timeout=PATIENCE)
    with pytest.raises(exceptions.NotFound, match="has ended"):
        other.ask("SELECT 1")
    with pytest.raises(exceptions.NotFound, match="Not found: Session"):
        session.client.query_and_wait(f"CALL BQ.ABORT_SESSION('{other.id}')")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("session_id", "no-such", "Not found: Session no-such"),
        ("service_account", "a@b.iam.gserviceaccount.com", "The connection property service_account is not emulated"),
        ("time_zone", "Europe/Berlin", "Europe/Berlin is not emulated"),
    ],
)
def test_a_wrong_connection_property(bigquery_client: bigquery.Client, key: str, value: str, message: str) -> None:
    config = bigquery.QueryJobConfig(connection_properties=[bigquery.ConnectionProperty(key, value)])
    with pytest.raises(exceptions.GoogleAPICallError, match=message):
        bigquery_client.query("SELECT 1", job_config=config, job_retry=None).result()


def test_connection_properties_count_outside_of_sessions(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    pairs = {"dataset_project_id": dataset.project, "query_label": "team:reading", "time_zone": "UTC"}
    properties = [bigquery.ConnectionProperty(key, value) for key, value in pairs.items()]
    job = bigquery_client.query("SELECT 1", job_config=bigquery.QueryJobConfig(connection_properties=properties))
    job.result()
    job.reload()
    assert job.labels == {"team": "reading"}
    assert job.session_info is None


def test_a_query_can_be_checked_in_a_session(session: Opened) -> None:
    session.ask("CREATE TEMP TABLE checked AS SELECT 1 AS n")
    job = session.job("SELECT n FROM checked", dry_run=True)
    assert [field.name for field in job.schema or ()] == ["n"]


def test_the_answer_of_a_query_names_its_session(bigquery_client: bigquery.Client) -> None:
    body = {"query": "SELECT 1", "useLegacySql": False, "createSession": True}
    path = f"/projects/{bigquery_client.project}/queries"
    answer = bigquery_client._connection.api_request(method="POST", path=path, data=body)
    named = [{"key": "session_id", "value": answer["sessionInfo"]["sessionId"]}]
    both = {**body, "connectionProperties": named}
    with pytest.raises(exceptions.BadRequest, match="not both"):
        bigquery_client._connection.api_request(method="POST", path=path, data=both)


def test_sessions_are_listed(session: Opened) -> None:
    ended = Opened(session.client, "CALL BQ.ABORT_SESSION()")
    listed = session.client.query_and_wait(
        "SELECT session_id, is_active, expiration_time > creation_time AS later, user_email = SESSION_USER() AS own, "
        f"project_id FROM `region-us`.INFORMATION_SCHEMA.SESSIONS_BY_USER WHERE session_id IN ('{session.id}', "
        f"'{ended.id}') ORDER BY is_active"
    )
    project = session.client.project
    assert [tuple(row.values()) for row in listed] == [
        (ended.id, False, True, True, project),
        (session.id, True, True, True, project),
    ]
    jobs = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.JOBS_BY_USER WHERE session_info.session_id = "
    assert [row[0] for row in session.client.query_and_wait(f"{jobs}'{session.id}'")] == [1]


def test_a_session_is_its_makers_and_outlives_kill_9_for_a_day(running: RunningEmulator) -> None:
    """What a transaction that was open has done is undone; a day without a query ends the session."""
    session = Opened(client_of(running))
    session.ask("CREATE TEMP TABLE t AS SELECT 1 AS n; CREATE TEMP FUNCTION f(x INT64) AS (x + 1)")
    session.ask("DECLARE v STRING DEFAULT 'kept'")
    session.ask("BEGIN TRANSACTION; INSERT INTO t VALUES (2)")
    running.kill()
    running.start()
    session.client = client_of(running)
    assert session.ask("SELECT f(n), v FROM t") == [(2, "kept")]

    other = make_account(running, "session-reader")
    grant(running, f"projects/{running.project}", other.member, "roles/bigquery.jobUser")
    stranger = client_of(running, other.token)
    for sql, config in (("SELECT v", session.config()), (f"CALL BQ.ABORT_SESSION('{session.id}')", None)):
        with pytest.raises(exceptions.Forbidden, match="Access Denied: Session"):
            stranger.query(sql, job_config=config).result()

    move(running, time="2036-01-01T00:00:00Z")
    with pytest.raises(exceptions.NotFound, match="has ended"):
        session.ask("SELECT 1")
