from collections.abc import Callable
from typing import Any

import pytest

from emulator.errors import ApiError
from emulator.services.healthcare.transfer import sources
from tests.conftest import StartEmulator
from tests.emulator.dicom.files import shipped
from tests.emulator.services.healthcare.conftest import LOCATION, Store
from tests.emulator.services.healthcare.instances import made
from tests.emulator.services.healthcare.transfers import (
    grant,
    log_entries,
    make_bucket,
    names,
    run,
    start,
    upload,
    wait,
)
from tests.support.emulator import RunningEmulator


@pytest.fixture
def landing(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    return make_bucket(emulator, unique("landing"), "roles/storage.objectViewer")


def source(bucket: str, name: str = "**") -> dict[str, Any]:
    return {"gcsSource": {"uri": f"gs://{bucket}/{name}"}}


def test_every_object_becomes_an_instance_without_a_copy(emulator: RunningEmulator, store: Store, landing: str) -> None:
    for number in range(1, 6):
        upload(emulator, landing, f"films/{number}.dcm", made(uid=f"1.2.1.1.{number}"))
    done = run(emulator, store.name, "import", source(landing))
    assert done["response"] == {"@type": "type.googleapis.com/google.cloud.healthcare.v1.dicom.ImportDicomDataResponse"}
    assert done["metadata"]["counter"] == {"success": "5"}
    assert done["metadata"]["apiMethodName"] == "google.cloud.healthcare.v1.dicom.DicomService.ImportDicomData"
    assert len(store.client.search_for_instances()) == 5
    for name in names(emulator, landing):
        emulator.request("DELETE", f"/storage/v1/b/{landing}/o/{name.replace('/', '%2F')}")
    assert len(store.client.retrieve_study("1.2.1")) == 5


def test_failures_are_counted_and_logged_one_by_one(emulator: RunningEmulator, store: Store, landing: str) -> None:
    upload(emulator, landing, "a.dcm", made())
    upload(emulator, landing, "b.dcm", b"")
    upload(emulator, landing, "c.dcm", b"plain text " * 50)
    upload(emulator, landing, "d.dcm", shipped("CT_small.dcm").read_bytes()[:-500])
    upload(emulator, landing, "e.dcm", made(PatientID="another"))
    upload(emulator, landing, "f.dcm", made())
    done = run(emulator, store.name, "import", source(landing, "*.dcm"))
    assert done["metadata"]["counter"] == {"success": "2", "failure": "4"}
    assert "error" not in done
    entries = {entry["jsonPayload"]["source"]: entry for entry in log_entries(emulator, done["name"])}
    assert set(entries) == {f"gs://{landing}/{letter}.dcm" for letter in "bcde"}
    empty = entries[f"gs://{landing}/b.dcm"]
    assert empty["jsonPayload"]["error"] == {"code": 3, "message": "empty DICOM instance found"}
    assert empty["jsonPayload"]["@type"].endswith("healthcare.logging.ImportDicomLogEntry")
    assert empty["resource"]["type"] == "healthcare_dicom_store"
    assert "truncated" in entries[f"gs://{landing}/d.dcm"]["jsonPayload"]["error"]["message"]
    assert "checksum mismatch" in entries[f"gs://{landing}/e.dcm"]["jsonPayload"]["error"]["message"]
    assert store.client.search_for_studies()[0]["00100020"]["Value"] == ["P1"]


def test_importing_again_changes_nothing(emulator: RunningEmulator, store: Store, landing: str) -> None:
    upload(emulator, landing, "a.dcm", made())
    for _ in range(2):
        assert run(emulator, store.name, "import", source(landing))["metadata"]["counter"] == {"success": "1"}
    assert len(store.client.search_for_instances()) == 1


def test_agent_without_its_grant(emulator: RunningEmulator, store: Store, unique: Callable[[str], str]) -> None:
    bucket = make_bucket(emulator, unique("closed"))
    upload(emulator, bucket, "a.dcm", made())
    done = run(emulator, store.name, "import", source(bucket))
    assert done["error"]["code"] == 7
    assert done["error"]["message"].startswith(
        "Healthcare API doesn't have required Cloud Storage permission. See https"
    )
    grant(emulator, bucket, "roles/storage.objectViewer")
    assert run(emulator, store.name, "import", source(bucket))["metadata"]["counter"] == {"success": "1"}


def test_a_requester_pays_bucket_is_of_no_use_to_the_agent(
    emulator: RunningEmulator, store: Store, unique: Callable[[str], str]
) -> None:
    bucket = make_bucket(emulator, unique("pays"), "roles/storage.objectAdmin")
    upload(emulator, bucket, "a.dcm", made())
    upload(emulator, bucket, "filter.txt", b"/studies/1.2.1")
    filtered = {"filterConfig": {"resourcePathsGcsUri": f"gs://{bucket}/filter.txt"}}
    to_bucket = {"gcsDestination": {"uriPrefix": f"gs://{bucket}/out"}}
    path = f"/storage/v1/b/{bucket}"
    assert emulator.request("PATCH", path, {"billing": {"requesterPays": True}})[0] == 200
    done = run(emulator, store.name, "import", source(bucket))
    assert done["error"]["code"] == 3
    assert done["error"]["message"] == "Bucket is a requester pays bucket but no user project provided."
    assert store.client.search_for_instances() == []
    assert "requester pays" in run(emulator, store.name, "export", to_bucket)["error"]["message"]
    assert "requester pays" in run(emulator, store.name, "export", {**to_bucket, **filtered})["error"]["message"]
    assert emulator.request("PATCH", path, {"billing": {"requesterPays": False}})[0] == 200
    assert run(emulator, store.name, "import", source(bucket, "*.dcm"))["metadata"]["counter"] == {"success": "1"}


def test_nothing_matches(emulator: RunningEmulator, store: Store, landing: str) -> None:
    done = run(emulator, store.name, "import", source(landing, "none/*"))
    assert (done["error"]["code"], "No objects match" in done["error"]["message"]) == (3, True)


@pytest.mark.parametrize("body", [{}, {"gcsSource": {}}, {"gcsSource": {"uri": "films"}}, source("bucket", "**/a*")])
def test_requests_that_are_refused(emulator: RunningEmulator, store: Store, body: dict[str, Any]) -> None:
    code, answer = emulator.request("POST", f"/v1/{store.name}:import", body)
    assert code == 400
    assert "gcsSource.uri" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("name", "matching", "others"),
    [
        ("a.dcm", ["a.dcm"], ["a.dcmx", "xa.dcm", "aXdcm"]),
        ("*.dcm", ["a.dcm", ".dcm"], ["f/a.dcm"]),
        ("f/*/a?.dcm", ["f/x/a1.dcm"], ["f/x/y/a1.dcm", "f/x/a.dcm", "f/x/a/.dcm"]),
        ("**", ["a", "f/x/y.dcm"], []),
        ("f/**.dcm", ["f/a.dcm", "f/x/y.dcm"], ["a.dcm", "f/a.txt"]),
        ("f/**", ["f/a", "f/b/c"], ["g/a"]),
    ],
)
def test_wildcards(name: str, matching: list[str], others: list[str]) -> None:
    matches = sources.parse(f"gs://bucket/{name}").matches
    assert [text for text in matching + others if matches(text)] == matching


@pytest.mark.parametrize("name", ["**/a.dcm", "a*/**", "f/**x*", "**?"])
def test_double_wildcard_stands_alone(name: str) -> None:
    with pytest.raises(ApiError, match=r"\*\*"):
        sources.parse(f"gs://bucket/{name}")


def test_cancelled_import_keeps_what_it_did(start_emulator: StartEmulator) -> None:
    emulator = start_emulator("--operations", "manual")
    store, bucket = prepared(emulator, 3)
    operation = start(emulator, store, "import", source(bucket))
    assert emulator.request("POST", f"/v1/{operation}:cancel", {})[0] == 200
    done = wait(emulator, operation)
    assert done["error"]["code"] == 1
    assert done["metadata"]["cancelRequested"] is True


def prepared(emulator: RunningEmulator, count: int) -> tuple[str, str]:
    """A store, and a bucket of so many films, on an emulator of its own."""
    parent = f"projects/{emulator.project}/locations/{LOCATION}"
    assert emulator.request("POST", f"/v1/{parent}/datasets?datasetId=d", {})[0] == 200
    assert emulator.request("POST", f"/v1/{parent}/datasets/d/dicomStores?dicomStoreId=s", {})[0] == 200
    bucket = make_bucket(emulator, "crash-landing", "roles/storage.objectViewer")
    for number in range(count):
        study = f"1.2.{number // 2}"
        film = made(study=study, series=f"{study}.1", uid=f"{study}.1.{number}", PatientID=f"P{number // 2}")
        upload(emulator, bucket, f"{number:05}.dcm", film)
    return f"{parent}/datasets/d/dicomStores/s", bucket


@pytest.mark.crash
@pytest.mark.slow
def test_killed_import_of_1000_instances_goes_on_after_a_restart(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    store, bucket = prepared(emulator, 1000)
    operation = start(emulator, store, "import", source(bucket))
    seen = 0
    while not 0 < seen < 1000:
        _, found = emulator.request("GET", f"/v1/{operation}")
        seen = int(found["metadata"].get("counter", {}).get("success", "0"))
    emulator.kill()
    emulator.start()
    done = wait(emulator, operation)
    assert done["metadata"]["counter"] == {"success": "1000"}
    _, metrics = emulator.request("GET", f"/v1/{store}:getDICOMStoreMetrics")
    assert (metrics["studyCount"], metrics["instanceCount"]) == ("500", "1000")
    _, rows = emulator.request("GET", f"/v1/{store}/dicomWeb/instances?PatientID=P499")
    assert len(rows) == 2
