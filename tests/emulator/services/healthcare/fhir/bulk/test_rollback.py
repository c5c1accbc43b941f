"""Rolling a store back (Google: "Recover FHIR resources with point-in-time recovery"; fhirStores.rollback)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.support.emulator import RunningEmulator

Unique = Callable[[str], str]
MakeStore = Callable[..., FhirStore]
API = "google.cloud.healthcare.v1"


def patient(identifier: str, gender: str = "female", **more: Any) -> Json:
    return {**PATIENT, "id": identifier, "gender": gender, **more}


@pytest.fixture
def then(fhir: FhirStore) -> str:
    """A time after which a patient was changed twice, one deleted, one created, and one left as it was."""
    for identifier in ("changed", "deleted", "same"):
        fhir.put(patient(identifier))
    time: str = fhir.put(observation("Patient/same", id="o"))["meta"]["lastUpdated"]
    fhir.put(patient("changed", "male"))
    fhir.put(patient("changed", "other"))
    fhir.send("DELETE", "Patient/deleted")
    fhir.put(patient("new"))
    return time


def rolled_back(emulator: RunningEmulator, store: FhirStore, bucket: str, time: str, **more: Any) -> Json:
    """A rollback that must end well."""
    body = {"rollbackTime": time, "resultGcsBucket": f"gs://{bucket}", "force": True, **more}
    done = transfers.run(emulator, store.name, "rollback", body)
    assert done["response"]["fhirStore"] == store.name, done
    return done


def counter(done: Json) -> Json:
    found: Json = done["metadata"].get("counter", {})
    return found


def state(store: FhirStore) -> dict[str, str | int]:
    """The gender of each patient, or the status of reading it."""
    answers = {name: store.send("GET", f"Patient/{name}") for name in ("changed", "deleted", "same", "new")}
    return {name: each.json()["gender"] if each.ok else each.status_code for name, each in answers.items()}


BEFORE = {"changed": "female", "deleted": "female", "same": "female", "new": 410}
AFTER = {"changed": "other", "deleted": 410, "same": "female", "new": "female"}


def files(emulator: RunningEmulator, bucket: str, done: Json) -> dict[str, list[list[str]]]:
    """The columns of the lines of each result file."""
    start = f"rollback_resources/{done['name'].rpartition('/')[2]}/"
    found = [name for name in transfers.names(emulator, bucket) if name.startswith(start)]
    return {
        name.removeprefix(start): [
            line.split("\t") for line in transfers.download(emulator, bucket, name).decode().splitlines()
        ]
        for name in found
    }


def test_resources_are_as_they_were(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    last = fhir.read("Patient/changed")["meta"]["versionId"]
    done = rolled_back(emulator, fhir, bucket, then)
    assert counter(done) == {"success": "3"}
    assert done["metadata"]["apiMethodName"] == f"{API}.fhir.FhirStoreService.RollbackFhirResources"
    assert done["response"]["@type"] == f"type.googleapis.com/{API}.fhir.RollbackFhirResourcesResponse"
    assert state(fhir) == BEFORE
    now = fhir.read("Patient/changed")["meta"]["versionId"]
    found = files(emulator, bucket, done)
    assert found["fail-1-of-1.txt"] == []
    changed, deleted, new = found["success-1-of-1.txt"]
    assert changed == ["Patient", "changed", last, now]
    assert deleted[:2] == ["Patient", "deleted"]
    assert new == ["Patient", "new", "", ""]


def test_no_history_is_lost(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    rolled_back(emulator, fhir, bucket, then)
    genders = [each["resource"]["gender"] for each in fhir.read("Patient/changed/_history")["entry"]]
    assert genders == ["female", "other", "male", "female"]
    assert fhir.read("Patient?gender=female")["total"] == 3


def test_a_rollback_again_changes_nothing(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    rolled_back(emulator, fhir, bucket, then)
    assert counter(rolled_back(emulator, fhir, bucket, then)) == {}


def test_a_trial_says_what_would_be(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    at = fhir.read("Patient/changed")["meta"]["lastUpdated"]
    done = rolled_back(emulator, fhir, f"{bucket}/x", then, force=False)
    assert counter(done) == {"success": "3"}
    assert state(fhir) == AFTER
    name = f"x/rollback_resources/{done['name'].rpartition('/')[2]}/trial-1-of-1.txt"
    assert transfers.names(emulator, bucket) == [name]
    lines = transfers.download(emulator, bucket, name).decode().splitlines()
    assert lines[0] == f"Patient\tchanged\t{at}"
    assert [line.split("\t")[1] for line in lines] == ["changed", "deleted", "new"]


@pytest.mark.parametrize(("change", "name"), [("CREATE", "new"), ("UPDATE", "changed"), ("DELETE", "deleted")])
def test_changes_of_one_kind(
    emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str, change: str, name: str
) -> None:
    assert counter(rolled_back(emulator, fhir, bucket, then, changeType=change)) == {"success": "1"}
    assert state(fhir) == {**AFTER, name: BEFORE[name]}


def test_types(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    assert counter(rolled_back(emulator, fhir, bucket, then, type=["Observation"])) == {}
    assert counter(rolled_back(emulator, fhir, bucket, then, type=["Patient", "Observation"])) == {"success": "3"}


def test_what_a_file_lists(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    transfers.upload(emulator, bucket, "list", b"Patient/changed\nPatient/same\nPatient/nobody\nnonsense\n")
    done = rolled_back(emulator, fhir, bucket, then, inputGcsObject=f"gs://{bucket}/list")
    assert counter(done) == {"success": "1", "failure": "2"}
    assert state(fhir) == {**AFTER, "changed": "female"}
    failed = files(emulator, bucket, done)["fail-1-of-1.txt"]
    assert failed == [["Patient", "nobody", "", "", "There is no such resource."]]


def test_a_filter_on_meta(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    tag = {"system": "http://example.org/batch", "code": "42"}
    fhir.put(patient("changed", "unknown", meta={"tag": [tag]}))
    fields = {"metadataFilter": 'tag("http://example.org/batch") = "42"'}
    assert counter(rolled_back(emulator, fhir, bucket, then, filteringFields=fields)) == {"success": "1"}
    assert state(fhir) == {**AFTER, "changed": "female"}


def test_what_an_operation_did(emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str) -> None:
    data = b"".join(json.dumps(patient(name)).encode() + b"\n" for name in ("i1", "i2"))
    transfers.upload(emulator, bucket, "in.ndjson", data)
    body = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, "contentStructure": "RESOURCE"}
    done = transfers.run(emulator, fhir.name, "import", body)
    fields = {"operationIds": [done["name"].rpartition("/")[2]]}
    assert counter(rolled_back(emulator, fhir, bucket, then, filteringFields=fields)) == {"success": "2"}
    assert fhir.send("GET", "Patient/i1").status_code == 410
    assert state(fhir) == AFTER


def test_earlier_rollbacks_can_be_left_alone(
    emulator: RunningEmulator, fhir: FhirStore, bucket: str, then: str
) -> None:
    middle = fhir.read("Patient/new")["meta"]["lastUpdated"]
    rolled_back(emulator, fhir, bucket, then)
    fhir.put(patient("same", "male"))
    assert counter(rolled_back(emulator, fhir, bucket, middle, excludeRollbacks=True)) == {"success": "1"}
    assert state(fhir) == BEFORE
    assert counter(rolled_back(emulator, fhir, bucket, middle)) == {"success": "3"}
    assert state(fhir) == AFTER


def test_what_an_import_replaced_is_not_made_up(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    fhir.put(patient("a", "male"))
    then = fhir.put(patient("a", "other"))["meta"]["lastUpdated"]
    transfers.upload(emulator, bucket, "in.ndjson", json.dumps(patient("a")).encode())
    body = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, "contentStructure": "RESOURCE"}
    transfers.run(emulator, fhir.name, "import", body)
    done = rolled_back(emulator, fhir, bucket, then)
    assert counter(done) == {"failure": "1"}
    assert "not kept" in files(emulator, bucket, done)["fail-1-of-1.txt"][0][-1]
    assert fhir.read("Patient/a")["gender"] == "female"


def test_what_a_purge_took_is_not_made_up(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    then = fhir.put(patient("a", "male"))["meta"]["lastUpdated"]
    fhir.put(patient("a"))
    fhir.send("DELETE", "Patient/a/$purge")
    assert counter(rolled_back(emulator, fhir, bucket, then)) == {"failure": "1"}
    assert fhir.read("Patient/a")["gender"] == "female"


def test_a_deleted_resource_needs_update_as_create(
    emulator: RunningEmulator, make_fhir_store: MakeStore, bucket: str
) -> None:
    store = make_fhir_store()
    made = store.create(PATIENT)
    store.send("DELETE", f"Patient/{made['id']}")
    assert counter(rolled_back(emulator, store, bucket, made["meta"]["lastUpdated"])) == {"failure": "1"}
    assert store.send("GET", f"Patient/{made['id']}").status_code == 410


def test_raw_data_come_back(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    raw = {"Content_Type": "text/plain"}
    fhir.send("PUT", "Binary/b", b"first", **raw)
    then = fhir.read("Binary/b")["meta"]["lastUpdated"]
    fhir.send("PUT", "Binary/b", b"second", **raw)
    rolled_back(emulator, fhir, bucket, then)
    assert fhir.send("GET", "Binary/b", Accept="text/plain").content == b"first"


def days_ago(number: int) -> str:
    return (datetime.now(UTC) - timedelta(days=number)).isoformat()


@pytest.mark.parametrize(
    "body",
    [
        {"rollbackTime": ""},
        {"rollbackTime": days_ago(22)},
        {"rollbackTime": days_ago(-2)},
        {"resultGcsBucket": ""},
        {"resultGcsBucket": "bucket"},
        {"type": ["Patent"]},
        {"changeType": "PATCH"},
        {"inputGcsObject": "bucket/x"},
        {"filteringFields": {"metadataFilter": "source:x"}},
        {"filteringFields": {"operationIds": ["x"]}},
    ],
)
def test_what_is_refused_at_once(emulator: RunningEmulator, fhir: FhirStore, body: Json) -> None:
    whole = {"rollbackTime": days_ago(1), "resultGcsBucket": "gs://bucket", **body}
    code, answer = emulator.request("POST", f"/v1/{fhir.name}:rollback", whole)
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_store_without_versions(emulator: RunningEmulator, make_fhir_store: MakeStore) -> None:
    store = make_fhir_store(disableResourceVersioning=True)
    whole = {"rollbackTime": days_ago(1), "resultGcsBucket": "gs://bucket"}
    code, answer = emulator.request("POST", f"/v1/{store.name}:rollback", whole)
    assert (code, answer["error"]["status"]) == (400, "FAILED_PRECONDITION")


def test_an_agent_without_rights(emulator: RunningEmulator, fhir: FhirStore, unique: Unique, then: str) -> None:
    bucket = transfers.make_bucket(emulator, unique("bucket"))
    body = {"rollbackTime": then, "resultGcsBucket": f"gs://{bucket}", "force": True}
    assert transfers.run(emulator, fhir.name, "rollback", body)["error"]["code"] == 7
    assert state(fhir) == AFTER
