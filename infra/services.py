"""Google APIs that the project needs, and the identities under which Google's services act in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.options import options

APIS = (
    "bigquery.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "healthcare.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "pubsub.googleapis.com",
    "storage.googleapis.com",
)
"""The APIs that every stack needs."""

KEY_API = "cloudkms.googleapis.com"

ALERT_API = "monitoring.googleapis.com"

DATAFLOW_APIS = ("compute.googleapis.com", "dataflow.googleapis.com")
"""Dataflow, and where its workers run."""


SCHEDULE_APIS = {
    "cloud-run": ("cloudscheduler.googleapis.com", "run.googleapis.com"),
    "composer": ("composer.googleapis.com",),
}
"""What runs by a schedule, by its kind."""


@dataclass(frozen=True)
class ServicesArgs:
    """What `Services` needs."""

    project: str
    project_number: str
    apis: tuple[str, ...]


class Services(pulumi.ComponentResource):
    """The enabled APIs and the service agents.

    An API stays enabled when the stack is destroyed: others in the project may use it. An agent cannot be deleted at
    all. The agents' addresses follow from the project's number, because Google does not always answer with them.
    """

    def __init__(self, name: str, args: ServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Services", name, None, opts)
        self.apis: Mapping[str, gcp.projects.Service] = {
            api: gcp.projects.Service(
                f"{name}-{api.partition('.')[0]}",
                project=args.project,
                service=api,
                disable_on_destroy=False,
                opts=options(self),
            )
            for api in args.apis
        }
        self.healthcare_identity = self._identity(name, args, "healthcare.googleapis.com")
        self.pubsub_identity = self._identity(name, args, "pubsub.googleapis.com")
        self.healthcare_agent = f"service-{args.project_number}@gcp-sa-healthcare.iam.gserviceaccount.com"
        self.pubsub_agent = f"service-{args.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
        self.dataflow_agent = f"service-{args.project_number}@dataflow-service-producer-prod.iam.gserviceaccount.com"
        self.monitoring_agent = f"service-{args.project_number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
        self.compute_agent = f"service-{args.project_number}@compute-system.iam.gserviceaccount.com"
        self.register_outputs({})

    def _identity(self, name: str, args: ServicesArgs, api: str) -> gcp.projects.ServiceIdentity:
        """Ask for the agent of one API: until then it may not exist, and a grant to it fails."""
        return gcp.projects.ServiceIdentity(
            f"{name}-{api.partition('.')[0]}-agent",
            project=args.project,
            service=api,
            opts=options(self, [self.apis[api]]),
        )
