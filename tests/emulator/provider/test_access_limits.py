"""Custom roles and deny policies: made, changed, refreshed without a difference, and taken away."""

from collections.abc import Callable

import pytest

from tests.emulator.provider.engine import Engine
from tests.emulator.provider.test_healthcare import settled
from tests.support.emulator import RunningEmulator

Unique = Callable[[str], str]
PROJECT_ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
ORGANIZATION_ROLE = "gcp:organizations/iAMCustomRole:IAMCustomRole"
DENY_POLICY = "gcp:iam/denyPolicy:DenyPolicy"


@pytest.mark.parametrize(("token", "place"), [(PROJECT_ROLE, {}), (ORGANIZATION_ROLE, {"orgId": "1"})])
def test_a_custom_role_comes_back_under_its_id(
    engine: Engine, emulator: RunningEmulator, unique: Unique, token: str, place: dict[str, str]
) -> None:
    role_id = unique("role").replace("-", "_")
    inputs = {**place, "roleId": role_id, "title": "Reader", "permissions": ["storage.objects.list"]}
    assert engine.up("r", token, inputs) == "create"
    owner = "organizations/1" if place else f"projects/{emulator.project}"
    assert engine.state["r"].id == f"{owner}/roles/{role_id}"
    settled(engine, "r", inputs)
    assert engine.state["r"].outputs["name"] == engine.state["r"].id
    changed = {**inputs, "permissions": ["storage.objects.get", "storage.objects.list"], "stage": "BETA"}
    assert engine.up("r", token, changed) == "update"
    settled(engine, "r", changed)
    imported = engine.import_("i", token, engine.state["r"].id)
    assert imported is not None
    assert engine.diff("i", changed).details == {}
    engine.delete("r")
    assert emulator.request("GET", f"/v1/{owner}/roles/{role_id}")[1]["deleted"] is True
    assert engine.up("r", token, inputs) == "create"
    settled(engine, "r", inputs)
    engine.delete("r")


def test_a_role_gets_a_name_without_hyphens(engine: Engine) -> None:
    planned = engine.preview("my-role", PROJECT_ROLE, {"title": "t", "permissions": ["storage.objects.get"]})
    assert planned["roleId"].startswith("myrole")


def test_a_deny_policy(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    parent = f"cloudresourcemanager.googleapis.com%2Fprojects%2F{emulator.project}"
    rule = {
        "deniedPrincipals": ["principalSet://goog/group/nobody@example.org"],
        "deniedPermissions": ["storage.googleapis.com/objects.delete"],
        "denialCondition": {"title": "production", "expression": "resource.matchTag('1/env', 'prod')"},
    }
    inputs = {
        "parent": parent,
        "name": unique("deny"),
        "displayName": "Nobody deletes",
        "rules": [{"description": "deletion", "denyRule": rule}],
    }
    assert engine.up("d", DENY_POLICY, inputs) == "create"
    assert engine.state["d"].id == f"{parent}/{inputs['name']}"
    settled(engine, "d", inputs)
    etag = engine.state["d"].outputs["etag"]
    changed = {**inputs, "displayName": "Nobody may delete"}
    assert engine.up("d", DENY_POLICY, changed) == "update"
    settled(engine, "d", changed)
    assert engine.state["d"].outputs["etag"] != etag
    imported = engine.import_("i", DENY_POLICY, engine.state["d"].id)
    assert imported is not None
    assert engine.diff("i", changed).details == {}
    engine.delete("d")
    path = f"/v2/policies/{parent}/denypolicies/{inputs['name']}"
    assert emulator.request("GET", path)[0] == 404
