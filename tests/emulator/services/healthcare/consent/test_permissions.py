"""The permission of each method, and what audit logs say of it (IAM: Cloud Healthcare API permissions)."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.audits import log_access, logged
from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json
from tests.support.accounts import make_account

PREFIX = "healthcare.projects.locations.datasets.consentStores."
METHODS = [
    ("POST", "/attributeDefinitions?attributeDefinitionId=a", "attributeDefinitions.create"),
    ("GET", "/attributeDefinitions/a", "attributeDefinitions.get"),
    ("GET", "/attributeDefinitions", "attributeDefinitions.list"),
    ("PATCH", "/attributeDefinitions/a", "attributeDefinitions.update"),
    ("DELETE", "/attributeDefinitions/a", "attributeDefinitions.delete"),
    ("POST", "/consentArtifacts", "consentArtifacts.create"),
    ("GET", "/consentArtifacts/a", "consentArtifacts.get"),
    ("GET", "/consentArtifacts", "consentArtifacts.list"),
    ("DELETE", "/consentArtifacts/a", "consentArtifacts.delete"),
    ("POST", "/consents", "consents.create"),
    ("GET", "/consents/a", "consents.get"),
    ("GET", "/consents", "consents.list"),
    ("GET", "/consents/a:listRevisions", "consents.list"),
    ("PATCH", "/consents/a", "consents.update"),
    ("DELETE", "/consents/a", "consents.delete"),
    ("DELETE", "/consents/a@00000000:deleteRevision", "consents.delete"),
    ("POST", "/consents/a:activate", "consents.activate"),
    ("POST", "/consents/a:reject", "consents.reject"),
    ("POST", "/consents/a:revoke", "consents.revoke"),
    ("POST", "/userDataMappings", "userDataMappings.create"),
    ("GET", "/userDataMappings/a", "userDataMappings.get"),
    ("GET", "/userDataMappings", "userDataMappings.list"),
    ("PATCH", "/userDataMappings/a", "userDataMappings.update"),
    ("DELETE", "/userDataMappings/a", "userDataMappings.delete"),
    ("POST", "/userDataMappings/a:archive", "userDataMappings.archive"),
    ("POST", ":checkDataAccess", "consentStores.checkDataAccess"),
    ("POST", ":evaluateUserConsents", "consentStores.evaluateUserConsents"),
    ("POST", ":queryAccessibleData", "consentStores.queryAccessibleData"),
]


@pytest.mark.parametrize("api", ["v1", "v1beta1"])
def test_permission_and_audit_entry(start_emulator: StartEmulator, api: str) -> None:
    running = start_emulator()
    parent = f"/v1/projects/{running.project}/locations/us-central1/datasets"
    running.request("POST", f"{parent}?datasetId=d", {})
    running.request("POST", f"{parent}/d/consentStores?consentStoreId=c", {})
    store = ConsentStore(running, f"{parent.removeprefix('/v1/')}/d/consentStores/c", api)
    log_access(running)
    token = make_account(running, "nobody").token
    for verb, path, permission in METHODS:
        body: Json | None = None if verb == "GET" else {}
        code, answer = store.send(verb, path, body, token)
        assert (code, f"healthcare.{permission}" in answer["error"]["message"]) == (403, True), (path, answer)
        assert store.send(verb, path, body)[0] < 500
    found = logged(running, 2 * len(METHODS), PREFIX)
    said = Counter(
        (one["permission"], one.get("granted", False)) for each in found for one in each["authorizationInfo"]
    )
    expected = Counter(f"healthcare.{permission}" for _, _, permission in METHODS)
    assert said == Counter({(name, granted): count for name, count in expected.items() for granted in (False, True)})
    assert all(each["resourceName"].startswith(store.name) for each in found)


def test_a_reader_of_consents_may_ask_and_not_change(consents: ConsentStore, unique: Callable[[str], str]) -> None:
    account = make_account(consents.emulator, unique("account"))
    binding = {"role": "roles/healthcare.consentReader", "members": [account.member]}
    consents.ok("POST", ":setIamPolicy", {"policy": {"bindings": [binding]}})
    consents.map("d1")
    path = consents.of(consents.consent("p1")["name"])
    body = {"dataId": "d1", "requestAttributes": {"purpose": "research"}}
    assert consents.send("POST", ":checkDataAccess", body, account.token) == (200, {"consented": True})
    assert consents.send("GET", path, None, account.token)[0] == 200
    assert consents.send("POST", f"{path}:revoke", {}, account.token)[0] == 403


def test_who_may_update_but_not_create_creates_nothing_by_an_update(
    make_consents: Callable[..., ConsentStore], unique: Callable[[str], str]
) -> None:
    store = make_consents(enableConsentCreateOnUpdate=True)
    account = make_account(store.emulator, unique("account"))
    condition = {"title": "one consent", "expression": 'resource.name.endsWith("/consents/c")'}
    binding: Json = {"role": "roles/healthcare.consentEditor", "members": [account.member], "condition": condition}
    store.ok("POST", ":setIamPolicy", {"policy": {"version": 3, "bindings": [binding]}})
    body = {"userId": "p1", "consentArtifact": store.artifact()}
    code, answer = store.send("PATCH", "/consents/c?updateMask=userId", body, account.token)
    assert (code, "healthcare.consents.create" in answer["error"]["message"]) == (403, True)
    assert store.ok("GET", "/consents") == {}
