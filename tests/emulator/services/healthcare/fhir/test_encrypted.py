"""FHIR resources whose versions are encrypted by versions of the dataset's key."""

from typing import Any

import pytest

from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import destroy, holding, rotate, set_state


@pytest.fixture
def store(encrypting: RunningEmulator, encrypted_dataset: str) -> str:
    """The path of a store in a dataset with a key, which takes ids of clients."""
    settings = {"version": "R4", "enableUpdateCreate": True}
    ask(encrypting, "POST", f"{encrypted_dataset}/fhirStores?fhirStoreId=f", settings)
    return f"{encrypted_dataset}/fhirStores/f/fhir"


def put(emulator: RunningEmulator, store: str, identifier: str, family: str, **more: Any) -> str:
    """Keep a patient; the versionId."""
    patient = {"resourceType": "Patient", "id": identifier, "name": [{"family": family}], **more}
    code, made = emulator.request("PUT", f"{store}/Patient/{identifier}", patient)
    assert code in (200, 201), made
    return str(made["meta"]["versionId"])


def test_each_version_of_a_resource_goes_with_its_version_of_the_key(
    encrypting: RunningEmulator, store: str, healthcare_key: str
) -> None:
    first = put(encrypting, store, "p", "First")
    rotate(encrypting, healthcare_key)
    second = put(encrypting, store, "p", "Second")
    set_state(encrypting, healthcare_key, "DISABLED")
    assert encrypting.request("GET", f"{store}/Patient/p/_history/{first}")[0] == 400
    assert encrypting.request("GET", f"{store}/Patient/p/_history")[0] == 400
    assert ask(encrypting, "GET", f"{store}/Patient/p")["name"] == [{"family": "Second"}]
    set_state(encrypting, healthcare_key, "ENABLED")
    assert ask(encrypting, "GET", f"{store}/Patient/p/_history")["total"] == 2
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    history = ask(encrypting, "GET", f"{store}/Patient/p/_history")["entry"]
    assert [entry["resource"]["meta"]["versionId"] for entry in history] == [second]
    assert encrypting.request("GET", f"{store}/Patient/p/_history/{first}")[0] == 404


def test_nothing_is_found_of_a_resource_whose_version_is_destroyed(
    encrypting: RunningEmulator, store: str, healthcare_key: str
) -> None:
    put(encrypting, store, "q", "Beside")
    put(encrypting, store, "p", "Canary-of-the-index", link=[{"other": {"reference": "Patient/q"}, "type": "seealso"}])
    rotate(encrypting, healthcare_key)
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    assert ask(encrypting, "GET", f"{store}/Patient?family=canary-of-the-index")["total"] == 0
    assert holding(encrypting, "canary-of-the-index") == set()
    assert encrypting.request("GET", f"{store}/Patient/p")[0] == 410
    put(encrypting, store, "p", "Again")
    assert ask(encrypting, "GET", f"{store}/Patient/p")["name"] == [{"family": "Again"}]


def test_what_can_not_be_read_can_be_replaced_and_deleted(
    encrypting: RunningEmulator, store: str, healthcare_key: str
) -> None:
    for identifier in ("whole", "p", "q"):
        link = [] if identifier == "whole" else [{"other": {"reference": "Patient/whole"}, "type": "seealso"}]
        put(encrypting, store, identifier, "Closed", link=link)
    rotate(encrypting, healthcare_key)
    set_state(encrypting, healthcare_key, "DISABLED")
    put(encrypting, store, "p", "Open")
    assert ask(encrypting, "GET", f"{store}/Patient/p")["name"] == [{"family": "Open"}]
    assert encrypting.request("DELETE", f"{store}/Patient/q")[0] == 200
    assert encrypting.request("GET", f"{store}/Patient/q")[0] == 410
    assert encrypting.request("DELETE", f"{store}/Patient/whole")[0] == 200  # nothing refers to it any more
    set_state(encrypting, healthcare_key, "ENABLED")
    assert ask(encrypting, "GET", f"{store}/Patient?family=open")["total"] == 1


def test_sizes_are_those_of_the_resources(encrypting: RunningEmulator, store: str) -> None:
    """Cloud Healthcare: structuredStorageSizeBytes is what the resources have, however they are kept."""
    put(encrypting, store, "p", "Sized")
    patient = ask(encrypting, "GET", f"{store}/Patient/p")
    size = len(str(patient).replace("'", '"').replace(": ", ":").replace(", ", ",").encode())
    [metric] = ask(encrypting, "GET", f"{store.removesuffix('/fhir')}:getFHIRStoreMetrics")["metrics"]
    assert metric["structuredStorageSizeBytes"] == str(size)
