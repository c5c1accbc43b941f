"""The audit trail: who read or changed which study, kept in a bucket of its own."""

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
    """What `Audit` needs. `dataset` is the full name of the healthcare dataset, `after` the APIs."""

    project: str
    dataset: pulumi.Input[str]
    sink: str
    bucket: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


class Audit(pulumi.ComponentResource):
    """Data Access audit logs of the Healthcare API, and a sink that keeps this dataset's entries in a bucket.

    Which accesses are logged is one setting of the whole project: where several stacks share a project, one of them
    sets it for all. The retention that makes the trail tamper-proof belongs to the bucket; locking it for good is
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
            opts=options(self, args.after),
        )
        sink = gcp.logging.ProjectSink(
            f"{name}-sink",
            name=args.sink,
            project=args.project,
            description="Audit log entries of the healthcare dataset.",
            destination=pulumi.Output.concat("storage.googleapis.com/", args.bucket),
            filter=pulumi.Output.format(
                'protoPayload.serviceName="{0}" AND'
                ' (protoPayload.resourceName="{1}" OR protoPayload.resourceName:"{1}/")',
                SERVICE,
                args.dataset,
            ),
            unique_writer_identity=True,
            opts=options(self, args.after),
        )
        gcp.storage.BucketIAMMember(
            f"{name}-sink-writes",
            bucket=args.bucket,
            role="roles/storage.objectCreator",
            member=sink.writer_identity,
            opts=options(self),
        )
        self.register_outputs({})
