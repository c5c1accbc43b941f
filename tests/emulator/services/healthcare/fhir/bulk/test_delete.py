"""Deleting many resources at once (Cloud Healthcare: fhirStores.bulkDelete)."""

from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.support.emulator import RunningEmulator

Unique = Callable[[str], str]
MakeStore = Callable[..., FhirStore]


@pytest.fixture
def store(fhir: FhirStore) -> FhirStore:
    """A store with a patient of two versions, one of one version, a deleted one, and an observation of the first."""
    for identifier in ("a", "a", "b", "gone"):
        fhir.put({**PATIENT, "id": identifier})
    fhir.send("DELETE", "Patient/gone")
    fhir.put(observation("Patient/a", id="o"))
    return fhir


def deleted(emulator: RunningEmulator, store: FhirStore, **body: object) -> Json:
    """The counters of a deletion that must end well."""
    done = transfers.run(emulator, store.name, "bulkDelete", body)
    assert done["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}, done
    counter: Json = done["metadata"].get("counter", {})
    return counter


def status(store: FhirStore, path: str) -> int:
    return store.send("GET", path).status_code


def listed(emulator: RunningEmulator, bucket: str) -> dict[str, list[str]]:
    """The lines of the lists that a deletion wrote, by type."""
    names = [name for name in transfers.names(emulator, bucket) if name.startswith("out/")]
    return {name.rpartition("_")[2]: transfers.download(emulator, bucket, name).decode().splitlines() for name in names}


def test_all_versions_go(emulator: RunningEmulator, store: FhirStore) -> None:
    assert deleted(emulator, store) == {"success": "3", "secondarySuccess": "3"}
    assert [status(store, path) for path in ("Patient/a", "Patient/gone", "Observation/o")] == [404, 404, 404]
    assert status(store, "Patient/a/_history") == 404


def test_current_versions_go_and_the_history_stays(emulator: RunningEmulator, store: FhirStore) -> None:
    assert deleted(emulator, store, versionConfig="CURRENT_ONLY", type="Patient") == {"success": "2"}
    assert [status(store, path) for path in ("Patient/a", "Patient/b", "Observation/o")] == [410, 410, 200]
    assert len(store.read("Patient/a/_history")["entry"]) == 3


def test_old_versions_go_and_the_current_stay(emulator: RunningEmulator, store: FhirStore) -> None:
    assert deleted(emulator, store, versionConfig="HISTORY_ONLY") == {"secondarySuccess": "3"}
    assert len(store.read("Patient/a/_history")["entry"]) == 1
    assert status(store, "Patient/gone") == 404


def test_only_what_was_changed_until_a_time(emulator: RunningEmulator, store: FhirStore) -> None:
    until = store.read("Patient/b")["meta"]["lastUpdated"]
    assert deleted(emulator, store, until=until, versionConfig="CURRENT_ONLY") == {"success": "2"}
    assert status(store, "Observation/o") == 200


def test_a_version_of_the_time_before_does_not_count(emulator: RunningEmulator, store: FhirStore) -> None:
    until = store.read("Patient/a")["meta"]["lastUpdated"]
    store.put({**PATIENT, "id": "a"})
    assert deleted(emulator, store, until=until, type="Patient") == {}


def test_what_files_list(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    transfers.upload(emulator, bucket, "in/1", b"Patient/b\n\nPatient/nobody\r\n")
    transfers.upload(emulator, bucket, "in/2", b"Patent/a\nPatient/a b\nObservation/o")
    done = transfers.run(
        emulator, store.name, "bulkDelete", {"gcsSource": {"uri": f"gs://{bucket}/in/*"}, "versionConfig": "ALL"}
    )
    assert done["metadata"]["counter"] == {"success": "2", "failure": "3"}
    assert [status(store, path) for path in ("Patient/a", "Patient/b", "Observation/o")] == [200, 404, 404]
    codes = [entry["jsonPayload"]["error"]["code"] for entry in transfers.log_entries(emulator, done["name"])]
    assert sorted(codes) == [3, 3, 5]


def test_what_is_deleted_is_listed(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    to = {"uriPrefix": f"gs://{bucket}/out"}
    deleted(emulator, store, gcsDestination=to, versionConfig="CURRENT_ONLY")
    assert listed(emulator, bucket) == {"Patient": ["Patient/a", "Patient/b"], "Observation": ["Observation/o"]}


def test_a_trial_changes_nothing(emulator: RunningEmulator, store: FhirStore, bucket: str) -> None:
    to = {"uriPrefix": f"gs://{bucket}/out"}
    counter = deleted(emulator, store, gcsDestination=to, validateOnly=True)
    assert counter == {"success": "3", "secondarySuccess": "3"}
    assert set(listed(emulator, bucket)) == {"Patient", "Observation"}
    assert len(store.read("Patient/a/_history")["entry"]) == 2


def test_a_store_without_versions(emulator: RunningEmulator, make_fhir_store: MakeStore) -> None:
    store = make_fhir_store(disableResourceVersioning=True, enableUpdateCreate=True)
    store.put({**PATIENT, "id": "a"})
    assert deleted(emulator, store, versionConfig="CURRENT_ONLY") == {"success": "1"}
    assert status(store, "Patient/a") == 404


def test_nothing_that_was_deleted_is_found(emulator: RunningEmulator, store: FhirStore) -> None:
    deleted(emulator, store)
    assert store.read("Patient").get("entry", []) == []
    store.put({**PATIENT, "id": "a"})
    assert len(store.read("Patient/a/_history")["entry"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Patent"},
        {"until": "yesterday"},
        {"versionConfig": "NONE"},
        {"gcsSource": {}},
        {"gcsSource": {"uri": "file:///x"}},
        {"gcsDestination": {"uriPrefix": "/x"}},
        {"gcsSource": {"uri": "gs://bucket/x"}, "type": "Patient"},
        {"gcsSource": {"uri": "gs://bucket/x"}, "until": "2017-01-01T00:00:00Z"},
    ],
)
def test_what_is_refused_at_once(emulator: RunningEmulator, fhir: FhirStore, body: Json) -> None:
    code, answer = emulator.request("POST", f"/v1/{fhir.name}:bulkDelete", body)
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_an_agent_without_rights(emulator: RunningEmulator, store: FhirStore, unique: Unique) -> None:
    bucket = transfers.make_bucket(emulator, unique("bucket"))
    for body in ({"gcsSource": {"uri": f"gs://{bucket}/x"}}, {"gcsDestination": {"uriPrefix": f"gs://{bucket}/x"}}):
        assert transfers.run(emulator, store.name, "bulkDelete", body)["error"]["code"] == 7
    assert status(store, "Patient/a") == 200
