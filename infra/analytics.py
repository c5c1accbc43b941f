"""BigQuery: the dataset that a store's exports and its stream are written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.options import options


@dataclass(frozen=True)
class AnalyticsArgs:
    """What `Analytics` needs. `location` is the store's; `after` is what must be there before the dataset."""

    project: str
    location: str
    dataset: str
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    kms_key: str | None = None
    deletion_protection: bool = True
    after: Sequence[pulumi.Resource] = ()


class Analytics(pulumi.ComponentResource):
    """One BigQuery dataset, in the store's project and location as the Healthcare API's export wants it.

    It declares no tables: an export and the stream create theirs, with a schema that follows the data. BigQuery takes
    no view of a table that is not there yet, so the views and queries of these tables are the commands'
    (scripts/imaging_view.py, scripts/queries), which make them when they are asked.
    """

    def __init__(self, name: str, args: AnalyticsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Analytics", name, None, opts)
        self.dataset = gcp.bigquery.Dataset(
            f"{name}-dataset",
            dataset_id=args.dataset,
            project=args.project,
            # BigQuery spells its multi-regions in capitals and its regions in small letters.
            location=args.location if "-" in args.location else args.location.upper(),
            description=args.description,
            labels=args.labels,
            default_encryption_configuration=gcp.bigquery.DatasetDefaultEncryptionConfigurationArgs(
                kms_key_name=args.kms_key
            )
            if args.kms_key
            else None,
            delete_contents_on_destroy=not args.deletion_protection,
            opts=options(self, args.after, protect=args.deletion_protection),
        )
        self.register_outputs({"dataset_id": self.dataset.dataset_id})
