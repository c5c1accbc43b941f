"""Members of a policy that stand for others: a project's owners, editors and viewers; everybody."""

import sqlite3
from typing import Any

import pytest

from tests.emulator.conftest import InProcess

PROJECT = "projects/unit-project"
BUCKET = f"{PROJECT}/buckets/landing"
READ = "storage.objects.get"
SOMEBODY = "user:somebody@example.com"


def bind(running: InProcess, resource: str, role: str, *members: str) -> None:
    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        policy = running.emulator.policies.get(resource, tx)
        bindings = [*policy.get("bindings", []), {"role": role, "members": list(members)}]
        return running.emulator.policies.set(tx, resource, {**policy, "bindings": bindings})

    running.write(step)


@pytest.mark.parametrize("basic", ["owner", "editor", "viewer"])
def test_a_basic_role_reaches_objects_through_the_bucket(in_process: InProcess, basic: str) -> None:
    allows = in_process.emulator.policies.allows
    bind(in_process, PROJECT, f"roles/{basic}", SOMEBODY)
    assert not allows(SOMEBODY, READ, BUCKET)
    bind(in_process, BUCKET, "roles/storage.legacyObjectReader", f"project{basic.title()}:unit-project")
    assert allows(SOMEBODY, READ, BUCKET)
    assert not allows("user:other@example.com", READ, BUCKET)
    assert not allows("", READ, BUCKET)


def test_members_of_another_project_do_not_count(in_process: InProcess) -> None:
    bind(in_process, PROJECT, "roles/owner", SOMEBODY)
    bind(in_process, BUCKET, "roles/storage.legacyObjectReader", "projectOwner:another-project")
    assert not in_process.emulator.policies.allows(SOMEBODY, READ, BUCKET)


def test_losing_the_basic_role_loses_what_came_with_it(in_process: InProcess) -> None:
    allows = in_process.emulator.policies.allows
    bind(in_process, PROJECT, "roles/viewer", SOMEBODY)
    bind(in_process, BUCKET, "roles/storage.legacyObjectReader", "projectViewer:unit-project")
    assert allows(SOMEBODY, READ, BUCKET)
    in_process.write(lambda tx: in_process.emulator.policies.set(tx, PROJECT, {"bindings": []}))
    assert not allows(SOMEBODY, READ, BUCKET)


def test_everybody_and_everybody_signed_in(in_process: InProcess) -> None:
    allows = in_process.emulator.policies.allows
    bind(in_process, BUCKET, "roles/storage.objectViewer", "allAuthenticatedUsers")
    assert allows(SOMEBODY, READ, BUCKET)
    assert not allows("", READ, BUCKET)
    bind(in_process, BUCKET, "roles/storage.objectViewer", "allUsers")
    assert allows("", READ, BUCKET)
