"""Alert policies and notification channels as the gcp provider uses them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.emulator.services.clients import refused

PARENT = f"projects/{PROJECT}"
STRATEGY = {"notificationRateLimit": {"period": "300s"}}
CONDITION = {"displayName": "c", "conditionMatchedLog": {"filter": 'protoPayload.methodName:"SetIamPolicy"'}}


@pytest.fixture
def monitoring(google_api: Callable[[str, str], Any]) -> Any:
    """projects of Cloud Monitoring v3."""
    return google_api("monitoring", "v3").projects()


@pytest.fixture
def channel(monitoring: Any) -> dict[str, Any]:
    """A new e-mail channel."""
    body = {"type": "email", "displayName": "security", "labels": {"email_address": "security@example.com"}}
    made: dict[str, Any] = monitoring.notificationChannels().create(name=PARENT, body=body).execute()
    assert body.items() <= made.items()
    return made


@pytest.fixture
def policy(monitoring: Any, channel: dict[str, Any]) -> dict[str, Any]:
    """A new policy that tells the channel."""
    body = {
        "displayName": "IAM change",
        "combiner": "OR",
        "conditions": [CONDITION],
        "notificationChannels": [channel["name"]],
        "alertStrategy": STRATEGY,
    }
    made: dict[str, Any] = monitoring.alertPolicies().create(name=PARENT, body=body).execute()
    return made


def test_a_policy_is_echoed_with_names_and_records(monitoring: Any, policy: dict[str, Any]) -> None:
    assert policy["name"].startswith(f"{PARENT}/alertPolicies/")
    assert policy["conditions"] == [{"name": f"{policy['name']}/conditions/0", **CONDITION}]
    assert policy["enabled"] is True
    assert policy["creationRecord"]["mutatedBy"] == f"owner@{PROJECT}.example"
    assert monitoring.alertPolicies().get(name=policy["name"]).execute() == policy
    assert policy in monitoring.alertPolicies().list(name=PARENT).execute()["alertPolicies"]


def test_patch_with_a_mask_changes_and_without_replaces(monitoring: Any, policy: dict[str, Any]) -> None:
    policies = monitoring.alertPolicies()
    changed = policies.patch(name=policy["name"], updateMask="displayName", body={"displayName": "New"}).execute()
    assert changed["displayName"] == "New"
    assert changed["alertStrategy"] == policy["alertStrategy"]
    assert changed["creationRecord"] == policy["creationRecord"]
    measured = {"filter": 'metric.type="logging.googleapis.com/user/m"', "comparison": "COMPARISON_GT"}
    body = {"displayName": "Whole", "combiner": "OR", "conditions": [{"conditionThreshold": measured}]}
    whole = policies.patch(name=policy["name"], body=body).execute()
    assert "alertStrategy" not in whole
    assert "notificationChannels" not in whole


@pytest.mark.parametrize(
    "fields",
    [
        {"displayName": ""},
        {"combiner": "COMBINE_UNSPECIFIED"},
        {"conditions": []},
        {"notificationChannels": [f"{PARENT}/notificationChannels/1"]},
        {"alertStrategy": {}},
        {"alertStrategy": {**STRATEGY, "autoClose": "60s"}},
        {"conditions": [CONDITION, CONDITION]},
        {"conditions": [{"conditionMatchedLog": {"filter": "severity>="}}]},
    ],
)
def test_a_policy_that_google_would_refuse_is_a_400(monitoring: Any, fields: dict[str, Any]) -> None:
    whole = {"displayName": "p", "combiner": "OR", "conditions": [CONDITION], "alertStrategy": STRATEGY}
    body = {**whole, **fields}
    assert refused(monitoring.alertPolicies().create(name=PARENT, body=body))[0] == 400


def test_a_channel_in_use_is_deleted_only_by_force(
    monitoring: Any, policy: dict[str, Any], channel: dict[str, Any]
) -> None:
    channels, policies = monitoring.notificationChannels(), monitoring.alertPolicies()
    code, message = refused(channels.delete(name=channel["name"]))
    assert (code, policy["name"] in message) == (400, True)
    channels.delete(name=channel["name"], force=True).execute()
    assert policies.get(name=policy["name"]).execute().get("notificationChannels", []) == []
    policies.delete(name=policy["name"]).execute()
    assert refused(policies.get(name=policy["name"]))[0] == 404
    assert refused(channels.get(name=channel["name"]))[0] == 404


def test_a_channel_changes_but_not_its_type(monitoring: Any, channel: dict[str, Any]) -> None:
    channels = monitoring.notificationChannels()
    changed = channels.patch(name=channel["name"], body={"description": "night shift"}).execute()
    assert changed["description"] == "night shift"
    assert changed["labels"] == channel["labels"]
    assert len(changed["mutationRecords"]) == 2
    assert refused(channels.patch(name=channel["name"], body={"type": "sms"}))[0] == 400
    assert refused(channels.create(name=PARENT, body={"displayName": "no type"}))[0] == 400
