"""Policies: inheritance, etags, caching, conditions, projects that do not exist."""

import sqlite3
from typing import Any

import pytest

from emulator.access.authorization import permission_of
from emulator.errors import ApiError
from tests.emulator.conftest import InProcess

PROJECT = "projects/unit-project"
DATASET = f"{PROJECT}/locations/l/datasets/d"
STORE = f"{DATASET}/dicomStores/s"
READER = "user:reader@example.com"
READ = "healthcare.dicomStores.dicomWebRead"


def grant(running: InProcess, resource: str, role: str, member: str, **more: Any) -> dict[str, Any]:
    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        policy = running.emulator.policies.get(resource, tx)
        bindings = [*policy.get("bindings", []), {"role": role, "members": [member], **more}]
        return running.emulator.policies.set(tx, resource, {**policy, "version": 3, "bindings": bindings})

    return running.write(step)


@pytest.mark.parametrize("where", [STORE, DATASET, PROJECT, "organizations/1"])
def test_a_role_reaches_down_and_not_up(in_process: InProcess, where: str) -> None:
    allows = in_process.emulator.policies.allows
    assert not allows(READER, READ, STORE)
    grant(in_process, where, "roles/healthcare.dicomViewer", READER)
    assert allows(READER, READ, STORE)
    assert not allows(READER, "healthcare.dicomStores.dicomWebWrite", STORE)
    assert allows(READER, READ, DATASET + "/dicomStores/other") is (where != STORE)
    assert not allows(READER, READ, "projects/not-there/locations/l/datasets/d/dicomStores/s")


def test_taking_a_role_away_takes_effect_at_once(in_process: InProcess) -> None:
    allows = in_process.emulator.policies.allows
    grant(in_process, STORE, "roles/healthcare.dicomViewer", READER)
    assert allows(READER, READ, STORE)
    in_process.write(lambda tx: in_process.emulator.policies.set(tx, STORE, {"bindings": []}))
    assert not allows(READER, READ, STORE)


def test_a_stale_etag_is_refused(in_process: InProcess) -> None:
    policies = in_process.emulator.policies
    first = grant(in_process, STORE, "roles/viewer", READER)
    grant(in_process, STORE, "roles/editor", READER)
    with pytest.raises(ApiError) as refused:
        in_process.write(lambda tx: policies.set(tx, STORE, first))
    assert (refused.value.code, refused.value.status) == (409, "ABORTED")
    assert len(policies.get(STORE)["bindings"]) == 2


def test_a_condition_decides_each_time(in_process: InProcess) -> None:
    allows = in_process.emulator.policies.allows
    past = {"title": "t", "expression": 'request.time < timestamp("2020-01-01T00:00:00Z")'}
    grant(in_process, PROJECT, "roles/healthcare.dicomViewer", READER, condition=past)
    assert not allows(READER, READ, STORE)
    future = {"title": "t", "expression": 'request.time < timestamp("2999-01-01T00:00:00Z")'}
    grant(in_process, PROJECT, "roles/healthcare.dicomViewer", READER, condition=future)
    assert allows(READER, READ, STORE)
    with pytest.raises(ApiError):
        grant(in_process, PROJECT, "roles/healthcare.dicomViewer", READER, condition={"expression": "((("})


@pytest.mark.parametrize(
    ("role", "member"),
    [
        *(("roles/owner", READER), ("roles/editor", READER), ("roles/viewer", READER)),
        *(("roles/healthcare.dicomViewer", "allUsers"), ("roles/healthcare.dicomViewer", "allAuthenticatedUsers")),
    ],
)
def test_basic_roles_and_everybody_take_no_condition(in_process: InProcess, role: str, member: str) -> None:
    """IAM: "Overview of IAM Conditions", the note under "Conditions in allow policies"."""
    with pytest.raises(ApiError, match="condition") as refused:
        grant(in_process, PROJECT, role, member, condition={"title": "t", "expression": "true"})
    assert refused.value.code == 400


def test_the_owner_cannot_be_locked_out_by_a_project_policy(in_process: InProcess) -> None:
    policies, owner = in_process.emulator.policies, in_process.settings.owner
    in_process.write(lambda tx: policies.set(tx, PROJECT, {"bindings": []}))
    assert policies.allows(owner, READ, STORE)
    assert not policies.allows(f"serviceAccount:{in_process.settings.account}", READ, STORE)


def test_members_need_a_type_and_roles_a_prefix(in_process: InProcess) -> None:
    for role, member in (("roles/viewer", "somebody"), ("viewer", READER)):
        with pytest.raises(ApiError) as refused:
            grant(in_process, STORE, role, member)
        assert refused.value.code == 400


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("healthcare.projects.locations.datasets.dicomStores.patch", "healthcare.dicomStores.update"),
        ("cloudresourcemanager.projects.getIamPolicy", "resourcemanager.projects.getIamPolicy"),
        ("pubsub.projects.topics.publish", "pubsub.topics.publish"),
    ],
)
def test_the_permission_follows_from_the_method(method: str, permission: str) -> None:
    assert permission_of(method) == permission


def test_a_name_used_again_does_not_inherit_the_rights_of_what_was_deleted(in_process: InProcess) -> None:
    emulator = in_process.emulator
    in_process.write(emulator.resources.insert, "kind", STORE, DATASET, {})
    grant(in_process, STORE, "roles/healthcare.dicomViewer", READER)
    assert emulator.policies.allows(READER, READ, STORE)
    in_process.write(emulator.resources.delete_tree, STORE)
    in_process.write(emulator.resources.insert, "kind", STORE, DATASET, {})
    assert not emulator.policies.allows(READER, READ, STORE)
