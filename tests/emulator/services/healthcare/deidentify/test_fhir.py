"""fhirStores.deidentify, driven as Google's page "De-identifying FHIR data" does."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from emulator.deidentify.dates import shift_fhir
from emulator.deidentify.keys import Secret
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.deidentify.conftest import BASIC
from tests.emulator.services.healthcare.fhir.bulk.test_crash import kill_midway
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json, observation
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator

SECRET = Secret(b"sixteen bytes of")
KEY = base64.b64encode(SECRET.key).decode()
KEYED = {"fhirFieldConfig": {"profileType": "BASIC", "options": {"cryptoHashConfig": {"cryptoKey": KEY}}}}
MakeStore = Callable[..., FhirStore]
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "darcy",
    "address": [
        {
            "city": "Anycity",
            "district": "Anydistrict",
            "line": ["123 Main Street"],
            "period": {"start": "1990-12-05"},
            "postalCode": "12345",
            "state": "CA",
            "text": "123 Main Street Anycity, Anydistrict, CA 12345",
            "type": "both",
            "use": "home",
        }
    ],
    "birthDate": "1980-12-05",
    "gender": "female",
    "name": [{"family": "Smith", "given": ["Darcy"], "use": "official"}],
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p><b>Name</b>: Smith, Darcy</p></div>',
    },
}
"""As the Patient of Google's page."""
BARE = {name: value for name, value in PATIENT.items() if name != "text"}


def deidentify(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore, api: str = "v1beta1", **body: Any
) -> Json:
    return transfers.run(emulator, source.name, "deidentify", {"destinationStore": target.name, **body}, api)


def counter(done: Json) -> Json:
    found: Json = done["metadata"].get("counter", {})
    return found


def all_of(store: FhirStore, resource_type: str = "") -> list[Json]:
    found = store.read(f"{resource_type}?_count=1000" if resource_type else "?_count=1000")
    resources = [each["resource"] for each in found.get("entry", [])]
    for each in resources:
        each["meta"] = {name: value for name, value in each["meta"].items() if name not in ("versionId", "lastUpdated")}
    return [{name: value for name, value in each.items() if value != {}} for each in resources]


def test_fields_are_transformed_as_the_config_says(
    emulator: RunningEmulator, healthcare: Any, source: FhirStore, target: FhirStore
) -> None:
    """Google's sample: fieldMetadataList with TRANSFORM and DO_NOT_TRANSFORM, through Google's client."""
    source.put(PATIENT)
    fields = [
        {"paths": ["Patient.address.state"], "action": "DO_NOT_TRANSFORM"},
        {"paths": ["Patient.address", "HumanName", "Xhtml"], "action": "TRANSFORM"},
    ]
    body = {"destinationStore": target.name, "config": {"fhir": {"fieldMetadataList": fields}}}
    stores = healthcare.projects().locations().datasets().fhirStores()
    operation = stores.deidentify(sourceStore=source.name, body=body).execute()
    assert operation.keys() == {"name"}
    done = transfers.wait(emulator, operation["name"])
    assert done["metadata"]["apiMethodName"] == (
        "google.cloud.healthcare.v1.deidentify.DeidentifyService.DeidentifyFhirStore"
    )
    assert done["response"] == {
        "@type": "type.googleapis.com/google.cloud.healthcare.v1.deidentify.DeidentifyFhirStoreSummary"
    }
    assert counter(done) == {"success": "1"}
    assert all_of(target) == [
        {
            "resourceType": "Patient",
            "id": "darcy",
            "address": [{"state": "CA"}],
            "birthDate": "1980-12-05",
            "gender": "female",
            "name": [{"use": "official"}],
        }
    ]


@pytest.mark.parametrize("config", [{"fhir": {}}, {}, {"fhirFieldConfig": {}}, BASIC])
def test_without_a_list_of_fields_the_profile_basic_holds(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore, config: Json
) -> None:
    source.put(BARE)
    deidentify(emulator, source, target, config=config)
    (patient,) = all_of(target)
    text = json.dumps(patient)
    assert not any(each in text for each in ("Smith", "Darcy", "darcy", "Anycity", "Main", "12345", "1980-12-05"))
    assert patient["address"][0]["state"] == "CA"
    assert patient["gender"] == "female"


def test_profiles_and_field_actions_of_v1beta1(emulator: RunningEmulator, source: FhirStore, target: FhirStore) -> None:
    source.put({**BARE, "extension": [{"url": "http://x.example/e", "valueCode": "c"}]})
    fields = [
        {"paths": ["Patient.gender"], "removeField": {}},
        {"paths": ["Patient.name.family"], "characterMaskField": {}},
        {"paths": ["Patient.name.given"], "cryptoHashField": {}},
        {"paths": ["Patient.birthDate"], "dateShiftField": {}},
        {"paths": ["Patient.address.text"], "removeField": {}},
    ]
    options = {
        "characterMaskConfig": {"maskingCharacter": "#"},
        "cryptoHashConfig": {"cryptoKey": KEY},
        "keepExtensions": {},
    }
    config = {"fhirFieldConfig": {"profileType": "KEEP_ALL", "options": options, "fieldMetadataList": fields}}
    deidentify(emulator, source, target, config=config)
    (patient,) = all_of(target)
    address = {name: value for name, value in PATIENT["address"][0].items() if name != "text"}
    assert patient == {
        "resourceType": "Patient",
        "id": "darcy",
        "extension": [{"url": "http://x.example/e", "valueCode": "c"}],
        "address": [address],
        "birthDate": shift_fhir("1980-12-05", SECRET.days("darcy")),
        "name": [{"family": "#####", "given": [SECRET.hash("Darcy")], "use": "official"}],
    }


def test_the_graph_stays_whole(emulator: RunningEmulator, source: FhirStore, target: FhirStore) -> None:
    source.put(PATIENT)
    source.put({**observation("Patient/darcy"), "id": "one"})
    assert counter(deidentify(emulator, source, target, config=KEYED)) == {"success": "2"}
    patient = target.read(f"Patient/{SECRET.identifier('darcy')}")
    found = target.read(f"Observation?subject=Patient/{patient['id']}")
    assert [each["resource"]["id"] for each in found["entry"]] == [SECRET.identifier("one")]


def test_people_that_a_resource_refers_to_are_found_in_its_texts(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    source.put(BARE)
    source.put({"resourceType": "Practitioner", "id": "doctor", "name": [{"family": "Quizzelworth"}]})
    said = {**observation("Patient/darcy"), "performer": [{"reference": "Practitioner/doctor"}]}
    source.put({**said, "id": "o", "note": [{"text": "quizzelworth told darcy"}]})
    deidentify(emulator, source, target, config=KEYED)
    note = target.read(f"Observation/{SECRET.identifier('o')}")["note"]
    assert note == [{"text": "[PERSON_NAME] told [PERSON_NAME]"}]


def test_the_same_key_gives_the_same_and_changes_nothing_again(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    source.put(PATIENT)
    deidentify(emulator, source, target, config=KEYED)
    first = target.read(f"Patient/{SECRET.identifier('darcy')}")
    assert counter(deidentify(emulator, source, target, config=KEYED)) == {"success": "1"}
    assert target.read(f"Patient/{first['id']}") == first
    source.put({**PATIENT, "gender": "other"})
    deidentify(emulator, source, target, config=KEYED)
    now = target.read(f"Patient/{first['id']}")
    assert (now["gender"], now["meta"]["versionId"] != first["meta"]["versionId"]) == ("other", True)


def test_another_run_has_a_key_of_its_own(emulator: RunningEmulator, source: FhirStore, target: FhirStore) -> None:
    source.put(PATIENT)
    for _ in range(2):
        deidentify(emulator, source, target, config=BASIC)
    assert len({each["id"] for each in all_of(target)}) == 2


def test_a_filter_names_resources(emulator: RunningEmulator, source: FhirStore, target: FhirStore) -> None:
    for name in ("a", "b", "c"):
        source.put({**PATIENT, "id": name})
    listed = {"resources": {"resources": ["Patient/c", "Patient/a", "Patient/nobody", "Patient/a"]}}
    config = {"fhirFieldConfig": {"profileType": "KEEP_ALL"}}
    done = deidentify(emulator, source, target, config=config, resourceFilter=listed)
    assert counter(done) == {"success": "2", "failure": "1"}
    assert sorted(each["id"] for each in all_of(target)) == ["a", "c"]
    (entry,) = transfers.log_entries(emulator, done["name"])
    assert entry["jsonPayload"]["source"] == f"{source.name}/fhir/Patient/nobody"
    assert entry["jsonPayload"]["error"] == {"code": 5, "message": "There is no such resource."}
    assert entry["resource"]["type"] == "healthcare_fhir_store"


def test_deleted_and_old_versions_are_not_copied(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    source.put({**PATIENT, "id": "gone"})
    source.send("DELETE", "Patient/gone")
    source.put({**PATIENT, "id": "p", "gender": "male"})
    source.put({**PATIENT, "id": "p", "gender": "other"})
    config = {"fhirFieldConfig": {"profileType": "KEEP_ALL"}}
    assert counter(deidentify(emulator, source, target, config=config)) == {"success": "1"}
    assert len(target.read("Patient/p/_history")["entry"]) == 1
    assert target.read("Patient/p")["gender"] == "other"


def test_resources_that_change_after_the_start_are_skipped_on_request(start_emulator: StartEmulator) -> None:
    emulator = start_emulator("--operations", "manual")
    stores = [lonely(emulator, name) for name in ("s", "t")]
    source, target = stores
    source.put({**PATIENT, "id": "before"})
    body = {"destinationStore": target.name, "config": {"fhirFieldConfig": {"profileType": "KEEP_ALL"}}}
    skipping = transfers.start(emulator, source.name, "deidentify", {**body, "skipModifiedResources": True}, "v1beta1")
    source.put({**PATIENT, "id": "after"})
    emulator.request("POST", f"/_emulator/operations/{skipping}:finish", {})
    done = transfers.wait(emulator, skipping)
    assert counter(done) == {"success": "1"}
    assert [each["id"] for each in all_of(target)] == ["before"]


def test_raw_binaries_are_cleaned_and_found_by_their_document(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    source.put(PATIENT)
    sent = source.send("PUT", "Binary/note", b"a note", Content_Type="text/plain")
    assert sent.status_code == 201
    attachment = {"contentType": "text/plain", "url": "Binary/note"}
    source.put(
        {
            "resourceType": "DocumentReference",
            "id": "d",
            "status": "current",
            "subject": {"reference": "Patient/darcy"},
            "content": [{"attachment": attachment}],
        }
    )
    deidentify(emulator, source, target, config=KEYED)
    document = target.read(f"DocumentReference/{SECRET.identifier('d')}")
    url = document["content"][0]["attachment"]["url"]
    assert url == f"Binary/{SECRET.identifier('note')}"
    assert base64.b64decode(target.read(url)["data"]) == b"a note"


def test_raw_binaries_that_no_rule_is_about_are_copied_as_files(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    source.send("PUT", "Binary/b", b"\x00\x01" * 1000, Content_Type="application/octet-stream")
    config = {"fhirFieldConfig": {"profileType": "KEEP_ALL"}}
    deidentify(emulator, source, target, config=config)
    source.send("DELETE", "Binary/b")
    raw = target.send("GET", "Binary/b", Accept="application/octet-stream")
    assert raw.content == b"\x00\x01" * 1000


def test_what_the_destination_refuses_is_a_failure_and_never_passed_on(
    emulator: RunningEmulator, make_fhir_store: MakeStore, target: FhirStore
) -> None:
    source = make_fhir_store(enableUpdateCreate=True, validationConfig={"disableRequiredFieldValidation": True})
    source.put({"resourceType": "Observation", "id": "bad", "status": "final", "valueString": "Smith"})
    source.put(PATIENT)
    done = deidentify(emulator, source, target, config={"fhirFieldConfig": {"profileType": "KEEP_ALL"}})
    assert counter(done) == {"success": "1", "failure": "1"}
    assert [each["resourceType"] for each in all_of(target)] == ["Patient"]
    (entry,) = transfers.log_entries(emulator, done["name"])
    assert entry["jsonPayload"]["source"] == f"{source.name}/fhir/Observation/bad"
    assert "Smith" not in json.dumps(entry)


def test_what_was_found_is_counted_in_the_log_without_a_value(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    source.put(PATIENT)
    source.put(observation("Patient/darcy", id="o", note=[{"text": "Ms Smith, 555-123-4567"}]))
    done = deidentify(emulator, source, target, config={"fhirFieldConfig": {"profileType": "CLEAN_ALL"}})
    (entry,) = transfers.log_entries(emulator, done["name"])
    assert entry["resource"]["type"] == "healthcare_fhir_store"
    told = entry["jsonPayload"]["findings"]
    assert {each["origin"] for each in told} == {"RESOURCE"}
    phone = {"infoType": "PHONE_NUMBER", "score": 0.7, "likelihood": "POSSIBLE", "count": "1"}
    assert {"origin": "RESOURCE", **phone} in told
    assert "Smith" not in json.dumps(entry)


def test_a_config_in_cloud_storage(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore, bucket: str
) -> None:
    source.put(PATIENT)
    transfers.upload(emulator, bucket, "deid.json", json.dumps(KEYED).encode())
    done = deidentify(emulator, source, target, gcsConfigUri=f"gs://{bucket}/deid.json")
    assert counter(done) == {"success": "1"}
    assert target.send("GET", f"Patient/{SECRET.identifier('darcy')}").status_code == 200


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"{", "is not JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"fhir":{"fieldMetadataList":[{"action":"NOPE","paths":["Patient"]}]}}', "is no DeidentifyConfig"),
        (b'{"fhir":[1]}', "is no DeidentifyConfig"),
        (b'{"fhir":{"fieldMetadataList":[{"paths":[{}]}]}}', "is no DeidentifyConfig"),
        (b'{"fhirFieldConfig":{"fieldMetadataList":[{"paths":["Patient.nmae"],"keepField":{}}]}}', "nmae"),
    ],
)
def test_configs_in_cloud_storage_that_can_not_be_followed(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore, bucket: str, file: bytes, sentence: str
) -> None:
    transfers.upload(emulator, bucket, "deid.json", file)
    done = deidentify(emulator, source, target, gcsConfigUri=f"gs://{bucket}/deid.json")
    assert done["error"]["code"] == 3
    assert sentence in done["error"]["message"]


@pytest.mark.parametrize("version", ["STU3", "R5"])
def test_other_versions(emulator: RunningEmulator, make_fhir_store: MakeStore, version: str) -> None:
    source, target = (make_fhir_store(version, enableUpdateCreate=True) for _ in range(2))
    source.put(BARE)
    assert counter(deidentify(emulator, source, target, config=KEYED)) == {"success": "1"}
    assert "name" not in target.read(f"Patient/{SECRET.identifier('darcy')}")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"destinationStore": ""}, "destinationStore is required"),
        ({"destinationStore": "SOURCE"}, "another store than the source"),
        ({"destinationStore": "nonsense"}, "Invalid store name"),
        ({"destinationStore": "DICOM"}, "must be the name of one of fhirStores"),
        ({"destinationStore": "ELSEWHERE"}, "must be in the source's location"),
        ({"config": {}, "gcsConfigUri": "gs://b/o"}, "Only one of config and gcsConfigUri"),
        ({"config": {"fhir": {}, "fhirFieldConfig": {}}}, "Only one of config.fhir and config.fhirFieldConfig"),
        ({"config": {"fhirFieldConfig": {"fieldMetadataList": [{"paths": ["Patient.name"]}]}}}, "exactly one of"),
        (
            {"config": {"fhirFieldConfig": {"fieldMetadataList": [{"keepField": {}}]}}},
            "fieldMetadataList[0].paths is required",
        ),
        (
            {"config": {"fhirFieldConfig": {"fieldMetadataList": [{"paths": ["Patient.nmae"], "keepField": {}}]}}},
            'no field or type is called "nmae"',
        ),
        (
            {"config": {"fhirFieldConfig": {"fieldMetadataList": [{"paths": ["Boolean"], "cryptoHashField": {}}]}}},
            "cryptoHashField is not for Boolean",
        ),
        (
            {"config": {"fhirFieldConfig": {"options": {"cryptoHashConfig": {"cryptoKey": "c2hvcnQ="}}}}},
            "128, 192 or 256 bits",
        ),
        (
            {"config": {"fhirFieldConfig": {"options": {"characterMaskConfig": {"maskingCharacter": "ab"}}}}},
            "must be one character",
        ),
        ({"resourceFilter": {"resources": {"resources": ["Patient"]}}}, "must be TYPE/ID"),
    ],
)
def test_requests_that_are_refused(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore, body: Json, sentence: str
) -> None:
    names = {
        "SOURCE": source.name,
        "DICOM": source.name.replace("fhirStores", "dicomStores"),
        "ELSEWHERE": source.name.replace("us-central1", "us-east4"),
    }
    asked = {"destinationStore": target.name, **body}
    asked["destinationStore"] = names.get(asked["destinationStore"], asked["destinationStore"])
    code, answer = emulator.request("POST", f"/v1beta1/{source.name}:deidentify", asked)
    assert code == 400, answer
    assert sentence in answer["error"]["message"]


def test_the_destination_must_exist_and_have_the_version(
    emulator: RunningEmulator, healthcare: Any, source: FhirStore, make_fhir_store: MakeStore
) -> None:
    code, _ = emulator.request("POST", f"/v1/{source.name}:deidentify", {"destinationStore": f"{source.name}-none"})
    assert code == 404
    other = make_fhir_store("STU3")
    stores = healthcare.projects().locations().datasets().fhirStores()
    with pytest.raises(HttpError, match="is of FHIR STU3, the source of R4"):
        stores.deidentify(sourceStore=source.name, body={"destinationStore": other.name}).execute()


def test_who_may(emulator: RunningEmulator, source: FhirStore, target: FhirStore, unique: Callable[[str], str]) -> None:
    caller = make_account(emulator, unique("deid"))
    body = {"destinationStore": target.name}
    for store, role, code in (
        (source, "", 403),
        (source, "roles/healthcare.fhirStoreAdmin", 403),
        (target, "roles/healthcare.fhirResourceEditor", 200),
    ):
        if role:
            policy = {"bindings": [{"role": role, "members": [caller.member]}]}
            emulator.request("POST", f"/v1/{store.name}:setIamPolicy", {"policy": policy})
        answer = emulator.request("POST", f"/v1/{source.name}:deidentify", body, token=caller.token)
        assert answer[0] == code, answer


def lonely(emulator: RunningEmulator, name: str, **settings: Any) -> FhirStore:
    """A store of an emulator of a test's own."""
    import requests

    parent = f"projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"/v1/{parent}?datasetId=d", {})
    body = {"version": "R4", "enableUpdateCreate": True, **settings}
    code, answer = emulator.request("POST", f"/v1/{parent}/d/fhirStores?fhirStoreId={name}", body)
    assert code == 200, answer
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {emulator.owner_token}"
    return FhirStore(f"{parent}/d/fhirStores/{name}", emulator.base_url, session)


MANY = 600


@pytest.mark.crash
def test_a_killed_run_goes_on_after_a_restart_and_changes_nothing_twice(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    source, target = (lonely(emulator, name) for name in ("s", "t"))
    bucket = transfers.make_bucket(emulator, "deid-crash", "roles/storage.objectAdmin")
    data = b"".join(json.dumps({**PATIENT, "id": f"p{number}"}).encode() + b"\n" for number in range(MANY))
    transfers.upload(emulator, bucket, "in.ndjson", data)
    loading = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, "contentStructure": "RESOURCE"}
    transfers.run(emulator, source.name, "import", loading)
    body = {"destinationStore": target.name, "config": BASIC}
    operation = transfers.start(emulator, source.name, "deidentify", body, "v1beta1")
    kill_midway(emulator, operation)
    assert counter(transfers.wait(emulator, operation)) == {"success": str(MANY)}
    assert target_again(emulator, target).read("Patient?_total=accurate&_count=1")["total"] == MANY


def target_again(emulator: RunningEmulator, store: FhirStore) -> FhirStore:
    return FhirStore(store.name, emulator.base_url, store.session)
