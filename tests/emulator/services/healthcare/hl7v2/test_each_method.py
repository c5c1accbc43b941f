"""Every HL7v2 method of v1 and v1beta1: the permission it asks for, and the audit entry it leaves."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from emulator.gateway.discovery import Method, load
from emulator.services.healthcare import SERVICE
from tests.emulator.hl7v2.samples import GOOGLE
from tests.emulator.services.healthcare.audits import log_access, logged
from tests.emulator.services.healthcare.hl7v2.conftest import encoded
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

PREFIX = "healthcare.projects.locations.datasets.hl7V2Stores."
# healthcare-api.md D.2
PERMISSIONS = {
    "messages.create": "hl7V2Messages.create",
    "messages.ingest": "hl7V2Messages.ingest",
    "messages.get": "hl7V2Messages.get",
    "messages.batchGet": "hl7V2Messages.get",
    "messages.list": "hl7V2Messages.list",
    "messages.patch": "hl7V2Messages.update",
    "messages.delete": "hl7V2Messages.delete",
    "create": "hl7V2Stores.create",
    "get": "hl7V2Stores.get",
    "list": "hl7V2Stores.list",
    "patch": "hl7V2Stores.update",
    "delete": "hl7V2Stores.delete",
    "import": "hl7V2Stores.import",
    "export": "hl7V2Stores.export",
    "rollback": "hl7V2Stores.rollback",
    "getHL7v2StoreMetrics": "hl7V2Stores.get",
    "getIamPolicy": "hl7V2Stores.getIamPolicy",
    "setIamPolicy": "hl7V2Stores.setIamPolicy",
}
PARTS = {"hl7V2StoresId": "s", "locationsId": "us-central1", "messagesId": "m"}


def methods_of(version: str) -> list[Method]:
    """The methods of HL7v2 stores and messages; those that delete come last."""
    found = [method for method in load(f"healthcare.{version}").methods if method.id.startswith(PREFIX)]
    return sorted(found, key=lambda method: method.http == "DELETE")


def ask(running: RunningEmulator, dataset: str, method: Method, token: str) -> requests.Response:
    path = method.flat_path
    for name, value in {**PARTS, "projectsId": running.project, "datasetsId": dataset}.items():
        path = path.replace(f"{{{name}}}", value)
    query = (
        "?hl7V2StoreId=t" if method.id == f"{PREFIX}create" else "?updateMask=labels" if method.http == "PATCH" else ""
    )
    body: Any = {"message": {"data": encoded(GOOGLE)}} if method.id.endswith(("messages.create", "ingest")) else {}
    return requests.request(
        method.http,
        f"{running.base_url}/{path}{query}",
        json=body if method.http in ("POST", "PATCH") else None,
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
def emulator(running: RunningEmulator) -> RunningEmulator:
    """An emulator whose project has all access to data logged."""
    log_access(running)
    return running


@pytest.fixture
def data(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    """The id of a dataset with a store."""
    made = unique("each")
    parent = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"{parent}?datasetId={made}", {})
    assert emulator.request("POST", f"{parent}/{made}/hl7V2Stores?hl7V2StoreId=s", {})[0] == 200
    return made


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_every_method_is_answered(version: str) -> None:
    ids = {method.id for method in methods_of(version)}
    assert ids <= SERVICE.registrations.keys()
    assert {each.removeprefix(PREFIX) for each in ids} - {*PERMISSIONS} == {"testIamPermissions"}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_permission_and_audit_entry(emulator: RunningEmulator, data: str, version: str) -> None:
    methods = [method for method in methods_of(version) if method.id.removeprefix(PREFIX) in PERMISSIONS]
    nobody = make_account(emulator, f"nobody-{version}").token
    for method in methods:
        permission = f"healthcare.{PERMISSIONS[method.id.removeprefix(PREFIX)]}"
        refused = ask(emulator, data, method, nobody)
        assert refused.status_code == 403, method.id
        assert permission in refused.json()["error"]["message"], method.id
        answer = ask(emulator, data, method, emulator.owner_token)
        assert answer.status_code < 500, (method.id, answer.text)
    of_messages = [method for method in methods if ".messages." in method.id]
    found = logged(emulator, 2 * len(of_messages), f"{PREFIX}messages", within=f"/datasets/{data}/")
    for method in of_messages:
        mine = [entry for entry in found if entry["methodName"] == method.id]
        permission = f"healthcare.{PERMISSIONS[method.id.removeprefix(PREFIX)]}"
        granted = {(one["permission"], one["granted"]) for entry in mine for one in entry["authorizationInfo"]}
        assert granted == {(permission, False), (permission, True)}, method.id
        assert all("/hl7V2Stores/s" in entry["resourceName"] for entry in mine), method.id
    assert "SEND_FACILITY" not in str(found)
    assert "11111111" not in str(found)


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("roles/healthcare.hl7V2Ingest", ["ingest"], ["create", "get", "list", "delete"]),
        ("roles/healthcare.hl7V2Consumer", ["get", "list", "create"], ["ingest"]),
        ("roles/healthcare.hl7V2Editor", ["ingest", "create", "get", "list", "delete"], []),
        ("roles/healthcare.hl7V2StoreViewer", [], ["ingest", "create", "get", "list", "delete"]),
    ],
)
def test_roles_allow_what_google_says(
    emulator: RunningEmulator, data: str, role: str, may: list[str], may_not: list[str]
) -> None:
    store = f"projects/{emulator.project}/locations/us-central1/datasets/{data}/hl7V2Stores/s"
    account = make_account(emulator, f"member-{data}")
    policy = {"bindings": [{"role": role, "members": [account.member]}]}
    assert emulator.request("POST", f"/v1/{store}:setIamPolicy", {"policy": policy})[0] == 200
    methods = {method.id.removeprefix(f"{PREFIX}messages."): method for method in methods_of("v1")}
    codes = {name: ask(emulator, data, methods[name], account.token).status_code for name in (*may, *may_not)}
    assert {name for name, code in codes.items() if code == 403} == {*may_not}
