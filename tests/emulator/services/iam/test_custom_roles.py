"""Custom roles with Google's client: what they may hold, what they grant, and what becomes of them deleted."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.services.clients import client_as, refused
from tests.emulator.services.iam.conftest import Account, Names, key_file
from tests.emulator.services.iam.test_keys import exchanged_token
from tests.support.emulator import RunningEmulator

LIST = "storage.buckets.list"


@pytest.fixture
def roles(google_api: Callable[[str, str], Any]) -> Any:
    return google_api("iam", "v1").projects().roles()


@pytest.fixture
def parent(emulator: RunningEmulator) -> str:
    return f"projects/{emulator.project}"


def role_id(unique: Names) -> str:
    return unique("role").replace("-", "_")


def made(roles: Any, parent: str, unique: Names, **fields: Any) -> dict[str, Any]:
    role = {"title": "Made by a test", "includedPermissions": [LIST], "stage": "GA", **fields}
    answer: dict[str, Any] = roles.create(parent=parent, body={"roleId": role_id(unique), "role": role}).execute()
    return answer


def test_a_role_is_made_read_changed_and_listed(roles: Any, parent: str, unique: Names) -> None:
    role = made(roles, parent, unique, description="For a test")
    assert roles.get(name=role["name"]).execute() == role
    assert (role["title"], role["stage"], role["includedPermissions"]) == ("Made by a test", "GA", [LIST])
    changed = roles.patch(
        name=role["name"], body={"title": "Another", "description": "left"}, updateMask="title"
    ).execute()
    assert (changed["title"], changed["description"]) == ("Another", "For a test")
    assert changed["etag"] != role["etag"]
    basic = {each["name"]: each for each in roles.list(parent=parent, pageSize=1000).execute()["roles"]}
    assert "includedPermissions" not in basic[role["name"]]
    full = {each["name"]: each for each in roles.list(parent=parent, view="FULL").execute()["roles"]}
    assert full[role["name"]]["includedPermissions"] == [LIST]


def test_the_stage_alpha_is_not_shown(roles: Any, parent: str, unique: Names) -> None:
    """IAM v1, Role.stage: "If the ALPHA launch stage has been selected, the stage field will not be included"."""
    assert "stage" not in made(roles, parent, unique, stage="ALPHA")


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ({"includedPermissions": ["storage.buckets.lsit"]}, "Permission storage.buckets.lsit is not valid"),
        ({"includedPermissions": ["resourcemanager.projects.list"]}, "is not valid"),
        ({"includedPermissions": ["resourcemanager.folders.get"]}, "is not valid"),
        ({"includedPermissions": ["storage.*"]}, "is not valid"),
        ({"title": "x" * 101}, "title exceeds"),
        ({"includedPermissions": [f"compute.things.do{n}" for n in range(3001)]}, "at most 3,000 permissions"),
    ],
)
def test_what_a_role_may_not_hold(roles: Any, parent: str, unique: Names, role: dict[str, Any], message: str) -> None:
    code, said = refused(roles.create(parent=parent, body={"roleId": role_id(unique), "role": role}))
    assert (code, message in said) == (400, True)


@pytest.mark.parametrize("malformed", ["", "ab", "with-dash", "x" * 65])
def test_a_malformed_id_is_a_400(roles: Any, parent: str, malformed: str) -> None:
    assert refused(roles.create(parent=parent, body={"roleId": malformed, "role": {}}))[0] == 400


def test_a_taken_id_is_a_409(roles: Any, parent: str, unique: Names) -> None:
    role = made(roles, parent, unique)
    body = {"roleId": role["name"].rsplit("/", 1)[-1], "role": {}}
    assert refused(roles.create(parent=parent, body=body))[0] == 409


def test_the_organization_has_roles_of_its_own(google_api: Callable[[str, str], Any], unique: Names) -> None:
    roles = google_api("iam", "v1").organizations().roles()
    body = {"roleId": role_id(unique), "role": {"includedPermissions": ["resourcemanager.projects.list"]}}
    role = roles.create(parent="organizations/1", body=body).execute()
    assert roles.get(name=role["name"]).execute()["includedPermissions"] == ["resourcemanager.projects.list"]


def test_only_one_of_many_changes_on_the_same_etag_is_made(
    emulator: RunningEmulator, roles: Any, parent: str, unique: Names
) -> None:
    role = made(roles, parent, unique)

    def change(number: int) -> int:
        body = {"title": f"Number {number}", "etag": role["etag"]}
        return emulator.request("PATCH", f"/v1/{role['name']}", body)[0]

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(change, range(8)))
    assert codes == [200] + [409] * 7


def test_a_role_grants_what_it_holds_as_long_as_it_does(
    roles: Any, parent: str, unique: Names, emulator: RunningEmulator, accounts: Any, account: Account
) -> None:
    role = made(roles, parent, unique, includedPermissions=["iam.serviceAccounts.get"])
    policy = {"bindings": [{"role": role["name"], "members": [account.member]}]}
    accounts.setIamPolicy(resource=account.name, body={"policy": policy}).execute()
    token = exchanged_token(key_file(accounts, account))
    with client_as(emulator, token, "iam", "v1") as client:
        call = client.projects().serviceAccounts().get(name=account.name)
        assert call.execute()["email"] == account.email
        roles.patch(name=role["name"], body={"stage": "DISABLED"}).execute()
        assert refused(call)[0] == 403
        roles.patch(name=role["name"], body={"stage": "GA"}).execute()
        assert call.execute()["email"] == account.email
        roles.delete(name=role["name"]).execute()
        assert refused(call)[0] == 403
        roles.undelete(name=role["name"], body={}).execute()
        assert call.execute()["email"] == account.email
        roles.patch(name=role["name"], body={}, updateMask="includedPermissions").execute()
        assert refused(call)[0] == 403


def test_a_deleted_role_is_shown_keeps_its_id_and_is_not_changed(roles: Any, parent: str, unique: Names) -> None:
    role = made(roles, parent, unique)
    deleted = roles.delete(name=role["name"]).execute()
    assert deleted["deleted"] is True
    assert roles.get(name=role["name"]).execute()["deleted"] is True
    listed = {each["name"] for each in roles.list(parent=parent, pageSize=1000).execute().get("roles", [])}
    assert role["name"] not in listed
    shown = roles.list(parent=parent, pageSize=1000, showDeleted=True).execute()["roles"]
    assert role["name"] in {each["name"] for each in shown}
    body = {"roleId": role["name"].rsplit("/", 1)[-1], "role": {}}
    code, said = refused(roles.create(parent=parent, body=body))
    assert (code, "marked for deletion" in said) == (400, True)
    assert refused(roles.patch(name=role["name"], body={"title": "x"}))[0] == 400
    assert refused(roles.delete(name=role["name"]))[0] == 400


def test_a_deleted_role_is_gone_after_a_week_and_its_id_free_after_a_month(
    start_emulator: Callable[..., RunningEmulator],
) -> None:
    """IAM: "Create and manage custom roles", delete."""
    running = start_emulator()
    parent = f"/v1/projects/{running.project}/roles"
    create = {"roleId": "short_lived", "role": {"title": "t"}}
    now = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    running.request("POST", "/_emulator/clock", {"stopped": True, "time": now.isoformat()})
    assert running.request("POST", parent, create)[0] == 200
    assert running.request("DELETE", f"{parent}/short_lived")[0] == 200
    seen = []
    for days in (6.9, 7.1, 36.9, 37.1):
        time = (now + dt.timedelta(days=days)).isoformat()
        running.request("POST", "/_emulator/clock", {"stopped": True, "time": time})
        shown, made_again = (
            running.request("GET", f"{parent}/short_lived"),
            running.request("POST", parent, create),
        )
        seen.append((shown[0], made_again[0]))
    assert seen == [(200, 400), (404, 400), (404, 400), (404, 200)]


def test_which_permissions_a_role_of_a_project_may_hold_is_listed(google_api: Callable[[str, str], Any]) -> None:
    permissions = google_api("iam", "v1").permissions()
    for name, level in (("projects/test-project", "NOT_SUPPORTED"), ("organizations/1", None)):
        body = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/{name}", "pageSize": 1000}
        found: list[dict[str, Any]] = []
        while body.get("pageToken", True):
            page = permissions.queryTestablePermissions(body=body).execute()
            found += page["permissions"]
            body["pageToken"] = page.get("nextPageToken", "")
        assert {each["name"]: each for each in found}["resourcemanager.projects.list"].get(
            "customRolesSupportLevel"
        ) == level


def test_custom_roles_are_among_those_that_can_be_granted(
    google_api: Callable[[str, str], Any], roles: Any, parent: str, unique: Names
) -> None:
    role = made(roles, parent, unique)
    deleted = made(roles, parent, unique)
    roles.delete(name=deleted["name"]).execute()

    def grantable(host: str) -> set[str]:
        body = {"fullResourceName": f"//{host}.googleapis.com/{parent}", "pageSize": 1000}
        return {
            each["name"] for each in google_api("iam", "v1").roles().queryGrantableRoles(body=body).execute()["roles"]
        }

    for host in ("cloudresourcemanager", "storage"):
        assert {role["name"], deleted["name"]} & grantable(host) == {role["name"]}
    assert role["name"] not in grantable("pubsub")
