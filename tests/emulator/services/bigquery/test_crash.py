"""kill -9: what was acknowledged is there, what was begun is finished once."""

import threading
from typing import Any

import pytest

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator

BASE = "/bigquery/v2/projects/test-project"


def rows(emulator: RunningEmulator, table: str) -> list[str]:
    status, answer = emulator.request("GET", f"{BASE}/datasets/d/tables/{table}/data?maxResults=50000")
    assert status == 200, answer
    return [row["f"][0]["v"] for row in answer.get("rows", [])]


def query(emulator: RunningEmulator, sql: str) -> Any:
    status, answer = emulator.request("POST", f"{BASE}/queries", {"query": sql, "useLegacySql": False})
    assert status == 200, answer
    return answer


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
    assert enough.wait(60)
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
def test_a_job_that_was_interrupted_is_finished_once(start_emulator: StartEmulator) -> None:
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
    for number in range(6):
        answer = emulator.request("GET", f"{BASE}/queries/job-{number}?timeoutMs=60000")[1]
        assert answer["jobComplete"] is True, answer
    counted = query(emulator, "SELECT COUNT(*) FROM d.t")
    assert counted["rows"][0]["f"][0]["v"] == str(sum(200_000 - number for number in range(6)))
