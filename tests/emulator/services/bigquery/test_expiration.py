"""Partitions and tables that expire by the emulator's clock.

https://cloud.google.com/bigquery/docs/managing-partitioned-tables#partition-expiration
"""

from typing import Any

import pytest

from tests.support.asking import move
from tests.support.emulator import RunningEmulator

BASE = "/bigquery/v2/projects/test-project"
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def own(running: RunningEmulator) -> RunningEmulator:
    """An emulator whose clock stands at noon of 2026-01-10."""
    be(running, "2026-01-10T12:00:00Z")
    call(running, "POST", "/datasets", {"datasetReference": {"datasetId": "d"}})
    return running


def be(emulator: RunningEmulator, time: str) -> None:
    move(emulator, time=time, stopped=True)


def call(emulator: RunningEmulator, method: str, path: str, body: Any = None) -> Any:
    status, answer = emulator.request(method, BASE + path, body)
    assert status in (200, 204), answer
    return answer


def query(emulator: RunningEmulator, sql: str) -> list[list[str]]:
    answer = call(emulator, "POST", "/queries", {"query": sql, "useLegacySql": False, "timeoutMs": 200_000})
    return [[cell["v"] for cell in row["f"]] for row in answer.get("rows", ())]


def make(emulator: RunningEmulator, table: str, body: dict[str, Any], dataset: str = "d") -> Any:
    reference = {"projectId": "test-project", "datasetId": dataset, "tableId": table}
    return call(emulator, "POST", f"/datasets/{dataset}/tables", {"tableReference": reference, **body})


def test_rows_go_with_their_partition(own: RunningEmulator) -> None:
    be(own, "2026-01-10T12:00:00Z")
    by = {"type": "DAY", "expirationMs": str(2 * DAY_MS)}
    make(own, "came", {"schema": {"fields": [{"name": "n", "type": "INTEGER"}]}, "timePartitioning": by})
    query(own, "INSERT INTO d.came VALUES (1)")
    be(own, "2026-01-11T12:00:00Z")
    query(own, "INSERT INTO d.came VALUES (2)")
    assert query(own, "SELECT n, _PARTITIONDATE FROM d.came ORDER BY n") == [["1", "2026-01-10"], ["2", "2026-01-11"]]
    be(own, "2026-01-12T00:00:00Z")
    assert query(own, "SELECT n FROM d.came") == [["2"]]
    assert call(own, "GET", "/datasets/d/tables/came")["numRows"] == "1"
    be(own, "2026-01-13T01:00:00Z")
    assert "rows" not in call(own, "GET", "/datasets/d/tables/came/data")


def test_rows_that_come_too_late_are_not_kept(own: RunningEmulator) -> None:
    be(own, "2026-01-10T12:00:00Z")
    query(own, "CREATE TABLE d.late (d DATE) PARTITION BY d OPTIONS (partition_expiration_days = 3)")
    query(own, "INSERT INTO d.late VALUES ('2026-01-07'), ('2026-01-08'), (NULL)")
    assert query(own, "SELECT d FROM d.late ORDER BY d") == [[None], ["2026-01-08"]]


def test_a_dataset_gives_its_defaults(own: RunningEmulator) -> None:
    """Only one of defaultTableExpirationMs and defaultPartitionExpirationMs is used for a new partitioned table."""
    be(own, "2026-01-10T12:00:00Z")
    defaults = {"defaultTableExpirationMs": str(DAY_MS), "defaultPartitionExpirationMs": str(2 * DAY_MS)}
    call(own, "POST", "/datasets", {"datasetReference": {"datasetId": "both"}, **defaults})
    defaults.pop("defaultPartitionExpirationMs")
    call(own, "POST", "/datasets", {"datasetReference": {"datasetId": "one"}, **defaults})
    by = {"schema": {"fields": [{"name": "n", "type": "INTEGER"}]}, "timePartitioning": {"type": "DAY"}}
    partitioned = make(own, "t", dict(by), "both")
    assert partitioned["timePartitioning"]["expirationMs"] == str(2 * DAY_MS)
    assert "expirationTime" not in partitioned
    assert "expirationTime" in make(own, "plain", {"schema": by["schema"]}, "both")
    assert "expirationTime" in make(own, "t", dict(by), "one")
    be(own, "2026-01-11T12:00:01Z")
    assert [row[0] for row in query(own, "SELECT table_name FROM one.INFORMATION_SCHEMA.TABLES")] == []
    assert [row[0] for row in query(own, "SELECT table_name FROM both.INFORMATION_SCHEMA.TABLES")] == ["t"]


def test_the_clock_of_queries_is_the_emulators(own: RunningEmulator) -> None:
    be(own, "2031-02-03T04:05:06Z")
    sql = "SELECT FORMAT_TIMESTAMP('%FT%T', CURRENT_TIMESTAMP()), CURRENT_DATE(), EXTRACT(HOUR FROM CURRENT_TIME())"
    assert query(own, sql) == [["2031-02-03T04:05:06", "2031-02-03", "4"]]
