"""Alert policies that fire: on log entries and on what is counted of them, with incidents and notifications."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually
from tests.support.webhook import Endpoint, serving

PARENT = f"projects/{PROJECT}"
TOPIC = f"{PARENT}/topics/incidents"
SUBSCRIPTION = f"{PARENT}/subscriptions/incidents"
LOG = f"{PARENT}/logs/watched"
MATCH = f'logName="{LOG}" severity>=WARNING'
START = "2026-03-01T08:00:30Z"
Incidents = list[dict[str, Any]]


@pytest.fixture
def quiet(running: RunningEmulator) -> RunningEmulator:
    """The emulator without incidents, policies and channels, at half a minute past eight on the first of March."""
    assert running.request("POST", "/_emulator/reset")[0] == 200
    assert running.request("POST", "/_emulator/clock", {"time": START, "stopped": True})[0] == 200
    return running


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A webhook that answers 204."""
    with serving() as made:
        yield made


def later(emulator: RunningEmulator, seconds: float) -> None:
    ask(emulator, "POST", "/_emulator/clock", {"seconds": seconds})


def channel(emulator: RunningEmulator, kind: str, **labels: str) -> str:
    body = {"type": kind, "displayName": kind, "labels": labels}
    return str(ask(emulator, "POST", f"/v3/{PARENT}/notificationChannels", body)["name"])


def topic_channel(emulator: RunningEmulator, *, granted: bool = True) -> str:
    """A channel to a topic with a subscription; Monitoring's agent may publish there, or not."""
    ask(emulator, "PUT", f"/v1/{TOPIC}", {})
    ask(emulator, "PUT", f"/v1/{SUBSCRIPTION}", {"topic": TOPIC})
    if granted:
        number = ask(emulator, "GET", f"/v1/{PARENT}")["projectNumber"]
        agent = f"serviceAccount:service-{number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
        policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}
        ask(emulator, "POST", f"/v1/{TOPIC}:setIamPolicy", {"policy": policy})
    return channel(emulator, "pubsub", topic=TOPIC)


def log_policy(emulator: RunningEmulator, *channels: str, **fields: Any) -> str:
    """A policy on entries of the log that are warnings or worse."""
    body = {
        "displayName": "Warnings",
        "combiner": "OR",
        "conditions": [{"displayName": "a warning", "conditionMatchedLog": {"filter": MATCH}}],
        "notificationChannels": list(channels),
        "alertStrategy": {"notificationRateLimit": {"period": "300s"}, "autoClose": "1800s"},
        **fields,
    }
    return str(ask(emulator, "POST", f"/v3/{PARENT}/alertPolicies", body)["name"])


def write(emulator: RunningEmulator, *payloads: dict[str, Any], severity: str = "WARNING") -> None:
    resource = {"type": "audited_resource", "labels": {"service": "healthcare.googleapis.com"}}
    entries = [{"jsonPayload": payload, "severity": severity} for payload in payloads]
    ask(emulator, "POST", "/v2/entries:write", {"logName": LOG, "resource": resource, "entries": entries})


def incidents(emulator: RunningEmulator, condition: Callable[[Incidents], bool]) -> Incidents:
    """The incidents, once a condition holds."""
    found: Incidents = eventually(lambda: ask(emulator, "GET", "/_emulator/incidents")["incidents"], condition)
    return found


def told(count: int) -> Callable[[Incidents], bool]:
    return lambda found: sum(len(each["notifications"]) for each in found) >= count


def closed(found: Incidents) -> bool:
    return bool(found) and all(each["state"] == "CLOSED" for each in found)


def published(emulator: RunningEmulator) -> Incidents:
    """The notifications that wait in the subscription, taken out of it."""
    body = {"maxMessages": 100, "returnImmediately": True}
    found = ask(emulator, "POST", f"/v1/{SUBSCRIPTION}:pull", body).get("receivedMessages", [])
    if found:
        ask(emulator, "POST", f"/v1/{SUBSCRIPTION}:acknowledge", {"ackIds": [each["ackId"] for each in found]})
    return [json.loads(base64.b64decode(each["message"]["data"])) for each in found]


def test_an_entry_that_matches_opens_an_incident_that_is_published(quiet: RunningEmulator) -> None:
    documentation = {"content": "Look at ${policy.display_name} of ${project}, ${unknown}", "subject": "A warning"}
    policy = log_policy(quiet, topic_channel(quiet), severity="CRITICAL", documentation=documentation)
    write(quiet, {"n": 0}, severity="INFO")
    write(quiet, {"n": 1})
    [incident] = incidents(quiet, told(1))
    assert (incident["state"], incident["policy"]["name"]) == ("OPEN", policy)
    assert [(each["outcome"], each["type"]) for each in incident["notifications"]] == [("DELIVERED", "pubsub")]
    [message] = published(quiet)
    said = message["incident"]
    assert message["version"] == "1.2"
    assert (said["incident_id"], said["state"], said["ended_at"]) == (incident["id"], "open", None)
    assert (said["policy_name"], said["condition_name"], said["severity"]) == ("Warnings", "a warning", "Critical")
    assert said["started_at"] == 1772352030  # START in seconds since 1970
    assert said["scoping_project_id"] == PROJECT
    assert said["resource"] == {"type": "audited_resource", "labels": {"service": "healthcare.googleapis.com"}}
    wanted = "Log match condition fired for Audited Resource with {service=healthcare.googleapis.com}."
    assert said["summary"] == wanted  # as Google words it (public sample of a log-based alert, 2023)
    assert said["condition"] == {
        "name": f"{policy}/conditions/0",
        "displayName": "a warning",
        "conditionMatchedLog": {"filter": MATCH},
    }
    assert said["documentation"] == {
        "content": f"Look at Warnings of {PROJECT}, ${{unknown}}",
        "mime_type": "text/markdown",
        "subject": "A warning",
    }
    [alert] = ask(quiet, "GET", f"/v3/{PARENT}/alerts?filter=state%3D%22OPEN%22")["alerts"]
    assert alert["name"] == f"{PARENT}/alerts/{incident['id']}"
    assert ask(quiet, "GET", f"/v3/{alert['name']}") == alert


def test_notifications_of_one_incident_keep_their_distance(quiet: RunningEmulator) -> None:
    log_policy(quiet, topic_channel(quiet))
    write(quiet, {"n": 1}, {"n": 2})
    incidents(quiet, told(1))
    later(quiet, 299)
    write(quiet, {"n": 3})
    later(quiet, 1)
    write(quiet, {"n": 4})
    [incident] = incidents(quiet, told(2))
    assert [each["time"] for each in incident["notifications"]] == [
        "2026-03-01T08:00:30.000000Z",
        "2026-03-01T08:05:30.000000Z",
    ]


def test_an_incident_without_news_closes_and_the_next_entry_opens_another(quiet: RunningEmulator) -> None:
    log_policy(quiet)
    write(quiet, {"n": 1})
    later(quiet, 1790)
    write(quiet, {"n": 2})
    later(quiet, 1790)
    [incident] = incidents(quiet, bool)
    assert incident["state"] == "OPEN"
    later(quiet, 10)
    [incident] = incidents(quiet, closed)
    assert incident["closeTime"] == "2026-03-01T09:00:20.000000Z"
    write(quiet, {"n": 3})
    assert [each["state"] for each in incidents(quiet, lambda found: len(found) == 2)] == ["CLOSED", "OPEN"]


def test_labels_that_are_extracted_tell_incidents_apart(quiet: RunningEmulator) -> None:
    extractors = {"who": "EXTRACT(jsonPayload.who)"}
    condition = {"conditionMatchedLog": {"filter": MATCH, "labelExtractors": extractors}}
    log_policy(quiet, topic_channel(quiet), conditions=[condition])
    write(quiet, {"who": "ann"}, {"who": "bob"}, {"who": "ann"})
    incidents(quiet, told(2))
    assert {each["incident"]["metric"]["labels"]["who"] for each in published(quiet)} == {"ann", "bob"}


def test_a_webhook_on_this_machine_is_called_and_mail_is_only_noted(quiet: RunningEmulator, endpoint: Endpoint) -> None:
    login = {"username": "alerts", "password": "secret"}
    log_policy(
        quiet,
        channel(quiet, "webhook_basicauth", url=f"{endpoint.url}/hook", **login),
        channel(quiet, "webhook_tokenauth", url="https://alerts.example.org/hook"),
        channel(quiet, "email", email_address="security@example.org"),
    )
    write(quiet, {"n": 1})
    [posted] = endpoint.wait_for(1)
    assert posted.path == "/hook"
    assert posted.headers["Authorization"] == "Basic " + base64.b64encode(b"alerts:secret").decode()
    assert posted.json["incident"]["state"] == "open"
    [incident] = incidents(quiet, told(3))
    outcomes = {each["type"]: each["outcome"] for each in incident["notifications"]}
    assert outcomes == {"webhook_basicauth": "DELIVERED", "webhook_tokenauth": "KEPT", "email": "KEPT"}


def test_a_topic_without_the_agents_grant_is_told_nothing_and_the_incident_says_why(quiet: RunningEmulator) -> None:
    log_policy(quiet, topic_channel(quiet, granted=False))
    write(quiet, {"n": 1})
    [incident] = incidents(quiet, told(1))
    [note] = incident["notifications"]
    assert note["outcome"] == "FAILED"
    assert "roles/pubsub.publisher" in note["detail"]
    assert "gcp-sa-monitoring-notification" in note["detail"]
    assert published(quiet) == []


def test_a_policy_that_is_disabled_fires_no_more_and_its_incidents_close(quiet: RunningEmulator) -> None:
    policy = log_policy(quiet)
    write(quiet, {"n": 1})
    ask(quiet, "PATCH", f"/v3/{policy}?updateMask=enabled", {"enabled": False})
    incidents(quiet, closed)
    write(quiet, {"n": 2})
    ask(quiet, "DELETE", f"/v3/{policy}")
    assert len(incidents(quiet, closed)) == 1


def test_a_snooze_keeps_incidents_from_opening_for_its_time(quiet: RunningEmulator) -> None:
    policy = log_policy(quiet)
    interval = {"startTime": "2026-03-01T08:00:00Z", "endTime": "2026-03-01T09:00:00Z"}
    body = {"displayName": "works", "criteria": {"policies": [policy]}, "interval": interval}
    ask(quiet, "POST", f"/v3/{PARENT}/snoozes", body)
    write(quiet, {"n": 1})
    assert incidents(quiet, lambda _: True) == []
    later(quiet, 3600)
    write(quiet, {"n": 2})
    assert len(incidents(quiet, bool)) == 1


def test_an_incident_survives_a_crash_and_is_told_of_once_the_emulator_runs_again(
    quiet: RunningEmulator, endpoint: Endpoint
) -> None:
    endpoint.statuses = [204]
    log_policy(quiet, channel(quiet, "webhook_tokenauth", url=endpoint.url))
    write(quiet, {"n": 1})
    quiet.kill()
    quiet.start()
    assert endpoint.wait_for(1)
    assert len(incidents(quiet, told(1))) == 1


def count_policy(emulator: RunningEmulator, *channels: str, limit: float, duration: str = "0s", **fields: Any) -> str:
    """A metric of the log's entries by who wrote them, and a policy on more than so many of somebody in a minute."""
    metric = {
        "name": "warnings",
        "filter": MATCH,
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "labels": [{"key": "who"}]},
        "labelExtractors": {"who": "EXTRACT(jsonPayload.who)"},
    }
    ask(emulator, "POST", f"/v2/{PARENT}/metrics", metric)
    threshold = {
        "filter": 'metric.type="logging.googleapis.com/user/warnings" AND resource.type="audited_resource"',
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA"}],
        "comparison": "COMPARISON_GT",
        "thresholdValue": limit,
        "duration": duration,
        **fields,
    }
    body = {
        "displayName": "Burst",
        "combiner": "OR",
        "conditions": [{"displayName": "many", "conditionThreshold": threshold}],
        "notificationChannels": list(channels),
    }
    return str(ask(emulator, "POST", f"/v3/{PARENT}/alertPolicies", body)["name"])


def test_more_entries_than_the_threshold_open_an_incident_that_closes_when_it_is_over(quiet: RunningEmulator) -> None:
    count_policy(quiet, topic_channel(quiet), limit=2)
    write(quiet, {"who": "bob"}, {"who": "ann"}, {"who": "ann"})
    write(quiet, {"who": "ann"})
    [incident] = incidents(quiet, told(1))
    assert incident["metric"]["labels"] == {"who": "ann"}
    later(quiet, 120)
    incidents(quiet, told(2))
    opened, ended = sorted((each["incident"] for each in published(quiet)), key=lambda each: each["state"] == "closed")
    assert (opened["observed_value"], opened["threshold_value"]) == ("3.000", "2")
    assert opened["summary"].endswith("is above the threshold of 2.000 with a value of 3.000.")
    assert (ended["incident_id"], ended["ended_at"]) == (opened["incident_id"], opened["started_at"] + 120)


def test_a_condition_must_hold_for_its_duration(quiet: RunningEmulator) -> None:
    count_policy(quiet, limit=0, duration="120s")
    write(quiet, {"who": "ann"})
    later(quiet, 50)
    write(quiet, {"who": "ann"})
    assert incidents(quiet, lambda _: True) == []
    later(quiet, 50)
    write(quiet, {"who": "ann"})
    assert len(incidents(quiet, bool)) == 1


def test_series_are_summed_up_before_they_are_compared(quiet: RunningEmulator) -> None:
    summed = {"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_SUM", "crossSeriesReducer": "REDUCE_SUM"}
    count_policy(quiet, limit=3, aggregations=[summed])
    write(quiet, {"who": "ann"}, {"who": "bob"}, {"who": "cy"})
    later(quiet, 100)
    write(quiet, {"who": "dee"})
    [incident] = incidents(quiet, bool)
    assert incident["metric"]["labels"] == {}
    assert incident["summary"].endswith("with a value of 4.000.")


@pytest.mark.parametrize(
    "condition",
    [
        {"conditionPrometheusQueryLanguage": {"query": "up"}},
        {"conditionThreshold": {"filter": 'metric.type="a"', "comparison": "COMPARISON_GT", "denominatorFilter": "b"}},
    ],
)
def test_conditions_that_are_not_evaluated_are_refused(quiet: RunningEmulator, condition: dict[str, Any]) -> None:
    body = {"displayName": "p", "combiner": "OR", "conditions": [condition]}
    assert quiet.request("POST", f"/v3/{PARENT}/alertPolicies", body)[0] == 501
