"""`access` and deny policies: what they forbid on the emulator, and what a Google says that shows only some of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import Outputs
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle

EVE = "eve@example.org"
PERMISSION = "pubsub.topics.publish"


def policy(name: str, **rule: Any) -> dict[str, Any]:
    denied = {
        "deniedPrincipals": [f"principal://goog/subject/{EVE}"],
        "deniedPermissions": ["pubsub.googleapis.com/topics.*"],
        **rule,
    }
    return {"name": name, "rules": [{"denyRule": denied}]}


@contextmanager
def granted(live: Live, resource: str, role: str, member: str) -> Iterator[None]:
    """A role more in the policy of a resource, for as long as the test needs it."""

    def change(*, add: bool) -> None:
        bindings = {"role": role, "members": [member]}
        read = "POST" if resource.count("/") == 1 else "GET"
        asked = {"options": {"requestedPolicyVersion": 3}} if read == "POST" else None
        version = "" if asked else "?options.requestedPolicyVersion=3"
        _, policy = live.emulator.request(read, f"/v1/{resource}:getIamPolicy{version}", asked)
        others = [each for each in policy["bindings"] if each != bindings]
        changed = {**policy, "version": 3, "bindings": [*others, *([bindings] if add else [])]}
        assert live.emulator.request("POST", f"/v1/{resource}:setIamPolicy", {"policy": changed})[0] == 200

    change(add=True)
    yield
    change(add=False)


@pytest.fixture
def denied(live: Live) -> Iterator[Live]:
    """The shared environment, where Eve may publish by a custom role, but for a deny policy on the project."""
    project = f"projects/{live.outputs.project}"
    role = {"roleId": "denied_publisher", "role": {"includedPermissions": [PERMISSION], "stage": "GA"}}
    live.emulator.request("POST", f"/v1/{project}/roles", role)
    parent = f"/v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{live.outputs.project}/denypolicies"
    assert live.emulator.request("POST", f"{parent}?policyId=not-eve", {"rules": policy("")["rules"]})[0] == 200
    reviewer = f"serviceAccount:emulator@{live.outputs.project}.iam.gserviceaccount.com"
    with (
        granted(live, project, "roles/iam.denyReviewer", reviewer),
        granted(live, live.outputs.dicom_topic, f"{project}/roles/denied_publisher", f"user:{EVE}"),
    ):
        yield live
    live.emulator.request("DELETE", f"{parent}/not-eve")


def test_a_denial_decides_before_the_grant_of_a_custom_role(run: Run, denied: Live) -> None:
    shown = run("access", "why", EVE, PERMISSION, "topic", "--outputs", denied.path)
    assert shown.out.startswith(f"No: user:{EVE} may not use {PERMISSION}")
    project = denied.outputs.project
    assert f"; the deny policy not-eve on project projects/{project} forbids it." in shown.out
    answer = json.loads(run("access", "who-can", PERMISSION, "topic", "--json", "--outputs", denied.path).out)
    (eve,) = [each for each in answer["grants"] if each["member"] == f"user:{EVE}"]
    assert (eve["includes"], eve["denied"]) == ("yes", "yes")
    others = [each for each in answer["grants"] if each["member"] != f"user:{EVE}"]
    assert {each["denied"] for each in others} == {"no"}


@pytest.fixture
def granted_on_google(google: FakeGoogle, outputs_file: Path) -> str:
    """A Google where a role on a topic lets Eve publish; the name of the topic's project."""
    outputs = Outputs.from_file(outputs_file)
    binding = {"role": "roles/pubsub.publisher", "members": [f"user:{EVE}"]}
    google.answers("GET", f"/v1/{outputs.dicom_topic}:getIamPolicy", {"bindings": [binding]})
    google.answers("POST", f"/v1/projects/{outputs.project}:getIamPolicy", {})
    google.answers("POST", f"/v1/projects/{outputs.project}:getAncestry", {})
    google.answers("GET", "/v1/roles/pubsub.publisher", {"includedPermissions": [PERMISSION]})
    return f"/v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{outputs.project}/denypolicies"


def why(run: Run, outputs_file: Path) -> Any:
    return json.loads(run("access", "why", EVE, PERMISSION, "topic", "--json", "--outputs", outputs_file).out)


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ({}, False),
        ({"exceptionPrincipals": [f"principal://goog/subject/{EVE}"]}, True),
        ({"exceptionPermissions": [f"pubsub.googleapis.com/{PERMISSION.partition('.')[2]}"]}, True),
        ({"deniedPrincipals": ["principalSet://goog/public:all"]}, False),
        ({"deniedPrincipals": ["principalSet://goog/group/secret@example.org"]}, None),
        ({"denialCondition": {"expression": "resource.matchTag('1/env', 'prod')"}}, None),
    ],
)
def test_what_a_rule_forbids_excepts_or_leaves_open(
    run: Run, google: FakeGoogle, outputs_file: Path, granted_on_google: str, rule: Any, allowed: bool | None
) -> None:
    name = "policies/p/denypolicies/d"
    google.answers("GET", granted_on_google, {"policies": [{"name": name}]})
    google.answers("GET", f"/v2/{name}", policy(name, **rule))
    assert why(run, outputs_file)["allowed"] is allowed


def test_deny_policies_that_may_not_be_read_are_remarked_upon(
    run: Run, google: FakeGoogle, outputs_file: Path, granted_on_google: str
) -> None:
    google.refuses("GET", granted_on_google, 403, "The caller does not have permission")
    answer = why(run, outputs_file)
    assert answer["allowed"] is True
    assert (
        "can't be read, and may forbid what is granted: The caller does not have permission" in answer["unweighed"][0]
    )
