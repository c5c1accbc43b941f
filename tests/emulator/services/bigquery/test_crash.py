"""kill -9 of the emulator or of its engine process: what was acknowledged is there, what was begun is done once.

KILL_ROUNDS=50 is the thorough form.
"""

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

BASE = "/bigquery/v2/projects/test-project"
ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
ENDLESS = (
    "SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 20000)) a, UNNEST(GENERATE_ARRAY(1, 20000)) b, "
    "UNNEST(GENERATE_ARRAY(1, 20000)) c WHERE MOD(a * b + c, 7) = 3"
)


def rows(emulator: RunningEmulator, table: str) -> list[str]:
    status, answer = emulator.request("GET", f"{BASE}/datasets/d/tables/{table}/data?maxResults=50000")
    assert status == 200, answer
    return [row["f"][0]["v"] for row in answer.get("rows", [])]


def query(emulator: RunningEmulator, sql: str) -> Any:
    body = {"query": sql, "useLegacySql": False, "timeoutMs": 200_000}
    status, answer = emulator.request("POST", f"{BASE}/queries", body)
    assert status == 200, answer
    return answer


def table(name: str) -> dict[str, str]:
    return {"projectId": "test-project", "datasetId": "d", "tableId": name}


def insert(emulator: RunningEmulator, job: str, configuration: dict[str, Any]) -> Any:
    body = {"jobReference": {"jobId": job}, "configuration": configuration}
    status, answer = emulator.request("POST", f"{BASE}/jobs", body)
    assert status == 200, answer
    return answer


def ended(emulator: RunningEmulator, job: str) -> Any:
    """The job once it is done."""
    while True:
        answer = emulator.request("GET", f"{BASE}/jobs/{job}")[1]
        if answer["status"]["state"] == "DONE":
            return answer
        time.sleep(0.02)


def count(emulator: RunningEmulator, name: str) -> int:
    return int(query(emulator, f"SELECT COUNT(*) FROM {name}")["rows"][0]["f"][0]["v"])


def worker(emulator: RunningEmulator) -> int:
    """The process id of the emulator's engine process, once there is one."""
    assert emulator.process is not None
    while True:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                parent = folder.joinpath("stat").read_text().rpartition(")")[2].split()[1]
                command = folder.joinpath("cmdline").read_bytes()
                if int(parent) == emulator.process.pid and b"bigquery.process.worker" in command:
                    return int(folder.name)
        time.sleep(0.02)


@pytest.mark.crash
def test_acknowledged_rows_tables_and_jobs_survive(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    emulator.request("POST", f"{BASE}/datasets", {"datasetReference": {"datasetId": "d"}})
    query(emulator, "CREATE TABLE d.t (id INT64)")
    acknowledged: list[int] = []

    def insert(first: int) -> None:
        for number in range(first, first + 1_000_000):
            body = {"rows": [{"json": {"id": number}}]}
            try:
                status, answer = emulator.request("POST", f"{BASE}/datasets/d/tables/t/insertAll", body)
            except OSError:
                return
            if status == 200 and "insertErrors" not in answer:
                acknowledged.append(number)
            if len(acknowledged) >= 60:
                enough.set()

    enough = threading.Event()
    threads = [threading.Thread(target=insert, args=(n * 1_000_000,)) for n in range(3)]
    for thread in threads:
        thread.start()
    assert enough.wait(PATIENCE)
    made = query(emulator, "CREATE TABLE d.copy AS SELECT id FROM d.t LIMIT 10")
    selected = query(emulator, "SELECT COUNT(*) AS n FROM d.copy")
    query(emulator, "ALTER TABLE d.copy ADD COLUMN more STRING")
    emulator.kill()
    for thread in threads:
        thread.join()
    emulator.start()
    found = {int(value) for value in rows(emulator, "t")}
    assert set(acknowledged) <= found
    assert len(rows(emulator, "copy")) == 10
    job = made["jobReference"]["jobId"]
    assert emulator.request("GET", f"{BASE}/jobs/{job}")[1]["status"]["state"] == "DONE"
    again = emulator.request("GET", f"{BASE}/queries/{selected['jobReference']['jobId']}")[1]
    assert again["rows"] == selected["rows"]
    query(emulator, "INSERT INTO d.copy (id, more) VALUES (1, 'x')")


@pytest.mark.crash
def test_a_statement_that_was_interrupted_is_done_once_or_failed(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    emulator.request("POST", f"{BASE}/datasets", {"datasetReference": {"datasetId": "d"}})
    query(emulator, "CREATE TABLE d.t (id INT64)")
    for number in range(6):
        insert = {"query": f"INSERT INTO d.t SELECT n FROM UNNEST(GENERATE_ARRAY(1, 200000)) n WHERE n > {number}"}
        body = {
            "jobReference": {"jobId": f"job-{number}"},
            "configuration": {"query": {**insert, "useLegacySql": False}},
        }
        assert emulator.request("POST", f"{BASE}/jobs", body)[0] == 200
        emulator.kill()
        emulator.start()
    inserted = 0
    for number in range(6):
        job = ended(emulator, f"job-{number}")
        if "errorResult" in job["status"]:
            assert job["status"]["errorResult"]["reason"] == "backendError"
            assert "did not run it again" in job["status"]["errorResult"]["message"]
        else:
            inserted += int(job["statistics"]["query"]["numDmlAffectedRows"])
    assert count(emulator, "d.t") == inserted


@pytest.mark.crash
def test_a_query_that_ran_at_a_crash_is_failed_and_not_run_again(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    started = insert(emulator, "endless", {"query": {"query": ENDLESS, "useLegacySql": False}})
    assert started["status"]["state"] == "RUNNING"
    emulator.kill()
    emulator.start()
    error = ended(emulator, "endless")["status"]["errorResult"]
    assert error["reason"] == "backendError"
    assert "did not run it again" in error["message"]
    assert query(emulator, "SELECT 1 AS x")["rows"] == [{"f": [{"v": "1"}]}]


@pytest.mark.crash
def test_a_script_that_ran_at_a_crash_is_not_run_again_and_its_transaction_left_nothing(
    start_emulator: StartEmulator,
) -> None:
    emulator = start_emulator()
    emulator.request("POST", f"{BASE}/datasets", {"datasetReference": {"datasetId": "d"}})
    query(emulator, "CREATE TABLE d.kept (id INT64)")
    query(emulator, "CREATE TABLE d.undone (id INT64)")
    script = (
        "INSERT INTO d.kept VALUES (1); BEGIN TRANSACTION; INSERT INTO d.undone VALUES (1); "
        f"INSERT INTO d.undone VALUES (2); {ENDLESS}; COMMIT TRANSACTION"
    )
    insert(emulator, "script", {"query": {"query": script, "useLegacySql": False}})
    children: list[Any] = []
    while len(children) < 4:
        children = emulator.request("GET", f"{BASE}/jobs?parentJobId=script")[1].get("jobs", [])
    emulator.kill()
    emulator.start()
    assert ended(emulator, "script")["status"]["errorResult"]["reason"] == "backendError"
    last = ended(emulator, children[0]["jobReference"]["jobId"])
    assert "did not run it again" in last["status"]["errorResult"]["message"]
    assert count(emulator, "d.kept") == 1
    assert count(emulator, "d.undone") == 0
    query(emulator, "INSERT INTO d.undone VALUES (3)")
    assert count(emulator, "d.undone") == 1


@pytest.mark.crash
def test_a_load_that_ran_at_two_starts_is_not_taken_up_a_third_time(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    emulator.request("POST", f"{BASE}/datasets", {"datasetReference": {"datasetId": "d"}})
    query(emulator, "CREATE TABLE d.t (id INT64)")
    owner = emulator.request("GET", f"{BASE}/jobs?projection=full")[1]["jobs"][0]["principal_subject"]
    emulator.stop()
    with emulator.database() as database:
        for name, starts in (("taken-up", 0), ("given-up", 1)):
            body = {
                "configuration": {"copy": {"sourceTable": table("t"), "destinationTable": table(name)}},
                "jobReference": {"projectId": "test-project", "jobId": name, "location": "US"},
                "status": {"state": "RUNNING"},
                "statistics": {"creationTime": "1", "startTime": "1"},
            }
            row = ("test-project", name, "US", "RUNNING", 1, owner, json.dumps(body), json.dumps({"starts": starts}))
            database.execute(
                "INSERT INTO bigquery_jobs(project, id, location, state, created, principal, body, payload) "
                "VALUES (?,?,?,?,?,?,?,?)",
                row,
            )
    emulator.start()
    assert "errorResult" not in ended(emulator, "taken-up")["status"]
    assert "2 times while this job ran" in ended(emulator, "given-up")["status"]["errorResult"]["message"]


@pytest.mark.crash
def test_the_engine_process_may_be_killed_in_the_middle_of_commits(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    emulator.request("POST", f"{BASE}/datasets", {"datasetReference": {"datasetId": "d"}})
    query(emulator, "CREATE TABLE d.t (id INT64)")
    query(emulator, "CREATE TABLE d.one_by_one (id INT64)")
    expected = 0
    for number in range(ROUNDS):
        body = {"query": f"INSERT INTO d.t SELECT n FROM UNNEST(GENERATE_ARRAY(1, {100_000 + number})) n"}
        insert(emulator, f"job-{number}", {"query": {**body, "useLegacySql": False}})
        for row in range(number * 10, number * 10 + 10):
            rows_ = {"rows": [{"json": {"id": row}}]}
            status = 503
            while status == 503:  # sent to a process that was dying: whether it stored the row is not known
                status, _ = emulator.request("POST", f"{BASE}/datasets/d/tables/one_by_one/insertAll", rows_)
            assert status == 200
        os.kill(worker(emulator), signal.SIGKILL)
        expected += 100_000 + number
        assert "errorResult" not in ended(emulator, f"job-{number}")["status"]
    assert count(emulator, "d.t") == expected
    assert {int(value) for value in rows(emulator, "one_by_one")} == set(range(ROUNDS * 10))
    assert emulator.process is not None
    assert emulator.process.poll() is None


@pytest.mark.crash
def test_the_engine_process_ends_with_the_emulator(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    insert(emulator, "endless", {"query": {"query": ENDLESS, "useLegacySql": False}})
    process = worker(emulator)
    emulator.kill()
    while Path(f"/proc/{process}").exists():
        time.sleep(0.02)
