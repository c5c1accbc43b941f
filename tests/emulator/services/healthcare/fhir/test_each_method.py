"""Every FHIR method of v1 and v1beta1 that is answered: the permission it asks for, and the audit entry it leaves."""

import json
from typing import Any

import pytest
import requests

from emulator.gateway.discovery import Method, load
from emulator.services.healthcare import SERVICE
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.audits import log_access, logged
from tests.emulator.services.healthcare.fhir.conftest import PATIENT
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

PREFIX = "healthcare.projects.locations.datasets.fhirStores.fhir."
RESOURCES, STORES = "healthcare.fhirResources.", "healthcare.fhirStores."
# healthcare-api.md D.2; of those marked with a question the reference says nothing (docs/differences.md)
PERMISSIONS = {
    **dict.fromkeys(("read", "vread", "history", "Binary-read", "Binary-vread"), f"{RESOURCES}get"),
    **dict.fromkeys(("Patient-everything", "Encounter-everything"), f"{RESOURCES}get"),  # ?
    **dict.fromkeys(("Consent-enforcement-status", "Patient-consent-enforcement-status"), f"{RESOURCES}get"),
    **dict.fromkeys(("create", "Binary-create"), f"{RESOURCES}create"),
    **dict.fromkeys(("update", "Binary-update"), f"{RESOURCES}update"),
    **dict.fromkeys(("search", "search-type", "Observation-lastn"), f"{STORES}searchResources"),
    **dict.fromkeys(("conditionalUpdate", "conditionalPatch", "conditionalDelete"), f"{STORES}searchResources"),
    "Resource-incoming-references": f"{STORES}searchResources",
    **dict.fromkeys(("ConceptMap-translate", "ConceptMap-search-translate"), f"{RESOURCES}translateConceptMap"),
    **dict.fromkeys(("capabilities", "Resource-validate"), f"{STORES}get"),  # of validate ?
    "patch": f"{RESOURCES}patch",
    "delete": f"{RESOURCES}delete",
    "Resource-purge": f"{RESOURCES}purge",
    "executeBundle": f"{STORES}executeBundle",
    **dict.fromkeys(("bulk-export", "bulk-export-group", "bulk-export-group-post"), ""),
}
PARTS = {"datasetsId": "d", "fhirStoresId": "f", "locationsId": "us-central1", "fhirId": "Patient", "fhirId1": "p"}


def answered(version: str) -> list[Method]:
    """The methods below a store's fhir that have a handler and a permission in the table."""
    methods = [method for method in load(f"healthcare.{version}").methods if method.id.startswith(PREFIX)]
    found = [method for method in methods if method.id in SERVICE.registrations]
    return [method for method in found if PERMISSIONS.get(method.id.removeprefix(PREFIX))]


def ask(running: RunningEmulator, method: Method, token: str) -> requests.Response:
    path = method.flat_path
    for name, value in {**PARTS, "projectsId": running.project, "resourceType": "Patient"}.items():
        path = path.replace(f"{{{name}}}", value)
    for rest in ("BinaryId", "PatientId", "EncounterId", "ConceptMapId", "ConsentId", "_historyId"):
        path = path.replace(f"{{{rest}}}", "p")
    body: Any = {**PATIENT, "id": "p"} if method.http in ("POST", "PUT") else []
    media = "application/json-patch+json" if method.http == "PATCH" else "application/fhir+json"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": media}
    url = f"{running.base_url}/{path}"
    data = json.dumps(body) if method.http in ("POST", "PUT", "PATCH") else None
    return requests.request(method.http, url, data=data, headers=headers, timeout=PATIENCE)


@pytest.fixture
def emulator(start_emulator: StartEmulator) -> RunningEmulator:
    """An emulator with a store, whose project has all access to data logged."""
    running = start_emulator()
    parent = f"/v1/projects/{running.project}/locations/us-central1/datasets"
    running.request("POST", f"{parent}?datasetId=d", {})
    settings = {"version": "R4", "enableUpdateCreate": True}
    assert running.request("POST", f"{parent}/d/fhirStores?fhirStoreId=f", settings)[0] == 200
    log_access(running)
    return running


def test_every_method_has_its_permission_here() -> None:
    ids = {method.id for version in ("v1", "v1beta1") for method in load(f"healthcare.{version}").methods}
    named = {each.removeprefix(PREFIX) for each in ids if each.startswith(PREFIX)}
    assert named - {*PERMISSIONS} == set()


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_permission_and_audit_entry(emulator: RunningEmulator, version: str) -> None:
    methods = answered(version)
    assert len(methods) >= 20
    nobody = make_account(emulator, "nobody").token
    for method in methods:
        refused = ask(emulator, method, nobody)
        assert refused.status_code == 403, method.id
        assert PERMISSIONS[method.id.removeprefix(PREFIX)] in refused.json()["error"]["message"], method.id
        answer = ask(emulator, method, emulator.owner_token)
        assert answer.status_code < 500, (method.id, answer.text)
    found = logged(emulator, 2 * len(methods), PREFIX)
    for method in methods:
        mine = [entry for entry in found if entry["methodName"] == method.id]
        permission = PERMISSIONS[method.id.removeprefix(PREFIX)]
        granted = {(one["permission"], one["granted"]) for entry in mine for one in entry["authorizationInfo"]}
        assert granted == {(permission, False), (permission, True)}, method.id
        assert all("/fhirStores/f" in entry["resourceName"] for entry in mine), method.id
    assert "Smith" not in str(found)


def test_the_entry_of_a_bundle_lists_what_its_entries_asked_for(emulator: RunningEmulator) -> None:
    name = f"projects/{emulator.project}/locations/us-central1/datasets/d/fhirStores/f"
    account = make_account(emulator, "reader")
    bindings = [{"role": "roles/healthcare.fhirResourceReader", "members": [account.member]}]
    emulator.request("POST", f"/v1/{name}:setIamPolicy", {"policy": {"bindings": bindings}})
    wanted = [("GET", "Patient/p"), ("GET", "Patient/p"), ("DELETE", "Patient/p")]
    entries = [{"request": {"method": method, "url": url}} for method, url in wanted]
    body: dict[str, Any] = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    headers = {"Authorization": f"Bearer {account.token}", "Content-Type": "application/fhir+json"}
    url = f"{emulator.base_url}/v1/{name}/fhir"
    assert requests.post(url, json=body, headers=headers, timeout=PATIENCE).status_code == 200
    (found,) = logged(emulator, 1, f"{PREFIX}executeBundle")
    patient = f"{name}/fhir/Patient/p"
    assert [(one["permission"], one["resource"], one["granted"]) for one in found["authorizationInfo"]] == [
        ("healthcare.fhirStores.executeBundle", name, True),
        ("healthcare.fhirResources.get", patient, True),
        ("healthcare.fhirResources.delete", patient, False),
    ]
