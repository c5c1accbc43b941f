"""The healthcare dataset and its DICOM store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.options import options


@dataclass(frozen=True)
class DatasetArgs:
    """What `Dataset` needs.

    `kms_key` is the full name of a key that the healthcare agent may use, None for Google's own. `after` is what must
    be there before the dataset: the API, and that grant.
    """

    project: str
    location: str
    dataset: str
    kms_key: str | None = None
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class Dataset(pulumi.ComponentResource):
    """The healthcare dataset, which holds the stores. It has no labels: the Healthcare API knows none for it."""

    def __init__(self, name: str, args: DatasetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Dataset", name, None, opts)
        self.dataset = gcp.healthcare.Dataset(
            f"{name}-dataset",
            name=args.dataset,
            project=args.project,
            location=args.location,
            time_zone="UTC",
            encryption_spec=gcp.healthcare.DatasetEncryptionSpecArgs(kms_key_name=args.kms_key)
            if args.kms_key
            else None,
            opts=options(self, args.after, protect=args.deletion_protection),
        )
        self.register_outputs({"name": self.dataset.id})


@dataclass(frozen=True)
class DicomStoreArgs:
    """What `DicomStore` needs. `dataset` is a dataset's full name, `store` the store's id in it.

    `after` are the healthcare agent's grants: a store that notifies or streams is refused, or fails silently, without
    them. `topic` is a topic's full name, None for a silent store. `stream_table` is `bq://project.dataset.table`, None
    for no stream.
    """

    dataset: pulumi.Input[str]
    store: str
    labels: Mapping[str, str] = field(default_factory=dict)
    topic: pulumi.Input[str] | None = None
    notify_on_bulk_import: bool = True
    stream_table: pulumi.Input[str] | None = None
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class DicomStore(pulumi.ComponentResource):
    """One DICOM store that tells Pub/Sub what arrives and, if wanted, streams its metadata to BigQuery.

    It uses `notification_config` and not the newer list of the REST API: the provider does not know that one, and the
    API refuses a store that has both.
    """

    def __init__(self, name: str, args: DicomStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:DicomStore", name, None, opts)
        streams = (
            [
                gcp.healthcare.DicomStoreStreamConfigArgs(
                    bigquery_destination=gcp.healthcare.DicomStoreStreamConfigBigqueryDestinationArgs(
                        table_uri=args.stream_table
                    )
                )
            ]
            if args.stream_table is not None
            else None
        )
        self.store = gcp.healthcare.DicomStore(
            f"{name}-store",
            name=args.store,
            dataset=args.dataset,
            labels=args.labels,
            notification_config=_notification(args),
            stream_configs=streams,
            opts=options(self, args.after, protect=args.deletion_protection),
        )
        self.register_outputs({"name": self.store.id})


def _notification(args: DicomStoreArgs) -> gcp.healthcare.DicomStoreNotificationConfigArgs | None:
    """The topic that is told of each instance; None for a silent store."""
    if args.topic is None:
        return None
    return gcp.healthcare.DicomStoreNotificationConfigArgs(
        pubsub_topic=args.topic, send_for_bulk_import=args.notify_on_bulk_import
    )
