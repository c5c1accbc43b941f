"""$export of a store and its status (HL7: Bulk Data Access; Cloud Healthcare: fhirStores.fhir.bulk-export)."""

import json
import time
from collections.abc import Callable

import pytest
import requests

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, issue, observation
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Unique = Callable[[str], str]
ASYNC = "respond-async"


@pytest.fixture
def bucket(emulator: RunningEmulator, unique: Unique) -> str:
    return transfers.make_bucket(emulator, unique("bucket"), "roles/storage.objectAdmin")


@pytest.fixture
def store(make_fhir_store: Callable[..., FhirStore], bucket: str) -> FhirStore:
    """A store that exports to a folder of the bucket."""
    to = {"uriPrefix": f"gs://{bucket}/out"}
    return make_fhir_store(enableUpdateCreate=True, bulkExportGcsDestination=to)


def ended(store: FhirStore, address: str) -> requests.Response:
    """The status once the export has ended."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = store.session.get(address, timeout=PATIENCE)
        if answer.status_code != 202:
            return answer
        assert answer.headers["x-progress"] == "in progress"
        assert time.monotonic() < deadline


def test_an_export_and_its_files(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    made = store.put({**PATIENT, "id": "a"})
    store.put(observation("Patient/a", id="o"))
    started = store.send("GET", "$export", Prefer=ASYNC)
    assert (started.status_code, started.content) == (202, b"")
    address = started.headers["content-location"]
    number = address.rpartition("/")[2]
    assert address == f"{emulator.base_url}/v1/{store.name}/operations/{number}"
    complete = ended(store, address).json()
    assert complete["requiresAccessToken"] is True
    assert complete["error"] == []
    files = {each["type"]: each for each in complete["output"]}
    assert {name: each["count"] for name, each in files.items()} == {"Patient": 1, "Observation": 1}
    name = f"out/{number}_Patient.ndjson"
    assert files["Patient"]["url"] == f"https://storage.googleapis.com/{bucket}/{name}"
    assert json.loads(transfers.download(emulator, bucket, name)) == made


def test_only_some_types(store: FhirStore) -> None:
    store.put({**PATIENT, "id": "a"})
    store.put(observation("Patient/a", id="o"))
    started = store.send("GET", "$export?_type=Observation&_outputFormat=ndjson", Prefer=ASYNC)
    complete = ended(store, started.headers["content-location"]).json()
    assert [each["type"] for each in complete["output"]] == ["Observation"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("$export", {}, 400),
        ("$export?_since=yesterday", {"Prefer": ASYNC}, 400),
        ("$export?_outputFormat=csv", {"Prefer": ASYNC}, 400),
        ("$export", {"Prefer": ASYNC, "Accept": "text/plain"}, 406),
    ],
)
def test_what_is_refused(store: FhirStore, path: str, headers: dict[str, str], status: int) -> None:
    assert issue(store.send("GET", path, None, **headers))[0] == status


def test_a_store_without_a_destination(fhir: FhirStore) -> None:
    status, _, text, _ = issue(fhir.send("GET", "$export", Prefer=ASYNC))
    assert (status, text) == (400, "no_destination")


def test_an_export_that_fails_says_why(make_fhir_store: Callable[..., FhirStore], unique: Unique) -> None:
    store = make_fhir_store(bulkExportGcsDestination={"uriPrefix": f"gs://{unique('nobody')}/out"})
    started = store.send("GET", "$export", Prefer=ASYNC)
    status, _, _, sentence = issue(ended(store, started.headers["content-location"]))
    assert (status, "Cloud Storage permission" in sentence) == (500, True)


def test_an_export_that_has_ended_cannot_be_cancelled(store: FhirStore) -> None:
    address = store.send("GET", "$export", Prefer=ASYNC).headers["content-location"]
    assert ended(store, address).status_code == 200
    assert issue(store.session.delete(address, timeout=PATIENCE))[0] == 400


def test_no_such_operation(store: FhirStore, emulator: RunningEmulator) -> None:
    answer = store.session.get(f"{emulator.base_url}/v1/{store.name}/operations/1", timeout=PATIENCE)
    assert issue(answer)[:2] == (404, "not-found")
