"""Rows that wait: what is there at once, what follows, and that it is then the same."""

import sqlite3
from collections.abc import Mapping

import pytest

from emulator.fhir.search import tables, unindexed
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.tables import Resource

QUESTIONNAIRE = {"resourceType": "Questionnaire", "url": "http://example.org/q", "status": "active"}
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2026-11-28T01:02:03.456789Z",
    "valueQuantity": {"value": 80.1, "unit": "bpm"},
    "note": [{"text": "null"}],
}
RESOURCES: tuple[Mapping[str, object], ...] = (
    OBSERVATION,
    QUESTIONNAIRE,
    {"resourceType": "Patient", "name": [{"family": "O\u2019Br\u00efen"}]},
)
AT_ONCE = ("fhir_index_resources", "fhir_index_targets", "fhir_index_uris")


def indexed(resource: Mapping[str, object], rid: int = 10) -> Resource:
    return rid, str(resource["resourceType"]), f"r{rid}", Indexer(parameters("R4")).rows(resource)


@pytest.fixture
def tx() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(tables.SCHEMA + unindexed.SCHEMA)
    return connection


def content(tx: sqlite3.Connection, store: int) -> dict[str, list[tuple[object, ...]]]:
    """All rows of a store but for its number, by table."""
    names = ("fhir_index_resources", *tables.TABLES.values())
    return {
        name: [row[1:] for row in tx.execute(f"SELECT * FROM {name} WHERE store = ? ORDER BY 1, 2, 3", (store,))]
        for name in names
    }


def test_what_waited_is_the_same_in_the_end(tx: sqlite3.Connection) -> None:
    some = [indexed(each, rid) for rid, each in enumerate(RESOURCES)]
    tables.write_all(tx, 1, some)
    assert unindexed.put(tx, 2, some)
    unindexed.catch_up(tx, 2)
    assert content(tx, 2) == content(tx, 1)
    assert unindexed.rids(tx, 2) == set()


def test_resources_references_and_canonical_urls_are_there_at_once(tx: sqlite3.Connection) -> None:
    some = [indexed(each, rid) for rid, each in enumerate(RESOURCES)]
    unindexed.put(tx, 1, some)
    assert {name for name, rows in content(tx, 1).items() if rows} == set(AT_ONCE)
    assert unindexed.rids(tx, 1) == {0, 1, 2}


def test_a_value_without_an_end_can_not_wait(tx: sqlite3.Connection) -> None:
    """JSON has no infinite numbers (RFC 8259, 6)."""
    endless = {**OBSERVATION, "valueRange": {"low": {"value": 1, "unit": "mg"}}}
    del endless["valueQuantity"]
    rows = Indexer(parameters("R4")).rows(endless)
    rows["numbers"] = [*rows.get("numbers", []), (1, 0, 1.0, float("inf"), "mg", 0, "mg")]
    assert not unindexed.put(tx, 1, [(1, "Observation", "o", rows)])
    assert not any(content(tx, 1).values())


def test_half_of_a_surrogate_pair_can_not_wait(tx: sqlite3.Connection) -> None:
    assert not unindexed.put(tx, 1, [(1, "Patient", "p", {"strings": [(1, 0, "\ud800", "\ud800")]})])


def test_what_waits_in_one_store_is_not_of_another(tx: sqlite3.Connection) -> None:
    unindexed.put(tx, 1, [indexed(OBSERVATION, 1)])
    unindexed.put(tx, 2, [indexed(OBSERVATION, 2)])
    unindexed.catch_up(tx, 1)
    assert unindexed.rids(tx, 2) == {2}
    unindexed.forget(tx, 2)
    assert unindexed.rids(tx, 2) == set()
