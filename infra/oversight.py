"""Who watches: the service accounts auditor and operator, and the roles made for them, none of which shows data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.grants import Given, Grants, People
from infra.options import options
from infra.people import Person

_KINDS = ("datasets", "dicomStores", "fhirStores", "hl7V2Stores", "consentStores")
LOOKS = (
    "bigquery.datasets.get",
    "bigquery.datasets.getIamPolicy",
    "cloudkms.cryptoKeys.get",
    "cloudkms.cryptoKeys.getIamPolicy",
    "cloudkms.keyRings.getIamPolicy",
    *(f"healthcare.{kind}.{verb}" for kind in _KINDS for verb in ("get", "getIamPolicy", "list")),
    "iam.roles.get",
    "iam.roles.list",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.getIamPolicy",
    "iam.serviceAccounts.list",
    "logging.sinks.get",
    "logging.sinks.list",
    "pubsub.subscriptions.get",
    "pubsub.subscriptions.getIamPolicy",
    "pubsub.subscriptions.list",
    "pubsub.topics.get",
    "pubsub.topics.getIamPolicy",
    "pubsub.topics.list",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "run.jobs.getIamPolicy",
    "serviceusage.services.get",
    "serviceusage.services.list",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.buckets.list",
)
"""What shows how the resources are set and who may use them. Not `roles/iam.securityReviewer`, Google's role for that:
it also lists objects and tables, and names of files can name patients."""
OPERATES = ("healthcare.operations.cancel", "healthcare.operations.get", "healthcare.operations.list")
"""What shows operations and stops them. Google's only role that cancels, datasetAdmin, may also delete the dataset."""


@dataclass(frozen=True)
class OversightArgs:
    """What `Oversight` needs.

    `auditor` and `operator` are the accounts' ids, `auditors` and `operators` the people who may act as them: without
    people there is no account. `looks` and `operates` are the ids of the two roles. `audit_bucket` and `audit_tables`
    are where audit log entries are kept, None where they aren't; `after` is what must be there before.
    """

    project: str
    auditor: str
    operator: str
    auditors: tuple[Person, ...]
    operators: tuple[Person, ...]
    looks: str
    operates: str
    audit_bucket: pulumi.Input[str] | None = None
    audit_tables: pulumi.Input[str] | None = None
    after: Sequence[pulumi.Resource] = ()


class Oversight(pulumi.ComponentResource):
    """The accounts auditor and operator, each only where somebody may act as it, and two custom roles for them.

    The auditor sees logs, those of data access included, how resources are set, and their policies; the operator sees
    the same of resources, logs without those of data access, metrics and alerts, and cancels operations. Neither
    sees names or contents of objects, instances, resources, messages or rows, but for the audit trail, which the
    auditor reads. Deny policies show to whoever may see them on the organization only.
    """

    def __init__(self, name: str, args: OversightArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Oversight", name, None, opts)
        self._name = name
        self._args = args
        self._people = People(name, args.project, self, args.after)
        self._looks = self._role("looks", args.looks, "Sees settings and policies, and no data", LOOKS)
        self.given: dict[str, list[Given]] = {}
        self.auditor = self._auditor() if args.auditors else None
        self.operator = self._operator() if args.operators else None
        self.register_outputs({})

    def _role(self, purpose: str, role: str, title: str, permissions: Sequence[str]) -> gcp.projects.IAMCustomRole:
        return gcp.projects.IAMCustomRole(
            f"{self._name}-{purpose}",
            project=self._args.project,
            role_id=role,
            title=title,
            permissions=list(permissions),
            opts=options(self, self._args.after),
        )

    def _auditor(self) -> gcp.serviceaccount.Account:
        args = self._args
        account = self._people.account("auditor", args.auditor, "Sees logs and policies, and no data", args.auditors)
        grant = Grants(f"{self._name}-auditor", args.project, account.member, self)
        grant.on_project("looks", self._looks.name)
        grant.on_project("reads-logs", "roles/logging.privateLogViewer")
        if args.audit_bucket is not None:
            grant.bucket("reads-trail", args.audit_bucket, "roles/storage.objectViewer")
        if args.audit_tables is not None:
            grant.bigquery("queries-trail", args.audit_tables, "roles/bigquery.dataViewer")
            grant.on_project("runs-bigquery-jobs", "roles/bigquery.jobUser")
        self.given["auditor"] = grant.given
        return account

    def _operator(self) -> gcp.serviceaccount.Account:
        args = self._args
        account = self._people.account("operator", args.operator, "Looks after the stack, sees no data", args.operators)
        operates = self._role("operates", args.operates, "Sees and cancels operations", OPERATES)
        grant = Grants(f"{self._name}-operator", args.project, account.member, self)
        grant.on_project("looks", self._looks.name)
        grant.on_project("operates", operates.name)
        grant.on_project("reads-logs", "roles/logging.viewer")
        grant.on_project("sees-alerts", "roles/monitoring.viewer")
        self.given["operator"] = grant.given
        return account
