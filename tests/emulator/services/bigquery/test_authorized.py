"""Authorized views, datasets and routines: who may read these need not be allowed to read what they read.

https://cloud.google.com/bigquery/docs/authorized-views and .../authorized-routines
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.accounts import Account, grant, make_account
from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]


class Shared:
    """A dataset `private` with a table, and a dataset `shared` with what reads it, which a reader may read."""

    def __init__(self, emulator: RunningEmulator, unique: Names) -> None:
        self.emulator = emulator
        self.base = f"/bigquery/v2/projects/{emulator.project}"
        self.private, self.shared = (unique(name).replace("-", "_") for name in ("private", "shared"))
        self.reader = make_account(emulator, unique("reader"))
        grant(emulator, f"projects/{emulator.project}", self.reader.member, "roles/bigquery.jobUser")
        for name in (self.private, self.shared):
            self.call("POST", "/datasets", {"datasetReference": {"datasetId": name}})
        email = self.reader.member.partition(":")[2]
        self.allow(self.shared, {"role": "READER", "userByEmail": email})
        for sql in (
            "CREATE TABLE {p}.t AS SELECT 1 AS n UNION ALL SELECT 2",
            "CREATE VIEW {s}.v AS SELECT n FROM {p}.t WHERE n = 1",
            "CREATE MATERIALIZED VIEW {s}.m AS SELECT SUM(n) AS s FROM {p}.t",
            "CREATE FUNCTION {s}.most() AS ((SELECT MAX(n) FROM {p}.t))",
            "CREATE TABLE FUNCTION {s}.above(x INT64) AS SELECT n FROM {p}.t WHERE n > x",
        ):
            self.ask(sql, None)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.emulator.request(method, self.base + path, body)
        assert status == 200, answer
        return answer

    def ask(self, sql: str, who: Account | None) -> list[str] | int:
        """The first column of what a query gives, or the status of its refusal."""
        text = sql.replace("{p}", f"{self.emulator.project}.{self.private}").replace("{s}", self.shared)
        body = {"query": text, "useLegacySql": False, "timeoutMs": 200_000}
        status, answer = self.emulator.request("POST", self.base + "/queries", body, who.token if who else None)
        assert who or status == 200, answer
        return [row["f"][0]["v"] for row in answer.get("rows", ())] if status == 200 else status

    def allow(self, dataset: str, entry: dict[str, Any]) -> None:
        """Add an entry to the access list of a dataset."""
        before = self.call("GET", f"/datasets/{dataset}")["access"]
        self.call("PATCH", f"/datasets/{dataset}", {"access": [*before, entry]})

    def named(self, kind: str, name: str) -> dict[str, str]:
        return {"projectId": self.emulator.project, "datasetId": self.shared, kind: name}


@pytest.fixture
def shared(emulator: RunningEmulator, unique: Names) -> Shared:
    return Shared(emulator, unique)


@pytest.mark.parametrize(
    ("sql", "kind", "name", "expected"),
    [
        ("SELECT n FROM {s}.v", "tableId", "v", ["1"]),
        ("SELECT s FROM {s}.m", "tableId", "m", ["3"]),
        ("SELECT {s}.most()", "routineId", "most", ["2"]),
        ("SELECT n FROM {s}.above(1)", "routineId", "above", ["2"]),
    ],
)
def test_what_is_authorized_reads_for_others(
    shared: Shared, sql: str, kind: str, name: str, expected: list[str]
) -> None:
    assert shared.ask(sql, shared.reader) == 403
    entry = "view" if kind == "tableId" else "routine"
    shared.allow(shared.private, {entry: shared.named(kind, name)})
    assert shared.ask(sql, shared.reader) == expected
    assert shared.ask("SELECT n FROM {p}.t", shared.reader) == 403


def test_an_authorized_dataset_is_all_of_its_views(shared: Shared) -> None:
    whole = {"projectId": shared.emulator.project, "datasetId": shared.shared}
    shared.allow(shared.private, {"dataset": {"dataset": whole, "targetTypes": ["VIEWS"]}})
    assert shared.ask("SELECT n FROM {s}.v", shared.reader) == ["1"]
    assert shared.ask("SELECT {s}.most()", shared.reader) == 403
