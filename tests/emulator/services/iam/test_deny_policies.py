"""Deny policies with Google's client of IAM v2: written, read, effective at once and after a restart."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.clients import refused
from tests.emulator.services.iam.conftest import Names
from tests.support.emulator import RunningEmulator

NOBODY = "principal://goog/subject/nobody@example.com"
RULE = {"deniedPrincipals": [NOBODY], "deniedPermissions": ["storage.googleapis.com/objects.delete"]}


@pytest.fixture
def policies(google_api: Callable[[str, str], Any]) -> Any:
    return google_api("iam", "v2").policies()


def parent_of(emulator: RunningEmulator) -> str:
    return f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{emulator.project}/denypolicies"


def body(**rule: Any) -> dict[str, Any]:
    return {"displayName": "For a test", "rules": [{"description": "d", "denyRule": {**RULE, **rule}}]}


def test_a_policy_is_made_read_replaced_and_taken_away(policies: Any, emulator: RunningEmulator, unique: Names) -> None:
    parent, policy_id = parent_of(emulator), unique("deny")
    operation = policies.createPolicy(parent=parent, policyId=policy_id, body=body()).execute()
    made = operation["response"]
    assert operation["done"] is True
    assert made["kind"] == "DenyPolicy"
    number = emulator.request("GET", f"/v1/projects/{emulator.project}")[1]["projectNumber"]
    point = f"cloudresourcemanager.googleapis.com%2Fprojects%2F{number}"
    assert (
        made["name"] == f"policies/{point}/denypolicies/{policy_id}"
    )  # IAM v2: "Responses always contain the numeric ID"
    kept = policies.get(name=made["name"]).execute()
    assert kept == {key: value for key, value in made.items() if key != "@type"}
    assert kept["rules"][0]["denyRule"] == RULE
    listed = {each["name"]: each for each in policies.listPolicies(parent=parent).execute()["policies"]}
    assert "rules" not in listed[made["name"]]  # IAM v2: "policy rules are omitted"
    assert policies.operations().get(name=operation["name"]).execute() == operation
    changed = {**kept, "displayName": "Another"}
    assert policies.update(name=made["name"], body=changed).execute()["response"]["displayName"] == "Another"
    assert refused(policies.update(name=made["name"], body=changed))[0] == 409
    assert refused(policies.delete(name=made["name"], etag=kept["etag"]))[0] == 409
    assert policies.delete(name=made["name"]).execute()["done"] is True
    assert refused(policies.get(name=made["name"]))[0] == 404


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"rules": []}, "at least one rule"),
        (body(deniedPrincipals=["user:nobody@example.com"]), "Invalid principal"),
        (body(deniedPermissions=["storage.objects.delete"]), "Invalid permission"),
        (body(deniedPermissions=["storage.googleapis.com/objects.remove"]), "there is none of that name"),
        (body(deniedPermissions=[]), "must have deniedPermissions"),
        (body(denialCondition={"expression": "request.time.getHours() > 8"}), "functions of resource tags"),
        (body(denialCondition={"expression": "resource.name == 'x'"}), "functions of resource tags"),
        (body(denialCondition={"expression": "resource.matchTag("}), "not valid CEL"),
    ],
)
def test_what_a_rule_may_not_say(
    policies: Any, emulator: RunningEmulator, unique: Names, policy: dict[str, Any], message: str
) -> None:
    call = policies.createPolicy(parent=parent_of(emulator), policyId=unique("deny"), body=policy)
    code, said = refused(call)
    assert (code, message in said) == (400, True)


@pytest.mark.parametrize("policy_id", ["", "ab", "Upper", "9lives", "x" * 64])
def test_a_malformed_id_is_a_400(policies: Any, emulator: RunningEmulator, policy_id: str) -> None:
    assert refused(policies.createPolicy(parent=parent_of(emulator), policyId=policy_id, body=body()))[0] == 400


def test_what_is_no_attachment_point_is_a_400(policies: Any) -> None:
    parent = "policies/storage.googleapis.com%2Fbuckets%2Fb/denypolicies"
    code, said = refused(policies.listPolicies(parent=parent))
    assert (code, "attachment point" in said) == (400, True)


def test_a_denial_holds_for_the_project_s_owner_also_after_a_restart(
    start_emulator: Callable[..., RunningEmulator],
) -> None:
    running = start_emulator()
    keys, roles = ("/v1/" + each for each in (f"projects/{running.project}/serviceAccounts", "roles/owner"))
    assert running.request("GET", keys)[0] == 200
    rule = {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": ["iam.googleapis.com/*.list"]}
    parent = f"/v2/{parent_of(running)}"
    made = running.request("POST", f"{parent}?policyId=nobody-lists", {"rules": [{"denyRule": rule}]})
    assert made[0] == 200
    assert running.request("GET", keys)[0] == 403
    running.kill()
    running.start()
    assert running.request("GET", keys)[0] == 403
    assert running.request("GET", roles)[0] == 200
    assert running.request("DELETE", f"{parent}/nobody-lists")[0] == 200
    assert running.request("GET", keys)[0] == 200
