"""The operations of all three methods: that they can be cancelled, and what the audit log has of them."""

from typing import Any

import pytest

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import audits, transfers
from tests.support.emulator import RunningEmulator

PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Kowalski"}]}
METHODS = [
    ("", "datasets.deidentify", "DeidentifyDataset"),
    ("/dicomStores/images", "datasets.dicomStores.deidentify", "DeidentifyDicomStore"),
    ("/fhirStores/records", "datasets.fhirStores.deidentify", "DeidentifyFhirStore"),
]


def prepared(emulator: RunningEmulator) -> str:
    """A dataset with a store of each kind, something in it, and a twin of each store."""
    dataset = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"{dataset}?datasetId=d", {})
    dataset += "/d"
    for name in ("images", "images-new"):
        assert emulator.request("POST", f"{dataset}/dicomStores?dicomStoreId={name}", {})[0] == 200
    for name in ("records", "records-new"):
        body = {"version": "R4", "enableUpdateCreate": True}
        assert emulator.request("POST", f"{dataset}/fhirStores?fhirStoreId={name}", body)[0] == 200
    assert emulator.request("PUT", f"{dataset}/fhirStores/records/fhir/Patient/p", PATIENT)[0] == 201
    return dataset.removeprefix("/v1/")


def body(dataset: str, path: str) -> dict[str, Any]:
    """A request that writes beside what it reads."""
    field = "destinationStore" if path else "destinationDataset"
    return {field: f"{dataset}{path}-new", "config": {}}


@pytest.mark.parametrize(("path", "rpc"), [(path, rpc) for path, _, rpc in METHODS])
def test_an_operation_that_is_cancelled_ends_so_and_writes_nothing_more(
    start_emulator: StartEmulator, path: str, rpc: str
) -> None:
    emulator = start_emulator("--operations", "manual")
    dataset = prepared(emulator)
    operation = transfers.start(emulator, f"{dataset}{path}", "deidentify", body(dataset, path))
    assert emulator.request("POST", f"/v1/{operation}:cancel", {})[0] == 200
    done = transfers.wait(emulator, operation)
    assert done["error"]["code"] == 1
    assert done["metadata"]["cancelRequested"] is True
    assert done["metadata"]["apiMethodName"].endswith(f".{rpc}")
    new = dataset if path else f"{dataset}-new"
    store = "records-new" if path else "records"
    assert emulator.request("GET", f"/v1/{new}/fhirStores/{store}/fhir/Patient")[1]["total"] == 0


def test_the_audit_log_has_who_asked_for_what_and_no_values(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    dataset = prepared(emulator)
    for path, _, _ in METHODS:
        transfers.run(emulator, f"{dataset}{path}", "deidentify", body(dataset, path))
    found = audits.logged(emulator, len(METHODS), "deidentify", "activity")
    assert {each["methodName"].partition("locations.")[2]: each["resourceName"] for each in found} == {
        method: f"{dataset}{path}" for path, method, _ in METHODS
    }
    assert all(each["authenticationInfo"]["principalEmail"] for each in found)
    assert "Kowalski" not in str(found)
