"""The four kinds of store that there are, as Cloud Logging and the discovery documents name them."""

import pytest

from emulator.errors import ApiError
from emulator.services.healthcare import SERVICE, agent
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.stores import registry

DATASET = "projects/p/locations/us-central1/datasets/d"
# Cloud Logging: monitored resource types (healthcare_*_store), each with the label of its store's id.
KINDS = {
    "dicomStores": ("healthcare_dicom_store", "dicom_store_id"),
    "fhirStores": ("healthcare_fhir_store", "fhir_store_id"),
    "hl7V2Stores": ("healthcare_hl7v2_store", "hl7v2_store_id"),
    "consentStores": ("healthcare_consent_store", "consent_store_id"),
}


@pytest.mark.parametrize("collection", KINDS)
def test_log_entries_are_of_the_kinds_resource_type(collection: str) -> None:
    entry = agent.log_entry(f"{DATASET}/{collection}/s", "SomeLogEntry", 3, "It failed.", source="gs://b/o")
    log_type, label = KINDS[collection]
    assert entry["resource"] == {
        "type": log_type,
        "labels": {"project_id": "p", "location": "us-central1", "dataset_id": "d", label: "s"},
    }


@pytest.mark.parametrize("collection", KINDS)
def test_each_kind_has_all_verbs_of_a_resource(collection: str) -> None:
    verbs = ["create", "get", "list", "patch", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions"]
    assert {f"{METHODS}.{collection}.{verb}" for verb in verbs} <= SERVICE.registrations.keys()


@pytest.mark.parametrize("name", [f"{DATASET}/annotationStores/s", DATASET, f"{DATASET}/dicomStores/s/dicomWeb"])
def test_what_is_no_store_has_no_kind(name: str) -> None:
    with pytest.raises(ApiError, match=r"^Invalid store name") as refused:
        registry.of_store(name)
    assert refused.value.code == 400
