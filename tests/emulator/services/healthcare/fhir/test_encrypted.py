"""FHIR resources whose versions are encrypted by versions of the dataset's key."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.asking import ask, move
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, make_key, rotate, set_state

PARENT = f"/v1/projects/{PROJECT}/locations/us"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One that encrypts, for this module."""
    folder = tmp_path_factory.mktemp("encrypted")
    emulator = RunningEmulator(folder / "state", PROJECT, ("--encrypt-at-rest", str(folder / "root.key"))).start()
    yield emulator
    emulator.stop()


@pytest.fixture
def key(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    """A key that Cloud Healthcare may use."""
    return make_key(emulator, unique("ring"), agent_of(emulator, "healthcare"))


@pytest.fixture
def store(emulator: RunningEmulator, key: str, unique: Callable[[str], str]) -> str:
    """The path of a store in a dataset with that key, which takes ids of clients."""
    dataset = unique("dataset")
    ask(emulator, "POST", f"{PARENT}/datasets?datasetId={dataset}", {"encryptionSpec": {"kmsKeyName": key}})
    settings = {"version": "R4", "enableUpdateCreate": True}
    ask(emulator, "POST", f"{PARENT}/datasets/{dataset}/fhirStores?fhirStoreId=f", settings)
    return f"{PARENT}/datasets/{dataset}/fhirStores/f/fhir"


def put(emulator: RunningEmulator, store: str, identifier: str, family: str, **more: Any) -> str:
    """Keep a patient; the versionId."""
    patient = {"resourceType": "Patient", "id": identifier, "name": [{"family": family}], **more}
    code, made = emulator.request("PUT", f"{store}/Patient/{identifier}", patient)
    assert code in (200, 201), made
    return str(made["meta"]["versionId"])


def destroy(emulator: RunningEmulator, key: str, version: int) -> None:
    """Destroy a version of a key for good."""
    ask(emulator, "POST", f"/v1/{key}/cryptoKeyVersions/{version}:destroy", {})
    move(emulator, seconds=31 * 86_400)
    ask(emulator, "POST", "/_emulator/chores", {})


def test_each_version_of_a_resource_goes_with_its_version_of_the_key(
    emulator: RunningEmulator, store: str, key: str
) -> None:
    first = put(emulator, store, "p", "First")
    rotate(emulator, key)
    second = put(emulator, store, "p", "Second")
    set_state(emulator, key, "DISABLED")
    assert emulator.request("GET", f"{store}/Patient/p/_history/{first}")[0] == 400
    assert emulator.request("GET", f"{store}/Patient/p/_history")[0] == 400
    assert ask(emulator, "GET", f"{store}/Patient/p")["name"] == [{"family": "Second"}]
    set_state(emulator, key, "ENABLED")
    assert ask(emulator, "GET", f"{store}/Patient/p/_history")["total"] == 2
    destroy(emulator, key, 1)
    history = ask(emulator, "GET", f"{store}/Patient/p/_history")["entry"]
    assert [entry["resource"]["meta"]["versionId"] for entry in history] == [second]
    assert emulator.request("GET", f"{store}/Patient/p/_history/{first}")[0] == 404


def test_nothing_is_found_of_a_resource_whose_version_is_destroyed(
    emulator: RunningEmulator, store: str, key: str
) -> None:
    put(emulator, store, "q", "Beside")
    put(emulator, store, "p", "Canary-of-the-index", link=[{"other": {"reference": "Patient/q"}, "type": "seealso"}])
    rotate(emulator, key)
    destroy(emulator, key, 1)
    assert ask(emulator, "GET", f"{store}/Patient?family=canary-of-the-index")["total"] == 0
    with emulator.database() as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {each: repr(database.execute(f'SELECT * FROM "{each}"').fetchall()) for each in tables}
    assert [each for each, text in rows.items() if "canary-of-the-index" in text.casefold()] == []
    assert emulator.request("GET", f"{store}/Patient/p")[0] == 410
    put(emulator, store, "p", "Again")
    assert ask(emulator, "GET", f"{store}/Patient/p")["name"] == [{"family": "Again"}]


def test_what_can_not_be_read_can_be_replaced_and_deleted(emulator: RunningEmulator, store: str, key: str) -> None:
    for identifier in ("whole", "p", "q"):
        link = [] if identifier == "whole" else [{"other": {"reference": "Patient/whole"}, "type": "seealso"}]
        put(emulator, store, identifier, "Closed", link=link)
    rotate(emulator, key)
    set_state(emulator, key, "DISABLED")
    put(emulator, store, "p", "Open")
    assert ask(emulator, "GET", f"{store}/Patient/p")["name"] == [{"family": "Open"}]
    assert emulator.request("DELETE", f"{store}/Patient/q")[0] == 200
    assert emulator.request("GET", f"{store}/Patient/q")[0] == 410
    assert emulator.request("DELETE", f"{store}/Patient/whole")[0] == 200  # nothing refers to it any more
    set_state(emulator, key, "ENABLED")
    assert ask(emulator, "GET", f"{store}/Patient?family=open")["total"] == 1


def test_sizes_are_those_of_the_resources(emulator: RunningEmulator, store: str) -> None:
    """Cloud Healthcare: structuredStorageSizeBytes is what the resources have, however they are kept."""
    put(emulator, store, "p", "Sized")
    patient = ask(emulator, "GET", f"{store}/Patient/p")
    size = len(str(patient).replace("'", '"').replace(": ", ":").replace(", ", ",").encode())
    [metric] = ask(emulator, "GET", f"{store.removesuffix('/fhir')}:getFHIRStoreMetrics")["metrics"]
    assert metric["structuredStorageSizeBytes"] == str(size)
