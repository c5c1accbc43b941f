"""Deny policies before allow policies: rules, exceptions, groups of permissions, conditions on tags."""

import sqlite3
from typing import Any

import pytest

from emulator.access.conditions import Tag
from emulator.access.denials import DENIALS, in_v2_form
from emulator.access.groups import declare
from tests.emulator.access.test_authorization import PROJECT, READ, READER, STORE, grant
from tests.emulator.conftest import InProcess

EVERYBODY = "principalSet://goog/public:all"
OWNER = "user:owner@unit-project.example"
IN_V2 = "healthcare.googleapis.com/dicomStores.dicomWebRead"


def deny(running: InProcess, attached: str = PROJECT, **rule: Any) -> None:
    body = {"rules": [{"denyRule": {"deniedPrincipals": [EVERYBODY], "deniedPermissions": [IN_V2], **rule}}]}

    def step(tx: sqlite3.Connection) -> None:
        context = running.emulator
        context.resources.insert(tx, DENIALS, f"{attached}/denypolicies/{context.ids.hex(8)}", attached, body)
        context.db.after_commit(context.policies.forget)

    running.write(step)


def test_permissions_have_another_form_in_deny_policies() -> None:
    assert in_v2_form("storage.objects.get") == "storage.googleapis.com/objects.get"
    assert in_v2_form("resourcemanager.projects.delete") == "cloudresourcemanager.googleapis.com/projects.delete"


@pytest.mark.parametrize("attached", [PROJECT, "organizations/1"])
def test_what_is_denied_above_is_denied_to_owners(in_process: InProcess, attached: str) -> None:
    allows = in_process.emulator.policies.allows
    assert allows(OWNER, READ, STORE)
    deny(in_process, attached)
    assert not allows(OWNER, READ, STORE)
    assert allows(OWNER, "healthcare.dicomStores.dicomWebWrite", STORE)


def test_a_policy_on_another_project_says_nothing_here(in_process: InProcess) -> None:
    deny(in_process, "projects/other-project")
    assert in_process.emulator.policies.allows(OWNER, READ, STORE)


@pytest.mark.parametrize("pattern", ["dicomStores.*", "*.dicomWebRead", "*.*"])
def test_a_rule_may_name_groups_of_permissions(in_process: InProcess, pattern: str) -> None:
    deny(in_process, deniedPermissions=[f"healthcare.googleapis.com/{pattern}"])
    assert not in_process.emulator.policies.allows(OWNER, READ, STORE)
    assert in_process.emulator.policies.allows(OWNER, "storage.buckets.list", PROJECT)


def test_exceptions_come_before_the_denial(in_process: InProcess) -> None:
    allows = in_process.emulator.policies.allows
    grant(in_process, PROJECT, "roles/healthcare.dicomViewer", READER)
    deny(in_process, exceptionPrincipals=["principal://goog/subject/reader@example.com"])
    assert allows(READER, READ, STORE)
    assert not allows(OWNER, READ, STORE)
    deny(in_process, deniedPermissions=["healthcare.googleapis.com/*.*"], exceptionPermissions=[IN_V2])
    assert allows(READER, READ, STORE)
    assert not allows(READER, "healthcare.dicomStores.get", STORE)


def test_a_group_is_denied_as_well_as_granted(in_process: InProcess) -> None:
    context, allows = in_process.emulator, in_process.emulator.policies.allows
    in_process.write(lambda tx: declare(context, tx, {"readers@example.com": [READER]}))
    grant(in_process, PROJECT, "roles/healthcare.dicomViewer", "group:readers@example.com")
    assert allows(READER, READ, STORE)
    deny(in_process, deniedPrincipals=["principalSet://goog/group/readers@example.com"])
    assert not allows(READER, READ, STORE)
    assert allows(OWNER, READ, STORE)


def test_a_condition_on_tags_decides_each_time(in_process: InProcess) -> None:
    policies = in_process.emulator.policies
    tagged = {"expression": "resource.matchTag('unit-project/env', 'prod')"}
    deny(in_process, denialCondition=tagged)
    assert policies.allows(OWNER, READ, STORE)
    policies.tags_of = lambda line: (
        [Tag("unit-project/env", "prod", "tagKeys/1", "tagValues/1")] if STORE in line else []
    )
    assert not policies.allows(OWNER, READ, STORE)
    assert policies.allows(OWNER, READ, f"{STORE}-other")


def test_a_condition_that_cannot_be_evaluated_denies(in_process: InProcess) -> None:
    """IAM: "Deny policies", denial conditions."""
    deny(in_process, denialCondition={"expression": "resource.matchTag(1)"})
    assert not in_process.emulator.policies.allows(OWNER, READ, STORE)


def test_nobody_is_kept_from_taking_a_deny_policy_away(in_process: InProcess) -> None:
    deny(in_process, "organizations/1", deniedPermissions=["iam.googleapis.com/*.*"])
    assert in_process.emulator.policies.allows(OWNER, "iam.denypolicies.delete", PROJECT)
    assert not in_process.emulator.policies.allows(OWNER, "iam.roles.list", PROJECT)
