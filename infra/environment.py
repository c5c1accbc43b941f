"""The whole environment: the only module that knows every component, and the order in which they come.

Enable an API, create its agent, grant the agent its roles, and only then create what needs the grant.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.access import Accounts, AccountsArgs, AgentAccess, AgentAccessArgs, FhirAccess, Hl7v2Access
from infra.analytics import Analytics, AnalyticsArgs
from infra.audit import Audit, AuditArgs
from infra.consent import ConsentStore, ConsentStoreArgs
from infra.consent_options import ConsentStoreSettings
from infra.encryption import Encryption, EncryptionArgs
from infra.fhir import FhirStore, FhirStoreArgs
from infra.fhir_options import FhirStoreSettings
from infra.grants import ConsentAccess
from infra.healthcare import Dataset, DatasetArgs, DicomStore, DicomStoreArgs
from infra.hl7v2 import Hl7v2Store, Hl7v2StoreArgs
from infra.hl7v2_options import Hl7v2StoreSettings
from infra.messaging import Messaging, MessagingArgs
from infra.research import Identified, Research, ResearchArgs
from infra.services import APIS, DATAFLOW_APIS, KEY_API, Services, ServicesArgs
from infra.settings import Settings, SettingsError
from infra.storage import BucketArgs, PrivateBucket

TEMP_DAYS = 7
"""Days for which temporary files are kept: those of a job that has failed help to see why."""


class Environment:
    """Every resource of one stack, declared from its settings; `infra.exports` says what the stack exports of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.project_number = project_number(settings)
        self.services = self._services()
        self.encryption = self._encryption()
        self.landing = self._bucket("landing", settings.names.landing_bucket, settings.landing_days)
        self.export = self._bucket("export", settings.names.export_bucket, settings.export_days)
        self.temp_bucket = self._temp()
        self.messaging = self._messaging()
        self.analytics = self._analytics()
        self.fhir_analytics = {store.name: self._fhir_analytics(store) for store in settings.fhir_stores}
        self.dataset = self._dataset()
        self.agent_access = self._agent_access()
        self.dicom_store = self._dicom_store()
        self.fhir_stores = {store.name: self._fhir_store(store) for store in settings.fhir_stores}
        self.hl7v2_stores = {store.name: self._hl7v2_store(store) for store in settings.hl7v2_stores}
        self.consent_stores = {store.name: self._consent_store(store) for store in settings.consent_stores}
        self.accounts = self._accounts()
        self.research = self._research()
        self.audit_bucket = self._audit()

    def _services(self) -> Services:
        apis = (*APIS, KEY_API) if self.settings.encryption_key else APIS
        if self.settings.dataflow:
            apis = (*apis, *DATAFLOW_APIS)
        return Services("services", ServicesArgs(self.settings.project, self.project_number, apis))

    def _encryption(self) -> Encryption | None:
        if self.settings.encryption_key is None:
            return None
        services = self.services
        agents = {"healthcare": services.healthcare_agent, "pubsub": services.pubsub_agent}
        if self.settings.dataflow:
            # Dataflow's own state, and the disks of its workers.
            agents |= {"dataflow": services.dataflow_agent, "compute": services.compute_agent}
        args = EncryptionArgs(
            project=self.settings.project,
            key=self.settings.encryption_key,
            agents=agents,
            identities={"healthcare": services.healthcare_identity, "pubsub": services.pubsub_identity},
            apis={api.partition(".")[0]: resource for api, resource in services.apis.items()},
        )
        return Encryption("encryption", args)

    def _may_encrypt(self, service: str) -> list[pulumi.Resource]:
        """The grant that a service needs before it can hold data encrypted with the stack's key, if there is one."""
        return [self.encryption.grants[service]] if self.encryption else []

    def _bucket(self, name: str, bucket: str, days: int, retention_days: int = 0) -> PrivateBucket:
        return PrivateBucket(name, self._bucket_args(bucket, days, retention_days))

    def _bucket_args(self, bucket: str, days: int, retention_days: int = 0) -> BucketArgs:
        settings = self.settings
        return BucketArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            bucket=bucket,
            soft_delete_days=settings.soft_delete_days,
            old_version_days=settings.old_version_days,
            days=days,
            kms_key=settings.encryption_key,
            deletion_protection=settings.deletion_protection,
            after=[self.services.apis["storage.googleapis.com"], *self._may_encrypt("storage")],
            retention_days=retention_days,
        )

    def _temp(self) -> PrivateBucket | None:
        """The bucket for Dataflow's temporary files, where the settings ask for it.

        Dataflow writes and deletes there all the time: versions and soft delete would keep, and charge for, all of it.
        Nothing in it is worth protecting.
        """
        settings = self.settings
        if not settings.dataflow:
            return None
        args = BucketArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            bucket=settings.names.temp_bucket,
            soft_delete_days=0,
            old_version_days=0,
            days=TEMP_DAYS,
            kms_key=settings.encryption_key,
            deletion_protection=False,
            after=[self.services.apis["storage.googleapis.com"], *self._may_encrypt("storage")],
            versions=False,
        )
        return PrivateBucket("temp", args)

    def _messaging(self) -> Messaging:
        settings, names = self.settings, self.settings.names
        args = MessagingArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            topic=names.dicom_topic,
            subscription=names.dicom_subscription,
            dead_letter_topic=names.dead_letter_topic,
            dead_letter_subscription=names.dead_letter_subscription,
            retention_days=settings.message_retention_days,
            max_delivery_attempts=settings.max_delivery_attempts,
            pubsub_agent=self.services.pubsub_agent,
            kms_key=settings.encryption_key,
            after=[self.services.pubsub_identity, *self._may_encrypt("pubsub")],
            others={
                **({"fhir": (names.fhir_topic, names.fhir_subscription)} if settings.notifies_of_fhir else {}),
                **({"hl7v2": (names.hl7v2_topic, names.hl7v2_subscription)} if settings.notifies_of_hl7v2 else {}),
                **({"research": (names.research_topic, names.research_subscription)} if settings.research else {}),
            },
        )
        return Messaging("messaging", args)

    def _analytics(self) -> Analytics:
        description = "Metadata of DICOM instances, exported or streamed from the DICOM store."
        return Analytics("analytics", self._analytics_args(self.settings.names.bigquery_dataset, description))

    def _fhir_analytics(self, store: FhirStoreSettings) -> Analytics:
        """The dataset of one FHIR store alone: its tables are named after types, which every store has."""
        dataset = self.settings.names.fhir_bigquery_dataset(store.name)
        description = f"FHIR resources, exported or streamed from the FHIR store {store.name}."
        return Analytics(f"analytics-{store.name}", self._analytics_args(dataset, description))

    def _analytics_args(self, dataset: str, description: str) -> AnalyticsArgs:
        settings = self.settings
        return AnalyticsArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            dataset=dataset,
            kms_key=settings.encryption_key,
            deletion_protection=settings.deletion_protection,
            after=[self.services.apis["bigquery.googleapis.com"], *self._may_encrypt("bigquery")],
            description=description,
        )

    def _dataset(self) -> Dataset:
        return Dataset("healthcare", self._dataset_args(self.settings.names.dataset))

    def _dataset_args(self, dataset: str) -> DatasetArgs:
        settings = self.settings
        return DatasetArgs(
            project=settings.project,
            location=settings.location,
            dataset=dataset,
            kms_key=settings.encryption_key,
            deletion_protection=settings.deletion_protection,
            after=[self.services.apis["healthcare.googleapis.com"], *self._may_encrypt("healthcare")],
        )

    def _agent_access(self) -> AgentAccess:
        args = AgentAccessArgs(
            project=self.settings.project,
            agent=self.services.healthcare_agent,
            landing_bucket=self.landing.bucket.name,
            export_bucket=self.export.bucket.name,
            bigquery_dataset=self.analytics.dataset.dataset_id,
            topic=self.messaging.topic.name,
            after=[self.services.healthcare_identity, self.services.apis["cloudresourcemanager.googleapis.com"]],
            topics={kind: followed.topic.name for kind, followed in self.messaging.others.items()},
            fhir_datasets={store: made.dataset.dataset_id for store, made in self.fhir_analytics.items()},
        )
        return AgentAccess("healthcare-agent", args)

    def _dicom_store(self) -> DicomStore:
        settings = self.settings
        args = DicomStoreArgs(
            dataset=self.dataset.dataset.id,
            store=settings.names.dicom_store,
            labels=settings.common_labels,
            topic=self.messaging.topic.id,
            notify_on_bulk_import=settings.notify_on_bulk_import,
            stream_table=self.stream_table(),
            deletion_protection=settings.deletion_protection,
            after=self.agent_access.grants,
        )
        return DicomStore("dicom", args)

    def _fhir_store(self, store: FhirStoreSettings) -> FhirStore:
        dataset = self.fhir_analytics[store.name].dataset.dataset_id
        args = FhirStoreArgs(
            dataset=self.dataset.dataset.id,
            settings=store,
            labels=self.settings.common_labels,
            topic=self.topic("fhir"),
            bigquery_dataset=pulumi.Output.format("bq://{0}.{1}", self.settings.project, dataset),
            deletion_protection=self.settings.deletion_protection,
            after=self.agent_access.grants,
        )
        return FhirStore(f"fhir-{store.name}", args)

    def _fhir_access(self, store: FhirStoreSettings) -> FhirAccess:
        dataset = self.fhir_analytics[store.name].dataset.dataset_id
        return FhirAccess(self.fhir_stores[store.name].store.id, dataset, store.loader_imports)

    def _hl7v2_store(self, store: Hl7v2StoreSettings) -> Hl7v2Store:
        args = Hl7v2StoreArgs(
            dataset=self.dataset.dataset.id,
            settings=store,
            labels=self.settings.common_labels,
            topic=self.topic("hl7v2"),
            deletion_protection=self.settings.deletion_protection,
            after=self.agent_access.grants,
        )
        return Hl7v2Store(f"hl7v2-{store.name}", args)

    def _consent_store(self, store: ConsentStoreSettings) -> ConsentStore:
        args = ConsentStoreArgs(
            dataset=self.dataset.dataset.id,
            settings=store,
            labels=self.settings.common_labels,
            deletion_protection=self.settings.deletion_protection,
            after=self.agent_access.grants,
        )
        return ConsentStore(f"consent-{store.name}", args)

    def topic(self, kind: str) -> pulumi.Output[str] | None:
        """The full name of the topic that a further kind of store tells of changes; None where none does."""
        followed = self.messaging.others.get(kind)
        return followed.topic.id if followed else None

    def subscription(self, kind: str) -> pulumi.Output[str] | None:
        """The full name of the subscription to that topic; None where there is none."""
        followed = self.messaging.others.get(kind)
        return followed.subscription.id if followed else None

    def stream_table(self) -> pulumi.Output[str] | None:
        """The table of the metadata stream, or None where there is no stream."""
        if not self.settings.stream_to_bigquery:
            return None
        table = self.settings.names.stream_table
        return pulumi.Output.format("bq://{0}.{1}.{2}", self.settings.project, self.analytics.dataset.dataset_id, table)

    def _accounts(self) -> Accounts:
        settings, names = self.settings, self.settings.names
        args = AccountsArgs(
            project=settings.project,
            loader=names.loader,
            reader=names.reader,
            loaders=settings.loaders,
            readers=settings.readers,
            landing_bucket=self.landing.bucket.name,
            export_bucket=self.export.bucket.name,
            dataset=self.dataset.dataset.id,
            dicom_store=self.dicom_store.store.id,
            subscription=self.messaging.subscription.name,
            bigquery_dataset=self.analytics.dataset.dataset_id,
            after=[
                self.services.apis["iam.googleapis.com"],
                self.services.apis["cloudresourcemanager.googleapis.com"],
            ],
            temp_bucket=self.temp_bucket.bucket.name if self.temp_bucket else None,
            fhir={store.name: self._fhir_access(store) for store in settings.fhir_stores},
            hl7v2={
                store.name: Hl7v2Access(self.hl7v2_stores[store.name].store.id, store.loader_imports)
                for store in settings.hl7v2_stores
            },
            consent={
                store.name: ConsentAccess(self.dataset.dataset.id, self.consent_stores[store.name].store.name)
                for store in settings.consent_stores
            },
            subscriptions={
                kind: followed.subscription.name
                for kind, followed in self.messaging.others.items()
                if kind != "research"  # researchers follow that, and nobody else
            },
        )
        return Accounts("accounts", args)

    def _research(self) -> Research | None:
        """The research side, where the settings ask for it. FHIR of R5 can't be de-identified and has no twin."""
        settings, names = self.settings, self.settings.names
        if not settings.research:
            return None
        versions = {store.name: store.version for store in settings.fhir_stores if store.version != "R5"}
        tables = self._analytics_args(names.research_bigquery_dataset, "De-identified data, exported for research.")
        args = ResearchArgs(
            project=settings.project,
            labels=settings.common_labels,
            identified=Identified(
                dataset=self.dataset.dataset.id,
                dicom_store=self.dicom_store.store.id,
                fhir_stores={name: self.fhir_stores[name].store.id for name in versions},
                export_bucket=self.export.bucket.name,
            ),
            dataset=self._dataset_args(names.research_dataset),
            dicom_store=names.dicom_store,
            fhir_versions=versions,
            bucket=self._bucket_args(names.research_bucket, settings.export_days),
            analytics=tables,
            followed=self.messaging.others["research"],
            crosswalk=self._bucket_args(names.crosswalk_bucket, 0) if settings.crosswalk else None,
            agent=self.services.healthcare_agent,
            agent_identity=self.services.healthcare_identity,
            researcher=names.researcher,
            steward=names.steward,
            researchers=settings.researchers,
            stewards=settings.stewards,
            after=[
                self.services.apis["iam.googleapis.com"],
                self.services.apis["cloudresourcemanager.googleapis.com"],
            ],
        )
        return Research("research", args)

    def _audit(self) -> PrivateBucket | None:
        """The audit trail and the bucket it is kept in, where the settings ask for it."""
        settings = self.settings
        if not settings.audit_logs:
            return None
        retention_days = settings.audit_days if settings.deletion_protection else 0
        kept = self._bucket("audit", settings.names.audit_bucket, settings.audit_days, retention_days)
        args = AuditArgs(
            project=settings.project,
            dataset=self.dataset.dataset.id,
            sink=settings.names.audit_sink,
            bucket=kept.bucket.name,
            after=[
                self.services.apis["logging.googleapis.com"],
                self.services.apis["cloudresourcemanager.googleapis.com"],
            ],
        )
        Audit("audit-trail", args)
        return kept


def project_number(settings: Settings) -> str:
    """The project's number, which the agents' addresses contain. Raises SettingsError if it cannot be read."""
    try:
        number = gcp.organizations.get_project(project_id=settings.project).number
    except Exception as error:  # Pulumi raises a bare Exception when a provider's function fails
        where = settings.endpoints.resource_manager
        remedy = (
            f"is the emulator running at {where} (`python -m emulator status`), with this project?"
            if where
            else "does it exist, may you see it, and is cloudresourcemanager.googleapis.com enabled in it?"
        )
        answer = str(error).rpartition(" returned an error: ")[2]
        raise SettingsError(
            [f"Project {settings.project!r} cannot be read; {remedy} The answer was: {answer}"]
        ) from error
    if not number:
        raise SettingsError([f"Project {settings.project!r} has no number: it is not active."])
    return number
