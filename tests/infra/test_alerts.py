"""Alerts: which there are, what they match, and whom they tell."""

from __future__ import annotations

import re

import pytest

from infra.alerts import ON_MATCH, REFUSING
from infra.settings import SettingsError
from tests.infra.graph import NUMBER, PROJECT, Graph, declare, settings

CHANNELS = '["email:security@example.org", "pubsub:projects/some-project/topics/alerts"]'


@pytest.fixture(scope="module")
def graph() -> Graph:
    return declare(settings(auditLogs="true", alertChannels=CHANNELS, deniedAlert="7"))


def test_without_channels_there_are_no_alerts() -> None:
    assert [each.name for each in declare(settings(auditLogs="true")) if "alert" in each.name] == []


def test_alerts_need_the_audit_log() -> None:
    with pytest.raises(SettingsError, match="alertChannels has no effect without healthcare-cloud-poc:auditLogs"):
        settings(alertChannels=CHANNELS)


@pytest.mark.parametrize("channel", ["security@example.org", "pubsub:alerts", "sms:1"])
def test_a_channel_is_an_address_or_a_topic(channel: str) -> None:
    with pytest.raises(SettingsError, match="must list email:NAME@DOMAIN or pubsub:projects/P/topics/T"):
        settings(auditLogs="true", alertChannels=f'["{channel}"]')


def test_every_alert_goes_to_every_channel(graph: Graph) -> None:
    channels = {
        f"projects/{PROJECT}/notificationChannels/{each.name}": each.inputs["labels"]
        for each in graph.of("monitoring/notificationChannel:NotificationChannel")
    }
    assert sorted(map(str, channels.values())) == [  # they are registered side by side
        "{'email_address': 'security@example.org'}",
        "{'topic': 'projects/some-project/topics/alerts'}",
    ]
    policies = graph.of("monitoring/alertPolicy:AlertPolicy")
    assert {each.name.removeprefix("alerts-") for each in policies} == {*ON_MATCH, "denied-burst"}
    assert all(set(each.inputs["notificationChannels"]) == set(channels) for each in policies)


def test_monitoring_s_agent_may_publish_once_google_has_made_it(graph: Graph) -> None:
    grant = next(each for each in graph if each.name == "alerts-publishes-alerts")
    assert grant.inputs["member"] == (
        f"serviceAccount:service-{NUMBER}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    )
    channel = graph.one("monitoring/notificationChannel:NotificationChannel", type="pubsub")
    assert channel.urn in graph.before(grant)
    assert grant.keep  # another environment's channel may publish there, too


def test_what_an_alert_on_a_match_tells_is_limited_and_a_burst_is_counted(graph: Graph) -> None:
    for each in graph.of("monitoring/alertPolicy:AlertPolicy"):
        conditions = each.inputs["conditions"]
        on_match = "conditionMatchedLog" in conditions[0]
        assert on_match == ("notificationRateLimit" in each.inputs["alertStrategy"])
        if on_match:
            assert len(conditions) == 1
            continue
        for kind, condition in zip(REFUSING, conditions, strict=True):
            threshold, counted = condition["conditionThreshold"], "logging.googleapis.com/user/imaging-dev-denied"
            assert threshold["filter"] == f'resource.type="{kind}" AND metric.type="{counted}"'
            assert threshold["thresholdValue"] == 7
    (metric,) = graph.of("logging/metric:Metric")
    assert metric.inputs["filter"].endswith("protoPayload.status.code=7")


# Methods as Cloud Audit Logs name them (the services' pages "audit logging"), and as the emulator does.
TOLD = {
    "policy-changed": [
        "SetIamPolicy",
        "google.cloud.healthcare.v1.dataset.DatasetService.SetIamPolicy",
        "storage.setIamPermissions",
        "google.iam.v2.Policies.CreatePolicy",
        "iam.policies.createPolicy",
        "google.cloud.bigquery.v2.DatasetService.UpdateDataset",
        "cloudresourcemanager.projects.setIamPolicy",
        "storage.buckets.setIamPolicy",
        "bigquery.datasets.patch",
    ],
    "export-started": [
        "google.cloud.healthcare.v1.dicom.DicomService.ExportDicomData",
        "healthcare.projects.locations.datasets.fhirStores.export",
    ],
    "key-shut": [
        "DestroyCryptoKeyVersion",
        "UpdateCryptoKeyVersion",
        "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.destroy",
    ],
    "sink-changed": [
        "google.logging.v2.ConfigServiceV2.UpdateSink",
        "google.logging.v2.ConfigServiceV2.DeleteSink",
        "logging.projects.sinks.delete",
    ],
}
QUIET = [
    "GetIamPolicy",
    "google.iam.v2.Policies.GetPolicy",
    "storage.objects.get",
    "EncryptCryptoKey",
    "google.logging.v2.ConfigServiceV2.GetSink",
]


@pytest.mark.parametrize("alert", sorted(ON_MATCH))
def test_an_alert_matches_the_methods_that_it_tells_of_and_no_others(alert: str) -> None:
    found = re.search(r'methodName=~"([^"]*)"', ON_MATCH[alert][1])
    assert found
    assert [each for each in TOLD[alert] if not re.search(found[1], each)] == []
    others = [each for name, methods in TOLD.items() if name != alert for each in methods]
    assert [each for each in (*QUIET, *others) if re.search(found[1], each)] == []
