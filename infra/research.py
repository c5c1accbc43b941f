"""The research side: de-identified data, apart from the identified, and who may see which of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.analytics import Analytics, AnalyticsArgs
from infra.grants import Given, Grants, People
from infra.healthcare import Dataset, DatasetArgs
from infra.messaging import Followed
from infra.options import options
from infra.people import Person
from infra.storage import BucketArgs, PrivateBucket


@dataclass(frozen=True)
class Identified:
    """What is de-identified: a dataset, its DICOM store and FHIR stores by name, the bucket for lists of studies."""

    dataset: pulumi.Input[str]
    dicom_store: pulumi.Input[str]
    fhir_stores: Mapping[str, pulumi.Input[str]]
    export_bucket: pulumi.Input[str]


@dataclass(frozen=True)
class ResearchArgs:
    """What `Research` needs.

    `fhir_versions` has the version of FHIR of each store that gets a de-identified twin, by name. `followed` is the
    topic that is told of de-identified instances, with its subscription. `crosswalk` is the bucket for lists of old and
    new ids, None for none. `researchers` and `stewards` are people who may act as the service account; `after` is what
    must be there before an account.
    """

    project: str
    labels: Mapping[str, str]
    identified: Identified
    dataset: DatasetArgs
    dicom_store: str
    fhir_versions: Mapping[str, str]
    bucket: BucketArgs
    analytics: AnalyticsArgs
    followed: Followed
    crosswalk: BucketArgs | None
    agent: str
    agent_identity: pulumi.Resource
    researcher: str
    steward: str
    researchers: tuple[Person, ...]
    stewards: tuple[Person, ...]
    after: Sequence[pulumi.Resource]


class Research(pulumi.ComponentResource):
    """A dataset with de-identified twins of the stores, a bucket, tables, a topic; the accounts researcher and steward.

    The researcher reads the research side and nothing else. The steward reads the identified side, de-identifies it,
    writes the research side, and alone reads the crosswalk. Google's only roles that may de-identify a store are its
    administrator's (dicomStoreAdmin, fhirStoreAdmin), which may also delete it: so a steward is a person one trusts
    with that. FHIR twins take resources under ids of their own and without referential integrity, as Google's streams
    of de-identified resources want it.
    """

    def __init__(self, name: str, args: ResearchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Research", name, None, opts)
        self._name = name
        self._args = args
        self.dataset = Dataset(f"{name}-healthcare", args.dataset, pulumi.ResourceOptions(parent=self)).dataset
        self.bucket = PrivateBucket(f"{name}-data", args.bucket, pulumi.ResourceOptions(parent=self)).bucket
        self.tables = Analytics(f"{name}-analytics", args.analytics, pulumi.ResourceOptions(parent=self)).dataset
        self.crosswalk = self._crosswalk()
        agent = Grants(f"{name}-agent", args.project, f"serviceAccount:{args.agent}", self, [args.agent_identity])
        agent.bucket("writes-data", self.bucket.name, "roles/storage.objectAdmin")
        agent.bigquery("writes-tables", self.tables.dataset_id, "roles/bigquery.dataEditor")
        self.dicom_store = self._dicom_store(agent.made)
        self.fhir_stores = {store: self._fhir_store(store, agent.made) for store in args.fhir_versions}
        people = People(name, args.project, self, args.after)
        self.researcher = people.account(
            "researcher", args.researcher, "Reads de-identified data, and nothing else", args.researchers
        )
        self.steward = people.account(
            "steward", args.steward, "De-identifies, and sees both sides of it", args.stewards
        )
        self.given = {"researcher": self._allow_researcher(), "steward": self._allow_steward()}
        self.register_outputs({})

    def _crosswalk(self) -> gcp.storage.Bucket | None:
        if self._args.crosswalk is None:
            return None
        return PrivateBucket(
            f"{self._name}-crosswalk", self._args.crosswalk, pulumi.ResourceOptions(parent=self)
        ).bucket

    def _dicom_store(self, after: Sequence[pulumi.Resource]) -> gcp.healthcare.DicomStore:
        return gcp.healthcare.DicomStore(
            f"{self._name}-dicom-store",
            name=self._args.dicom_store,
            dataset=self.dataset.id,
            labels=self._args.labels,
            notification_config=gcp.healthcare.DicomStoreNotificationConfigArgs(
                pubsub_topic=self._args.followed.topic.id
            ),
            opts=options(self, after, protect=self._args.dataset.deletion_protection),
        )

    def _fhir_store(self, store: str, after: Sequence[pulumi.Resource]) -> gcp.healthcare.FhirStore:
        return gcp.healthcare.FhirStore(
            f"{self._name}-{store}-store",
            name=store,
            dataset=self.dataset.id,
            labels=self._args.labels,
            version=self._args.fhir_versions[store],
            enable_update_create=True,
            disable_referential_integrity=True,
            opts=options(self, after, protect=self._args.dataset.deletion_protection),
        )

    def _allow_researcher(self) -> list[Given]:
        grant = Grants(f"{self._name}-researcher", self._args.project, self.researcher.member, self)
        grant.healthcare_dataset("follows-operations", self.dataset.id, "roles/healthcare.datasetViewer")
        grant.dicom_store("reads-dicom", self.dicom_store.id, "roles/healthcare.dicomViewer")
        for store, made in self.fhir_stores.items():
            grant.fhir_store(f"reads-{store}", made.id, "roles/healthcare.fhirResourceReader")
        grant.bucket("reads-data", self.bucket.name, "roles/storage.objectViewer")
        grant.bigquery("reads-tables", self.tables.dataset_id, "roles/bigquery.dataViewer")
        grant.on_project("runs-bigquery-jobs", "roles/bigquery.jobUser")
        followed = self._args.followed.subscription.name
        grant.subscription("follows-notifications", followed, "roles/pubsub.subscriber")
        return grant.given

    def _allow_steward(self) -> list[Given]:
        source = self._args.identified
        grant = Grants(f"{self._name}-steward", self._args.project, self.steward.member, self)
        grant.healthcare_dataset("follows-operations", source.dataset, "roles/healthcare.datasetViewer")
        grant.dicom_store("reads-identified", source.dicom_store, "roles/healthcare.dicomViewer")
        grant.dicom_store("deidentifies", source.dicom_store, "roles/healthcare.dicomStoreAdmin")
        grant.bucket("lists-studies", source.export_bucket, "roles/storage.objectUser")
        grant.healthcare_dataset("looks-at-research", self.dataset.id, "roles/healthcare.datasetViewer")
        grant.dicom_store("writes-dicom", self.dicom_store.id, "roles/healthcare.dicomEditor")
        for store, made in self.fhir_stores.items():
            identified = source.fhir_stores[store]
            grant.fhir_store(f"reads-identified-{store}", identified, "roles/healthcare.fhirResourceReader")
            grant.fhir_store(f"deidentifies-{store}", identified, "roles/healthcare.fhirStoreAdmin")
            grant.fhir_store(f"writes-{store}", made.id, "roles/healthcare.fhirResourceEditor")
        grant.bucket("writes-data", self.bucket.name, "roles/storage.objectUser")
        grant.bigquery("writes-tables", self.tables.dataset_id, "roles/bigquery.dataEditor")
        grant.on_project("runs-bigquery-jobs", "roles/bigquery.jobUser")
        grant.on_project("reads-failures", "roles/logging.viewer")
        if self.crosswalk is not None:
            grant.bucket("keeps-crosswalk", self.crosswalk.name, "roles/storage.objectUser")
        return grant.given
