"""Cloud Run jobs as resources: kept whole, with Google's defaults, and executions that say why they were not run."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.emulator.services.clients import refused
from tests.support.accounts import grant, make_account
from tests.support.emulator import RunningEmulator

Api = Callable[[str, str], Any]
Names = Callable[[str], str]
LOCATION = f"projects/{PROJECT}/locations/us-central1"
IMAGE = "us-docker.pkg.dev/made-up/images/loader:1"


@pytest.fixture
def locations(google_api: Api) -> Any:
    """projects.locations of Cloud Run v2."""
    return google_api("run", "v2").projects().locations()


def body_of(**task: Any) -> dict[str, Any]:
    return {"template": {"template": {"containers": [{"image": IMAGE, "args": ["load"]}], **task}}}


def create(locations: Any, job: str, body: dict[str, Any]) -> Any:
    """A new job."""
    operation = locations.jobs().create(parent=LOCATION, jobId=job, body=body).execute()
    assert operation["done"] is True
    return operation["response"]


def finished(locations: Any, operation: Any) -> Any:
    """An operation once it is done."""
    while not operation.get("done"):
        operation = locations.operations().wait(name=operation["name"], body={"timeout": "10s"}).execute()
    return operation


def test_a_job_is_kept_with_googles_defaults(locations: Any, unique: Names) -> None:
    job = unique("load")
    made = create(locations, job, {**body_of(), "labels": {"a": "1"}})
    name = f"{LOCATION}/jobs/{job}"
    shown = locations.jobs().get(name=name).execute()
    assert {**shown, "@type": made["@type"]} == made
    template = shown["template"]
    assert (template["taskCount"], template["template"]["maxRetries"]) == (1, 3)
    assert template["template"]["timeout"] == "600s"
    assert template["template"]["containers"][0]["resources"] == {"limits": {"cpu": "1000m", "memory": "512Mi"}}
    assert (shown["generation"], shown["labels"]) == ("1", {"a": "1"})
    assert shown["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    assert shown in locations.jobs().list(parent=LOCATION).execute()["jobs"]


def test_a_patch_replaces_all_of_it(locations: Any, unique: Names) -> None:
    job = unique("load")
    made = create(locations, job, {**body_of(), "labels": {"a": "1"}})
    name = f"{LOCATION}/jobs/{job}"
    changed = (
        locations.jobs().patch(name=name, body={**body_of(maxRetries=0), "etag": made["etag"]}).execute()["response"]
    )
    assert ("labels" in changed, changed["generation"], changed["uid"]) == (False, "2", made["uid"])
    assert changed["template"]["template"]["maxRetries"] == 0
    assert refused(locations.jobs().patch(name=name, body={**body_of(), "etag": made["etag"]}))[0] == 409
    missing = f"{LOCATION}/jobs/{unique('load')}"
    assert refused(locations.jobs().patch(name=missing, body=body_of()))[0] == 404
    assert locations.jobs().patch(name=missing, allowMissing=True, body=body_of()).execute()["done"] is True


def test_what_is_only_checked_is_not_kept(locations: Any, unique: Names) -> None:
    job = unique("load")
    locations.jobs().create(parent=LOCATION, jobId=job, validateOnly=True, body=body_of()).execute()
    assert refused(locations.jobs().get(name=f"{LOCATION}/jobs/{job}"))[0] == 404


@pytest.mark.parametrize(
    ("job", "body"),
    [
        ("No-Capitals", body_of()),
        ("x" * 50, body_of()),
        ("load", {}),
        ("load", {"template": {"template": {"containers": [{"image": IMAGE}, {"image": IMAGE}]}}}),
        ("load", body_of(maxRetries=11)),
        ("load", body_of(timeout="0s")),
        ("load", body_of(timeout="700000s")),
        ("load", {"template": {**body_of()["template"], "taskCount": 10001}}),
        ("load", {"template": {**body_of()["template"], "taskCount": 2, "parallelism": 3}}),
    ],
)
def test_what_cloud_run_would_refuse_is_a_400(locations: Any, job: str, body: dict[str, Any]) -> None:
    assert refused(locations.jobs().create(parent=LOCATION, jobId=job, body=body))[0] == 400


def test_an_image_that_no_command_stands_for_is_not_run_and_says_what_to_do(locations: Any, unique: Names) -> None:
    job = unique("load")
    create(locations, job, body_of())
    name = f"{LOCATION}/jobs/{job}"
    started = locations.jobs().run(name=name, body={}).execute()
    assert started["metadata"]["name"].startswith(f"{name}/executions/{job}-")
    ended = finished(locations, started)
    assert "--run-image" in ended["error"]["message"]
    execution = locations.jobs().executions().get(name=started["metadata"]["name"]).execute()
    assert (execution["failedCount"], execution["conditions"][0]["state"]) == (1, "CONDITION_FAILED")
    assert "--run-image" in execution["conditions"][0]["message"]
    [task] = locations.jobs().executions().tasks().list(parent=execution["name"]).execute()["tasks"]
    assert locations.jobs().executions().tasks().get(name=task["name"]).execute() == task
    shown = locations.jobs().get(name=name).execute()
    assert shown["executionCount"] == 1
    assert shown["latestCreatedExecution"]["completionStatus"] == "EXECUTION_FAILED"
    assert locations.jobs().executions().list(parent=name).execute()["executions"] == [execution]
    locations.jobs().executions().delete(name=execution["name"]).execute()
    assert refused(locations.jobs().executions().get(name=execution["name"]))[0] == 404


def test_a_deleted_job_takes_its_executions_and_grants_with_it(locations: Any, unique: Names) -> None:
    job = unique("load")
    create(locations, job, body_of())
    name = f"{LOCATION}/jobs/{job}"
    policy = {"bindings": [{"role": "roles/run.invoker", "members": ["user:somebody@example.org"]}]}
    locations.jobs().setIamPolicy(resource=name, body={"policy": policy}).execute()
    finished(locations, locations.jobs().run(name=name, body={}).execute())
    assert "deleteTime" in locations.jobs().delete(name=name).execute()["response"]
    assert refused(locations.jobs().get(name=name))[0] == 404
    create(locations, job, body_of())
    assert "bindings" not in locations.jobs().getIamPolicy(resource=name).execute()
    assert locations.jobs().executions().list(parent=name).execute() == {}


def test_who_may_run_one_job_may_neither_change_it_nor_what_it_runs(
    emulator: RunningEmulator, locations: Any, unique: Names
) -> None:
    account, job = make_account(emulator, unique("invoker")), unique("load")
    create(locations, job, body_of())
    path = f"/v2/{LOCATION}/jobs/{job}"
    assert emulator.request("POST", f"{path}:run", {}, account.token)[0] == 403
    policy = {"bindings": [{"role": "roles/run.invoker", "members": [account.member]}]}
    assert emulator.request("POST", f"{path}:setIamPolicy", {"policy": policy})[0] == 200
    assert emulator.request("POST", f"{path}:run", {}, account.token)[0] == 200
    overrides = {"overrides": {"containerOverrides": [{"args": ["delete"]}]}}
    code, answer = emulator.request("POST", f"{path}:run", overrides, account.token)
    assert (code, "run.jobs.runWithOverrides" in answer["error"]["message"]) == (403, True)
    assert emulator.request("PATCH", path, body_of(), account.token)[0] == 403


def test_who_may_not_act_as_its_account_makes_no_job(emulator: RunningEmulator, unique: Names) -> None:
    account, other = make_account(emulator, unique("developer")), make_account(emulator, unique("powerful"))
    grant(emulator, f"projects/{PROJECT}", account.member, "roles/run.developer")
    body = body_of(serviceAccount=other.email)
    code, answer = emulator.request("POST", f"/v2/{LOCATION}/jobs?jobId={unique('load')}", body, account.token)
    assert (code, "iam.serviceAccounts.actAs" in answer["error"]["message"]) == (403, True)


def test_services_are_not_emulated(locations: Any) -> None:
    status, answer = refused(locations.services().list(parent=LOCATION))[:2]
    assert (status, "run.projects.locations.services.list" in str(answer)) == (501, True)


def test_sources_are_not_uploaded(emulator: RunningEmulator) -> None:
    """Of the path, /upload and the parent are before the verb."""
    code, answer = emulator.request("POST", f"/upload/v2/{LOCATION}:uploadSource", {})
    assert (code, "run.projects.locations.sourceUploads.upload" in answer["error"]["message"]) == (501, True)
