"""Scheduler jobs: kept as declared, paused and resumed, and run by hand."""

import base64
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


@pytest.fixture
def jobs(google_api: Api) -> Any:
    """projects.locations.jobs of Cloud Scheduler v1."""
    return google_api("cloudscheduler", "v1").projects().locations().jobs()


def body_of(name: str, topic: str = "events", **fields: Any) -> dict[str, Any]:
    target = {"topicName": f"projects/{PROJECT}/topics/{topic}", "data": base64.b64encode(b"go").decode()}
    return {"name": name, "schedule": "0 2 * * *", "timeZone": "Europe/Berlin", "pubsubTarget": target, **fields}


def test_a_job_is_echoed_and_enabled(jobs: Any, unique: Names) -> None:
    name = f"{LOCATION}/jobs/{unique('job')}"
    made = jobs.create(parent=LOCATION, body=body_of(name)).execute()
    assert body_of(name).items() <= made.items()
    assert made["state"] == "ENABLED"
    assert jobs.get(name=name).execute() == made
    assert made in jobs.list(parent=LOCATION).execute()["jobs"]
    assert refused(jobs.create(parent=LOCATION, body=body_of(name)))[0] == 409
    jobs.delete(name=name).execute()
    assert refused(jobs.get(name=name))[0] == 404


def test_patch_without_a_mask_replaces(jobs: Any, unique: Names) -> None:
    name = f"{LOCATION}/jobs/{unique('job')}"
    jobs.create(parent=LOCATION, body=body_of(name, description="first")).execute()
    changed = jobs.patch(name=name, body=body_of(name, schedule="*/5 8-18 * * mon-fri")).execute()
    assert changed["schedule"] == "*/5 8-18 * * mon-fri"
    assert "description" not in changed
    assert changed["state"] == "ENABLED"
    assert jobs.patch(name=name, updateMask="description", body={"description": "x"}).execute()["description"] == "x"


def test_run_publishes_unless_paused(jobs: Any, google_api: Api, unique: Names) -> None:
    pubsub = google_api("pubsub", "v1").projects()
    topic = f"projects/{PROJECT}/topics/{unique('topic')}"
    subscription = f"projects/{PROJECT}/subscriptions/{unique('subscription')}"
    pubsub.topics().create(name=topic, body={}).execute()
    pubsub.subscriptions().create(name=subscription, body={"topic": topic}).execute()
    name = f"{LOCATION}/jobs/{unique('job')}"
    jobs.create(parent=LOCATION, body=body_of(name, topic.rpartition("/")[2])).execute()
    assert jobs.pause(name=name, body={}).execute()["state"] == "PAUSED"
    assert refused(jobs.run(name=name, body={}))[0] == 400
    assert jobs.resume(name=name, body={}).execute()["state"] == "ENABLED"
    assert jobs.run(name=name, body={}).execute()["lastAttemptTime"]
    pulled = pubsub.subscriptions().pull(subscription=subscription, body={"maxMessages": 10}).execute()
    [message] = pulled["receivedMessages"]
    assert base64.b64decode(message["message"]["data"]) == b"go"


def test_a_job_publishes_only_where_its_creator_may(emulator: RunningEmulator, google_api: Api, unique: Names) -> None:
    """PubsubTarget.topicName: of the job's own project. Its creator's rights count at each run."""
    account = make_account(emulator, unique("scheduler"))
    project = f"projects/{PROJECT}"
    grant(emulator, project, account.member, "roles/cloudscheduler.admin")
    topic = f"{project}/topics/{unique('closed')}"
    google_api("pubsub", "v1").projects().topics().create(name=topic, body={}).execute()
    body = body_of(f"{LOCATION}/jobs/{unique('job')}", topic.rpartition("/")[2])
    code, answer = emulator.request("POST", f"/v1/{LOCATION}/jobs", body, account.token)
    assert (code, "pubsub.topics.publish" in answer["error"]["message"]) == (403, True)
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [account.member]}]}
    assert emulator.request("POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})[0] == 200
    code, made = emulator.request("POST", f"/v1/{LOCATION}/jobs", body, account.token)
    assert (code, "creator" in made) == (200, False)
    assert emulator.request("POST", f"/v1/{made['name']}:run", {})[1]["status"] == {}
    assert emulator.request("POST", f"/v1/{topic}:setIamPolicy", {"policy": {}})[0] == 200
    assert emulator.request("POST", f"/v1/{made['name']}:run", {})[1]["status"]["code"] == 7


def test_a_topic_of_another_project_is_refused(jobs: Any, unique: Names) -> None:
    body = body_of(f"{LOCATION}/jobs/{unique('job')}")
    body["pubsubTarget"]["topicName"] = "projects/other-project/topics/events"
    status, message = refused(jobs.create(parent=LOCATION, body=body))[:2]
    assert (status, "same project" in str(message)) == (400, True)


def test_a_missing_topic_is_the_status_of_the_job(jobs: Any, unique: Names) -> None:
    name = f"{LOCATION}/jobs/{unique('job')}"
    jobs.create(parent=LOCATION, body=body_of(name, unique("no-topic"))).execute()
    assert jobs.run(name=name, body={}).execute()["status"]["code"] == 5


def test_other_machines_are_not_called(jobs: Any, unique: Names) -> None:
    name = f"{LOCATION}/jobs/{unique('job')}"
    body = {"name": name, "schedule": "every 24 hours", "httpTarget": {"uri": "https://example.com/"}}
    assert jobs.create(parent=LOCATION, body=body).execute()["attemptDeadline"] == "180s"
    assert refused(jobs.run(name=name, body={}))[0] == 501


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": "at night"},
        {"schedule": "* * *"},
        {"timeZone": "Mars/Olympus"},
        {"pubsubTarget": {"topicName": "events"}},
        {"httpTarget": {"uri": "https://example.com/"}},
        {"name": f"projects/{PROJECT}/locations/europe-west1/jobs/elsewhere"},
        {"name": f"{LOCATION}/jobs/no spaces"},
    ],
)
def test_a_job_that_google_would_refuse_is_a_400(jobs: Any, unique: Names, fields: dict[str, Any]) -> None:
    body = {**body_of(f"{LOCATION}/jobs/{unique('job')}"), **fields}
    assert refused(jobs.create(parent=LOCATION, body=body))[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"retryConfig": {"retryCount": 6}},
        {"description": "x" * 501},
        {"pubsubTarget": {"topicName": f"projects/{PROJECT}/topics/events"}},
    ],
)
def test_settings_beyond_googles_limits_are_a_400(jobs: Any, unique: Names, fields: dict[str, Any]) -> None:
    body = {**body_of(f"{LOCATION}/jobs/{unique('job')}"), **fields}
    assert refused(jobs.create(parent=LOCATION, body=body))[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"attemptDeadline": "14s"},
        {"attemptDeadline": "1801s"},
        {"httpTarget": {"uri": "ftp://example.com/"}},
        {"httpTarget": {"uri": "http://"}},
        {"httpTarget": {"uri": "http://127.0.0.1/", "httpMethod": "GET", "body": "eA=="}},
        {"httpTarget": {"uri": "http://127.0.0.1/", "headers": {"a b": "c"}}},
        {"httpTarget": {"uri": "http://127.0.0.1/", "headers": {"a": "b\r\nc: d"}}},
        {"httpTarget": {"uri": "http://127.0.0.1/", "oidcToken": {}, "oauthToken": {}}},
    ],
)
def test_http_targets_beyond_googles_limits_are_a_400(jobs: Any, unique: Names, fields: dict[str, Any]) -> None:
    target = {"httpTarget": {"uri": "http://127.0.0.1/"}}
    body = {"name": f"{LOCATION}/jobs/{unique('job')}", "schedule": "0 2 * * *", **target, **fields}
    assert refused(jobs.create(parent=LOCATION, body=body))[0] == 400


def test_who_may_not_act_as_an_account_makes_no_job_with_its_token(emulator: RunningEmulator, unique: Names) -> None:
    account, other = make_account(emulator, unique("job-maker")), make_account(emulator, unique("powerful"))
    grant(emulator, f"projects/{PROJECT}", account.member, "roles/cloudscheduler.admin")
    target = {"uri": "https://run.googleapis.com/v2/x", "oauthToken": {"serviceAccountEmail": other.email}}
    body = {"schedule": "0 2 * * *", "httpTarget": target}
    code, answer = emulator.request("POST", f"/v1/{LOCATION}/jobs", body, account.token)
    assert (code, "iam.serviceAccounts.actAs" in answer["error"]["message"]) == (403, True)
