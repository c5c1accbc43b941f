"""Tables as they were: FOR SYSTEM_TIME AS OF, time decorators, tables that were deleted, snapshots and clones.

https://cloud.google.com/bigquery/docs/time-travel and https://cloud.google.com/bigquery/docs/table-snapshots-intro
"""

from typing import Any

import pytest

from tests.support.asking import move
from tests.support.emulator import RunningEmulator

BASE = "/bigquery/v2/projects/test-project"


@pytest.fixture
def own(running: RunningEmulator) -> RunningEmulator:
    """The emulator at 10:00 of a day, with an empty dataset `d`."""
    be(running, "10:00")
    running.request("DELETE", f"{BASE}/datasets/d?deleteContents=true")
    call(running, "POST", "/datasets", {"datasetReference": {"datasetId": "d"}})
    return running


def be(emulator: RunningEmulator, time: str, day: str = "2026-01-10") -> None:
    """Stop the clock at a time of a day."""
    move(emulator, time=f"{day}T{time}:00Z", stopped=True)


def call(emulator: RunningEmulator, method: str, path: str, body: Any = None) -> Any:
    status, answer = emulator.request(method, BASE + path, body)
    assert status in (200, 204), answer
    return answer


def query(emulator: RunningEmulator, sql: str) -> list[str]:
    """The first column of what a query gives."""
    answer = call(emulator, "POST", "/queries", {"query": sql, "useLegacySql": False, "timeoutMs": 200_000})
    return [row["f"][0]["v"] for row in answer.get("rows", ())]


def refusal(emulator: RunningEmulator, sql: str) -> str:
    status, answer = emulator.request(
        "POST", f"{BASE}/queries", {"query": sql, "useLegacySql": False, "timeoutMs": 200_000}
    )
    assert status >= 400, answer
    return str(answer["error"]["message"])


def copy(emulator: RunningEmulator, source: str, target: str, **settings: Any) -> str:
    """Copy a table by a job; gives the message of its error, "" for none."""
    names = ({"projectId": "test-project", "datasetId": "d", "tableId": name} for name in (source, target))
    configuration = {"copy": {"sourceTable": next(names), "destinationTable": next(names), **settings}}
    job = call(emulator, "POST", "/jobs", {"configuration": configuration})
    while job["status"]["state"] != "DONE":
        job = call(emulator, "GET", f"/jobs/{job['jobReference']['jobId']}")
    return str(job["status"].get("errorResult", {}).get("message", ""))


def at(time: str) -> str:
    return f"FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-10 {time}:00+00'"


@pytest.fixture
def changed(own: RunningEmulator) -> RunningEmulator:
    """With a table `t`, which changed every ten minutes from 10:00, and now it is 11:00."""
    for time, sql in (
        ("10:00", "CREATE TABLE d.t AS SELECT 1 AS n"),
        ("10:10", "INSERT INTO d.t VALUES (2)"),
        ("10:20", "UPDATE d.t SET n = 20 WHERE n = 2"),
        ("10:30", "DELETE d.t WHERE n = 1"),
        ("10:40", "CREATE OR REPLACE TABLE d.t AS SELECT 3 AS n"),
        ("10:50", "BEGIN TRANSACTION; INSERT INTO d.t VALUES (4); TRUNCATE TABLE d.t; COMMIT TRANSACTION"),
    ):
        be(own, time)
        query(own, sql)
    be(own, "10:55")
    call(own, "POST", "/datasets/d/tables/t/insertAll", {"rows": [{"json": {"n": 5}}]})
    be(own, "11:00")
    return own


STATES = {
    "10:05": ["1"],
    "10:15": ["1", "2"],
    "10:25": ["1", "20"],
    "10:35": ["20"],
    "10:45": ["3"],
    "10:52": [],
    "10:57": ["5"],
}


def test_a_query_sees_each_state_also_after_a_crash(changed: RunningEmulator) -> None:
    for _ in range(2):
        for time, expected in STATES.items():
            assert query(changed, f"SELECT n FROM d.t {at(time)} ORDER BY n") == expected, time
        changed.kill()
        changed.start()
        be(changed, "11:00")


def test_the_time_is_any_constant_expression(changed: RunningEmulator) -> None:
    moment = "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 45 MINUTE)"
    assert query(changed, f"SELECT n FROM d.t FOR SYSTEM_TIME AS OF {moment} ORDER BY n") == ["1", "2"]
    sql = f"SELECT a.n FROM d.t AS a {at('10:25')} JOIN d.t AS b {at('10:05')} ON a.n = b.n"
    assert query(changed, sql) == ["1"]
    sql = f"DECLARE m TIMESTAMP DEFAULT {moment}; SELECT t.n FROM d.t FOR SYSTEM_TIME AS OF m WHERE t.n = 2"
    assert query(changed, sql) == ["2"]
    assert query(changed, f"CREATE TABLE d.u AS SELECT n FROM d.t {at('10:45')}; SELECT n FROM d.u") == ["3"]


def test_times_without_a_state_are_refused(changed: RunningEmulator) -> None:
    assert "Cannot read before" in refusal(changed, f"SELECT n FROM d.t {at('09:59')}")
    assert "lies in the future" in refusal(changed, f"SELECT n FROM d.t {at('12:00')}")
    assert "Not found" in refusal(changed, f"SELECT n FROM d.nothing {at('10:30')}")
    be(changed, "10:30", "2026-01-18")
    assert "Cannot read before" in refusal(changed, f"SELECT n FROM d.t {at('10:25')}")


def test_a_deleted_table_comes_back_by_a_copy(changed: RunningEmulator) -> None:
    call(changed, "DELETE", "/datasets/d/tables/t")
    before = "1768042500000"  # 10:55
    assert copy(changed, f"t@{before}", "again") == ""
    assert query(changed, "SELECT n FROM d.again") == ["5"]
    assert copy(changed, "t@-2700000", "older") == ""  # 45 minutes ago
    assert query(changed, "SELECT n FROM d.older ORDER BY n") == ["1", "2"]
    assert "Not found" in copy(changed, "t", "now")
    call(changed, "DELETE", "/datasets/d?deleteContents=true")
    assert "Not found" in copy(changed, f"t@{before}", "again")


def test_snapshots_are_made_read_and_restored(changed: RunningEmulator) -> None:
    query(changed, f"CREATE SNAPSHOT TABLE d.s CLONE d.t {at('10:25')} OPTIONS (description = 'then')")
    shown = call(changed, "GET", "/datasets/d/tables/s")
    assert (shown["type"], shown["numRows"], shown["description"]) == ("SNAPSHOT", "2", "then")
    assert shown["snapshotDefinition"]["snapshotTime"] == "2026-01-10T10:25:00.000000Z"
    assert shown["snapshotDefinition"]["baseTableReference"]["tableId"] == "t"
    assert query(changed, "SELECT n FROM d.s ORDER BY n") == ["1", "20"]
    assert "its rows cannot be changed" in refusal(changed, "TRUNCATE TABLE d.s")
    assert "DROP_TABLE cannot drop it" in refusal(changed, "DROP TABLE d.s")
    query(changed, "CREATE TABLE d.restored CLONE d.s")
    query(changed, "INSERT INTO d.restored VALUES (7)")
    assert query(changed, "SELECT n FROM d.restored ORDER BY n") == ["1", "7", "20"]
    assert copy(changed, "s", "t", operationType="RESTORE", writeDisposition="WRITE_TRUNCATE") == ""
    assert query(changed, "SELECT n FROM d.t ORDER BY n") == ["1", "20"]
    query(changed, "DROP SNAPSHOT TABLE d.s")


def test_copy_jobs_make_snapshots_and_clones(changed: RunningEmulator) -> None:
    assert copy(changed, "t", "s", operationType="SNAPSHOT", destinationExpirationTime="2026-01-11T00:00:00Z") == ""
    assert call(changed, "GET", "/datasets/d/tables/s")["type"] == "SNAPSHOT"
    assert "Already Exists" in copy(changed, "t", "s", operationType="SNAPSHOT")
    assert "is not possible" in copy(changed, "s", "s2", operationType="SNAPSHOT")
    assert copy(changed, "t@1768040700000", "c", operationType="CLONE") == ""  # 10:25
    shown = call(changed, "GET", "/datasets/d/tables/c")
    assert shown["type"] == "TABLE"
    assert shown["cloneDefinition"]["baseTableReference"]["tableId"] == "t"
    assert query(changed, "SELECT n FROM d.c ORDER BY n") == ["1", "20"]
    be(changed, "00:01", "2026-01-11")
    assert "Not found" in refusal(changed, "SELECT n FROM d.s")


def test_partitions_travel_along(own: RunningEmulator) -> None:
    query(own, "CREATE TABLE d.p (n INT64) PARTITION BY _PARTITIONDATE; INSERT INTO d.p VALUES (1)")
    be(own, "11:00")
    query(own, "UPDATE d.p SET n = 2 WHERE TRUE")
    query(own, f"CREATE TABLE d.q CLONE d.p {at('10:30')}")
    assert query(own, "SELECT CONCAT(n, ' ', _PARTITIONDATE) FROM d.q") == ["1 2026-01-10"]
    query(own, "INSERT INTO d.q VALUES (3)")
    assert query(own, "SELECT COUNT(*) FROM d.q WHERE _PARTITIONDATE = '2026-01-10'") == ["2"]
