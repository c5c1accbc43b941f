"""Partitions by time of ingestion, external tables, materialized views and row policies after kill -9."""

from typing import Any

import pytest

from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator

BASE = "/bigquery/v2/projects/test-project"


def query(emulator: RunningEmulator, sql: str) -> list[list[Any]]:
    body = {"query": sql, "useLegacySql": False, "timeoutMs": 200_000}
    status, answer = emulator.request("POST", f"{BASE}/queries", body)
    assert status == 200, answer
    return [[cell["v"] for cell in row["f"]] for row in answer.get("rows", ())]


@pytest.mark.crash
def test_every_kind_of_table_is_there_again(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    for path, body in (
        ("/storage/v1/b?project=test-project", {"name": "files-of-a-table"}),
        (f"{BASE}/datasets", {"datasetReference": {"datasetId": "d"}}),
    ):
        assert emulator.request("POST", path, body)[0] == 200
    query(emulator, "EXPORT DATA OPTIONS (uri = 'gs://files-of-a-table/x-*.csv', format = 'CSV') AS SELECT 7 AS n")
    for sql in (
        "CREATE TABLE d.days (n INT64) PARTITION BY _PARTITIONDATE",
        "INSERT INTO d.days (_PARTITIONTIME, n) VALUES (TIMESTAMP '2020-01-01', 1)",
        "CREATE MATERIALIZED VIEW d.total AS SELECT SUM(n) AS s FROM d.days",
        (
            "CREATE EXTERNAL TABLE d.files (n INT64) OPTIONS "
            "(format = 'CSV', uris = ['gs://files-of-a-table/*'], skip_leading_rows = 1)"
        ),
        "CREATE TABLE d.rows AS SELECT 1 AS n UNION ALL SELECT 2",
        "CREATE ROW ACCESS POLICY p ON d.rows GRANT TO ('allAuthenticatedUsers') FILTER USING (n = 2)",
    ):
        query(emulator, sql)
    for _ in range(2):
        assert query(emulator, "SELECT n, _PARTITIONDATE FROM d.days") == [["1", "2020-01-01"]]
        assert query(emulator, "SELECT s FROM d.total") == [["1"]]
        assert query(emulator, "SELECT n FROM d.files") == [["7"]]
        assert query(emulator, "SELECT n FROM d.rows") == [["2"]]
        emulator.kill()
        emulator.start()
