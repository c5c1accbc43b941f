"""How members get roles, and how service accounts are made: additively, one member and one role at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.conditions import Condition
from infra.options import options
from infra.people import Person


@dataclass(frozen=True)
class ConsentAccess:
    """A consent store as grants name it: by its dataset, and its id in that."""

    dataset: pulumi.Input[str]
    store: pulumi.Input[str]


@dataclass(frozen=True)
class Given:
    """A role that was granted, and on what: gs://BUCKET, bq://PROJECT.DATASET or a full name.

    `condition` is the title of the condition under which it is; None where there is none.
    """

    resource: pulumi.Input[str]
    role: pulumi.Input[str]
    condition: str | None = None


class Grants:
    """Grants to one member, one line each; `made` lists them. Pulumi names start with `name` and say what for.

    `given` says the same in words.

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
        self.given: list[Given] = []

    def _add(
        self, make: Callable[..., pulumi.Resource], purpose: str, given: Given, **target: pulumi.Input[Any]
    ) -> None:
        opts = options(self._parent, self._after, keep=self._shared)
        self.made.append(make(f"{self._name}-{purpose}", role=given.role, member=self._member, opts=opts, **target))
        self.given.append(given)

    def bucket(self, purpose: str, bucket: pulumi.Input[str], role: str, condition: Condition | None = None) -> None:
        """Grant a role on a bucket and its objects, or on those that a condition names."""
        given = Given(pulumi.Output.concat("gs://", bucket), role, condition.title if condition else None)
        only = {"condition": condition.inputs()} if condition else {}
        self._add(gcp.storage.BucketIAMMember, purpose, given, bucket=bucket, **only)

    def bigquery(self, purpose: str, dataset: pulumi.Input[str], role: str) -> None:
        """Grant a role on a BigQuery dataset."""
        given = Given(pulumi.Output.concat("bq://", self._project, ".", dataset), role)
        self._add(gcp.bigquery.DatasetIamMember, purpose, given, dataset_id=dataset, project=self._project)

    def topic(self, purpose: str, topic: pulumi.Input[str], role: str) -> None:
        """Grant a role on a topic."""
        given = Given(pulumi.Output.concat(f"projects/{self._project}/topics/", topic), role)
        self._add(gcp.pubsub.TopicIAMMember, purpose, given, topic=topic, project=self._project)

    def subscription(self, purpose: str, subscription: pulumi.Input[str], role: str) -> None:
        """Grant a role on a subscription."""
        given = Given(pulumi.Output.concat(f"projects/{self._project}/subscriptions/", subscription), role)
        self._add(gcp.pubsub.SubscriptionIAMMember, purpose, given, subscription=subscription, project=self._project)

    def healthcare_dataset(self, purpose: str, dataset: pulumi.Input[str], role: str) -> None:
        """Grant a role on a healthcare dataset."""
        self._add(gcp.healthcare.DatasetIamMember, purpose, Given(dataset, role), dataset_id=dataset)

    def dicom_store(self, purpose: str, store: pulumi.Input[str], role: str) -> None:
        """Grant a role on a DICOM store."""
        self._add(gcp.healthcare.DicomStoreIamMember, purpose, Given(store, role), dicom_store_id=store)

    def fhir_store(self, purpose: str, store: pulumi.Input[str], role: str) -> None:
        """Grant a role on a FHIR store."""
        self._add(gcp.healthcare.FhirStoreIamMember, purpose, Given(store, role), fhir_store_id=store)

    def hl7v2_store(self, purpose: str, store: pulumi.Input[str], role: str) -> None:
        """Grant a role on an HL7v2 store."""
        self._add(gcp.healthcare.Hl7StoreIamMember, purpose, Given(store, role), hl7_v2_store_id=store)

    def consent_store(self, purpose: str, access: ConsentAccess, role: str) -> None:
        """Grant a role on a consent store."""
        make = gcp.healthcare.ConsentStoreIamMember
        given = Given(pulumi.Output.concat(access.dataset, "/consentStores/", access.store), role)
        self._add(make, purpose, given, dataset=access.dataset, consent_store_id=access.store)

    def on_project(self, purpose: str, role: pulumi.Input[str]) -> None:
        """Grant a role on the project."""
        given = Given(f"projects/{self._project}", role)
        self._add(gcp.projects.IAMMember, purpose, given, project=self._project)


@dataclass(frozen=True)
class People:
    """Makes the service accounts that people act as; Pulumi names start with `name`."""

    name: str
    project: str
    parent: pulumi.Resource
    after: Sequence[pulumi.Resource]

    def account(
        self, role: str, account: str, description: str, people: Sequence[Person]
    ) -> gcp.serviceaccount.Account:
        """One service account, and the right of `people` to act as it with short-lived tokens, as long as it lasts."""
        made = gcp.serviceaccount.Account(
            f"{self.name}-{role}",
            account_id=account,
            project=self.project,
            display_name=f"Imaging {role}",
            description=description,
            opts=options(self.parent, self.after),
        )
        for person in people:
            lasting = person.condition()
            gcp.serviceaccount.IAMMember(
                f"{self.name}-{role}-for-{person.member.partition(':')[2]}",
                service_account_id=made.name,
                role="roles/iam.serviceAccountTokenCreator",
                member=person.member,
                condition=gcp.serviceaccount.IAMMemberConditionArgs(**lasting.inputs()) if lasting else None,
                opts=options(self.parent),
            )
        return made
