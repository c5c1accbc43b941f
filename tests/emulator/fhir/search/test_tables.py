import sqlite3

import pytest

from emulator.fhir.search import tables
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import parameters


@pytest.fixture
def tx() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(tables.SCHEMA)
    return connection


def count(tx: sqlite3.Connection, store: int) -> int:
    names = ("fhir_index_resources", *tables.TABLES.values())
    return sum(tx.execute(f"SELECT count(*) FROM {name} WHERE store = ?", (store,)).fetchone()[0] for name in names)


def test_rids_grow_with_time_and_never_repeat(tx: sqlite3.Connection) -> None:
    found = []
    for number in range(1030):
        rid = tables.next_rid(tx, 1, 5)
        tables.write_all(tx, 1, [(rid, "Patient", f"p{number}", {})])
        found.append(rid)
    assert found == sorted(set(found))
    assert {tables.microseconds_of(rid) for rid in found} == {5, 6}
    assert tables.next_rid(tx, 2, 5) == tables.first_rid(5)
    assert tables.next_rid(tx, 1, 4) < found[0]


def test_what_is_written_can_be_taken_away(tx: sqlite3.Connection) -> None:
    resource = {
        "resourceType": "Patient",
        "name": [{"family": "Ray"}],
        "gender": "female",
        "birthDate": "1970",
        "meta": {"profile": ["http://example.org/p"]},
        "managingOrganization": {"reference": "Organization/1"},
    }
    rows = Indexer(parameters("R4")).rows(resource)
    for store in (1, 2):
        tables.write_all(tx, store, [(10, "Patient", "a", rows)])
        tables.write_all(tx, store, [(20, "Patient", "b", rows)])
    whole = count(tx, 1)
    tables.remove(tx, 1, [10])
    assert count(tx, 1) == whole // 2
    tables.remove_store(tx, 2)
    assert (count(tx, 1), count(tx, 2)) == (whole // 2, 0)


def test_references_of_earlier_states_are_moved_once() -> None:
    connection = sqlite3.connect(":memory:")
    columns = "store INTEGER, rid INTEGER, parameter INTEGER, place INTEGER, target TEXT"
    connection.execute(f"CREATE TABLE fhir_index_references ({columns}, PRIMARY KEY (store, rid, parameter, place))")
    connection.execute("CREATE INDEX fhir_index_references_target ON fhir_index_references (store, target)")
    before = [(1, 10, 7, 0, "Patient/1"), (2, 10, 7, 0, "Patient/1")]
    connection.executemany("INSERT INTO fhir_index_references VALUES (?, ?, ?, ?, ?)", before)
    for _ in range(2):
        connection.executescript(tables.SCHEMA)
        moved = connection.execute("SELECT * FROM fhir_index_targets ORDER BY store").fetchall()
        assert moved == [(*row, None) for row in before]
    assert connection.execute("SELECT count(*) FROM fhir_index_references").fetchone() == (0,)


def test_systems_have_numbers_that_differ() -> None:
    assert tables.system_key("") == tables.NO_SYSTEM
    assert tables.system_key("http://loinc.org") == tables.system_key("http://loinc.org") > 0
    assert tables.system_key("http://loinc.org") != tables.system_key("http://snomed.info/sct")
