"""An HL7v2 store: how messages are read, and whom it tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.hl7v2_options import Hl7v2StoreSettings
from infra.options import options


@dataclass(frozen=True)
class Hl7v2StoreArgs:
    """What `Hl7v2Store` needs.

    `after` are the healthcare agent's grants: a store that notifies is refused, or fails silently, without them.
    `topic` is a topic's full name, None where no store notifies.
    """

    dataset: pulumi.Input[str]
    settings: Hl7v2StoreSettings
    labels: Mapping[str, str] = field(default_factory=dict)
    topic: pulumi.Input[str] | None = None
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class Hl7v2Store(pulumi.ComponentResource):
    """One HL7v2 store as its settings say."""

    def __init__(self, name: str, args: Hl7v2StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Hl7v2Store", name, None, opts)
        settings = args.settings
        self.store = gcp.healthcare.Hl7Store(
            f"{name}-store",
            name=settings.name,
            dataset=args.dataset,
            labels=args.labels,
            reject_duplicate_message=settings.reject_duplicate_message,
            parser_config=gcp.healthcare.Hl7StoreParserConfigArgs(
                version=settings.parser_version,
                allow_null_header=settings.allow_null_header,  # the provider wants one of its three set
                segment_terminator=settings.segment_terminator,
                schema=settings.schema,
            ),
            notification_configs=_notifications(args),
            opts=options(self, args.after, protect=args.deletion_protection),
        )
        self.register_outputs({"name": self.store.id})


def _notifications(args: Hl7v2StoreArgs) -> list[gcp.healthcare.Hl7StoreNotificationConfigsArgs] | None:
    """The topic that is told of each message; None for a silent store."""
    if args.topic is None or not args.settings.notify:
        return None
    return [gcp.healthcare.Hl7StoreNotificationConfigsArgs(pubsub_topic=args.topic, filter=args.settings.filter)]
