"""The whole environment: the only module that knows every component, and the order in which they come.

After the foundation, grant the healthcare agent its roles, and only then create the stores that need them.
"""

from __future__ import annotations

import pulumi

from infra.access import Accounts, AccountsArgs, AgentAccess, AgentAccessArgs, FhirAccess, Hl7v2Access
from infra.analytics import Analytics
from infra.consent import ConsentStore, ConsentStoreArgs
from infra.consent_options import ConsentStoreSettings
from infra.dicom_options import DicomStoreSettings
from infra.fhir import FhirStore, FhirStoreArgs
from infra.fhir_options import FhirStoreSettings
from infra.foundation import Foundation
from infra.grants import ConsentAccess
from infra.healthcare import Dataset, DicomStore, DicomStoreArgs
from infra.hl7v2 import Hl7v2Store, Hl7v2StoreArgs
from infra.hl7v2_options import Hl7v2StoreSettings
from infra.messaging import Messaging, MessagingArgs
from infra.research import Identified, Research, ResearchArgs
from infra.schedule import Airflow, AirflowArgs, ScheduledRun, ScheduledRunArgs
from infra.settings import ScheduleSettings, Settings
from infra.storage import PrivateBucket
from infra.watch import Watch


class Environment:
    """Every resource of one stack, declared from its settings; `infra.exports` says what the stack exports of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.foundation = Foundation(settings)
        self.services = self.foundation.services
        self.landing_bucket = self._landing_bucket()
        self.export_bucket = self._export_bucket()
        self.temp_bucket = self._temp()
        self.messaging = self._messaging()
        self.analytics = self._analytics()
        self.fhir_analytics = {store.name: self._fhir_analytics(store) for store in settings.fhir_stores}
        self.dataset = self._dataset()
        self.agent_access = self._agent_access()
        self.dicom_store = self._dicom_store()
        self.dicom_stores = {store.name: self._further_dicom_store(store) for store in settings.dicom_stores}
        self.fhir_stores = {store.name: self._fhir_store(store) for store in settings.fhir_stores}
        self.hl7v2_stores = {store.name: self._hl7v2_store(store) for store in settings.hl7v2_stores}
        self.consent_stores = {store.name: self._consent_store(store) for store in settings.consent_stores}
        self.accounts = self._accounts()
        self.research = self._research()
        self.watch = Watch(self.foundation, self.dataset)

    def _landing_bucket(self) -> pulumi.Input[str]:
        """The name of the bucket that files arrive in: the stack's own, or one that is there already."""
        settings, name = self.settings, self.settings.names.landing_bucket
        if settings.existing.landing_bucket:
            return name
        return PrivateBucket("landing", self.foundation.bucket_args(name, settings.landing_days)).bucket.name

    def _export_bucket(self) -> pulumi.Input[str]:
        """The name of the bucket that exports go to: the stack's own, or one that is there already."""
        settings, name = self.settings, self.settings.names.export_bucket
        if settings.existing.export_bucket:
            return name
        return PrivateBucket("export", self.foundation.bucket_args(name, settings.export_days)).bucket.name

    def _temp(self) -> PrivateBucket | None:
        """The bucket for Dataflow's temporary files, where the settings ask for it."""
        return PrivateBucket("temp", self.foundation.temp_bucket_args()) if self.settings.dataflow else None

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
            kms_key=settings.keys.get("pubsub"),
            after=[self.services.pubsub_identity, *self.foundation.may_encrypt("pubsub")],
            others={
                **({"fhir": (names.fhir_topic, names.fhir_subscription)} if settings.notifies_of_fhir else {}),
                **({"hl7v2": (names.hl7v2_topic, names.hl7v2_subscription)} if settings.notifies_of_hl7v2 else {}),
                **({"research": (names.research_topic, names.research_subscription)} if settings.research else {}),
            },
        )
        return Messaging("messaging", args)

    def _analytics(self) -> Analytics:
        description = "Metadata of DICOM instances, exported or streamed from the DICOM store."
        return Analytics("analytics", self.foundation.analytics_args(self.settings.names.bigquery_dataset, description))

    def _fhir_analytics(self, store: FhirStoreSettings) -> Analytics:
        """The dataset of one FHIR store alone: its tables are named after types, which every store has."""
        dataset = self.settings.names.fhir_bigquery_dataset(store.name)
        description = f"FHIR resources, exported or streamed from the FHIR store {store.name}."
        return Analytics(f"analytics-{store.name}", self.foundation.analytics_args(dataset, description))

    def _dataset(self) -> pulumi.Input[str]:
        """The full name of the healthcare dataset: the stack's own, or one that is there already."""
        settings, name = self.settings, self.settings.names.dataset
        if settings.existing.dataset:
            return f"projects/{settings.project}/locations/{settings.location}/datasets/{name}"
        return Dataset("healthcare", self.foundation.dataset_args(name)).dataset.id

    def _agent_access(self) -> AgentAccess:
        args = AgentAccessArgs(
            project=self.settings.project,
            agent=self.services.healthcare_agent,
            landing_bucket=self.landing_bucket,
            export_bucket=self.export_bucket,
            bigquery_dataset=self.analytics.dataset.dataset_id,
            topic=self.messaging.topic.name,
            after=[self.services.healthcare_identity, self.services.apis["cloudresourcemanager.googleapis.com"]],
            topics={kind: followed.topic.name for kind, followed in self.messaging.others.items()},
            fhir_datasets={store: made.dataset.dataset_id for store, made in self.fhir_analytics.items()},
            shares_landing=self.settings.existing.landing_bucket is not None,
            shares_export=self.settings.existing.export_bucket is not None,
        )
        return AgentAccess("healthcare-agent", args)

    def _dicom_store(self) -> DicomStore:
        settings = self.settings
        args = DicomStoreArgs(
            dataset=self.dataset,
            store=settings.names.dicom_store,
            labels=settings.common_labels,
            topic=self.messaging.topic.id,
            notify_on_bulk_import=settings.notify_on_bulk_import,
            stream_table=self.stream_table(),
            deletion_protection=settings.deletion_protection,
            after=self.agent_access.grants,
        )
        return DicomStore("dicom", args)

    def _further_dicom_store(self, store: DicomStoreSettings) -> DicomStore:
        args = DicomStoreArgs(
            dataset=self.dataset,
            store=store.name,
            labels=self.settings.common_labels,
            topic=self.messaging.topic.id if store.notify else None,
            notify_on_bulk_import=store.notify_on_bulk_import,
            stream_table=self.table(self.settings.names.stream_table_of(store.name))
            if store.stream_to_bigquery
            else None,
            deletion_protection=self.settings.deletion_protection,
            after=self.agent_access.grants,
        )
        return DicomStore(f"dicom-{store.name}", args)

    def _fhir_store(self, store: FhirStoreSettings) -> FhirStore:
        dataset = self.fhir_analytics[store.name].dataset.dataset_id
        args = FhirStoreArgs(
            dataset=self.dataset,
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
            dataset=self.dataset,
            settings=store,
            labels=self.settings.common_labels,
            topic=self.topic("hl7v2"),
            deletion_protection=self.settings.deletion_protection,
            after=self.agent_access.grants,
        )
        return Hl7v2Store(f"hl7v2-{store.name}", args)

    def _consent_store(self, store: ConsentStoreSettings) -> ConsentStore:
        args = ConsentStoreArgs(
            dataset=self.dataset,
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
        """The table of the metadata stream of the store `dicom`, or None where there is no stream."""
        return self.table(self.settings.names.stream_table) if self.settings.stream_to_bigquery else None

    def table(self, table: str) -> pulumi.Output[str]:
        """A table of the BigQuery dataset as `bq://project.dataset.table`."""
        return pulumi.Output.format("bq://{0}.{1}.{2}", self.settings.project, self.analytics.dataset.dataset_id, table)

    def _accounts(self) -> Accounts:
        settings, names = self.settings, self.settings.names
        args = AccountsArgs(
            project=settings.project,
            loader=names.loader,
            reader=names.reader,
            loaders=settings.loaders,
            readers=settings.readers,
            reader_prefix=settings.reader_prefix,
            landing_bucket=self.landing_bucket,
            export_bucket=self.export_bucket,
            dataset=self.dataset,
            dicom_store=self.dicom_store.store.id,
            subscription=self.messaging.subscription.name,
            bigquery_dataset=self.analytics.dataset.dataset_id,
            after=[
                self.services.apis["iam.googleapis.com"],
                self.services.apis["cloudresourcemanager.googleapis.com"],
            ],
            temp_bucket=self.temp_bucket.bucket.name if self.temp_bucket else None,
            dicom={name: made.store.id for name, made in self.dicom_stores.items()},
            fhir={store.name: self._fhir_access(store) for store in settings.fhir_stores},
            hl7v2={
                store.name: Hl7v2Access(self.hl7v2_stores[store.name].store.id, store.loader_imports)
                for store in settings.hl7v2_stores
            },
            consent={
                store.name: ConsentAccess(self.dataset, self.consent_stores[store.name].store.name)
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
        description = "De-identified data, exported for research."
        args = ResearchArgs(
            project=settings.project,
            labels=settings.common_labels,
            identified=Identified(
                dataset=self.dataset,
                dicom_store=self.dicom_store.store.id,
                fhir_stores={name: self.fhir_stores[name].store.id for name in versions},
                export_bucket=self.export_bucket,
            ),
            dataset=self.foundation.dataset_args(names.research_dataset),
            dicom_store=names.dicom_store,
            fhir_versions=versions,
            bucket=self.foundation.bucket_args(names.research_bucket, settings.export_days),
            analytics=self.foundation.analytics_args(names.research_bigquery_dataset, description),
            followed=self.messaging.others["research"],
            crosswalk=self.foundation.bucket_args(names.crosswalk_bucket, 0) if settings.crosswalk else None,
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

    def schedule(self, outputs: pulumi.Input[str]) -> ScheduledRun | Airflow | None:
        """Declare what runs by a schedule, if anything does; it is given the stack's other outputs, as JSON."""
        wanted = self.settings.schedule
        if wanted is None:
            return None
        return self._airflow(wanted, outputs) if wanted.kind == "composer" else self._scheduled_run(wanted, outputs)

    def _scheduled_run(self, wanted: ScheduleSettings, outputs: pulumi.Input[str]) -> ScheduledRun:
        settings, names = self.settings, self.settings.names
        args = ScheduledRunArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            job=names.scheduled,
            starter=names.starter,
            image=wanted.image,
            command=wanted.command,
            cron=wanted.cron,
            time_zone=wanted.time_zone,
            loader=self.accounts.loader.email,
            outputs=outputs,
            after=[self.services.apis[api] for api in ("cloudscheduler.googleapis.com", "run.googleapis.com")],
        )
        return ScheduledRun("schedule", args)

    def _airflow(self, wanted: ScheduleSettings, outputs: pulumi.Input[str]) -> Airflow:
        settings, names, loader = self.settings, self.settings.names, self.accounts.loader
        args = AirflowArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            environment=names.scheduled,
            account=names.airflow,
            image_version=wanted.airflow_version,
            cron=wanted.cron,
            loader=loader.name,
            loader_email=loader.email,
            parameters=pulumi.Output.format('{{"outputs": {0}}}', outputs),
            after=[self.services.apis["composer.googleapis.com"]],
        )
        return Airflow("schedule", args)
