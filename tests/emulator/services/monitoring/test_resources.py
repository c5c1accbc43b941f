"""Channels of all types, uptime checks, dashboards, groups and snoozes, as programs declare them."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.emulator.services.clients import refused
from tests.support.emulator import RunningEmulator

PARENT = f"projects/{PROJECT}"


@pytest.fixture
def monitoring(google_api: Callable[[str, str], Any]) -> Any:
    """projects of Cloud Monitoring v3."""
    return google_api("monitoring", "v3").projects()


@pytest.fixture
def dashboards(google_api: Callable[[str, str], Any]) -> Any:
    """The dashboards of Cloud Monitoring v1."""
    return google_api("monitoring", "v1").projects().dashboards()


def test_types_of_channels_are_described_and_their_labels_required(monitoring: Any) -> None:
    descriptors = monitoring.notificationChannelDescriptors()
    listed = descriptors.list(name=PARENT).execute()["channelDescriptors"]
    assert {"email", "pubsub", "webhook_tokenauth", "slack"} <= {each["type"] for each in listed}
    one = descriptors.get(name=f"{PARENT}/notificationChannelDescriptors/pubsub").execute()
    assert [label["key"] for label in one["labels"]] == ["topic"]
    assert refused(descriptors.get(name=f"{PARENT}/notificationChannelDescriptors/pigeon"))[0] == 404
    for body in ({"type": "pigeon"}, {"type": "pubsub"}, {"type": "email", "labels": {"email_address": "a", "b": "c"}}):
        assert refused(monitoring.notificationChannels().create(name=PARENT, body=body))[0] == 400


def test_secrets_of_a_channel_are_never_shown_whole_and_stay_when_they_come_back_so(monitoring: Any) -> None:
    channels = monitoring.notificationChannels()
    body = {"type": "slack", "displayName": "s", "labels": {"channel_name": "#alerts", "auth_token": "xoxb-1234567"}}
    made = channels.create(name=PARENT, body=body).execute()
    assert made["labels"] == {"channel_name": "#alerts", "auth_token": "********4567"}
    again = channels.patch(name=made["name"], body={**made, "description": "on call"}).execute()
    assert again["labels"] == made["labels"]


def test_a_number_is_verified_by_the_code_that_the_log_tells(monitoring: Any, emulator: RunningEmulator) -> None:
    channels = monitoring.notificationChannels()
    body = {"type": "sms", "displayName": "night", "labels": {"number": "+491701234567"}}
    made = channels.create(name=PARENT, body=body).execute()
    name = made["name"]
    assert made["verificationStatus"] == "UNVERIFIED"
    assert refused(channels.getVerificationCode(name=name, body={}))[0] == 400
    channels.sendVerificationCode(name=name, body={}).execute()
    found = re.findall(rf"{re.escape(name)} is (G-\d{{6}})", emulator.log.read_text())
    assert refused(channels.verify(name=name, body={"code": "G-wrong"}))[0] == 400
    assert channels.verify(name=name, body={"code": found[-1]}).execute()["verificationStatus"] == "VERIFIED"
    code = channels.getVerificationCode(name=name, body={}).execute()["code"]
    twin = channels.create(name=PARENT, body=body).execute()
    assert channels.verify(name=twin["name"], body={"code": code}).execute()["verificationStatus"] == "VERIFIED"


def test_an_uptime_check_is_answered_with_what_monitoring_fills_in(monitoring: Any) -> None:
    checks = monitoring.uptimeCheckConfigs()
    body = {
        "displayName": "Viewer is up",
        "monitoredResource": {"type": "uptime_url", "labels": {"host": "viewer.example.org"}},
        "httpCheck": {"useSsl": True, "path": "/health"},
    }
    made = checks.create(parent=PARENT, body=body).execute()
    assert made["name"].startswith(f"{PARENT}/uptimeCheckConfigs/viewer-is-up-")
    assert made["httpCheck"] == {"path": "/health", "port": 443, "requestMethod": "GET", "useSsl": True}
    assert made["monitoredResource"]["labels"] == {"host": "viewer.example.org", "project_id": PROJECT}
    assert (made["period"], made["timeout"]) == ("60s", "10s")
    changed = checks.patch(name=made["name"], updateMask="period", body={"period": "300s"}).execute()
    assert (changed["period"], changed["httpCheck"]) == ("300s", made["httpCheck"])
    assert made["name"] in [each["name"] for each in checks.list(parent=PARENT).execute()["uptimeCheckConfigs"]]
    assert refused(checks.patch(name=made["name"], updateMask="period", body={"period": "7s"}))[0] == 400
    checks.delete(name=made["name"]).execute()
    assert refused(checks.get(name=made["name"]))[0] == 404


def test_a_dashboard_is_changed_by_who_has_read_it(dashboards: Any) -> None:
    body = {"displayName": "Imports", "gridLayout": {"widgets": [{"title": "n", "text": {"content": "hello"}}]}}
    made = dashboards.create(parent=PARENT, body=body).execute()
    assert (made["displayName"], made["gridLayout"]) == ("Imports", body["gridLayout"])
    changed = dashboards.patch(name=made["name"], body={**made, "displayName": "Exports"}).execute()
    assert changed["displayName"] == "Exports"
    assert refused(dashboards.patch(name=made["name"], body={**made, "displayName": "Late"}))[0] == 400
    assert refused(dashboards.create(parent=PARENT, body={"displayName": "no layout"}))[0] == 400
    assert made["name"] in [each["name"] for each in dashboards.list(parent=PARENT).execute()["dashboards"]]
    dashboards.delete(name=made["name"]).execute()
    assert refused(dashboards.get(name=made["name"]))[0] == 404


def test_groups_have_parents_and_no_members(monitoring: Any) -> None:
    groups = monitoring.groups()
    parent = groups.create(name=PARENT, body={"displayName": "all", "filter": "resource.type=a"}).execute()
    body = {"displayName": "some", "filter": "resource.type=b", "parentName": parent["name"]}
    child = groups.create(name=PARENT, body=body).execute()
    changed = groups.update(name=child["name"], body={"displayName": "few", "filter": "resource.type=c"}).execute()
    assert changed == {"name": child["name"], "displayName": "few", "filter": "resource.type=c"}
    assert groups.members().list(name=child["name"]).execute() == {}
    assert parent["name"] in [each["name"] for each in groups.list(name=PARENT).execute()["group"]]
    bad = {**body, "parentName": f"{PARENT}/groups/1"}
    assert refused(groups.create(name=PARENT, body=bad))[0] == 400
    groups.delete(name=child["name"]).execute()
    assert refused(groups.get(name=child["name"]))[0] == 404


def test_a_snooze_names_policies_that_are_there(monitoring: Any) -> None:
    interval = {"startTime": "2026-03-01T08:00:00Z", "endTime": "2026-03-01T09:00:00Z"}
    criteria = {"policies": [f"{PARENT}/alertPolicies/1"]}
    body = {"displayName": "works", "criteria": criteria, "interval": interval}
    assert refused(monitoring.snoozes().create(parent=PARENT, body=body))[0] == 400
