"""How members get roles, and how service accounts are made: additively, one member and one role at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.options import options


@dataclass(frozen=True)
class ConsentAccess:
    """A consent store as grants name it: by its dataset, and its id in that."""

    dataset: pulumi.Input[str]
    store: pulumi.Input[str]


class Grants:
    """Grants to one member, one line each; `made` lists them. Pulumi names start with `name` and say what for.

    `shared` are grants that other environments of the project have as well, such as an agent's on the project: two are
    one and the same to Google, so that Pulumi forgets them where it would take them away from all.
    """

    def __init__(
        self,
        name: str,
        project: str,
        member: pulumi.Input[str],
        parent: pulumi.Resource,
        after: Sequence[pulumi.Resource] = (),
        *,
        shared: bool = False,
    ) -> None:
        self._shared = shared
        self._name = name
        self._project = project
        self._member = member
        self._parent = parent
        self._after = list(after)
        self.made: list[pulumi.Resource] = []

    def _add(self, make: Callable[..., pulumi.Resource], purpose: str, role: str, **target: pulumi.Input[str]) -> None:
        opts = options(self._parent, self._after, keep=self._shared)
        self.made.append(make(f"{self._name}-{purpose}", role=role, member=self._member, opts=opts, **target))

    def bucket(self, purpose: str, bucket: pulumi.Input[str], role: str) -> None:
        """Grant a role on a bucket and its objects."""
        self._add(gcp.storage.BucketIAMMember, purpose, role, bucket=bucket)

    def bigquery(self, purpose: str, dataset: pulumi.Input[str], role: str) -> None:
        """Grant a role on a BigQuery dataset."""
        self._add(gcp.bigquery.DatasetIamMember, purpose, role, dataset_id=dataset, project=self._project)

    def topic(self, purpose: str, topic: pulumi.Input[str], role: str) -> None:
        """Grant a role on a topic."""
        self._add(gcp.pubsub.TopicIAMMember, purpose, role, topic=topic, project=self._project)

    def subscription(self, purpose: str, subscription: pulumi.Input[str], role: str) -> None:
        """Grant a role on a subscription."""
        self._add(gcp.pubsub.SubscriptionIAMMember, purpose, role, subscription=subscription, project=self._project)

    def healthcare_dataset(self, purpose: str, dataset: pulumi.Input[str], role: str) -> None:
        """Grant a role on a healthcare dataset."""
        self._add(gcp.healthcare.DatasetIamMember, purpose, role, dataset_id=dataset)

    def dicom_store(self, purpose: str, store: pulumi.Input[str], role: str) -> None:
        """Grant a role on a DICOM store."""
        self._add(gcp.healthcare.DicomStoreIamMember, purpose, role, dicom_store_id=store)

    def fhir_store(self, purpose: str, store: pulumi.Input[str], role: str) -> None:
        """Grant a role on a FHIR store."""
        self._add(gcp.healthcare.FhirStoreIamMember, purpose, role, fhir_store_id=store)

    def hl7v2_store(self, purpose: str, store: pulumi.Input[str], role: str) -> None:
        """Grant a role on an HL7v2 store."""
        self._add(gcp.healthcare.Hl7StoreIamMember, purpose, role, hl7_v2_store_id=store)

    def consent_store(self, purpose: str, access: ConsentAccess, role: str) -> None:
        """Grant a role on a consent store."""
        make = gcp.healthcare.ConsentStoreIamMember
        self._add(make, purpose, role, dataset=access.dataset, consent_store_id=access.store)

    def on_project(self, purpose: str, role: str) -> None:
        """Grant a role on the project."""
        self._add(gcp.projects.IAMMember, purpose, role, project=self._project)


@dataclass(frozen=True)
class People:
    """Makes the service accounts that people act as; Pulumi names start with `name`."""

    name: str
    project: str
    parent: pulumi.Resource
    after: Sequence[pulumi.Resource]

    def account(self, role: str, account: str, description: str, people: Sequence[str]) -> gcp.serviceaccount.Account:
        """One service account, and the right of `people` to act as it with short-lived tokens."""
        made = gcp.serviceaccount.Account(
            f"{self.name}-{role}",
            account_id=account,
            project=self.project,
            display_name=f"Imaging {role}",
            description=description,
            opts=options(self.parent, self.after),
        )
        for member in people:
            gcp.serviceaccount.IAMMember(
                f"{self.name}-{role}-for-{member.partition(':')[2]}",
                service_account_id=made.name,
                role="roles/iam.serviceAccountTokenCreator",
                member=member,
                opts=options(self.parent),
            )
        return made
