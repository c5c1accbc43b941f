"""Ten patients of Synthea, from store to store: nothing of theirs is left, and everything still meets."""

import json
from collections.abc import Callable

import pytest

from tests.emulator.deidentify.fhir.canaries import dangling, leaks, planted
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.deidentify.conftest import BASIC
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json
from tests.support.emulator import RunningEmulator
from tests.support.fhir_data import ten_patients

CONFIGS = {
    "v1": {"fhir": {}},
    "v1beta1": BASIC,
    "hashed": {"text": {"additionalTransformations": [{"cryptoHashConfig": {}}]}, **BASIC},
}


@pytest.fixture
def ten(emulator: RunningEmulator, make_fhir_store: Callable[..., FhirStore], bucket: str) -> FhirStore:
    """A store with the ten patients, and a note of one of them that was sent raw."""
    store = make_fhir_store(enableUpdateCreate=True)
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in ten_patients())
    transfers.upload(emulator, bucket, "in.ndjson", lines)
    loading = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, "contentStructure": "RESOURCE"}
    done = transfers.run(emulator, store.name, "import", loading)
    assert done["metadata"]["counter"] == {"success": str(len(ten_patients()))}
    patient = next(each for each in ten_patients() if each["resourceType"] == "Patient")
    note = f"{patient['name'][0]['given'][0]} {patient['name'][0]['family']} of {patient['address'][0]['city']}"
    assert store.send("PUT", "Binary/raw", note.encode(), Content_Type="text/plain").status_code == 201
    attachment = {"contentType": "text/plain", "url": "Binary/raw"}
    store.put(
        {
            "resourceType": "DocumentReference",
            "id": "of-raw",
            "status": "current",
            "subject": {"reference": f"Patient/{patient['id']}"},
            "content": [{"attachment": attachment}],
        }
    )
    return store


@pytest.mark.parametrize("name", CONFIGS)
def test_nothing_of_the_patients_is_left_in_a_store(
    emulator: RunningEmulator, ten: FhirStore, target: FhirStore, name: str
) -> None:
    api = "v1" if name == "v1" else "v1beta1"
    body = {"destinationStore": target.name, "config": CONFIGS[name]}
    done = transfers.run(emulator, ten.name, "deidentify", body, api)
    assert done["metadata"]["counter"] == {"success": str(len(ten_patients()) + 2)}
    values = planted(each for each in ten_patients() if each["resourceType"] == "Patient")
    before, after = ([each["resource"] for each in every(store)] for store in (ten, target))
    assert leaks(values, before).keys() == values
    assert leaks(values, after) == {}
    assert len(after) == len(before)
    assert dangling(after) == set()


def every(store: FhirStore) -> list[Json]:
    """The entries of a search for all that a store has."""
    found: list[Json] = store.read("?_count=1000")["entry"]
    return found
