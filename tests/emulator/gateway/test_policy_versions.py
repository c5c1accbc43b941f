"""Versions of policies, and members that are none (IAM: policy versions, principal identifiers)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]
CONDITION = {"title": "until", "expression": 'request.time < timestamp("2999-01-01T00:00:00Z")'}
CONDITIONAL = {"role": "roles/pubsub.publisher", "members": ["user:a@example.com"], "condition": CONDITION}
PLAIN = {"role": "roles/pubsub.viewer", "members": ["user:a@example.com"]}


@pytest.fixture
def topic(emulator: RunningEmulator, unique: Names) -> str:
    name = f"projects/{emulator.project}/topics/{unique('versions')}"
    assert emulator.request("PUT", f"/v1/{name}", {})[0] == 200
    return name


@pytest.fixture
def put(emulator: RunningEmulator, topic: str) -> Callable[..., tuple[int, Any]]:
    """Sets the topic's policy."""
    return lambda **policy: emulator.request("POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})


def test_a_condition_needs_version_3(put: Callable[..., tuple[int, Any]]) -> None:
    for version in ({}, {"version": 0}, {"version": 1}):
        code, answer = put(bindings=[CONDITIONAL], **version)
        assert (code, "must have version 3" in answer["error"]["message"]) == (400, True)
    code, answer = put(bindings=[CONDITIONAL], version=2)
    assert (code, "version 2 is invalid" in answer["error"]["message"]) == (400, True)
    assert put(bindings=[CONDITIONAL], version=3)[1]["version"] == 3
    assert put(bindings=[PLAIN], version=1)[0] == 200


def test_a_policy_with_conditions_is_not_overwritten_by_an_older_version(put: Callable[..., tuple[int, Any]]) -> None:
    """With the etag, as every read-modify-write has it; without one it is overwritten, as documented."""
    etag = put(bindings=[CONDITIONAL], version=3)[1]["etag"]
    assert put(bindings=[PLAIN], version=1, etag=etag)[0] == 400
    assert put(bindings=[PLAIN], version=1)[0] == 200


def test_who_does_not_ask_for_version_3_sees_no_condition(
    emulator: RunningEmulator, topic: str, put: Callable[..., tuple[int, Any]]
) -> None:
    """IAM: "Role name strings that include withcond"."""
    stored = put(bindings=[CONDITIONAL, PLAIN], version=3)[1]
    path = f"/v1/{topic}:getIamPolicy"
    assert emulator.request("GET", f"{path}?options.requestedPolicyVersion=3")[1] == stored
    for query in ("", "?options.requestedPolicyVersion=1"):
        shown = emulator.request("GET", path + query)[1]
        assert shown["version"] == 1
        hidden, plain = shown["bindings"]
        assert hidden["role"].startswith("roles/pubsub.publisher_withcond_")
        assert "condition" not in hidden
        assert plain == PLAIN
    assert put(**shown)[0] == 400
    assert emulator.request("GET", f"{path}?options.requestedPolicyVersion=2")[0] == 400


@pytest.mark.parametrize(
    "member",
    [
        "user:a@example.com",
        "group:team@example.com",
        "domain:example.com",
        "allUsers",
        "allAuthenticatedUsers",
        "deleted:user:a@example.com?uid=123456789012345678901",
        "deleted:serviceAccount:a@other.iam.gserviceaccount.com?uid=123",
        "serviceAccount:a@another-project.iam.gserviceaccount.com",
        "serviceAccount:another-project.svc.id.goog[namespace/name]",
        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s",
        "principalSet://iam.googleapis.com/locations/global/workforcePools/p/*",
    ],
)
def test_members(put: Callable[..., tuple[int, Any]], member: str) -> None:
    assert put(bindings=[{"role": "roles/pubsub.viewer", "members": [member]}])[0] == 200


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        ("user:", "an e-mail address"),
        ("user:somebody", "an e-mail address"),
        ("user:a@example.com@example.com", "an e-mail address"),
        ("serviceAccount:", "an e-mail address"),
        ("group:", "an e-mail address"),
        ("domain:", "a domain"),
        ("domain:a@example.com", "a domain"),
        ("deleted:user:a@example.com", "?uid="),
        ("projectOwner:", "a project's id"),
        ("a@example.com", "of an unknown type"),
        ("robot:a@example.com", "of an unknown type"),
        ("user", "of an unknown type"),
        ("", "of an unknown type"),
        ("allusers", "of an unknown type"),
        ("principal://", "of an unknown type"),
    ],
)
def test_what_is_no_member_is_refused(put: Callable[..., tuple[int, Any]], member: str, problem: str) -> None:
    code, answer = put(bindings=[{"role": "roles/pubsub.viewer", "members": [member]}])
    assert (code, problem in answer["error"]["message"]) == (400, True), answer
