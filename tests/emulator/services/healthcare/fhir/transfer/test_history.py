"""Export and import of histories (Cloud Healthcare, v1beta1: fhirStores.exportHistory, fhirStores.importHistory)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.support.emulator import RunningEmulator

MakeStore = Callable[..., FhirStore]
API = "google.cloud.healthcare.v1beta1"
ID = {"resourceType": "Patient", "id": "a"}
LONG_AGO = "2001-02-03T04:05:06.123456+00:00"


@pytest.fixture
def writable(emulator: RunningEmulator, make_fhir_store: MakeStore) -> FhirStore:
    """A store whose histories may be written."""
    return made_writable(emulator, make_fhir_store(enableUpdateCreate=True))


def made_writable(emulator: RunningEmulator, store: FhirStore) -> FhirStore:
    """Set what v1 has no field for."""
    path = f"/v1beta1/{store.name}?updateMask=enableHistoryModifications"
    code, answer = emulator.request("PATCH", path, {"enableHistoryModifications": True})
    assert code == 200, answer
    return store


def run(emulator: RunningEmulator, store: FhirStore, verb: str, body: Json) -> Json:
    code, operation = emulator.request("POST", f"/v1beta1/{store.name}:{verb}", body)
    assert code == 200, operation
    return transfers.wait(emulator, operation["name"])


def exported(emulator: RunningEmulator, store: FhirStore, bucket: str, **more: Any) -> dict[str, list[Json]]:
    """The bundles of an export of histories, by the names of their objects without the operation's number."""
    done = run(emulator, store, "exportHistory", {"gcsDestination": {"uriPrefix": f"gs://{bucket}/out"}, **more})
    assert "error" not in done, done
    start = f"out/{done['name'].rpartition('/')[2]}_history_"
    names = [name for name in transfers.names(emulator, bucket) if name.startswith(start)]
    return {name.removeprefix(start): lines_of(emulator, bucket, name) for name in names}


def lines_of(emulator: RunningEmulator, bucket: str, name: str) -> list[Json]:
    return [json.loads(line) for line in transfers.download(emulator, bucket, name).splitlines()]


def load(emulator: RunningEmulator, store: FhirStore, bucket: str, *bundles: Json, **more: Any) -> Json:
    data = b"".join(json.dumps(each).encode() + b"\n" for each in bundles)
    transfers.upload(emulator, bucket, "in.ndjson", data)
    body = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, **more}
    return run(emulator, store, "importHistory", body)


def bundle(*entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": "history", "entry": list(entries)}


def version(time: str = LONG_AGO, **more: Any) -> Json:
    """An entry of a history: a patient as it was at a time."""
    resource = {**ID, "meta": {"lastUpdated": time}, **more}
    request = {"method": "PUT", "url": "Patient/a"}
    return {"resource": resource, "request": request, "response": {"status": "200 OK", "lastModified": time}}


def deletion(time: str) -> Json:
    request = {"method": "DELETE", "url": "Patient/a"}
    return {"request": request, "response": {"status": "200 OK", "lastModified": time}}


def test_an_export_has_a_bundle_for_each_resource(emulator: RunningEmulator, fhir: FhirStore, bucket: str) -> None:
    fhir.put({**PATIENT, "id": "a"})
    fhir.put({**PATIENT, "id": "a", "gender": "male"})
    fhir.put({**PATIENT, "id": "gone"})
    fhir.send("DELETE", "Patient/gone")
    fhir.put(observation("Patient/a", id="o"))
    to = {"uriPrefix": f"gs://{bucket}/out/"}
    done = run(emulator, fhir, "exportHistory", {"gcsDestination": to})
    assert done["metadata"]["counter"] == {"success": "5"}
    assert done["metadata"]["apiMethodName"] == f"{API}.fhir.FhirService.ExportResourcesHistory"
    assert done["response"] == {"@type": f"type.googleapis.com/{API}.fhir.rest.ExportResourcesResponse"}
    number = done["name"].rpartition("/")[2]
    assert transfers.names(emulator, bucket) == [f"out/{number}_history_Observation", f"out/{number}_history_Patient"]
    first, second = lines_of(emulator, bucket, f"out/{number}_history_Patient")
    assert first["type"] == "history"
    assert [each["resource"]["gender"] for each in first["entry"]] == ["male", "female"]
    assert [each["request"]["method"] for each in second["entry"]] == ["DELETE", "PUT"]


def test_an_export_takes_types_times_and_the_youngest_versions(
    emulator: RunningEmulator, fhir: FhirStore, bucket: str
) -> None:
    for gender in ("male", "female", "other"):
        fhir.put({**PATIENT, "id": "a", "gender": gender})
    then = fhir.put({**PATIENT, "id": "a", "gender": "unknown"})["meta"]["lastUpdated"]
    fhir.put(observation("Patient/a", id="o"))
    limited = exported(emulator, fhir, bucket, _type="Patient", maxResourceVersions="2")
    assert [each["resource"]["gender"] for each in limited["Patient"][0]["entry"]] == ["unknown", "other"]
    late = exported(emulator, fhir, bucket, _since=then)
    assert [len(each["entry"]) for each in late["Patient"]] == [1]
    assert set(late) == {"Patient", "Observation"}


def test_a_long_history_is_several_bundles(emulator: RunningEmulator, writable: FhirStore, bucket: str) -> None:
    times = [f"2001-01-01T00:{number // 60:02}:{number % 60:02}.000000+00:00" for number in range(130)]
    for part in (times[:100], times[100:]):
        load(emulator, writable, bucket, bundle(*(version(time) for time in part)))
    bundles = exported(emulator, writable, bucket)["Patient"]
    assert [len(each["entry"]) for each in bundles] == [100, 30]
    shown = [entry["resource"]["meta"]["lastUpdated"] for each in bundles for entry in each["entry"]]
    assert shown == list(reversed(times))


def test_a_history_comes_back_as_it_was(
    emulator: RunningEmulator, fhir: FhirStore, writable: FhirStore, bucket: str
) -> None:
    made = fhir.create({**PATIENT, "multipleBirthInteger": 2})
    fhir.put({**made, "gender": "male"})
    fhir.send("DELETE", f"Patient/{made['id']}")
    fhir.put({**made, "gender": "other"})
    fhir.put(observation(f"Patient/{made['id']}", id="o", valueQuantity={"value": 1.50, "unit": "mg"}))
    fhir.send("DELETE", "Observation/o")
    before = exported(emulator, fhir, bucket)
    body = {"gcsSource": {"uri": f"gs://{bucket}/out/*"}}
    done = run(emulator, writable, "importHistory", body)
    assert done["metadata"]["counter"] == {"success": "6"}
    assert done["metadata"]["apiMethodName"] == f"{API}.fhir.FhirService.ImportResourcesHistory"
    after = exported(emulator, writable, bucket)
    assert json.dumps(before).replace(fhir.name, writable.name) == json.dumps(after)
    assert writable.read(f"Patient/{made['id']}") == fhir.read(f"Patient/{made['id']}")
    assert writable.send("GET", "Observation/o").status_code == 410
    again = run(emulator, writable, "importHistory", body)  # each version takes the place of itself
    assert again["metadata"]["counter"] == {"success": "12"}
    assert exported(emulator, writable, bucket) == after


def test_a_version_takes_its_place_by_its_time(emulator: RunningEmulator, writable: FhirStore, bucket: str) -> None:
    now = writable.put({**PATIENT, "id": "a"})
    older, oldest = "2003-01-01T00:00:00+00:00", "2002-01-01T00:00:00.5Z"
    load(emulator, writable, bucket, bundle(version(older, gender="other"), deletion(oldest), version(gender="male")))
    assert writable.read("Patient/a") == now
    shown = writable.read("Patient/a/_history")["entry"]
    assert [each["request"]["method"] for each in shown] == ["PUT", "PUT", "DELETE", "PUT"]
    assert [each["response"]["lastModified"][:4] for each in shown[1:]] == ["2003", "2002", "2001"]
    load(emulator, writable, bucket, bundle(version(gender="unknown")))
    replaced = writable.read("Patient/a/_history")["entry"]
    assert [each["resource"]["gender"] for each in replaced if "resource" in each] == ["female", "other", "unknown"]


def test_the_youngest_version_is_found_by_searches(emulator: RunningEmulator, writable: FhirStore, bucket: str) -> None:
    load(emulator, writable, bucket, bundle(version(gender="male")))
    load(emulator, writable, bucket, bundle(version("2002-01-01T00:00:00Z", gender="other")))
    assert writable.read("Patient/a")["gender"] == "other"
    assert writable.read("Patient/a")["meta"]["lastUpdated"] == "2002-01-01T00:00:00.000000+00:00"
    load(emulator, writable, bucket, bundle(deletion("2003-01-01T00:00:00Z")))
    assert writable.send("GET", "Patient/a").status_code == 410


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({**version(), "resource": {**ID}, "response": {}}, "lastModified must be the time"),
        (version("yesterday"), "unparseable_resource"),
        (version("1969-12-31T00:00:00Z"), "lastModified must be the time"),
        (version("9999-12-31T00:00:00Z"), "lastModified must be the time"),
        ({**version(), "request": {"method": "GET", "url": "Patient/a"}}, "method must be one of"),
        ({**version(), "request": {"method": "PUT", "url": "Patient/b"}}, "must name the resource"),
        ({**version(), "request": "PUT"}, "request must be an object"),
        ({"request": {"method": "PUT", "url": "Patient/a"}}, "resource is required"),
        ({"request": {"method": "DELETE", "url": "Patent/a"}}, "bad_resource_type"),
        ({"resource": {"resourceType": "Patient"}}, "unparseable_resource"),
        ("nothing", "must be of the same resource"),
    ],
)
def test_what_is_no_version_is_logged(
    emulator: RunningEmulator, writable: FhirStore, bucket: str, entry: Any, said: str
) -> None:
    done = load(emulator, writable, bucket, bundle(entry))
    assert done["metadata"]["counter"] == {"failure": "1"}
    assert said in json.dumps(transfers.log_entries(emulator, done["name"]))


def test_a_bundle_is_of_one_resource(emulator: RunningEmulator, writable: FhirStore, bucket: str) -> None:
    other = {**version(), "resource": {**ID, "id": "b"}, "request": {"method": "PUT", "url": "Patient/b"}}
    assert load(emulator, writable, bucket, bundle(version(), other))["metadata"]["counter"] == {
        "success": "1",
        "failure": "1",
    }


def test_resources_alone_are_versions_of_their_times(
    emulator: RunningEmulator, writable: FhirStore, bucket: str
) -> None:
    load(emulator, writable, bucket, version()["resource"], contentStructure="RESOURCE")
    assert writable.read("Patient/a")["meta"]["lastUpdated"] == LONG_AGO


def test_too_many_errors_end_an_import(emulator: RunningEmulator, writable: FhirStore, bucket: str) -> None:
    bad = [bundle(version("never"))] * 3
    stopped = load(emulator, writable, bucket, *bad, bundle(version()), maxErrorCount="2")
    assert stopped["error"]["code"] == 10  # ABORTED
    assert "error" not in load(emulator, writable, bucket, *bad, maxErrorCount="3")
    assert "error" not in load(emulator, writable, bucket, *bad * 40, maxErrorCount="-1")
    assert "error" in load(emulator, writable, bucket, *bad * 40)  # 100, if nothing is said


@pytest.mark.parametrize(
    ("verb", "settings", "said"),
    [
        ("importHistory", {}, "enableHistoryModifications"),
        ("importHistory", {"disableResourceVersioning": True}, "no history"),
        ("exportHistory", {"disableResourceVersioning": True}, "no history"),
    ],
)
def test_stores_that_can_not(
    emulator: RunningEmulator, make_fhir_store: MakeStore, verb: str, settings: Json, said: str
) -> None:
    store = make_fhir_store(**settings)
    code, answer = emulator.request("POST", f"/v1beta1/{store.name}:{verb}", {})
    assert (code, answer["error"]["status"], said in answer["error"]["message"]) == (400, "FAILED_PRECONDITION", True)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("exportHistory", {}),
        ("exportHistory", {"gcsDestination": {"uriPrefix": "gs://bucket"}, "maxResourceVersions": "-1"}),
        ("exportHistory", {"gcsDestination": {"uriPrefix": "gs://bucket"}, "maxResourceVersions": "many"}),
        ("exportHistory", {"gcsDestination": {"uriPrefix": "gs://bucket"}, "_since": "then"}),
        ("importHistory", {}),
        ("importHistory", {"gcsSource": {"uri": "gs://bucket/*"}, "maxErrorCount": "-2"}),
    ],
)
def test_what_is_refused_at_once(emulator: RunningEmulator, writable: FhirStore, verb: str, body: Json) -> None:
    code, answer = emulator.request("POST", f"/v1beta1/{writable.name}:{verb}", body)
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_version_that_was_imported_goes_on(emulator: RunningEmulator, writable: FhirStore, bucket: str) -> None:
    load(emulator, writable, bucket, bundle(version(gender="male")))
    writable.put({**PATIENT, "id": "a"})
    genders = [each["resource"]["gender"] for each in writable.read("Patient/a/_history")["entry"]]
    assert genders == ["female", "male"]
