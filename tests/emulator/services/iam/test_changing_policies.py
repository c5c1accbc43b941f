"""Changing policies: many at once on one etag, and somebody who may grant some roles only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.services.iam.conftest import Names
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator

Start = Callable[..., RunningEmulator]
BROWSER = {"role": "roles/browser", "members": ["user:somebody@example.com"]}


def topic(emulator: RunningEmulator, name: str) -> tuple[str, str]:
    path = f"/v1/projects/{emulator.project}/topics/{name}"
    emulator.request("PUT", path, {})
    return f"{path}:getIamPolicy", f"{path}:setIamPolicy"


def account(emulator: RunningEmulator, name: str) -> tuple[str, str]:
    parent = f"/v1/projects/{emulator.project}/serviceAccounts"
    path = f"/v1/{emulator.request('POST', parent, {'accountId': name})[1]['name']}"
    return f"{path}:getIamPolicy", f"{path}:setIamPolicy"


def bucket(emulator: RunningEmulator, name: str) -> tuple[str, str]:
    emulator.request("POST", f"/storage/v1/b?project={emulator.project}", {"name": name})
    return f"/storage/v1/b/{name}/iam", f"/storage/v1/b/{name}/iam"


@pytest.mark.parametrize("made", [topic, account, bucket])
def test_one_of_many_changes_on_the_same_etag_is_made(
    emulator: RunningEmulator, unique: Names, made: Callable[[RunningEmulator, str], tuple[str, str]]
) -> None:
    """IAM: "concurrent policy changes"; Cloud Storage answers 412 as for any precondition, the others 409."""
    read, write = made(emulator, unique("contended"))
    is_bucket = read == write
    policy = emulator.request("POST" if "serviceAccounts" in read else "GET", read)[1]

    def change(number: int) -> int:
        members = [f"user:u{number}@example.com"]
        changed = {**policy, "bindings": [*policy.get("bindings", []), {"role": "roles/browser", "members": members}]}
        return emulator.request("PUT", write, changed)[0] if is_bucket else _set(emulator, write, changed)

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(change, range(8)))
    assert codes == [200] + [412 if is_bucket else 409] * 7


def _set(emulator: RunningEmulator, path: str, policy: dict[str, Any], token: str | None = None) -> int:
    return emulator.request("POST", path, {"policy": policy}, token)[0]


def test_who_may_grant_some_roles_changes_those_alone(start_emulator: Start) -> None:
    """IAM: "Set limits on granting roles"."""
    running = start_emulator()
    path = f"/v1/projects/{running.project}"
    manager = make_account(running, "manager")
    expression = (
        "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/browser', 'roles/viewer'])"
    )
    limited = {
        "role": "roles/resourcemanager.projectIamAdmin",
        "members": [manager.member],
        "condition": {"title": "some roles", "expression": expression},
    }
    asked = {"options": {"requestedPolicyVersion": 3}}

    def policy() -> dict[str, Any]:
        found = running.request("POST", f"{path}:getIamPolicy", asked)[1]
        return {**found, "version": 3}

    def changed(*bindings: dict[str, Any]) -> int:
        return _set(running, f"{path}:setIamPolicy", {**before, "bindings": list(bindings)}, manager.token)

    first = policy()
    assert _set(running, f"{path}:setIamPolicy", {**first, "bindings": [*first["bindings"], limited]}) == 200
    before = policy()
    own = before["bindings"]
    editor = {"role": "roles/editor", "members": [manager.member]}
    assert changed(*own, editor) == 403
    assert changed(*own, BROWSER, editor) == 403
    unlimited = {**limited, "condition": {"title": "all", "expression": "true"}}
    assert changed(*(each for each in own if each != limited), unlimited) == 403
    assert policy() == before
    assert changed(*own, BROWSER) == 200
    assert BROWSER in policy()["bindings"]
