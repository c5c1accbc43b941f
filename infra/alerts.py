"""Alerts on what the audit log tells: changed policies and sinks, exports, bursts of refusals, keys that are shut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.grants import Given
from infra.options import options

_LOGS = 'logName:"cloudaudit.googleapis.com"'
_DENIED = 7  # google.rpc.Code.PERMISSION_DENIED
_PUBLISHES = "roles/pubsub.publisher"
_BETWEEN = "300s"  # notifications of one policy: Cloud Monitoring wants a limit of those on log matches
_CLOSED_AFTER = "1800s"  # the shortest time that Cloud Monitoring takes
_POLICY_METHODS = (
    "[sS]etIamPolicy",
    "setIamPermissions",
    "[pP]olicies[.]([cC]reate|[uU]pdate|[dD]elete)Policy",  # deny policies
    "DatasetService[.](Update|Patch)",  # BigQuery keeps access in the dataset
    "bigquery[.]datasets[.](update|patch)",
)
ON_MATCH: Mapping[str, tuple[str, str]] = {
    "policy-changed": (
        "Somebody changed who may do what, or what is logged",
        f'protoPayload.methodName=~"{"|".join(_POLICY_METHODS)}"',
    ),
    "export-started": (
        "Somebody exported data of the healthcare dataset",
        'protoPayload.serviceName="healthcare.googleapis.com" AND protoPayload.methodName=~"(?i)export"',
    ),
    "key-shut": (
        "Somebody disabled or destroyed a version of a key",
        'protoPayload.methodName=~"(Update|Destroy)CryptoKeyVersion|cryptoKeyVersions[.](patch|destroy)"',
    ),
    "sink-changed": (
        "Somebody changed or deleted a log sink",
        'protoPayload.methodName=~"(Update|Delete)Sink|sinks[.](update|patch|delete)"',
    ),
}
"""What alerts tell of by their names: title, and filter of log entries. Google writes methods as services call them
(`SetIamPolicy`, `google.logging.v2.ConfigServiceV2.DeleteSink`), the emulator by their ids of the REST API."""

REFUSING = (
    "audited_resource",
    "gcs_bucket",
    "bigquery_dataset",
    "bigquery_project",
    "pubsub_topic",
    "pubsub_subscription",
)
"""Types of monitored resources that refusals are counted of, each by itself: a condition on a metric names one type,
and a policy has six conditions at most."""


@dataclass(frozen=True)
class AlertsArgs:
    """What `Alerts` needs.

    `channels` are `email:ADDRESS` or `pubsub:TOPIC`, the topic by its full name; `denied` is how many refusals within
    five minutes are a burst, counted by the log-based metric `metric`. `agent` is the address of Cloud Monitoring's
    agent, which publishes; `after` is what must be there before.
    """

    project: str
    environment: str
    channels: tuple[str, ...]
    metric: str
    denied: int
    agent: str
    labels: Mapping[str, str]
    after: Sequence[pulumi.Resource] = ()


class Alerts(pulumi.ComponentResource):
    """Alert policies on log entries, a metric that counts refusals, and the channels that all of them notify.

    Google makes its agent that publishes with the first channel for Pub/Sub; each topic lets it publish, and keeps
    that right when the stack goes, since other environments may have it, too. Whom an email goes to has nothing to
    confirm, so an address must be right.
    """

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Alerts", name, None, opts)
        self._name = name
        self._args = args
        self.given: list[Given] = []
        self._channels = [self._channel(*channel.split(":", 1)) for channel in args.channels]
        for alert, (title, wanted) in ON_MATCH.items():
            self._policy(alert, title, [self._match(title, wanted)], limited=True)
        self._metric = self._refusals()
        burst = f"More than {args.denied} refusals within five minutes"
        self._policy("denied-burst", burst, [self._burst(burst, kind) for kind in REFUSING], limited=False)
        self.register_outputs({})

    def _channel(self, kind: str, address: str) -> gcp.monitoring.NotificationChannel:
        """The channel for an email address or a topic; a topic lets Monitoring's agent publish."""
        where = "email_address" if kind == "email" else "topic"
        called = address.rpartition("/")[2]
        made = gcp.monitoring.NotificationChannel(
            f"{self._name}-{kind}-{called}",
            project=self._args.project,
            type=kind,
            display_name=f"{called} ({self._args.environment})",
            labels={where: address},
            user_labels=self._args.labels,
            opts=options(self, self._args.after),
        )
        if kind == "pubsub":
            _, project, _, topic = address.split("/")
            gcp.pubsub.TopicIAMMember(
                f"{self._name}-publishes-{topic}",
                project=project,
                topic=topic,
                role=_PUBLISHES,
                member=f"serviceAccount:{self._args.agent}",
                opts=options(self, [made], keep=True),
            )
            self.given.append(Given(address, _PUBLISHES))
        return made

    def _match(self, title: str, wanted: str) -> gcp.monitoring.AlertPolicyConditionArgs:
        matched = gcp.monitoring.AlertPolicyConditionConditionMatchedLogArgs(filter=f"{_LOGS} AND {wanted}")
        return gcp.monitoring.AlertPolicyConditionArgs(display_name=title, condition_matched_log=matched)

    def _burst(self, title: str, kind: str) -> gcp.monitoring.AlertPolicyConditionArgs:
        measured = pulumi.Output.format(
            'resource.type="{0}" AND metric.type="logging.googleapis.com/user/{1}"', kind, self._metric.name
        )
        summed = gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period="300s", per_series_aligner="ALIGN_SUM", cross_series_reducer="REDUCE_SUM"
        )
        above = gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
            filter=measured,
            comparison="COMPARISON_GT",
            threshold_value=self._args.denied,
            duration="0s",
            aggregations=[summed],
        )
        return gcp.monitoring.AlertPolicyConditionArgs(display_name=f"{title}: {kind}", condition_threshold=above)

    def _refusals(self) -> gcp.logging.Metric:
        return gcp.logging.Metric(
            f"{self._name}-denied",
            project=self._args.project,
            name=self._args.metric,
            description="Calls that were refused for want of a permission.",
            filter=f"{_LOGS} AND protoPayload.status.code={_DENIED}",
            metric_descriptor=gcp.logging.MetricMetricDescriptorArgs(metric_kind="DELTA", value_type="INT64"),
            opts=options(self, self._args.after),
        )

    def _policy(
        self, alert: str, title: str, conditions: Sequence[gcp.monitoring.AlertPolicyConditionArgs], *, limited: bool
    ) -> gcp.monitoring.AlertPolicy:
        """A policy; `limited` are notifications of one on log matches, at most one in five minutes."""
        limit = gcp.monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs(period=_BETWEEN) if limited else None
        return gcp.monitoring.AlertPolicy(
            f"{self._name}-{alert}",
            project=self._args.project,
            display_name=f"{title} ({self._args.environment})",
            combiner="OR",
            conditions=conditions,
            alert_strategy=gcp.monitoring.AlertPolicyAlertStrategyArgs(
                notification_rate_limit=limit, auto_close=_CLOSED_AFTER
            ),
            notification_channels=[channel.name for channel in self._channels],
            user_labels=self._args.labels,
            opts=options(self, self._args.after),
        )
