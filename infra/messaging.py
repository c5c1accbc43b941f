"""Notifications of the stores: topics and subscriptions, and where messages go that nobody could handle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.options import options

DAY = 24 * 60 * 60
ACK_DEADLINE_SECONDS = 60


@dataclass(frozen=True)
class MessagingArgs:
    """What `Messaging` needs. `pubsub_agent` is the address of Pub/Sub's service agent, which moves dead letters.

    `after` is what must be there before anything here: the API and that agent. `others` are the names of the topic and
    the subscription of each further kind of store that notifies: fhir, hl7v2.
    """

    project: str
    location: str
    labels: Mapping[str, str]
    topic: str
    subscription: str
    dead_letter_topic: str
    dead_letter_subscription: str
    retention_days: int
    max_delivery_attempts: int
    pubsub_agent: str
    kms_key: str | None
    after: Sequence[pulumi.Resource]
    others: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Followed:
    """A topic that a kind of store tells of changes, and the subscription that keeps its messages."""

    topic: gcp.pubsub.Topic
    subscription: gcp.pubsub.Subscription


class Messaging(pulumi.ComponentResource):
    """A topic and a subscription for stored instances, and for each further kind of store that notifies.

    They share a dead-letter topic and a subscription that keeps what comes there. Subscriptions never expire. Messages
    name patients' studies, so in a region they stay in that region.
    """

    def __init__(self, name: str, args: MessagingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Messaging", name, None, opts)
        self._name = name
        self._args = args
        self._agent = f"serviceAccount:{args.pubsub_agent}"
        self.dead_letter_topic = self._topic(f"{name}-dead-letter", args.dead_letter_topic)
        self.dead_letter_subscription = self._subscription(
            f"{name}-dead-letter", args.dead_letter_subscription, self.dead_letter_topic
        )
        self._may_forward = gcp.pubsub.TopicIAMMember(
            f"{name}-agent-publishes-dead-letters",
            project=args.project,
            topic=self.dead_letter_topic.name,
            role="roles/pubsub.publisher",
            member=self._agent,
            opts=options(self, args.after),
        )
        self.topic = self._topic(f"{name}-dicom", args.topic)
        self.subscription = self._watch("dicom", args.subscription, self.topic, "takes-dead-letters")
        self.others = {kind: self._follow(kind, *names) for kind, names in args.others.items()}
        self.register_outputs({})

    def _follow(self, kind: str, topic: str, subscription: str) -> Followed:
        made = self._topic(f"{self._name}-{kind}", topic)
        return Followed(made, self._watch(kind, subscription, made, f"takes-{kind}-dead-letters"))

    def _watch(self, kind: str, subscription: str, topic: gcp.pubsub.Topic, purpose: str) -> gcp.pubsub.Subscription:
        """The subscription to a topic whose messages become dead letters when nobody can handle them."""
        made = self._subscription(
            f"{self._name}-{kind}",
            subscription,
            topic,
            gcp.pubsub.SubscriptionDeadLetterPolicyArgs(
                dead_letter_topic=self.dead_letter_topic.id, max_delivery_attempts=self._args.max_delivery_attempts
            ),
            [self._may_forward],
        )
        gcp.pubsub.SubscriptionIAMMember(
            f"{self._name}-agent-{purpose}",
            project=self._args.project,
            subscription=made.name,
            role="roles/pubsub.subscriber",
            member=self._agent,
            opts=options(self, self._args.after),
        )
        return made

    def _topic(self, name: str, topic: str) -> gcp.pubsub.Topic:
        regional = "-" in self._args.location
        return gcp.pubsub.Topic(
            f"{name}-topic",
            name=topic,
            project=self._args.project,
            labels=self._args.labels,
            kms_key_name=self._args.kms_key,
            message_storage_policy=gcp.pubsub.TopicMessageStoragePolicyArgs(
                allowed_persistence_regions=[self._args.location]
            )
            if regional
            else None,
            opts=options(self, self._args.after),
        )

    def _subscription(
        self,
        name: str,
        subscription: str,
        topic: gcp.pubsub.Topic,
        dead_letters: gcp.pubsub.SubscriptionDeadLetterPolicyArgs | None = None,
        needs: Sequence[pulumi.Resource] = (),
    ) -> gcp.pubsub.Subscription:
        return gcp.pubsub.Subscription(
            f"{name}-subscription",
            name=subscription,
            project=self._args.project,
            labels=self._args.labels,
            topic=topic.id,
            ack_deadline_seconds=ACK_DEADLINE_SECONDS,
            message_retention_duration=f"{self._args.retention_days * DAY}s",
            # An empty time to live means that it never expires; Google's default deletes it after 31 idle days.
            expiration_policy=gcp.pubsub.SubscriptionExpirationPolicyArgs(ttl=""),
            retry_policy=gcp.pubsub.SubscriptionRetryPolicyArgs(minimum_backoff="10s", maximum_backoff="600s"),
            dead_letter_policy=dead_letters,
            opts=options(self, [*self._args.after, *needs]),
        )
