"""The audit trail: who read or changed which study, kept in a bucket of its own, and in tables to query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.options import options

SERVICE = "healthcare.googleapis.com"
KINDS_OF_ACCESS = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")


@dataclass(frozen=True)
class AuditArgs:
    """What `Audit` needs.

    `dataset` is the full name of the healthcare dataset. `sink` and `tables_sink` are the names of the sinks that fill
    the bucket, and the BigQuery dataset `tables`; `after` are the APIs.
    """

    project: str
    dataset: pulumi.Input[str]
    sink: str
    bucket: pulumi.Input[str]
    tables_sink: str
    tables: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


class Audit(pulumi.ComponentResource):
    """Data Access audit logs of the Healthcare API, and sinks that keep this dataset's entries in a bucket and tables.

    Which accesses are logged is one setting of the whole project, the same for all stacks in it: Pulumi forgets it when
    one of them goes. The retention that makes the trail tamper-proof belongs to the bucket; locking it for good is
    left to a person, for nothing undoes it.
    """

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Audit", name, None, opts)
        gcp.projects.IAMAuditConfig(
            f"{name}-config",
            project=args.project,
            service=SERVICE,
            audit_log_configs=[
                gcp.projects.IAMAuditConfigAuditLogConfigArgs(log_type=kind) for kind in KINDS_OF_ACCESS
            ],
            opts=options(self, args.after, keep=True),
        )
        sink = self._sink(f"{name}-sink", args, args.sink, pulumi.Output.concat("storage.googleapis.com/", args.bucket))
        gcp.storage.BucketIAMMember(
            f"{name}-sink-writes",
            bucket=args.bucket,
            role="roles/storage.objectCreator",
            member=sink.writer_identity,
            opts=options(self),
        )
        dataset = pulumi.Output.format("bigquery.googleapis.com/projects/{0}/datasets/{1}", args.project, args.tables)
        to_tables = self._sink(f"{name}-tables-sink", args, args.tables_sink, dataset, partitioned=True)
        gcp.bigquery.DatasetIamMember(
            f"{name}-tables-sink-writes",
            project=args.project,
            dataset_id=args.tables,
            role="roles/bigquery.dataEditor",
            member=to_tables.writer_identity,
            opts=options(self),
        )
        self.register_outputs({})

    def _sink(
        self, name: str, args: AuditArgs, sink: str, destination: pulumi.Output[str], *, partitioned: bool = False
    ) -> gcp.logging.ProjectSink:
        """A sink of the dataset's entries; `partitioned` are tables, by day."""
        return gcp.logging.ProjectSink(
            name,
            name=sink,
            project=args.project,
            description="Audit log entries of the healthcare dataset.",
            destination=destination,
            filter=pulumi.Output.format(
                'protoPayload.serviceName="{0}" AND'
                ' (protoPayload.resourceName="{1}" OR protoPayload.resourceName:"{1}/")',
                SERVICE,
                args.dataset,
            ),
            bigquery_options=gcp.logging.ProjectSinkBigqueryOptionsArgs(use_partitioned_tables=True)
            if partitioned
            else None,
            unique_writer_identity=True,
            opts=options(self, args.after),
        )
