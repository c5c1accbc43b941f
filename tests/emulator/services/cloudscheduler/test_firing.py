"""Jobs that run by the emulator's clock: at their times, again after failures, and once for what was missed."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.accounts import grant, make_account
from tests.support.asking import move
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually
from tests.support.webhook import Endpoint, serving

LOCATION = f"projects/{PROJECT}/locations/us-central1"
TOPIC = f"projects/{PROJECT}/topics/nightly"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/nightly"
Job = dict[str, Any]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that answers 204 until it is told otherwise."""
    with serving() as made:
        yield made


@pytest.fixture
def evening(running: RunningEmulator) -> RunningEmulator:
    """The emulator without jobs; for it, it is 01:59 UTC on the first of March, and stays so."""
    for job in running.request("GET", f"/v1/{LOCATION}/jobs")[1].get("jobs", []):
        assert running.request("DELETE", f"/v1/{job['name']}")[0] == 200
    for name in (SUBSCRIPTION, TOPIC):
        assert running.request("DELETE", f"/v1/{name}")[0] in (200, 404)
    move(running, time="2026-03-01T01:59:00Z", stopped=True)
    return running


def make(emulator: RunningEmulator, job: str, target: dict[str, Any], **fields: Any) -> Job:
    body = {"name": f"{LOCATION}/jobs/{job}", "schedule": "0 2 * * *", **target, **fields}
    code, made = emulator.request("POST", f"/v1/{LOCATION}/jobs", body)
    assert code == 200, made
    return dict(made)


def get(emulator: RunningEmulator, job: str) -> Job:
    return dict(emulator.request("GET", f"/v1/{LOCATION}/jobs/{job}")[1])


def wait_for(emulator: RunningEmulator, job: str, condition: Callable[[Job], bool]) -> Job:
    """The job once a condition holds."""
    return eventually(lambda: get(emulator, job), condition)


def attempted(found: Job) -> bool:
    return "lastAttemptTime" in found


def http(uri: str, **fields: Any) -> dict[str, Any]:
    return {"httpTarget": {"uri": uri, **fields}}


def make_topic(emulator: RunningEmulator) -> dict[str, Any]:
    """A topic with a subscription, as the target of a job."""
    assert emulator.request("PUT", f"/v1/{TOPIC}", {})[0] == 200
    assert emulator.request("PUT", f"/v1/{SUBSCRIPTION}", {"topic": TOPIC})[0] == 200
    return {"pubsubTarget": {"topicName": TOPIC, "data": base64.b64encode(b"go").decode()}}


def pull(emulator: RunningEmulator) -> int:
    """How many messages wait, all of them acknowledged."""
    found = emulator.request("POST", f"/v1/{SUBSCRIPTION}:pull", {"maxMessages": 100, "returnImmediately": True})[1]
    ids = [each["ackId"] for each in (found or {}).get("receivedMessages", [])]
    if ids:
        emulator.request("POST", f"/v1/{SUBSCRIPTION}:acknowledge", {"ackIds": ids})
    return len(ids)


def test_a_job_runs_when_its_time_has_come_and_not_before(evening: RunningEmulator) -> None:
    made = make(evening, "nightly", make_topic(evening))
    assert (made["scheduleTime"], "lastAttemptTime" in made) == ("2026-03-01T02:00:00.000000Z", False)
    move(evening, time="2026-03-01T02:00:30Z")
    found = wait_for(evening, "nightly", attempted)
    assert found["lastAttemptTime"] == "2026-03-01T02:00:30.000000Z"
    assert (found["scheduleTime"], found["status"]) == ("2026-03-02T02:00:00.000000Z", {})
    assert pull(evening) == 1


def test_what_was_missed_while_nothing_ran_runs_once(evening: RunningEmulator) -> None:
    make(evening, "nightly", make_topic(evening))
    evening.kill()
    evening.start()  # by the wall's clock: many nights later
    wait_for(evening, "nightly", attempted)
    assert pull(evening) == 1
    assert get(evening, "nightly")["scheduleTime"] > get(evening, "nightly")["lastAttemptTime"]


def test_a_paused_job_does_not_run_and_goes_on_with_its_next_time(evening: RunningEmulator) -> None:
    make(evening, "nightly", make_topic(evening))
    make(evening, "other", {"pubsubTarget": {"topicName": TOPIC, "attributes": {"of": "other"}}})
    paused = evening.request("POST", f"/v1/{LOCATION}/jobs/nightly:pause", {})[1]
    assert "scheduleTime" not in paused
    move(evening, time="2026-03-01T02:00:00Z")
    wait_for(evening, "other", attempted)
    assert "lastAttemptTime" not in get(evening, "nightly")
    resumed = evening.request("POST", f"/v1/{LOCATION}/jobs/nightly:resume", {})[1]
    assert resumed["scheduleTime"] == "2026-03-02T02:00:00.000000Z"


def test_a_changed_schedule_counts_at_once(evening: RunningEmulator) -> None:
    make(evening, "nightly", make_topic(evening))
    changed = {"schedule": "30 5 * * *", "timeZone": "Europe/Berlin"}
    path = f"/v1/{LOCATION}/jobs/nightly?updateMask=schedule,timeZone"
    assert evening.request("PATCH", path, changed)[1]["scheduleTime"] == "2026-03-01T04:30:00.000000Z"


def test_an_interval_counts_from_the_end_of_a_run(evening: RunningEmulator) -> None:
    made = make(evening, "often", make_topic(evening), schedule="every 5 minutes")
    assert made["scheduleTime"] == "2026-03-01T02:04:00.000000Z"
    move(evening, time="2026-03-01T02:06:00Z")
    assert wait_for(evening, "often", attempted)["scheduleTime"] == "2026-03-01T02:11:00.000000Z"


def test_an_endpoint_is_told_which_job_calls_and_by_whose_token(evening: RunningEmulator, endpoint: Endpoint) -> None:
    account = make_account(evening, "caller")
    token = {"serviceAccountEmail": account.email, "audience": "https://loads.example.org"}
    target = http(
        f"{endpoint.url}/load?what=new",
        body=base64.b64encode(b'{"n": 1}').decode(),
        headers={"Content-Type": "application/json", "X-Own": "yes", "User-Agent": "mine", "X-CloudScheduler": "no"},
        oidcToken=token,
    )
    make(evening, "calls", target)
    move(evening, time="2026-03-01T02:00:00Z")
    [posted] = endpoint.wait_for(1)
    assert (posted.path, posted.json) == ("/load?what=new", {"n": 1})
    assert (posted.headers["User-Agent"], posted.headers["X-Own"]) == ("Google-Cloud-Scheduler", "yes")
    assert posted.headers["X-CloudScheduler"] == "true"
    assert posted.headers["X-CloudScheduler-JobName"] == "calls"
    assert posted.headers["X-CloudScheduler-ScheduleTime"] == "2026-03-01T02:00:00.000000Z"
    kind, _, claims = posted.headers["Authorization"].partition(" ")
    payload = claims.split(".")[1]
    assert kind == "Bearer"
    assert account.email.encode() in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def test_a_failed_call_is_tried_again_after_its_waits_and_the_time_of_the_schedule_stays(
    evening: RunningEmulator, endpoint: Endpoint
) -> None:
    endpoint.statuses = [500, 503, 204]
    make(evening, "calls", http(endpoint.url), retryConfig={"retryCount": 3, "minBackoffDuration": "60s"})
    move(evening, time="2026-03-01T02:00:00Z")
    found = wait_for(evening, "calls", attempted)
    assert (found["status"]["code"], found["scheduleTime"]) == (13, "2026-03-01T02:01:00.000000Z")
    move(evening, time="2026-03-01T02:01:00Z")
    found = wait_for(evening, "calls", lambda job: job["status"].get("code") == 14)
    assert found["scheduleTime"] == "2026-03-01T02:03:00.000000Z"
    move(evening, time="2026-03-01T02:03:00Z")
    found = wait_for(evening, "calls", lambda job: job["status"] == {})
    assert found["scheduleTime"] == "2026-03-02T02:00:00.000000Z"
    times = {each.headers["X-CloudScheduler-ScheduleTime"] for each in endpoint.wait_for(3)}
    assert times == {"2026-03-01T02:00:00.000000Z"}


def test_without_retries_a_failed_job_waits_for_its_next_time(evening: RunningEmulator, endpoint: Endpoint) -> None:
    endpoint.statuses = [404]
    make(evening, "logged", http(endpoint.url))
    move(evening, time="2026-03-01T02:00:00Z")
    found = wait_for(evening, "logged", attempted)
    assert (found["status"]["code"], found["scheduleTime"]) == (5, "2026-03-02T02:00:00.000000Z")
    assert log_of(evening, "logged") == ["AttemptStarted", "AttemptFinished"]


def log_of(emulator: RunningEmulator, job: str) -> list[str]:
    """The types of what Cloud Scheduler has logged of a job."""
    log = f'logName="projects/{PROJECT}/logs/cloudscheduler.googleapis.com%2Fexecutions" resource.labels.job_id="{job}"'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": log}

    def entries() -> list[Job]:
        return list(emulator.request("POST", "/v2/entries:list", body)[1].get("entries", []))

    found = eventually(entries, lambda known: len(known) >= 2)
    return [each["jsonPayload"]["@type"].rpartition(".")[2] for each in found]


def test_a_method_of_googles_is_called_with_the_rights_of_the_account(evening: RunningEmulator) -> None:
    account = make_account(evening, "exporter")
    datasets = f"https://healthcare.googleapis.com/v1/{LOCATION}/datasets"
    token = {"oauthToken": {"serviceAccountEmail": account.email}}
    make(evening, "dataset", http(f"{datasets}?datasetId=nightly", **token))
    run = f"/v1/{LOCATION}/jobs/dataset:run"
    assert evening.request("POST", run, {})[1]["status"]["code"] == 7
    grant(evening, f"projects/{PROJECT}", account.member, "roles/healthcare.datasetAdmin")
    assert evening.request("POST", run, {})[1]["status"] == {}
    assert evening.request("GET", f"/v1/{LOCATION}/datasets/nightly")[0] == 200


def test_a_call_of_googles_without_a_token_has_no_rights(evening: RunningEmulator) -> None:
    """Storage's clients send none to an emulator, and count as its own account; a job does not."""
    make(evening, "bucket", http(f"https://storage.googleapis.com/storage/v1/b?project={PROJECT}", httpMethod="GET"))
    assert evening.request("POST", f"/v1/{LOCATION}/jobs/bucket:run", {})[1]["status"]["code"] in (7, 16)


def test_other_machines_are_kept_and_never_called(evening: RunningEmulator) -> None:
    make(evening, "far", http("https://example.com/"))
    move(evening, time="2026-03-01T02:00:00Z")
    status = wait_for(evening, "far", attempted)["status"]
    assert (status["code"], "no other machine" in status["message"]) == (12, True)
