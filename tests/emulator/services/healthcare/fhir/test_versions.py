"""Versions by their rids: where a rid is the number of its row, and where rows have other numbers."""

from collections.abc import Callable
from dataclasses import replace

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, observation, store_of
from tests.emulator.services.healthcare.fhir.transfer.test_history import bundle, made_writable, version
from tests.support.emulator import RunningEmulator


def numbers(emulator: RunningEmulator) -> list[tuple[int, int]]:
    """The number and the rid of each version, the oldest first."""
    with emulator.database() as database:
        return database.execute("SELECT number, rid FROM fhir_versions ORDER BY store, rid").fetchall()


def test_versions_of_one_time_in_two_stores_are_told_apart(
    emulator: RunningEmulator, make_fhir_store: Callable[..., FhirStore]
) -> None:
    genders = ("male", "other")
    stores = [
        replace(made_writable(emulator, make_fhir_store(enableUpdateCreate=True)), api="v1beta1") for _ in genders
    ]
    for store, gender in zip(stores, genders, strict=True):
        assert store.send("POST", "", bundle(version(gender=gender))).status_code == 200
        store.put({**PATIENT, "id": "b", "gender": gender})
    for store, gender in zip(stores, genders, strict=True):
        for search in ("Patient?_sort=_id", "Patient?_sort=-_id", "Patient?_id=a"):
            assert {each["resource"]["gender"] for each in store.read(search)["entry"]} == {gender}
        assert [each["resource"]["id"] for each in store.read("Patient?_sort=_id")["entry"]] == ["a", "b"]
        assert [each["resource"]["id"] for each in store.read("Patient?_sort=-_id")["entry"]] == ["b", "a"]


def test_states_of_before_versions_had_their_rids_as_numbers_go_on(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    store = store_of(emulator)
    for number in range(3):
        store.put({**PATIENT, "id": f"p{number}"})
    store.put(observation("Patient/p0", id="o"))
    assert all(number == rid for number, rid in numbers(emulator))
    emulator.stop()
    with emulator.database() as database:
        database.execute("UPDATE fhir_versions SET number = number - (SELECT min(rid) FROM fhir_versions) + 1")
        columns = "store, rid, parameter, place, target"
        database.execute(f"INSERT INTO fhir_index_references SELECT {columns} FROM fhir_index_targets")
        database.execute("DELETE FROM fhir_index_targets")
    emulator.start()
    store.put({**PATIENT, "id": "p1", "gender": "male"})
    found = store.read("Patient?_sort=_id")["entry"]
    assert [(each["resource"]["id"], each["resource"]["gender"]) for each in found] == [
        ("p0", "female"),
        ("p1", "male"),
        ("p2", "female"),
    ]
    both = store.read("Observation?subject=Patient/p0&_include=Observation:subject")["entry"]
    assert [each["resource"]["id"] for each in both] == ["o", "p0"]
    assert store.read("Patient/p1/_history")["total"] == 2
    store.put(observation("Patient/p2", id="o"))
    assert "entry" not in store.read("Observation?subject=Patient/p0&_sort=date")
