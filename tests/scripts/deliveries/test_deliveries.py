"""`deliveries` on canned answers: what beside missing grants keeps services from their work, and what was mended."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.outputs import Outputs, ScheduleOutputs
from scripts.checks import Check, Result, State, run_checks
from scripts.connection import Connection, connect_to
from scripts.deliveries import alerts, notifications, schedule, sinks
from tests.scripts.fake_google import FakeGoogle

PROJECT = "projects/some-project"
AGENT = "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"
STARTER = "starter@some-project.iam.gserviceaccount.com"
WRITER = "serviceAccount:p123-1@gcp-sa-logging.iam.gserviceaccount.com"
FOUR_HOURS_AGO = datetime.now(UTC) - timedelta(hours=4)
SINK = {"name": "trail", "destination": "storage.googleapis.com/kept", "filter": "a=b", "writerIdentity": WRITER}

Look = Callable[[Callable[[Connection], Iterator[Check]]], dict[str, Result]]


@pytest.fixture
def look(google: FakeGoogle, outputs_file: Path) -> Look:
    """What checks say, by name, of a stack with an audit trail, a schedule and alerts."""
    job = f"{PROJECT}/locations/us-central1/jobs/nightly"
    outputs = dataclasses.replace(
        Outputs.from_file(outputs_file),
        labels={"environment": "local"},
        audit_bucket="kept",
        audit_tables="kept",
        schedule=ScheduleOutputs("cloud-run", job, STARTER, "none"),
    )
    google.answers("POST", f"/v1/{PROJECT}:getIamPolicy", {})
    google.answers("GET", f"/v2/{PROJECT}/sinks", {"sinks": [SINK]})

    def checked(of: Callable[[Connection], Iterator[Check]]) -> dict[str, Result]:
        with connect_to(outputs) as target:
            return {each.name: each for each in run_checks(target, of(target))}

    return checked


def logs(google: FakeGoogle, *entries: dict[str, Any]) -> None:
    google.answers("POST", "/v2/entries:list", {"nextPageToken": "more"})
    page = [{"timestamp": "2026-11-28T01:00:00Z", **each} for each in entries]
    google.answers("POST", "/v2/entries:list", {"entries": page})


def test_a_lost_notification_that_was_granted_since_is_no_failure(google: FakeGoogle, look: Look) -> None:
    logs(google, {"jsonPayload": {"error": {"code": 7, "message": "no"}}})
    bindings = [{"role": "roles/pubsub.publisher", "members": [AGENT]}]
    google.answers("GET", f"/v1/{PROJECT}/topics/dicom:getIamPolicy", {"bindings": bindings})
    google.answers("GET", "/v1/roles/pubsub.publisher", {"includedPermissions": ["pubsub.topics.publish"]})
    found = look(lambda target: notifications.checks(target, 24))["notifications to dicom"]
    assert found.state == State.OK
    assert found.detail.startswith("Notifications were lost, the last one at 2026-11-28T01:00:00Z; service-1234")


def test_a_topic_that_is_gone_is_told_in_googles_words(google: FakeGoogle, look: Look) -> None:
    logs(google, {"jsonPayload": {"error": {"code": 5, "message": "Topic not found."}}})
    found = look(lambda target: notifications.checks(target, 24))["notifications to dicom"]
    assert (found.state, found.detail.endswith("01:00:00Z: Topic not found.")) == (State.FAILED, True)


@pytest.mark.parametrize(
    ("payload", "state", "says"),
    [
        ({"debugInfo": ""}, State.OK, "started at 2026-11-28T01:00:00Z"),
        ({"debugInfo": "URL_UNREACHABLE", "status": "UNAVAILABLE"}, State.FAILED, "UNAVAILABLE, URL_UNREACHABLE"),
        (
            {"debugInfo": "", "status": "PERMISSION_DENIED"},
            State.FAILED,
            f"{STARTER} lacks run.jobs.run",
        ),
    ],
)
def test_the_newest_attempt_says_whether_the_schedule_works(
    google: FakeGoogle, look: Look, payload: dict[str, str], state: State, says: str
) -> None:
    logs(google, {"jsonPayload": payload})
    (found,) = look(lambda target: iter([Check("schedule", lambda: schedule.started(target, 24))])).values()
    assert (found.state, says in found.detail) == (state, True), found.detail


@pytest.mark.parametrize(
    ("name", "state", "says"),
    [
        (f"log/{FOUR_HOURS_AGO:%Y/%m/%d/%H}:00:00_S0.json", State.OK, "has what was logged at"),
        (None, State.FAILED, f"gs://kept has nothing of log of {FOUR_HOURS_AGO:%Y-%m-%d %H}h UTC"),
    ],
)
def test_what_was_logged_hours_ago_has_to_be_in_the_trail(
    google: FakeGoogle, look: Look, name: str | None, state: State, says: str
) -> None:
    entry = {"logName": f"{PROJECT}/logs/log", "timestamp": FOUR_HOURS_AGO.isoformat()}
    google.answers("POST", "/v2/entries:list", {"entries": [entry]})
    google.answers("GET", "/storage/v1/b/kept/o", {"items": [{"name": name}] if name else []})
    found = look(lambda target: sinks.checks(target, 24))["audit trail in gs://kept"]
    assert (found.state, says in found.detail) == (state, True), found.detail


def test_a_sink_that_nobody_has_is_a_failure(google: FakeGoogle, look: Look) -> None:
    google.answers("POST", "/v2/entries:list", {})
    found = look(lambda target: sinks.checks(target, 24))
    assert (found["sink to gs://kept"].state, found["sink to gs://kept"].detail) == (State.OK, "trail delivers")
    assert found["sink to bq://some-project.kept"].state == State.FAILED
    assert "No sink that is on leads to bigquery.googleapis.com/" in found["sink to bq://some-project.kept"].detail


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"enabled": False, "notificationChannels": ["a"]}, "The alert policy 'Key shut' is off"),
        ({}, "The alert policy 'Key shut' tells nobody"),
        ({"notificationChannels": ["a"]}, "1 policy, 0 channels"),
    ],
)
def test_an_alert_has_to_be_on_and_to_tell_somebody(
    google: FakeGoogle, look: Look, policy: dict[str, Any], says: str
) -> None:
    own = {"displayName": "Key shut", "userLabels": {"environment": "local"}, **policy}
    other = {"displayName": "Of another environment", "userLabels": {"environment": "prod"}}
    google.answers("GET", f"/v3/{PROJECT}/alertPolicies", {"alertPolicies": [own, other]})
    google.answers("GET", f"/v3/{PROJECT}/notificationChannels", {})
    assert says in look(alerts.checks)["alerts"].detail
