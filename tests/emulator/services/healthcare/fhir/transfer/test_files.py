"""Import from and export to Cloud Storage (Cloud Healthcare: fhirStores.import, fhirStores.export)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.support.emulator import RunningEmulator

MakeStore = Callable[..., FhirStore]
API = "google.cloud.healthcare.v1"


def patient(identifier: str, **more: Any) -> Json:
    return {**PATIENT, "id": identifier, **more}


def bundle(*resources: Json, **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources], **more}


def ndjson(*lines: Json) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def load(emulator: RunningEmulator, store: FhirStore, bucket: str, data: bytes, structure: str = "") -> Json:
    """Import one file; the finished operation."""
    transfers.upload(emulator, bucket, "in.ndjson", data)
    body = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, **({"contentStructure": structure} if structure else {})}
    return transfers.run(emulator, store.name, "import", body)


def lines_of(emulator: RunningEmulator, bucket: str, name: str) -> list[Json]:
    return [json.loads(line) for line in transfers.download(emulator, bucket, name).splitlines()]


def test_resources_are_imported_with_their_ids(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    data = ndjson(patient("a"), observation("Patient/nobody", id="o"))
    done = load(emulator, fhir, bucket, data, "RESOURCE")
    assert done["metadata"]["counter"] == {"success": "2"}
    assert done["metadata"]["apiMethodName"] == f"{API}.fhir.FhirService.ImportResources"
    assert done["response"] == {"@type": f"type.googleapis.com/{API}.fhir.rest.ImportResourcesResponse"}
    assert fhir.read("Patient/a")["name"] == PATIENT["name"]
    assert fhir.read("Observation/o")["subject"] == {"reference": "Patient/nobody"}  # integrity is not enforced


def test_bundles_are_the_default_and_are_not_executed(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    inner = observation("urn:uuid:3f9cb7d4-45cd-4c4d-8d2e-1f0a4c2d7c11", id="o")
    told = bundle(patient("a"), inner, type="transaction")
    told["entry"][0]["request"] = {"method": "DELETE", "url": "Patient/a"}
    assert load(emulator, fhir, bucket, ndjson(told))["metadata"]["counter"] == {"success": "2"}
    assert fhir.read("Patient/a")["id"] == "a"
    assert fhir.read("Observation/o")["subject"] == inner["subject"]  # references are not rewritten


@pytest.mark.parametrize("structure", ["RESOURCE_PRETTY", "BUNDLE_PRETTY"])
def test_a_file_may_be_one_whole(emulator: RunningEmulator, fhir: FhirStore, bucket: str, structure: str) -> None:
    whole = patient("a") if structure.startswith("RESOURCE") else bundle(patient("a"))
    data = json.dumps(whole, indent=2).encode()
    assert load(emulator, fhir, bucket, data, structure)["metadata"]["counter"] == {"success": "1"}
    assert fhir.read("Patient/a")["id"] == "a"


def test_an_import_replaces_without_a_history(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    fhir.put(patient("a", gender="male"))
    fhir.put(patient("a", gender="other"))
    load(emulator, fhir, bucket, ndjson(patient("a", gender="unknown"), patient("a")), "RESOURCE")
    history = fhir.read("Patient/a/_history")
    assert [entry["resource"]["gender"] for entry in history["entry"]] == ["female", "male"]


def test_what_fails_is_logged_and_the_rest_imported(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    bad = [b"{", json.dumps({"resourceType": "Nothing", "id": "x"}).encode(), json.dumps(PATIENT).encode()]
    done = load(emulator, fhir, bucket, b"\n".join([*bad, b"", json.dumps(patient("a")).encode()[:-7]]), "RESOURCE")
    assert done["metadata"]["counter"] == {"failure": "4"}
    entries = transfers.log_entries(emulator, done["name"])
    assert {entry["jsonPayload"]["@type"].rpartition(".")[2] for entry in entries} == {"ImportFhirLogEntry"}
    assert {entry["resource"]["type"] for entry in entries} == {"healthcare_fhir_store"}
    kind = "unparseable_resource"
    assert {entry["jsonPayload"]["error"]["message"] for entry in entries} == {
        f"line 1: {kind}: invalid JSON: line 1, column 2",
        f'line 2: {kind}: error at "Nothing": unknown resource type',
        f'line 3: {kind}: error at "Patient": missing required field "id"',
        f"line 5: {kind}: invalid JSON: line 1, column {len(json.dumps(patient('a'))) - 6}",
    }
    assert "Smith" not in json.dumps(entries)


def test_an_import_of_which_something_failed_ends_as_google_s_does(
    emulator: RunningEmulator, fhir: FhirStore, bucket: str
) -> None:
    """synthetichealth/synthea, issue 1568: resources a line where bundles are due."""
    done = load(emulator, fhir, bucket, ndjson(bundle(patient("a")), patient("b")))
    assert done["error"] == {
        "code": 3,
        "message": "invalid_argument: importing one or more resources failed. Please use the link in the"
        " metadata.logsUrl field to view the error logs for this operation.",
    }
    assert "response" not in done
    assert done["metadata"]["counter"] == {"success": "1", "failure": "1"}
    (entry,) = transfers.log_entries(emulator, done["name"])
    assert entry["jsonPayload"]["error"] == {
        "code": 3,
        "message": "line 2: unparseable_resource: no bundle is found; if you intend to import individual resources,"
        " make sure you specify the appropriate ContentStructure in the request",
    }


def test_what_is_logged_quotes_no_value(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    bad = [patient("a", gender="Smith"), patient("b", birthDate="Smith"), patient("c", active="Smith", photo=[{}] * 3)]
    data = ndjson(*bad) + b'{"resourceType": "Patient", "id": "d", "Smith": 1, "Smith": 2}'
    entries = transfers.log_entries(emulator, load(emulator, fhir, bucket, data, "RESOURCE")["name"])
    told = sorted(entry["jsonPayload"]["error"]["message"] for entry in entries)
    assert [each.partition(":")[0] for each in told] == ["line 1", "line 2", "line 3", "line 4"]
    assert 'error at "Patient.gender": ' in told[0]
    assert "occurs twice" in told[3]
    assert "Smith" not in str(told)


def test_history_bundles_are_refused(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    done = load(emulator, fhir, bucket, ndjson(bundle(patient("a"), type="history"), bundle(patient("b"))))
    assert done["metadata"]["counter"] == {"success": "1", "failure": "1"}


def test_a_wrong_structure_is_refused_at_once(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    body = {"gcsSource": {"uri": f"gs://{bucket}/*"}, "contentStructure": "XML"}
    code, answer = emulator.request("POST", f"/v1/{fhir.name}:import", body)
    assert (code, "contentStructure" in answer["error"]["message"]) == (400, True)


def test_an_export_is_an_object_a_type(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    made = [fhir.put(patient("a")), fhir.put(patient("b"))]
    seen = fhir.put(observation("Patient/a", id="o"))
    fhir.put(patient("gone"))
    fhir.send("DELETE", "Patient/gone")
    done = transfers.run(emulator, fhir.name, "export", {"gcsDestination": {"uriPrefix": f"gs://{bucket}/out"}})
    assert done["metadata"]["counter"] == {"success": "3"}
    assert done["metadata"]["apiMethodName"] == f"{API}.fhir.FhirService.ExportFhirData"
    assert done["response"] == {"@type": f"type.googleapis.com/{API}.fhir.rest.ExportResourcesResponse"}
    assert transfers.names(emulator, bucket) == ["out/Observation", "out/Patient"]
    assert lines_of(emulator, bucket, "out/Patient") == made
    assert lines_of(emulator, bucket, "out/Observation") == [seen]


def test_an_export_takes_types_and_what_changed_since(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    fhir.put(patient("a"))
    then = fhir.put(patient("b"))["meta"]["lastUpdated"]
    fhir.put(observation("Patient/a", id="o"))
    to = {"gcsDestination": {"uriPrefix": f"gs://{bucket}"}}
    transfers.run(emulator, fhir.name, "export", {**to, "_type": "Patient", "_since": then})
    assert transfers.names(emulator, bucket) == ["Patient"]
    assert [line["id"] for line in lines_of(emulator, bucket, "Patient")] == ["b"]
    wrong = transfers.run(emulator, fhir.name, "export", {**to, "_type": "Patent"})
    assert wrong["error"]["message"] == 'Invalid _type: "Patent" is no type of FHIR R4.'
    assert emulator.request("POST", f"/v1/{fhir.name}:export", {**to, "_since": "yesterday"})[0] == 400


def test_what_is_exported_can_be_imported_again(
    emulator: RunningEmulator, fhir: FhirStore, make_fhir_store: MakeStore, bucket: str
) -> None:
    fhir.put({**patient("a"), "multipleBirthInteger": 2})
    fhir.put(observation("Patient/a", id="o", valueQuantity={"value": 1.50, "unit": "mg"}))
    fhir.session.put(f"{fhir.url}/Binary/b", data=b"\0\1", headers={"Content-Type": "application/x-raw"}, timeout=60)
    transfers.run(emulator, fhir.name, "export", {"gcsDestination": {"uriPrefix": f"gs://{bucket}/out"}})
    other = make_fhir_store()
    body = {"gcsSource": {"uri": f"gs://{bucket}/out/*"}, "contentStructure": "RESOURCE"}
    assert transfers.run(emulator, other.name, "import", body)["metadata"]["counter"] == {"success": "3"}
    for path in ("Patient/a", "Observation/o", "Binary/b"):
        first, second = fhir.read(path), other.read(path)
        first.pop("meta"), second.pop("meta")
        assert first == second
    assert other.read("Binary/b")["data"] == "AAE="
