"""kill -9 in the middle of parallel writes, again and again on one store. KILL_ROUNDS=50 is the thorough form.

What was answered is there; a transaction is there as a whole or not at all; index, references and files fit.
"""

import os
import threading
from pathlib import Path

import pytest
import requests

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation, store_of
from tests.emulator.services.healthcare.fhir.test_bundles import bundle, entry
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))
CLIENTS = 4
BEFORE_KILL = 12
MEMBERS = 20


def family(name: str) -> Json:
    """A transaction of a patient, observations of it, and a change of what all families share."""
    patient = {**PATIENT, "id": name}
    members = [{**observation(f"Patient/{name}"), "id": f"{name}.{number}"} for number in range(MEMBERS)]
    entries = [entry("PUT", f"Observation/{each['id']}", each) for each in members]
    return bundle("transaction", *entries, entry("PUT", f"Patient/{name}", patient))


def write_until_killed(
    emulator: RunningEmulator, store: FhirStore, place: int
) -> tuple[list[str], list[str], list[str]]:
    """Write from several threads until the process is killed; the transactions, data and creates that were answered."""
    families: list[str] = []
    binaries: list[str] = []
    singles: list[str] = []

    def write(client: int) -> None:
        with requests.Session() as session:
            session.headers.update(store.session.headers)
            own = FhirStore(store.name, store.base_url, session)
            for number in range(10_000):
                name = f"f{place}-{client}-{number}"
                try:
                    answer = own.send("POST", "", family(name))
                    assert answer.status_code == 200, answer.text
                    families.append(name)
                    path = f"Binary/{name}"
                    raw = own.send("PUT", path, name.encode() * 1000, Content_Type="text/plain")
                    assert raw.status_code == 201, raw.text
                    binaries.append(name)
                    own.create({"resourceType": "Basic", "code": {"coding": [{"code": "kept"}]}})
                    singles.append(name)
                except requests.RequestException:
                    return

    threads = [threading.Thread(target=write, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(binaries), lambda count: count >= BEFORE_KILL)
    emulator.kill()
    for thread in threads:
        thread.join()
    return families, binaries, singles


def check_tables(emulator: RunningEmulator) -> None:
    """The index knows the newest version of each resource that is not deleted, and files are counted right."""
    with emulator.database() as database:
        newest = "SELECT store, max(rid) AS rid, type, id FROM fhir_versions GROUP BY store, type, id"
        strays = database.execute(
            f"SELECT count(*) FROM ({newest}) n LEFT JOIN fhir_index_resources r"
            " ON r.store = n.store AND r.rid = n.rid AND r.type = n.type AND r.id = n.id WHERE r.rid IS NULL"
        ).fetchone()
        dangling = database.execute(
            "SELECT count(*) FROM fhir_references f LEFT JOIN fhir_index_resources r"
            " ON r.store = f.store AND r.rid = f.rid WHERE r.rid IS NULL"
        ).fetchone()
        blobs = database.execute(
            "SELECT b.id, b.refs, (SELECT count(*) FROM fhir_versions WHERE blob = b.id) FROM blobs b"
        ).fetchall()
    assert (strays, dangling) == ((0,), (0,))
    assert all(refs == owners for _, refs, owners in blobs)
    await_sweep(emulator.state, {blob for blob, _, _ in blobs})


def await_sweep(state: Path, kept: set[str]) -> None:
    """Wait until the files that no row names are gone: an emulator looks for them in the background of its start."""
    eventually(lambda: {path.name for path in (state / "blobs").glob("*/*")}, lambda files: files == kept)


@pytest.mark.crash
def test_nothing_that_was_answered_is_lost_and_no_transaction_is_half_done(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    store = store_of(emulator)
    created = 0
    for place in range(ROUNDS):
        families, binaries, singles = write_until_killed(emulator, store, place)
        emulator.start()
        check_tables(emulator)
        for name in families:
            assert store.read(f"Patient/{name}")["id"] == name
        for name in binaries:
            raw = store.send("GET", f"Binary/{name}", Accept="text/plain")
            assert raw.content == name.encode() * 1000
        found = store.read("?_type=Patient,Observation&_total=accurate&_count=1")["total"]
        assert found % (MEMBERS + 1) == 0, "a transaction is there in part"
        assert found >= len(families) * (MEMBERS + 1)
        created += len(singles)
        assert store.read("Basic?code=kept&_total=accurate&_count=1")["total"] >= created
