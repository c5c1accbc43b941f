"""Queries that take too long, too much memory or too many words: stopped, refused, and nobody else's trouble."""

from typing import Any

import pytest
from google.cloud import bigquery

from tests.support.emulator import RunningEmulator

BASE = "/bigquery/v2/projects/test-project"
ENDLESS = (
    "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 20000)) a, UNNEST(GENERATE_ARRAY(1, 20000)) b, "
    "UNNEST(GENERATE_ARRAY(1, 20000)) c WHERE MOD(a * b + c, 7) = 3"
)


def query(emulator: RunningEmulator, sql: str, **more: Any) -> tuple[int, Any]:
    return emulator.request("POST", f"{BASE}/queries", {"query": sql, "useLegacySql": False, **more})


def test_a_query_beyond_the_memory_says_so(emulator: RunningEmulator) -> None:
    status, answer = query(emulator, "SELECT ARRAY_LENGTH(GENERATE_ARRAY(1, 1000000000))")
    assert status == 400
    assert answer["error"]["errors"][0]["reason"] == "resourcesExceeded"
    assert answer["error"]["message"].startswith("Resources exceeded during query execution: ")
    assert query(emulator, "SELECT 1 AS x")[1]["rows"] == [{"f": [{"v": "1"}]}]


def test_a_cancelled_job_is_done_when_cancel_answers(emulator: RunningEmulator) -> None:
    answer = query(emulator, ENDLESS, timeoutMs=1)[1]
    assert answer["jobComplete"] is False
    path = f"{BASE}/jobs/{answer['jobReference']['jobId']}"
    cancelled = emulator.request("POST", f"{path}/cancel")[1]["job"]
    assert cancelled["status"]["state"] == "DONE"
    assert cancelled["status"]["errorResult"] == {
        "reason": "stopped",
        "message": "Job execution was cancelled: User requested cancellation",
    }
    assert emulator.request("GET", path)[1]["status"] == cancelled["status"]


def test_cancelling_a_job_that_has_ended_changes_nothing(emulator: RunningEmulator) -> None:
    answer = query(emulator, "SELECT 1 AS x")[1]
    path = f"{BASE}/jobs/{answer['jobReference']['jobId']}"
    before = emulator.request("GET", path)[1]
    assert emulator.request("POST", f"{path}/cancel")[1]["job"] == before
    assert "errorResult" not in before["status"]


def test_a_job_ends_at_its_timeout(emulator: RunningEmulator) -> None:
    status, answer = query(emulator, ENDLESS, jobTimeoutMs="50", timeoutMs=60_000)
    assert status == 499
    assert answer["error"]["message"] == "Job execution was cancelled: Job timed out after 0.05s"
    configuration = {"query": {"query": ENDLESS, "useLegacySql": False}, "jobTimeoutMs": "50"}
    job = emulator.request("POST", f"{BASE}/jobs", {"configuration": configuration})[1]["jobReference"]["jobId"]
    assert emulator.request("GET", f"{BASE}/queries/{job}?timeoutMs=60000")[0] == 499
    assert emulator.request("GET", f"{BASE}/jobs/{job}")[1]["status"]["errorResult"]["reason"] == "stopped"


@pytest.mark.parametrize("term", ["i + 1 FROM n", "i FROM n, UNNEST([1]) AS x", "n.i + x FROM n, UNNEST([i]) AS x"])
def test_recursion_without_an_end_is_ended(emulator: RunningEmulator, term: str) -> None:
    status, answer = query(
        emulator, f"WITH RECURSIVE n AS (SELECT 0 AS i UNION ALL SELECT {term}) SELECT COUNT(*) FROM n"
    )
    assert status == 400
    assert answer["error"]["message"] == "A recursive CTE has reached the maximum number of iterations: 500."


def test_endless_queries_leave_the_small_ones_running(
    emulator: RunningEmulator, bigquery_client: bigquery.Client
) -> None:
    endless = [bigquery_client.query(ENDLESS) for _ in range(6)]
    assert [tuple(row) for row in bigquery_client.query_and_wait("SELECT 1 AS x")] == [(1,)]
    for job in endless:
        assert job.cancel()
    states = [emulator.request("GET", f"{BASE}/jobs/{job.job_id}")[1]["status"] for job in endless]
    assert {(status["state"], status["errorResult"]["reason"]) for status in states} == {("DONE", "stopped")}


def nested_type(depth: int) -> dict[str, Any]:
    if depth == 0:
        return {"type": "INT64"}
    return {"type": "STRUCT", "structTypes": [{"name": "a", "type": nested_type(depth - 1)}]}


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {'(' * 300}1{')' * 300} AS x",
        f"SELECT {'-' + ' -' * 299} 1 AS x",
        f"SELECT {' OR '.join(f'y = {n}' for n in range(3000))} AS x FROM UNNEST([1]) y",
        f"SELECT LENGTH('{'a' * 1_000_000}') AS x",
    ],
)
def test_long_and_deep_queries_are_answered(emulator: RunningEmulator, sql: str) -> None:
    status, answer = query(emulator, sql, timeoutMs=200_000)
    assert (status, len(answer.get("rows", []))) == (200, 1), answer


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (f"SELECT {'(' * 20_000}1{')' * 20_000}", "too many subqueries or query is too complex"),
        (f"SELECT {'NOT ' * 5_000}TRUE", "too many subqueries or query is too complex"),
        (f"SELECT '{'a' * (1 << 20)}'", "The maximum standard SQL query length is 1024.00K characters"),
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(emulator: RunningEmulator, sql: str, message: str) -> None:
    status, answer = query(emulator, sql, timeoutMs=200_000)
    assert status == 400
    assert message in answer["error"]["message"]


@pytest.mark.parametrize("depth", [100, 300])
def test_a_parameter_that_is_nested_too_deeply_is_refused(emulator: RunningEmulator, depth: int) -> None:
    value: dict[str, Any] = {"value": "1"}
    for _ in range(depth):
        value = {"structValues": {"a": value}}
    parameter = {"name": "p", "parameterType": nested_type(depth), "parameterValue": value}
    status, answer = query(emulator, "SELECT @p", parameterMode="NAMED", queryParameters=[parameter])
    assert status == 400
    assert "nested too deeply" in answer["error"]["message"]
