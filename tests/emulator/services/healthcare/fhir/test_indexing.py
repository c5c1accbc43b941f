"""Resources whose rows of the search index follow: whatever comes next knows them."""

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import quote

import pytest

from emulator.context import Context
from emulator.fhir.search import tables as index
from emulator.fhir.search import unindexed
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.preparing import indexer
from emulator.services.healthcare.fhir import indexing, keeping, searching, tables
from emulator.services.healthcare.fhir.stored import KIND, Store
from emulator.state.clock import Clock
from emulator.state.database import Database
from emulator.state.resources import Resource
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, observation
from tests.emulator.services.healthcare.fhir.test_bundles import bundle, entry
from tests.support.patience import PATIENCE

NAME = "projects/p/locations/l/datasets/d/fhirStores/f"
MRN = "http://example.org/mrn"


FINAL = observation("Patient/p", effectiveDateTime="2026-11-28T01:02:03Z")
HEART_RATES = [("code", "8867-4"), ("_count", "1000")]
NOT_FINAL = [("status:not", "final")]


def put_patient(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p", "identifier": [{"system": MRN, "value": "1"}]})


def ids(fhir: FhirStore, search: str) -> set[str]:
    return {each["resource"]["id"] for each in fhir.read(search).get("entry", [])}


@pytest.mark.parametrize(
    "query",
    [
        "code=8867-4",
        "code:text=heart",
        "value-quantity=80",
        "date=2026-11-28",
        "subject=Patient/p",
        "patient.family=smith",
        f"patient.identifier={quote(MRN)}|1",
        "code-value-quantity=8867-4$80",
        "status:not=amended",
        "method:missing=true",
    ],
)
def test_what_was_just_created_is_found(fhir: FhirStore, query: str) -> None:
    put_patient(fhir)
    made = {fhir.create(FINAL)["id"] for _ in range(3)}
    assert ids(fhir, f"Observation?{query}") == made


def test_what_was_just_created_is_not_taken_for_what_lacks_a_value(fhir: FhirStore) -> None:
    put_patient(fhir)
    fhir.create(FINAL)
    assert ids(fhir, "Observation?status:not=final") == set()


def test_what_was_just_created_can_be_changed_and_deleted(fhir: FhirStore) -> None:
    put_patient(fhir)
    changed, deleted, kept = (fhir.create(FINAL) for _ in range(3))
    fhir.put({**changed, "status": "amended"})
    assert fhir.send("DELETE", f"Observation/{deleted['id']}").status_code == 200
    assert ids(fhir, "Observation?status=final") == {kept["id"]}
    assert ids(fhir, "Observation?status=amended") == {changed["id"]}


def test_conditional_interactions_know_what_was_just_created(fhir: FhirStore) -> None:
    identified = {**PATIENT, "identifier": [{"system": MRN, "value": "2"}]}
    made = fhir.create(identified)["id"]
    again = fhir.send("POST", "Patient", identified, If_None_Exist=f"identifier={MRN}|2")
    assert (again.status_code, again.json()["id"]) == (200, made)
    reference = {"reference": f"Patient?identifier={MRN}|3"}
    other = fhir.create({**PATIENT, "identifier": [{"system": MRN, "value": "3"}]})["id"]
    heart = entry("POST", "Observation", {**FINAL, "subject": reference})
    assert fhir.send("POST", "", bundle("transaction", heart)).status_code == 200
    assert len(ids(fhir, f"Observation?subject=Patient/{other}")) == 1


def test_everything_of_a_patient_knows_the_times_of_what_was_just_created(fhir: FhirStore) -> None:
    put_patient(fhir)
    fhir.create(FINAL)
    assert ids(fhir, "Patient/p/$everything?start=2026-11-29") == {"p"}


@pytest.mark.usefixtures("_always_waiting")
def test_searches_beside_creates_know_all_that_was_answered_before_and_nothing_in_part(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.sqlite")
    database.create(tables.VERSIONS, index.SCHEMA, unindexed.SCHEMA)
    database.start()
    context = cast("Context", SimpleNamespace(db=database, extensions={}, blobs=SimpleNamespace(keys=None)))
    resource = Resource(KIND, NAME, "", {"version": "R4"}, "", "", "")
    store = Store(1, resource, parameters("R4"), indexer("R4", NAME), Clock())
    answered: list[str] = []

    def create(tx: sqlite3.Connection, name: str) -> bool:
        new = keeping.made_ready(store, {**FINAL, "id": name})
        batch = keeping.Batch(context, tx, store, waits=True)
        batch.put(new, "POST", 1_000_000, None)
        batch.flush()
        return batch.leaves_rows

    async def write(client: int) -> None:
        for number in range(40):
            name = f"{client}-{number}"
            assert await database.write(create, name)
            answered.append(name)

    async def search(pairs: list[tuple[str, str]]) -> set[str]:
        found = await indexing.read(context, 1, lambda reader: searching.find(reader, store, "Observation", pairs))
        return {each.id for each in found.matches}

    async def look() -> None:
        while len(answered) < 160:
            before = set(answered)
            assert before <= await search(HEART_RATES)
            assert await search(NOT_FINAL) == set()
            await asyncio.sleep(0)  # what is read in moments gives way to nobody

    async def all_at_once() -> None:
        await asyncio.wait_for(asyncio.gather(*(write(client) for client in range(4)), look(), look()), PATIENCE)

    asyncio.run(all_at_once())
    database.close()


@pytest.fixture
def _always_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rows wait in a store that is searched just now, too."""
    monkeypatch.setattr(indexing, "_SEARCHED_SECONDS", 0.0)
