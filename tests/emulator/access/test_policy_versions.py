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


@pytest.fixture(params=["bucket", "table", "dataset", "store", "key ring", "key", "account"])
def setter(request: pytest.FixtureRequest, emulator: RunningEmulator, unique: Names) -> Callable[..., tuple[int, Any]]:
    """Sets the policy of a new resource of each kind that has one."""
    project, name, send = f"projects/{emulator.project}", unique("versions"), emulator.request
    healthcare = f"{project}/locations/us/datasets/{name}"
    ring = f"{project}/locations/us/keyRings/{name}"
    table = f"{project}/datasets/{name.replace('-', '_')}/tables/t"
    account = f"{project}/serviceAccounts/{name}@{emulator.project}.iam.gserviceaccount.com"
    bigquery = f"/bigquery/v2/{project}/datasets"
    steps: dict[str, list[tuple[str, object]]] = {
        "bucket": [(f"/storage/v1/b?project={emulator.project}", {"name": name})],
        "table": [
            (bigquery, {"datasetReference": {"datasetId": name.replace("-", "_")}}),
            (f"{bigquery}/{name.replace('-', '_')}/tables", {"tableReference": {"tableId": "t"}}),
        ],
        "dataset": [(f"/v1/{project}/locations/us/datasets?datasetId={name}", {})],
        "key ring": [(f"/v1/{project}/locations/us/keyRings?keyRingId={name}", {})],
        "account": [(f"/v1/{project}/serviceAccounts", {"accountId": name})],
    }
    steps["store"] = [*steps["dataset"], (f"/v1/{healthcare}/dicomStores?dicomStoreId=s", {})]
    steps["key"] = [*steps["key ring"], (f"/v1/{ring}/cryptoKeys?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT"})]
    for path, body in steps[request.param]:
        assert send("POST", path, body)[0] == 200
    paths = {
        "table": f"/bigquery/v2/{table}",
        "dataset": f"/v1/{healthcare}",
        "store": f"/v1/{healthcare}/dicomStores/s",
        "key ring": f"/v1/{ring}",
        "key": f"/v1/{ring}/cryptoKeys/k",
        "account": f"/v1/{account}",
    }
    if request.param == "bucket":
        return lambda **policy: send("PUT", f"/storage/v1/b/{name}/iam", policy)
    return lambda **policy: send("POST", f"{paths[request.param]}:setIamPolicy", {"policy": policy})


def test_the_rules_hold_for_every_kind_of_resource(setter: Callable[..., tuple[int, Any]]) -> None:
    """IAM: policy versions; principal identifiers (`user:` needs an address)."""
    role = "roles/iam.securityReviewer"
    conditional = {"role": role, "members": ["user:a@example.com"], "condition": CONDITION}
    assert setter(bindings=[conditional])[0] == 400
    assert setter(bindings=[conditional], version=1)[0] == 400
    assert setter(bindings=[{"role": role, "members": ["user:"]}])[0] == 400
    assert setter(bindings=[{"role": role, "members": ["user:a@example.com"]}])[0] == 200
    assert setter(bindings=[conditional], version=3)[0] == 200
