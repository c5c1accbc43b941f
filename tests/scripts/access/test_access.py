"""`access` against the emulator, and against a Google that knows groups, folders and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import Outputs
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle

ADA = "user:ada@example.org"


@pytest.fixture
def granted(live: Live) -> Live:
    """The shared environment, with conditional roles for somebody on the project."""
    expired = {"title": "last year", "expression": "request.time < timestamp('2020-01-01T00:00:00Z')"}
    landing = f"resource.name.startsWith('projects/_/buckets/{live.outputs.landing_bucket}')"
    bindings = [
        {
            "role": "roles/storage.objectViewer",
            "members": [ADA],
            "condition": {"title": "files", "expression": landing},
        },
        {"role": "roles/healthcare.dicomViewer", "members": [ADA], "condition": expired},
        {"role": "roles/healthcare.datasetViewer", "members": ["group:radiology@example.org"]},
    ]
    path = f"/v1/projects/{live.outputs.project}"
    asked = {"options": {"requestedPolicyVersion": 3}}
    _, policy = live.emulator.request("POST", f"{path}:getIamPolicy", asked)
    known = [each["members"] for each in policy["bindings"]]
    if [ADA] not in known:
        changed = {**policy, "version": 3, "bindings": [*policy["bindings"], *bindings]}
        live.emulator.request("POST", f"{path}:setIamPolicy", {"policy": changed})
    return live


def asked(run: Run, live: Live, *arguments: object) -> Any:
    shown = run("access", *arguments, "--json", "--outputs", live.path)
    assert shown.code == 0, shown.err
    return json.loads(shown.out)


def test_the_binding_on_the_resource_itself_decides(run: Run, live: Live) -> None:
    agent = live.outputs.healthcare_agent_email
    shown = run("access", "why", agent, "storage.objects.create", "export", "--outputs", live.path)
    bucket = f"bucket projects/_/buckets/{live.outputs.export_bucket}"
    assert shown.out.splitlines()[:2] == [
        f"Yes: serviceAccount:{agent} may use storage.objects.create on {bucket}.",
        f"  serviceAccount:{agent} has roles/storage.objectAdmin on {bucket}.",
    ]


def test_what_falls_short_is_named(run: Run, live: Live) -> None:
    agent = live.outputs.healthcare_agent_email
    (grant, *_) = asked(run, live, "why", agent, "storage.objects.create", "landing")["grants"]
    assert (grant["role"], grant["includes"]) == ("roles/storage.objectViewer", "no")
    shown = run("access", "why", agent, "storage.objects.create", "landing", "--outputs", live.path)
    assert "; the role lacks storage.objects.create." in shown.out


@pytest.mark.parametrize(
    ("resource", "permission", "role", "holds", "stands"),
    [
        ("landing", "storage.objects.get", "storage.objectViewer", "yes", "yes"),
        ("export", "storage.objects.get", "storage.objectViewer", "no", "yes"),
        ("dicom", "healthcare.dicomStores.dicomWebRead", "healthcare.dicomViewer", "no", "yes"),
        ("dataset", "healthcare.datasets.get", "healthcare.datasetViewer", "yes", "unknown"),
    ],
)
def test_conditions_and_inheritance_are_followed(
    run: Run, granted: Live, resource: str, permission: str, role: str, holds: str, stands: str
) -> None:
    answer = asked(run, granted, "why", "ada@example.org", permission, resource)
    (grant,) = [each for each in answer["grants"] if each["role"] == f"roles/{role}"]
    assert grant["includes"] == "yes"
    assert (grant["kind"], grant["holds"], grant["stands"]) == ("project", holds, stands)


def test_a_condition_that_does_not_hold_is_said(run: Run, granted: Live) -> None:
    permission = "healthcare.dicomStores.dicomWebRead"
    shown = run("access", "why", "ada@example.org", permission, "dicom", "--outputs", granted.path)
    assert "from which DICOM store" in shown.out
    assert "its condition last year (request.time < timestamp('2020-01-01T00:00:00Z')) doesn't hold now." in shown.out


def test_who_can(run: Run, granted: Live) -> None:
    members = {each["member"] for each in asked(run, granted, "who-can", "storage.objects.get", "landing")["grants"]}
    assert {ADA, f"serviceAccount:{granted.outputs.healthcare_agent_email}"} <= members
    shown = run("access", "who-can", "healthcare.datasets.get", "dataset", "--outputs", granted.path)
    assert "  Who is in group:radiology@example.org can't be seen." in shown.out
    assert "The policy of organization organizations/1 can't be read: emulator@" in shown.err


def test_what_can(run: Run, live: Live) -> None:
    answer = asked(run, live, "what-can", live.outputs.healthcare_agent_email)
    kinds = {(each["kind"], each["role"]) for each in answer["grants"]}
    assert {
        ("bucket", "roles/storage.objectViewer"),
        ("bucket", "roles/storage.objectAdmin"),
        ("BigQuery dataset", "roles/bigquery.dataEditor"),
        ("topic", "roles/pubsub.publisher"),
        ("project", "roles/bigquery.jobUser"),
    } <= kinds
    assert "pubsub.topics.publish" in answer["permissions"]["roles/pubsub.publisher"]


def test_what_depends_on_the_resource_is_left_open_by_what_can(run: Run, granted: Live) -> None:
    answer = asked(run, granted, "what-can", "ada@example.org")
    held = {(each["role"], each["holds"]) for each in answer["grants"] if each["condition"]}
    assert held == {("roles/storage.objectViewer", "unknown"), ("roles/healthcare.dicomViewer", "no")}


def test_owners_of_a_project_are_found_behind_the_words_of_buckets_and_datasets(run: Run, live: Live) -> None:
    answer = asked(run, live, "who-can", "bigquery.datasets.update", "tables")
    assert "projectOwner:" + live.outputs.project in {each["member"] for each in answer["grants"]}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("why", "somebody", "storage.objects.get", "landing"), "somebody is no principal"),
        (("who-can", "storage.objects.get", "nothing/at/all"), "nothing/at/all names no resource"),
    ],
)
def test_what_is_no_principal_and_no_resource(run: Run, live: Live, arguments: tuple[str, ...], says: str) -> None:
    ended = run("access", *arguments, "--outputs", live.path)
    assert ended.code == 2
    assert says in ended.err


def test_short_names_are_listed(run: Run, live: Live) -> None:
    found = asked(run, live, "resources")
    assert {"short": "dicom", "kind": "DICOM store", "name": live.outputs.dicom_store_name} in found
    assert {each["kind"] for each in found if each["short"].startswith("tables")} == {"BigQuery dataset"}


def test_groups_folders_and_custom_roles_are_asked_for(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    outputs = Outputs.from_file(outputs_file)
    topic, project = outputs.dicom_topic, outputs.project
    role, group = f"projects/{project}/roles/publisher", "group:staff@example.org"
    ancestors = [
        {"resourceId": {"type": kind, "id": number}} for kind, number in (("project", project), ("folder", "7"))
    ]
    google.answers("GET", f"/v1/{topic}:getIamPolicy", {})
    google.answers("POST", f"/v1/projects/{project}:getIamPolicy", {})
    google.answers("POST", f"/v1/projects/{project}:getAncestry", {"ancestor": ancestors})
    google.answers("POST", "/v3/folders/7:getIamPolicy", {"bindings": [{"role": role, "members": [group]}]})
    google.answers("GET", f"/v1/{role}", {"name": role, "includedPermissions": ["pubsub.topics.publish"]})
    google.answers("GET", "/v1/groups:lookup", {"name": "groups/1"})
    members = [{"preferredMemberKey": {"id": "ada@example.org"}, "type": "USER"}]
    google.answers("GET", "/v1/groups/1/memberships", {"memberships": members})
    arguments = ("pubsub.topics.publish", "topic", "--json", "--outputs", outputs_file)
    found = json.loads(run("access", "why", "ada@example.org", *arguments).out)
    assert (found["allowed"], found["unread"]) == (True, [])
    assert found["grants"][0]["resource"] == "folders/7"
    assert json.loads(run("access", "why", "eve@example.org", *arguments).out)["allowed"] is False
    assert json.loads(run("access", "who-can", *arguments).out)["grants"][0]["members"] == [ADA]


def test_a_policy_that_may_not_be_read_leaves_the_answer_open(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    outputs = Outputs.from_file(outputs_file)
    google.refuses("GET", f"/v1/{outputs.dicom_topic}:getIamPolicy", 403, "The caller does not have permission")
    arguments = ("ada@example.org", "pubsub.topics.publish", "topic", "--outputs", outputs_file)
    shown = run("access", "why", *arguments)
    assert shown.out.startswith("Not known: ")
    assert f"The policy of topic {outputs.dicom_topic} can't be read: The caller does not have permission" in shown.out
    assert json.loads(run("access", "why", *arguments, "--json").out)["allowed"] is None
