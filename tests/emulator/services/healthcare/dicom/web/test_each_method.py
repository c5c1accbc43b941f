"""Every DICOMweb method of v1 and v1beta1: the permission that it asks for, and the audit entry that it leaves."""

import pytest
import requests

from emulator.gateway.discovery import Method, load
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.audits import log_access, logged
from tests.emulator.services.healthcare.instances import made
from tests.emulator.services.healthcare.transfers import wait
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

DATASETS = "healthcare.projects.locations.datasets"
READ, WRITE, DELETE, UPDATE = (
    f"healthcare.dicomStores.dicomWeb{verb}" for verb in ("Read", "Write", "Delete", "Update")
)
PARTS = {
    "studiesId": "1.2.1",
    "seriesId": "1.2.1.1",
    "instancesId": "1.2.1.1.1",
    "framesId": "1",
    "bulkdataId": "7FE00010",
    "bulkdataId1": "",
    "datasetsId": "d",
    "dicomStoresId": "s",
    "locationsId": "us-central1",
}


def on_data(version: str) -> list[Method]:
    """The methods of a version below a store's dicomWeb."""
    found = [method for method in load(f"healthcare.{version}").methods if ".dicomStores." in method.id]
    return [method for method in found if "/dicomWeb/" in method.flat_path]


def permission(method: Method) -> str:
    verb = method.id.rpartition(".")[2]
    if method.http == "DELETE":
        return DELETE
    if verb.startswith("update"):
        return UPDATE
    return WRITE if verb in ("storeInstances", "setBlobStorageSettings") else READ


def url(emulator: RunningEmulator, method: Method) -> str:
    path = method.flat_path
    for name, value in {**PARTS, "projectsId": emulator.project}.items():
        path = path.replace(f"{{{name}}}", value)
    return f"{emulator.base_url}/{path.rstrip('/')}"


def ask(emulator: RunningEmulator, method: Method, token: str) -> requests.Response:
    kind = "application/dicom" if method.http in ("POST", "PUT") else "application/json-patch+json"
    data: bytes | None = None
    if method.id.endswith("setBlobStorageSettings"):
        data, kind = b'{"blobStorageSettings": {"blobStorageClass": "NEARLINE"}}', "application/json"
    elif method.http in ("POST", "PUT"):
        data = made()
    elif method.http == "PATCH":
        data = b'[{"op": "replace", "path": "/00100020/Value/0", "value": "P9"}]'
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    return requests.request(method.http, url(emulator, method), data=data, headers=headers, timeout=PATIENCE)


@pytest.fixture
def emulator(start_emulator: StartEmulator) -> RunningEmulator:
    """An emulator with an empty store, whose project has all access to data logged."""
    running = start_emulator()
    parent = f"/v1/projects/{running.project}/locations/us-central1/datasets"
    assert running.request("POST", f"{parent}?datasetId=d", {})[0] == 200
    assert running.request("POST", f"{parent}/d/dicomStores?dicomStoreId=s", {})[0] == 200
    log_access(running)
    return running


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_permission_and_audit_entry(emulator: RunningEmulator, version: str) -> None:
    methods = on_data(version)
    assert len(methods) > 20
    token = make_account(emulator, "somebody").token
    for method in methods:
        refused = ask(emulator, method, token)
        assert refused.status_code == 403, method.id
        assert permission(method) in refused.json()["error"]["message"], method.id
    last = {"storeInstances": 0, "updateInstances": 1, "delete": 3}  # all others are in between
    store = next(method for method in methods if method.id.endswith("storeInstances"))
    for method in sorted(methods, key=lambda each: last.get(each.id.rpartition(".")[2], 2)):
        if method.http == "DELETE":  # the one before has deleted all that there was; the first finds a changed film
            assert ask(emulator, store, emulator.owner_token).status_code in (200, 409)
        answer = ask(emulator, method, emulator.owner_token)
        assert answer.status_code == 200, (method.id, answer.text)
        if method.response == "Operation":
            wait(emulator, answer.json()["name"])
    found = logged(emulator, 2 * len(methods))
    for method in methods:
        mine = [entry for entry in found if entry["methodName"] == method.id]
        granted = {(one["permission"], one["granted"]) for entry in mine for one in entry["authorizationInfo"]}
        assert granted == {(permission(method), False), (permission(method), True)}, method.id
        assert all("/dicomStores/s" in entry["resourceName"] for entry in mine), method.id
    assert "P9" not in str(found)
    assert "Doe" not in str(found)
