"""DICOM instances whose documents are encrypted by versions of the dataset's key."""

from typing import Any

import pytest
import requests

from tests.emulator.services.healthcare.instances import made
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import destroy, rotate, set_state
from tests.support.patience import PATIENCE

STUDY = "1.2.1"
COUNTED = "includefield=NumberOfStudyRelatedInstances"


@pytest.fixture
def store(encrypting: RunningEmulator, encrypted_dataset: str) -> str:
    """The path of DICOMweb on a store in a dataset with a key."""
    ask(encrypting, "POST", f"{encrypted_dataset}/dicomStores?dicomStoreId=s", {})
    return f"{encrypted_dataset}/dicomStores/s/dicomWeb"


def put(emulator: RunningEmulator, store: str, **attributes: Any) -> None:
    """Store a film."""
    headers = {
        "Authorization": f"Bearer {emulator.owner_token}",
        "Content-Type": "application/dicom",
        "Accept": "application/dicom+json",
    }
    url, film = f"{emulator.base_url}{store}/studies", made(**attributes)
    assert requests.post(url, data=film, headers=headers, timeout=PATIENCE).status_code == 200


def found(emulator: RunningEmulator, store: str, query: str = "") -> tuple[str, str, int]:
    """The patient's name, the accession number, and the number of instances of the one study that a search finds."""
    [study] = ask(emulator, "GET", f"{store}/studies?{COUNTED}&{query}")
    name = study.get("00100010", {}).get("Value", [{"Alphabetic": ""}])[0]["Alphabetic"]
    return name, study["00080050"]["Value"][0], study["00201208"]["Value"][0]


def test_a_study_that_loses_instances_with_a_version_is_described_by_those_it_has(
    encrypting: RunningEmulator, store: str, healthcare_key: str
) -> None:
    put(encrypting, store, PatientName="Old^Ann")
    rotate(encrypting, healthcare_key)
    put(encrypting, store, uid="1.2.1.1.2", PatientName="New^Ann")
    assert found(encrypting, store, "PatientName=Old%5EAnn") == ("Old^Ann", "A1", 2)
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    assert found(encrypting, store, "PatientName=New%5EAnn") == ("New^Ann", "A1", 1)
    assert encrypting.request("GET", f"{store}/studies?PatientName=Old%5EAnn")[0] == 204
    [series] = ask(encrypting, "GET", f"{store}/studies/{STUDY}/series?includefield=all")
    assert series["0020000E"]["Value"] == ["1.2.1.1"]
    [instance] = ask(encrypting, "GET", f"{store}/studies/{STUDY}/instances?includefield=all")
    assert instance["00080018"]["Value"] == ["1.2.1.1.2"]
    put(encrypting, store, PatientName="Old^Ann")
    assert found(encrypting, store)[2] == 2


def test_a_study_none_of_whose_instances_can_be_read_is_described_by_what_it_is_found_by(
    encrypting: RunningEmulator, store: str, healthcare_key: str
) -> None:
    put(encrypting, store)
    rotate(encrypting, healthcare_key)
    put(encrypting, store, uid="1.2.1.1.2")
    rotate(encrypting, healthcare_key)
    set_state(encrypting, healthcare_key, "DISABLED", version=2)
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    assert found(encrypting, store) == ("", "A1", 1)
    assert encrypting.request("GET", f"{store}/studies/{STUDY}/metadata")[0] == 400


def test_what_can_not_be_read_can_be_deleted(encrypting: RunningEmulator, store: str, healthcare_key: str) -> None:
    put(encrypting, store)
    rotate(encrypting, healthcare_key)
    set_state(encrypting, healthcare_key, "DISABLED")
    assert encrypting.request("GET", f"{store}/studies")[0] == 400
    assert encrypting.request("DELETE", f"{store}/studies/{STUDY}")[0] == 200
    assert encrypting.request("GET", f"{store}/studies")[0] == 204


def test_sizes_are_those_of_the_documents(encrypting: RunningEmulator, store: str) -> None:
    """Cloud Healthcare: structuredStorageSizeBytes is what the metadata have, however they are kept."""
    put(encrypting, store)
    metrics = ask(encrypting, "GET", f"{store.removesuffix('/dicomWeb')}:getDICOMStoreMetrics")
    info = ask(encrypting, "GET", f"{store}/studies/{STUDY}/series/1.2.1.1/instances/1.2.1.1.1:getStorageInfo")
    assert 0 < int(metrics["structuredStorageSizeBytes"]) == int(info["structuredStorageInfo"]["sizeBytes"]) < 1500
