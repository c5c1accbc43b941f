"""Who may do what: the healthcare agent, and the service accounts loader and reader.

Every grant is additive (`*IAMMember`): it adds one member to one role and leaves everybody else's grants alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from infra.conditions import objects_of
from infra.grants import ConsentAccess, Grants, People
from infra.options import options
from infra.people import Person

NOTES = ".export/"
"""What the names of the objects begin with that say what an export wrote, in the bucket that it wrote to."""


@dataclass(frozen=True)
class AgentAccessArgs:
    """What `AgentAccess` needs. `agent` is the healthcare agent's address, `after` what creates it.

    `topics` are those of further kinds of store that notify, by kind; `fhir_datasets` are the FHIR stores' BigQuery
    datasets by store. `shares_landing` and `shares_export` are whether the bucket is one that is there already, which
    other environments may use, too.
    """

    project: str
    agent: str
    landing_bucket: pulumi.Input[str]
    export_bucket: pulumi.Input[str]
    bigquery_dataset: pulumi.Input[str]
    topic: pulumi.Input[str]
    after: Sequence[pulumi.Resource]
    topics: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    fhir_datasets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    shares_landing: bool = False
    shares_export: bool = False


class AgentAccess(pulumi.ComponentResource):
    """What the Healthcare API's own agent may do for imports, exports, notifications and streams.

    Export needs objectAdmin, not objectCreator: an export overwrites what is there.
    """

    def __init__(self, name: str, args: AgentAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:AgentAccess", name, None, opts)
        member = f"serviceAccount:{args.agent}"
        grant = Grants(name, args.project, member, self, args.after)
        shared = Grants(name, args.project, member, self, args.after, shared=True)
        landing, export = (shared if each else grant for each in (args.shares_landing, args.shares_export))
        landing.bucket("reads-landing", args.landing_bucket, "roles/storage.objectViewer")
        export.bucket("writes-export", args.export_bucket, "roles/storage.objectAdmin")
        grant.bigquery("writes-tables", args.bigquery_dataset, "roles/bigquery.dataEditor")
        shared.on_project("runs-bigquery-jobs", "roles/bigquery.jobUser")
        grant.topic("publishes", args.topic, "roles/pubsub.publisher")
        for kind, topic in args.topics.items():
            grant.topic(f"publishes-{kind}", topic, "roles/pubsub.publisher")
        for store, dataset in args.fhir_datasets.items():
            grant.bigquery(f"writes-tables-of-{store}", dataset, "roles/bigquery.dataEditor")
        self.grants = (*grant.made, *shared.made)
        self.register_outputs({})


@dataclass(frozen=True)
class FhirAccess:
    """A FHIR store as the service accounts see it; `loader_imports` is whether the loader may import and export."""

    store: pulumi.Input[str]
    bigquery_dataset: pulumi.Input[str]
    loader_imports: bool


@dataclass(frozen=True)
class Hl7v2Access:
    """An HL7v2 store as the service accounts see it; `loader_imports` is whether the loader may import and export."""

    store: pulumi.Input[str]
    loader_imports: bool


@dataclass(frozen=True)
class AccountsArgs:
    """What `Accounts` needs. `loaders` and `readers` are people who may act as the service account.

    `reader_prefix` is what the names of the objects begin with that the reader may see in the export bucket.
    `temp_bucket` is where Dataflow keeps its temporary files, None where it is not used; `after` is what must be there
    before an account. `dicom`, `fhir`, `hl7v2` and `consent` are stores by name, of DICOM those beside `dicom_store`;
    `subscriptions` are those of further kinds of store that notify, by kind.
    """

    project: str
    loader: str
    reader: str
    loaders: tuple[Person, ...]
    readers: tuple[Person, ...]
    landing_bucket: pulumi.Input[str]
    export_bucket: pulumi.Input[str]
    dataset: pulumi.Input[str]
    dicom_store: pulumi.Input[str]
    subscription: pulumi.Input[str]
    bigquery_dataset: pulumi.Input[str]
    after: Sequence[pulumi.Resource]
    temp_bucket: pulumi.Input[str] | None = None
    dicom: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    fhir: Mapping[str, FhirAccess] = field(default_factory=dict)
    hl7v2: Mapping[str, Hl7v2Access] = field(default_factory=dict)
    consent: Mapping[str, ConsentAccess] = field(default_factory=dict)
    subscriptions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    reader_prefix: str = ""


class Accounts(pulumi.ComponentResource):
    """The service accounts loader and reader. No keys are made: people act as them, named in the configuration.

    The loader puts files into the landing bucket without overwriting or deleting there, imports, exports and edits in
    the DICOM store, notes below `.export/` what an export wrote, reads why a file failed in Cloud Logging, writes
    labels beside the exported metadata, and lets the project pay for reading buckets whose owner does not. The reader
    searches and retrieves, follows notifications, and queries what was exported. A role on the store says nothing about
    operations, which belong to the dataset: hence datasetViewer for both.

    In a FHIR store the loader reads and writes resources, the reader reads and searches. Importing and exporting there
    takes fhirStoreAdmin, Google's only role for it, which may also delete the store: so only where the settings say.
    In an HL7v2 store it is the same with hl7V2StoreAdmin. There the loader ingests and the reader lists and reads, both
    with hl7V2Consumer: Google has no role that reads messages and does not create any.

    In a consent store the loader defines attributes, records consents and maps data; the reader reads attributes and
    consents and asks what may be used. It sees neither the documents that patients signed nor whose data is whose.
    """

    def __init__(self, name: str, args: AccountsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Accounts", name, None, opts)
        self._name = name
        loads, reads = "Loads DICOM files and runs imports and exports", "Searches, retrieves and queries"
        people = People(name, args.project, self, args.after)
        self.loader = people.account("loader", args.loader, loads, args.loaders)
        self.reader = people.account("reader", args.reader, reads, args.readers)
        loader = Grants(f"{name}-loader", args.project, self.loader.member, self)
        loader.bucket("adds-to-landing", args.landing_bucket, "roles/storage.objectCreator")
        loader.bucket("reads-landing", args.landing_bucket, "roles/storage.objectViewer")
        loader.bucket("reads-export", args.export_bucket, "roles/storage.objectViewer")
        noted = objects_of(args.export_bucket, NOTES)
        loader.bucket("notes-exports", args.export_bucket, "roles/storage.objectUser", noted)
        loader.healthcare_dataset("follows-operations", args.dataset, "roles/healthcare.datasetViewer")
        loader.dicom_store("edits-store", args.dicom_store, "roles/healthcare.dicomEditor")
        loader.on_project("reads-failures", "roles/logging.viewer")
        loader.bigquery("writes-labels", args.bigquery_dataset, "roles/bigquery.dataEditor")
        loader.on_project("runs-bigquery-jobs", "roles/bigquery.jobUser")
        loader.on_project("pays-for-reading", "roles/serviceusage.serviceUsageConsumer")
        if args.temp_bucket is not None:
            self._allow_dataflow(loader, args.temp_bucket)
        reader = Grants(f"{name}-reader", args.project, self.reader.member, self)
        released = objects_of(args.export_bucket, args.reader_prefix) if args.reader_prefix else None
        reader.bucket("reads-export", args.export_bucket, "roles/storage.objectViewer", released)
        reader.healthcare_dataset("follows-operations", args.dataset, "roles/healthcare.datasetViewer")
        reader.dicom_store("reads-store", args.dicom_store, "roles/healthcare.dicomViewer")
        reader.subscription("follows-notifications", args.subscription, "roles/pubsub.subscriber")
        reader.bigquery("reads-tables", args.bigquery_dataset, "roles/bigquery.dataViewer")
        reader.on_project("runs-bigquery-jobs", "roles/bigquery.jobUser")
        for name_of_store, dicom_store in args.dicom.items():
            loader.dicom_store(f"edits-dicom-{name_of_store}", dicom_store, "roles/healthcare.dicomEditor")
            reader.dicom_store(f"reads-dicom-{name_of_store}", dicom_store, "roles/healthcare.dicomViewer")
        for store, access in args.fhir.items():
            _allow_fhir(loader, reader, store, access)
        for store, messages in args.hl7v2.items():
            _allow_hl7v2(loader, reader, store, messages)
        for store, consents in args.consent.items():
            _allow_consent(loader, reader, store, consents)
        for kind, subscription in args.subscriptions.items():
            reader.subscription(f"follows-{kind}-notifications", subscription, "roles/pubsub.subscriber")
        self.given = {"loader": loader.given, "reader": reader.given}
        self.register_outputs({})

    def _allow_dataflow(self, loader: Grants, temp_bucket: pulumi.Input[str]) -> None:
        """Let the loader be the account of Dataflow's workers, and start jobs that run as itself and nobody else."""
        loader.on_project("works-for-dataflow", "roles/dataflow.worker")
        loader.on_project("starts-dataflow", "roles/dataflow.developer")
        loader.bucket("keeps-temporary-files", temp_bucket, "roles/storage.objectAdmin")
        gcp.serviceaccount.IAMMember(
            f"{self._name}-loader-as-worker",
            service_account_id=self.loader.name,
            role="roles/iam.serviceAccountUser",
            member=self.loader.member,
            opts=options(self),
        )


def _allow_fhir(loader: Grants, reader: Grants, store: str, access: FhirAccess) -> None:
    """Let both accounts work with one FHIR store, and the reader with the tables that come of it."""
    loader.fhir_store(f"edits-{store}", access.store, "roles/healthcare.fhirResourceEditor")
    if access.loader_imports:
        loader.fhir_store(f"imports-{store}", access.store, "roles/healthcare.fhirStoreAdmin")
    reader.fhir_store(f"reads-{store}", access.store, "roles/healthcare.fhirResourceReader")
    reader.bigquery(f"reads-tables-of-{store}", access.bigquery_dataset, "roles/bigquery.dataViewer")


def _allow_hl7v2(loader: Grants, reader: Grants, store: str, access: Hl7v2Access) -> None:
    """Let the loader bring messages into one HL7v2 store, and both accounts read them."""
    loader.hl7v2_store(f"ingests-{store}", access.store, "roles/healthcare.hl7V2Ingest")
    loader.hl7v2_store(f"reads-{store}", access.store, "roles/healthcare.hl7V2Consumer")
    if access.loader_imports:
        loader.hl7v2_store(f"imports-{store}", access.store, "roles/healthcare.hl7V2StoreAdmin")
    reader.hl7v2_store(f"reads-{store}", access.store, "roles/healthcare.hl7V2Consumer")


def _allow_consent(loader: Grants, reader: Grants, store: str, access: ConsentAccess) -> None:
    """Let the loader keep one consent store, and the reader read it and ask what may be used."""
    for what, role in _CONSENT_ROLES.items():
        loader.consent_store(f"edits-{what}-of-{store}", access, f"roles/healthcare.{role}Editor")
    for what in ("attributes", "consents"):
        reader.consent_store(f"reads-{what}-of-{store}", access, f"roles/healthcare.{_CONSENT_ROLES[what]}Reader")


_CONSENT_ROLES = {
    "attributes": "attributeDefinition",
    "consents": "consent",
    "artifacts": "consentArtifact",
    "mappings": "userDataMapping",
}
"""What a consent store holds, and what the names of the roles for it begin with."""
