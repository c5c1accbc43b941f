"""Streams to a store that is to have everything de-identified: streamConfigs[].deidentifiedStoreDestination."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.deidentify.test_fhir import BARE, KEYED, SECRET, lonely
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json, observation
from tests.emulator.services.healthcare.fhir.test_bundles import bundle, entry
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

MakeStore = Callable[..., FhirStore]
NEW = SECRET.identifier("darcy")


def grant(emulator: RunningEmulator, store: FhirStore) -> None:
    """Let the service agent write to a store, as Google's page asks for."""
    role = "roles/healthcare.fhirResourceEditor"
    policy = {"bindings": [{"role": role, "members": [transfers.agent(emulator)]}]}
    code, answer = emulator.request("POST", f"/v1/{store.name}:setIamPolicy", {"policy": policy})
    assert code == 200, answer


def stream(emulator: RunningEmulator, source: FhirStore, target: FhirStore, **more: Any) -> tuple[int, Any]:
    """Give a store a stream to another one."""
    destination = {"store": target.name, "config": KEYED}
    body = {"streamConfigs": [{"deidentifiedStoreDestination": destination, **more}]}
    return emulator.request("PATCH", f"/v1beta1/{source.name}?updateMask=streamConfigs", body)


@pytest.fixture
def streaming(emulator: RunningEmulator, source: FhirStore, target: FhirStore) -> FhirStore:
    """The source, with a stream to the target."""
    grant(emulator, target)
    code, answer = stream(emulator, source, target)
    assert code == 200, answer
    return source


def awaited(store: FhirStore, path: str, status: int, gender: str = "") -> Json:
    """A resource once a read of it answers as it should."""
    answer = eventually(
        lambda: store.send("GET", path),
        lambda read: read.status_code == status and (not gender or read.json().get("gender") == gender),
    )
    found: Json = answer.json()
    return found


def test_what_changes_is_changed_in_the_other_store(streaming: FhirStore, target: FhirStore) -> None:
    streaming.put(BARE)
    patient = awaited(target, f"Patient/{NEW}", 200)
    assert "name" not in patient
    streaming.put({**BARE, "gender": "other"})
    awaited(target, f"Patient/{NEW}", 200, "other")
    patch = [{"op": "replace", "path": "/gender", "value": "male"}]
    answer = streaming.send("PATCH", "Patient/darcy", patch, Content_Type="application/json-patch+json")
    assert answer.status_code == 200, answer.text
    awaited(target, f"Patient/{NEW}", 200, "male")
    streaming.send("DELETE", "Patient/darcy")
    awaited(target, f"Patient/{NEW}", 410)


def test_resources_of_a_bundle_still_meet(streaming: FhirStore, target: FhirStore) -> None:
    entries = [
        entry("PUT", "Patient/darcy", BARE),
        entry("PUT", "Observation/o", {**observation("Patient/darcy"), "id": "o"}),
    ]
    assert streaming.send("POST", "", bundle("transaction", *entries)).status_code == 200
    found = awaited(target, f"Observation/{SECRET.identifier('o')}", 200)
    assert found["subject"] == {"reference": f"Patient/{NEW}"}


def test_only_the_types_that_are_asked_for(emulator: RunningEmulator, source: FhirStore, target: FhirStore) -> None:
    grant(emulator, target)
    assert stream(emulator, source, target, resourceTypes=["Patient"])[0] == 200
    source.put({**observation("Patient/darcy"), "id": "o"})
    source.put(BARE)
    awaited(target, f"Patient/{NEW}", 200)
    assert target.send("GET", f"Observation/{SECRET.identifier('o')}").status_code == 404


def test_imports_and_what_was_there_before_are_not_streamed(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore, bucket: str
) -> None:
    source.put({**BARE, "id": "before"})
    grant(emulator, target)
    assert stream(emulator, source, target)[0] == 200
    transfers.upload(emulator, bucket, "in.ndjson", json.dumps({**BARE, "id": "imported"}).encode())
    loading = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, "contentStructure": "RESOURCE"}
    transfers.run(emulator, source.name, "import", loading)
    source.put(BARE)
    awaited(target, f"Patient/{NEW}", 200)
    assert target.read("Patient?_total=accurate")["total"] == 1


def test_a_destination_must_be_as_the_reference_says(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore, make_fhir_store: MakeStore
) -> None:
    code, answer = stream(emulator, source, target)
    assert code == 403, answer
    grant(emulator, target)
    for wrong in (
        make_fhir_store(enableUpdateCreate=True),
        make_fhir_store(disableReferentialIntegrity=True),
        make_fhir_store("STU3", enableUpdateCreate=True, disableReferentialIntegrity=True),
    ):
        grant(emulator, wrong)
        code, answer = stream(emulator, source, wrong)
        assert (code, answer["error"]["status"]) == (400, "FAILED_PRECONDITION"), answer
    code, answer = stream(emulator, source, source)
    assert "another store than the source" in answer["error"]["message"]
    gone = FhirStore(f"{target.name}-none", target.base_url, target.session)
    assert stream(emulator, source, gone)[0] == 404
    assert stream(emulator, source, target)[0] == 200
    code, answer = stream(emulator, make_fhir_store(), source)
    assert code == 400, answer


def test_r5_has_no_such_streams(emulator: RunningEmulator, make_fhir_store: MakeStore, target: FhirStore) -> None:
    code, answer = stream(emulator, make_fhir_store("R5"), target)
    assert (code, "R5" in answer["error"]["message"]) == (400, True)


def test_a_config_that_can_not_be_followed_is_refused(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    config = {"fhir": {"fieldMetadataList": [{"paths": ["Patient.nmae"], "action": "TRANSFORM"}]}}
    destination = {"store": target.name, "config": config}
    body = {"streamConfigs": [{"deidentifiedStoreDestination": destination}]}
    code, answer = emulator.request("PATCH", f"/v1/{source.name}?updateMask=streamConfigs", body)
    assert (code, "nmae" in answer["error"]["message"]) == (400, True), answer


def test_what_fails_is_logged(emulator: RunningEmulator, streaming: FhirStore, target: FhirStore) -> None:
    emulator.request("POST", f"/v1/{target.name}:setIamPolicy", {"policy": {"bindings": []}})
    streaming.put(BARE)
    body = {
        "resourceNames": [f"projects/{emulator.project}"],
        "filter": f'jsonPayload.source="{target.name}" AND resource.type="healthcare_fhir_store"',
    }
    found = eventually(lambda: emulator.request("POST", "/v2/entries:list", body)[1].get("entries", []))
    assert "permission" in found[0]["jsonPayload"]["error"]["message"]
    assert "Smith" not in json.dumps(found)


def test_a_stream_without_a_key_keeps_one_of_its_own(
    emulator: RunningEmulator, source: FhirStore, target: FhirStore
) -> None:
    grant(emulator, target)
    body = {"streamConfigs": [{"deidentifiedStoreDestination": {"store": target.name}}]}
    assert emulator.request("PATCH", f"/v1/{source.name}?updateMask=streamConfigs", body)[0] == 200
    source.put(BARE)
    (first,) = awaited_all(target, 1)
    source.put({**BARE, "gender": "other"})
    awaited(target, f"Patient/{first['id']}", 200, "other")
    source.put({**BARE, "id": "another"})
    assert first["id"] in {each["id"] for each in awaited_all(target, 2)}


def awaited_all(store: FhirStore, number: int) -> list[Json]:
    """The patients of a store once there are so many."""
    return eventually(
        lambda: [each["resource"] for each in store.read("Patient").get("entry", [])],
        lambda found: len(found) == number,
    )


@pytest.mark.crash
def test_nothing_that_was_answered_is_missing_after_a_kill(start_emulator: StartEmulator) -> None:
    own = start_emulator()
    source, target = lonely(own, "s"), lonely(own, "t", disableReferentialIntegrity=True)
    grant(own, target)
    code, answer = stream(own, source, target)
    assert code == 200, answer
    for number in range(60):
        source.put({**BARE, "id": f"p{number}"})
    own.kill()
    own.start()
    again = FhirStore(target.name, own.base_url, target.session)
    for number in range(60):
        awaited(again, f"Patient/{SECRET.identifier(f'p{number}')}", 200)
