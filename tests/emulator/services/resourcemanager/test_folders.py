"""Folders: what lies in them, what their policies grant below, and what they may not become."""

from typing import Any

import pytest

from tests.support.accounts import Account, make_account
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

ORGANIZATION = "organizations/1"


def make(running: RunningEmulator, title: str, parent: str = ORGANIZATION) -> str:
    """The name of a new folder."""
    done = ask(running, "POST", "/v3/folders", {"parent": parent, "displayName": title})
    assert done["done"] is True
    return str(done["response"]["name"])


def make_project(running: RunningEmulator, project: str, parent: str) -> str:
    """The name, with its number, of a new project."""
    return str(ask(running, "POST", "/v3/projects", {"projectId": project, "parent": parent})["response"]["name"])


def set_policy(running: RunningEmulator, name: str, **policy: Any) -> None:
    body = {"policy": policy, "updateMask": ",".join(policy)}
    ask(running, "POST", f"/v3/{name}:setIamPolicy", body)


@pytest.fixture(scope="module")
def caller(running: RunningEmulator) -> Account:
    """Somebody without a right."""
    return make_account(running, "somebody")


def test_a_folder_is_made_found_renamed_deleted_and_brought_back(running: RunningEmulator) -> None:
    name = make(running, "Research")
    assert ask(running, "GET", f"/v3/{name}")["parent"] == ORGANIZATION
    assert [each["name"] for each in ask(running, "GET", f"/v3/folders?parent={ORGANIZATION}")["folders"]] == [name]
    changed = ask(running, "PATCH", f"/v3/{name}?updateMask=displayName", {"displayName": "Imaging research"})
    assert changed["response"]["displayName"] == "Imaging research"
    found = ask(running, "GET", "/v3/folders:search?query=displayName=%22Imaging%20research%22")
    assert [each["name"] for each in found["folders"]] == [name]
    assert ask(running, "DELETE", f"/v3/{name}")["response"]["state"] == "DELETE_REQUESTED"
    assert "folders" not in ask(running, "GET", f"/v3/folders?parent={ORGANIZATION}")
    assert len(ask(running, "GET", f"/v3/folders?parent={ORGANIZATION}&showDeleted=true")["folders"]) == 1
    assert ask(running, "POST", f"/v3/{name}:undelete", {})["response"]["state"] == "ACTIVE"
    ask(running, "DELETE", f"/v3/{name}")


def test_projects_inherit_from_all_folders_above_them_and_only_from_those(
    running: RunningEmulator, caller: Account
) -> None:
    outer = make(running, "Outer")
    inner, beside = make(running, "Inner", outer), make(running, "Beside", outer)
    project = make_project(running, "within-folders", inner)
    path = "/v1/projects/within-folders"
    line = ask(running, "POST", f"{path}:getAncestry", {})["ancestor"]
    names = ["projects/within-folders", inner, outer, ORGANIZATION]
    assert [f"{each['resourceId']['type']}s/{each['resourceId']['id']}" for each in line] == names
    assert ask(running, "GET", path)["parent"] == {"type": "folder", "id": inner.partition("/")[2]}
    assert ask(running, "GET", f"/v3/{project}")["parent"] == inner
    for where, code in ((beside, 403), (outer, 200), (inner, 200)):
        set_policy(running, where, bindings=[{"role": "roles/viewer", "members": [caller.member]}])
        assert running.request("GET", path, token=caller.token)[0] == code, where
        set_policy(running, where, bindings=[])
        assert running.request("GET", path, token=caller.token)[0] == 403
    denied = ["cloudresourcemanager.googleapis.com/projects.update"]
    rule = {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": denied}
    point = f"cloudresourcemanager.googleapis.com/{outer}".replace("/", "%2F")
    ask(running, "POST", f"/v2/policies/{point}/denypolicies?policyId=no-changes", {"rules": [{"denyRule": rule}]})
    title = {"displayName": "Another"}
    assert running.request("PATCH", f"/v3/{project}?updateMask=displayName", title)[0] == 403
    ask(running, "POST", f"/v3/{project}:move", {"destinationParent": ORGANIZATION})
    assert ask(running, "GET", f"/v3/{project}")["parent"] == ORGANIZATION
    assert running.request("PATCH", f"/v3/{project}?updateMask=displayName", title)[0] == 200


def test_a_project_moves_with_its_folder(running: RunningEmulator, caller: Account) -> None:
    old, new = make(running, "Old"), make(running, "New")
    inner = make(running, "Team", old)
    make_project(running, "moved-project", inner)
    set_policy(running, old, bindings=[{"role": "roles/viewer", "members": [caller.member]}])
    assert running.request("GET", "/v1/projects/moved-project", token=caller.token)[0] == 200
    ask(running, "POST", f"/v3/{inner}:move", {"destinationParent": new})
    assert running.request("GET", "/v1/projects/moved-project", token=caller.token)[0] == 403
    running.kill()
    running.start()
    assert running.request("GET", "/v1/projects/moved-project", token=caller.token)[0] == 403
    assert ask(running, "GET", f"/v3/{inner}")["parent"] == new


def test_what_a_folder_may_not_become(running: RunningEmulator, caller: Account) -> None:
    outer = make(running, "Full")
    inner = make(running, "Within", outer)

    def said(method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, str]:
        code, answer = running.request(method, path, body, token)
        return code, answer["error"]["message"]

    assert said("DELETE", f"/v3/{outer}") == (
        400,
        f"{outer} is not empty: it holds folders or projects that are active.",
    )
    assert said("POST", f"/v3/{outer}:move", {"destinationParent": inner})[1] == f"{outer} can't be moved into itself."
    for body, words in (
        ({"parent": outer, "displayName": "Within"}, "titles differ"),
        ({"parent": outer, "displayName": "-"}, "Invalid displayName"),
    ):
        code, message = said("POST", "/v3/folders", body)
        assert (code, words in message) == (400, True)
    assert said("POST", "/v3/folders", {"parent": "folders/1", "displayName": "x"})[0] == 403
    assert said("GET", "/v3/folders/1")[0] == 403
    for number in range(8):
        inner = make(running, f"Level {number}", inner)
    assert "nested more than 10 deep" in said("POST", "/v3/folders", {"parent": inner, "displayName": "x"})[1]
    for method, path in (("GET", outer), ("DELETE", outer), ("POST", f"{outer}:getIamPolicy")):
        assert said(method, f"/v3/{path}", token=caller.token)[0] == 403
    moving = {"destinationParent": ORGANIZATION}
    assert "resourcemanager.folders.move" in said("POST", f"/v3/{inner}:move", moving, caller.token)[1]


def test_audit_configs_of_all_above_count_in_a_project(running: RunningEmulator) -> None:
    """Cloud Logging, "Configure Data Access audit logs": a project can't take back what is on above it."""
    folder = make(running, "Audited")
    make_project(running, "audited-project", folder)
    topic = "/v1/projects/audited-project/topics/audited"
    ask(running, "PUT", topic, {})
    owner = f"user:owner@{running.project}.example"
    seen = 0
    for where, exempted, logged in (
        ("projects/audited-project", [owner], 0),
        (folder, [], 1),
        (folder, [owner], 0),
        (ORGANIZATION, [], 1),
    ):
        config = [{"logType": "ADMIN_READ", "exemptedMembers": exempted}]
        set_policy(running, where, auditConfigs=[{"service": "pubsub.googleapis.com", "auditLogConfigs": config}])
        ask(running, "GET", topic)
        seen += logged
        wait_for(running, "audited-project", seen)
    assert read(running, running.project) == []


def wait_for(running: RunningEmulator, project: str, count: int) -> None:
    """Wait until a project has so many entries about reads of a topic, and no more."""
    assert len(eventually(lambda: read(running, project), lambda found: len(found) >= count)) == count


def read(running: RunningEmulator, project: str) -> list[Any]:
    """The entries of a project about reads of a topic."""
    wish = {
        "resourceNames": [f"projects/{project}"],
        "filter": 'logName:data_access AND protoPayload.methodName="pubsub.projects.topics.get"',
    }
    found: list[Any] = ask(running, "POST", "/v2/entries:list", wish).get("entries", [])
    return found
