"""The organization: who sees it, what its policy grants below, and that its owner can't be locked out."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import StartEmulator
from tests.emulator.services.clients import refused
from tests.support.emulator import RunningEmulator

Api = Callable[[str, str], Any]
NAME = "organizations/1"


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_the_owner_finds_the_organization(google_api: Api, emulator: RunningEmulator, version: str) -> None:
    organizations = google_api("cloudresourcemanager", version).organizations()
    found = organizations.get(name=NAME).execute()
    assert found["displayName"] == f"{emulator.project}.example"
    search = organizations.search(body={}) if version == "v1" else organizations.search()
    assert search.execute()["organizations"] == [found]
    asked = ["resourcemanager.organizations.setIamPolicy", "orgpolicy.policy.set"]
    held = organizations.testIamPermissions(resource=NAME, body={"permissions": asked}).execute()
    assert held == {"permissions": asked[:1]}
    assert refused(organizations.get(name="organizations/2"))[0] == 403


def test_its_policy_reaches_every_project_and_leaves_its_owner_in(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    path = f"/v1/{NAME}"
    _, policy = running.request("POST", f"{path}:getIamPolicy", {})
    account = f"emulator@{running.project}.iam.gserviceaccount.com"
    token = _token(running, account)
    assert running.request("GET", path, token=token)[0] == 403
    viewer = {"role": "roles/resourcemanager.organizationViewer", "members": [f"serviceAccount:{account}"]}
    changed = {**policy, "bindings": [*policy["bindings"], viewer]}
    assert running.request("POST", f"{path}:setIamPolicy", {"policy": changed})[0] == 200
    assert running.request("GET", path, token=token)[0] == 200
    code, answer = running.request("POST", f"{path}:setIamPolicy", {"policy": {"bindings": [viewer]}})
    assert (code, "whom nothing may lock out" in answer["error"]["message"]) == (400, True)
    running.kill()
    running.start()
    assert viewer in running.request("POST", f"{path}:getIamPolicy", {})[1]["bindings"]


def _token(running: RunningEmulator, email: str) -> str:
    name = f"/v1/projects/-/serviceAccounts/{email}"
    grant = {"role": "roles/iam.serviceAccountTokenCreator", "members": [f"user:owner@{running.project}.example"]}
    running.request("POST", f"{name}:setIamPolicy", {"policy": {"bindings": [grant]}})
    body = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    return str(running.request("POST", f"{name}:generateAccessToken", body)[1]["accessToken"])
