"""A FHIR store: what it validates and keeps, whom it tells of changes, and where it streams them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.fhir_options import FhirStoreSettings
from infra.options import options

_DEPTH = 3
"""Levels of elements that hold themselves, in a streamed row; Google takes up to 5."""


@dataclass(frozen=True)
class FhirStoreArgs:
    """What `FhirStore` needs.

    `after` are the healthcare agent's grants: a store that notifies or streams is refused, or fails silently, without
    them. `topic` is a topic's full name, None for a silent store; `bigquery_dataset` is `bq://project.dataset`, None
    for no stream.
    """

    dataset: pulumi.Input[str]
    settings: FhirStoreSettings
    labels: Mapping[str, str] = field(default_factory=dict)
    topic: pulumi.Input[str] | None = None
    bigquery_dataset: pulumi.Input[str] | None = None
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class FhirStore(pulumi.ComponentResource):
    """One FHIR store as its settings say.

    The provider has no bulkExportGcsDestination and no searchConfig: `$export` and parameters of one's own are set by
    the API, and Pulumi leaves them alone.
    """

    def __init__(self, name: str, args: FhirStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:FhirStore", name, None, opts)
        settings = args.settings
        self.store = gcp.healthcare.FhirStore(
            f"{name}-store",
            name=settings.name,
            dataset=args.dataset,
            labels=args.labels,
            version=settings.version,
            enable_update_create=settings.enable_update_create,
            disable_referential_integrity=settings.disable_referential_integrity,
            disable_resource_versioning=settings.disable_resource_versioning,
            enable_history_modifications=settings.enable_history_modifications or None,
            default_search_handling_strict=settings.default_search_handling_strict,
            complex_data_type_reference_parsing=settings.complex_data_type_reference_parsing,
            validation_config=_validation(settings),
            notification_configs=_notifications(args),
            stream_configs=_streams(args),
            opts=options(self, args.after, protect=args.deletion_protection),
        )
        self.register_outputs({"name": self.store.id})


def _validation(settings: FhirStoreSettings) -> gcp.healthcare.FhirStoreValidationConfigArgs | None:
    """What is not checked, and whose profiles are; None where all is as Google has it."""
    switches = {
        "disable_profile_validation": settings.disable_profile_validation,
        "disable_required_field_validation": settings.disable_required_field_validation,
        "disable_reference_type_validation": settings.disable_reference_type_validation,
        "disable_fhirpath_validation": settings.disable_fhirpath_validation,
    }
    guides = list(settings.enabled_implementation_guides)
    if not any(switches.values()) and not guides:
        return None
    return gcp.healthcare.FhirStoreValidationConfigArgs(enabled_implementation_guides=guides or None, **switches)


def _notifications(args: FhirStoreArgs) -> list[gcp.healthcare.FhirStoreNotificationConfigArgs] | None:
    """The topic that is told of each change; None for a silent store."""
    if args.topic is None or not args.settings.notify:
        return None
    return [
        gcp.healthcare.FhirStoreNotificationConfigArgs(
            pubsub_topic=args.topic,
            send_full_resource=args.settings.send_full_resource,
            send_previous_resource_on_delete=args.settings.send_previous_resource_on_delete,
        )
    ]


def _streams(args: FhirStoreArgs) -> list[gcp.healthcare.FhirStoreStreamConfigArgs] | None:
    """Where changes are written as rows, in the shape ANALYTICS_V2; None for nowhere."""
    if args.bigquery_dataset is None or not args.settings.stream_to_bigquery:
        return None
    schema = gcp.healthcare.FhirStoreStreamConfigBigqueryDestinationSchemaConfigArgs(
        schema_type="ANALYTICS_V2", recursive_structure_depth=_DEPTH
    )
    return [
        gcp.healthcare.FhirStoreStreamConfigArgs(
            resource_types=list(args.settings.stream_resource_types) or None,
            bigquery_destination=gcp.healthcare.FhirStoreStreamConfigBigqueryDestinationArgs(
                dataset_uri=args.bigquery_dataset, schema_config=schema
            ),
        )
    ]
