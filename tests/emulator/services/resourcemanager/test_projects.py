"""The project: by id and number, in v1 and v3, its policy and audit configuration."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.oauth2 import service_account

from emulator.settings import project_number
from tests.conftest import PROJECT, StartEmulator
from tests.emulator.services.clients import client_as, refused, token_of
from tests.support.emulator import RunningEmulator

Api = Callable[[str, str], Any]
AUDIT = [{"service": "healthcare.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
BINDING = {"role": "roles/bigquery.jobUser", "members": ["user:analyst@example.com"]}


def test_v1_answers_what_the_provider_reads(google_api: Api, emulator: RunningEmulator) -> None:
    projects = google_api("cloudresourcemanager", "v1").projects()
    found = projects.get(projectId=emulator.project).execute()
    assert found["projectId"] == emulator.project
    assert found["projectNumber"] == project_number(emulator.project)
    assert found["lifecycleState"] == "ACTIVE"
    assert found["parent"] == {"type": "organization", "id": "1"}
    assert projects.get(projectId=found["projectNumber"]).execute() == found


def test_v3_answers_the_same_project(google_api: Api, emulator: RunningEmulator) -> None:
    projects = google_api("cloudresourcemanager", "v3").projects()
    found = projects.get(name=f"projects/{emulator.project}").execute()
    assert found["name"] == f"projects/{project_number(emulator.project)}"
    assert (found["projectId"], found["state"]) == (emulator.project, "ACTIVE")
    assert [one["projectId"] for one in projects.search(query="state:ACTIVE").execute()["projects"]] == [PROJECT]


def test_what_is_above_a_project_is_shown_and_its_policy_to_who_may_see_it(
    google_api: Api, emulator: RunningEmulator
) -> None:
    ancestry = google_api("cloudresourcemanager", "v1").projects().getAncestry(projectId=emulator.project, body={})
    kinds = [(each["resourceId"]["type"], each["resourceId"]["id"]) for each in ancestry.execute()["ancestor"]]
    assert kinds == [("project", emulator.project), ("organization", "1")]
    owner_of_project = service_account.Credentials.from_service_account_file(
        emulator.credentials_file, scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    for version in ("v1", "v3"):
        organizations = google_api("cloudresourcemanager", version).organizations()
        assert organizations.getIamPolicy(resource="organizations/1", body={}).execute()["bindings"]
        assert refused(organizations.getIamPolicy(resource="organizations/2", body={}))[0] == 403
        with client_as(emulator, token_of(owner_of_project), "cloudresourcemanager", version) as client:
            # Google's basic roles leave organizations out, so an owner of projects may not see their policies.
            assert refused(client.organizations().getIamPolicy(resource="organizations/1", body={}))[0] == 403


def test_a_project_that_is_not_there_is_a_403(google_api: Api) -> None:
    code, message = refused(google_api("cloudresourcemanager", "v1").projects().get(projectId="another-project"))
    assert code == 403
    assert "may not exist" in message


def test_list_filters(google_api: Api) -> None:
    projects = google_api("cloudresourcemanager", "v1").projects()
    assert [one["projectId"] for one in projects.list(filter="lifecycleState:ACTIVE").execute()["projects"]] == [
        PROJECT
    ]
    assert projects.list(filter="lifecycleState:DELETE_REQUESTED").execute() == {}


def test_what_is_not_emulated_says_so(google_api: Api) -> None:
    code, message = refused(google_api("cloudresourcemanager", "v1").projects().delete(projectId="new-project"))
    assert (code, message) == (501, "cloudresourcemanager.projects.delete is not emulated.")


def test_a_project_needs_a_parent_that_is_there(emulator: RunningEmulator) -> None:
    parents: tuple[tuple[str, object], ...] = (
        ("v1", {"type": "organization", "id": "987654321"}),
        ("v1", {"type": "folder", "id": "1"}),
        ("v3", "organizations/987654321"),
        ("v3", "folders/1"),
    )
    for version, parent in parents:
        body = {"projectId": "orphan-project", "parent": parent}
        code, answer = emulator.request("POST", f"/{version}/projects", body)
        assert (code, answer["error"]["status"]) == (403, "PERMISSION_DENIED"), answer
    assert emulator.request("GET", "/v1/projects/orphan-project")[0] == 403


def test_another_project_is_made_and_owned_by_who_made_it(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    with client_as(running, running.owner_token, "cloudresourcemanager", "v1") as client:
        made = client.projects().create(body={"projectId": "data-owner", "labels": {"team": "data"}}).execute()
        assert made["done"] is True
        assert made["response"]["projectNumber"] == project_number("data-owner")
        assert client.projects().get(projectId="data-owner").execute()["labels"] == {"team": "data"}
        policy = client.projects().getIamPolicy(resource="data-owner", body={}).execute()
        assert policy["bindings"] == [{"role": "roles/owner", "members": [f"user:owner@{PROJECT}.example"]}]
        assert refused(client.projects().create(body={"projectId": "data-owner"}))[0] == 409
        assert refused(client.projects().create(body={"projectId": "Data_Owner"}))[0] == 400
    with client_as(running, running.owner_token, "cloudresourcemanager", "v3") as client:
        body = {"projectId": "data-owner-3", "displayName": "Third"}
        assert client.projects().create(body=body).execute()["response"]["displayName"] == "Third"
    account = service_account.Credentials.from_service_account_file(
        str(running.credentials_file), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    with client_as(running, token_of(account), "cloudresourcemanager", "v1") as client:
        assert refused(client.projects().get(projectId="data-owner"))[0] == 403
        assert refused(client.projects().create(body={"projectId": "not-allowed"}))[0] == 403


@pytest.fixture
def own(start_emulator: StartEmulator) -> Iterator[tuple[RunningEmulator, Any]]:
    """An emulator whose policy may be changed, and Resource Manager v1 on it."""
    running = start_emulator()
    with client_as(running, running.owner_token, "cloudresourcemanager", "v1") as client:
        yield running, client.projects()


def test_the_mask_says_what_of_the_policy_is_taken(own: tuple[RunningEmulator, Any]) -> None:
    _, projects = own
    options = {"options": {"requestedPolicyVersion": 3}}
    policy = projects.getIamPolicy(resource=PROJECT, body=options).execute()
    policy |= {"bindings": [*policy["bindings"], BINDING], "auditConfigs": AUDIT}
    only_bindings = projects.setIamPolicy(resource=PROJECT, body={"policy": policy}).execute()
    assert BINDING in only_bindings["bindings"]
    assert "auditConfigs" not in only_bindings
    policy["etag"] = only_bindings["etag"]
    body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
    both = projects.setIamPolicy(resource=PROJECT, body=body).execute()
    assert both["auditConfigs"] == AUDIT
    kept = {"policy": {"bindings": both["bindings"], "etag": both["etag"]}}
    assert projects.setIamPolicy(resource=PROJECT, body=kept).execute()["auditConfigs"] == AUDIT


def test_an_old_etag_is_a_409(own: tuple[RunningEmulator, Any]) -> None:
    _, projects = own
    policy = projects.getIamPolicy(resource=PROJECT, body={}).execute()
    projects.setIamPolicy(resource=PROJECT, body={"policy": policy}).execute()
    code, message = refused(projects.setIamPolicy(resource=PROJECT, body={"policy": policy}))
    assert code == 409
    assert "concurrent policy changes" in message


@pytest.mark.parametrize("name", ["projects/{project}", "organizations/1"])
@pytest.mark.parametrize("everybody", ["allUsers", "allAuthenticatedUsers"])
def test_nothing_that_others_inherit_from_can_be_public(emulator: RunningEmulator, name: str, everybody: str) -> None:
    """Resource Manager: projects.setIamPolicy, "constraints"."""
    path = f"/v3/{name.format(project=emulator.project)}"
    policy = emulator.request("POST", f"{path}:getIamPolicy", {})[1]
    policy["bindings"].append({"role": "roles/browser", "members": ["user:somebody@example.com", everybody]})
    code, answer = emulator.request("POST", f"{path}:setIamPolicy", {"policy": policy})
    assert (code, everybody in answer["error"]["message"]) == (400, True)


def test_no_policy_locks_the_owner_out(own: tuple[RunningEmulator, Any]) -> None:
    running, projects = own
    projects.setIamPolicy(resource=PROJECT, body={"policy": {}}).execute()
    assert "bindings" not in projects.getIamPolicy(resource=PROJECT, body={}).execute()
    asked = {"permissions": ["resourcemanager.projects.setIamPolicy", "healthcare.datasets.create"]}
    assert projects.testIamPermissions(resource=PROJECT, body=asked).execute() == asked
    running.kill()
    running.start()
    with client_as(running, running.owner_token, "cloudresourcemanager", "v1") as client:
        assert "bindings" not in client.projects().getIamPolicy(resource=PROJECT, body={}).execute()


def test_wildcards_are_not_permissions(google_api: Api, emulator: RunningEmulator) -> None:
    projects = google_api("cloudresourcemanager", "v1").projects()
    body = {"permissions": ["storage.*"]}
    assert refused(projects.testIamPermissions(resource=emulator.project, body=body))[0] == 400


def test_v3_changes_labels(own: tuple[RunningEmulator, Any]) -> None:
    running, _ = own
    with client_as(running, running.owner_token, "cloudresourcemanager", "v3") as client:
        name = f"projects/{PROJECT}"
        body = {"labels": {"team": "imaging"}}
        changed = client.projects().patch(name=name, updateMask="labels", body=body).execute()
        assert changed["done"] is True
        assert client.projects().get(name=name).execute()["labels"] == {"team": "imaging"}
        assert refused(client.projects().patch(name=name, updateMask="state", body={}))[0] == 400


def test_a_service_account_must_exist_before_it_gets_a_role(own: tuple[RunningEmulator, Any]) -> None:
    running, projects = own
    number = project_number(PROJECT)
    agent = f"service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com"
    for email in (f"nobody@{PROJECT}.iam.gserviceaccount.com", agent):
        binding = {"role": "roles/bigquery.jobUser", "members": [f"serviceAccount:{email}"]}
        refusal = refused(projects.setIamPolicy(resource=PROJECT, body={"policy": {"bindings": [binding]}}))
        assert refusal == (400, f"Service account {email} does not exist.")
    with client_as(running, running.owner_token, "serviceusage", "v1beta1") as usage:
        parent = f"projects/{PROJECT}/services/healthcare.googleapis.com"
        usage.services().generateServiceIdentity(parent=parent).execute()
    elsewhere = "serviceAccount:loader@another-project.iam.gserviceaccount.com"
    binding = {"role": "roles/bigquery.jobUser", "members": [f"serviceAccount:{agent}", elsewhere]}
    projects.setIamPolicy(resource=PROJECT, body={"policy": {"bindings": [binding]}}).execute()
    assert projects.getIamPolicy(resource=PROJECT, body={}).execute()["bindings"] == [binding]


def test_a_policy_keeps_an_account_that_has_gone(own: tuple[RunningEmulator, Any]) -> None:
    running, projects = own
    with client_as(running, running.owner_token, "iam", "v1") as iam:
        accounts = iam.projects().serviceAccounts()
        made = accounts.create(name=f"projects/{PROJECT}", body={"accountId": "short-lived"}).execute()
        binding = {"role": "roles/bigquery.jobUser", "members": [f"serviceAccount:{made['email']}"]}
        projects.setIamPolicy(resource=PROJECT, body={"policy": {"bindings": [binding]}}).execute()
        accounts.delete(name=made["name"]).execute()
    policy = projects.getIamPolicy(resource=PROJECT, body={}).execute()
    policy["bindings"].append(BINDING)
    assert BINDING in projects.setIamPolicy(resource=PROJECT, body={"policy": policy}).execute()["bindings"]
