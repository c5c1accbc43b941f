"""What everything is called: every name follows from the project and the environment, in this one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Existing:
    """What is there already and is used, by its id; None for what the stack makes."""

    dataset: str | None = None
    landing_bucket: str | None = None
    export_bucket: str | None = None


@dataclass(frozen=True)
class Names:
    """The ids of one environment's resources.

    Several environments fit into one project. Bucket names are shared by all of Google Cloud, so they start with the
    project's id, which is unique.
    """

    project: str
    environment: str
    existing: Existing = Existing()

    @property
    def base(self) -> str:
        """What the ids start with."""
        return f"imaging-{self.environment}"

    @property
    def dataset(self) -> str:
        """The healthcare dataset."""
        return self.existing.dataset or self.base

    @property
    def dicom_store(self) -> str:
        """The DICOM store that every stack has: named after the environment where others may have stores beside it."""
        return self.base if self.existing.dataset else "dicom"

    @property
    def landing_bucket(self) -> str:
        """The bucket that DICOM files arrive in."""
        return self.existing.landing_bucket or f"{self.project}-{self.environment}-landing"

    @property
    def export_bucket(self) -> str:
        """The bucket that exports are written to."""
        return self.existing.export_bucket or f"{self.project}-{self.environment}-export"

    @property
    def temp_bucket(self) -> str:
        """The bucket for Dataflow's temporary files."""
        return f"{self.project}-{self.environment}-temp"

    @property
    def audit_bucket(self) -> str:
        """The bucket that audit log entries are kept in."""
        return f"{self.project}-{self.environment}-audit"

    @property
    def audit_sink(self) -> str:
        """The log sink that fills the audit bucket."""
        return f"{self.base}-audit"

    @property
    def audit_tables_sink(self) -> str:
        """The log sink that fills the tables of audit log entries."""
        return f"{self.base}-audit-tables"

    @property
    def audit_bigquery_dataset(self) -> str:
        """The BigQuery dataset for tables of audit log entries."""
        return f"{self.bigquery_dataset}_audit"

    @property
    def denied_metric(self) -> str:
        """The log-based metric that counts refusals."""
        return f"{self.base}-denied"

    @property
    def scheduled(self) -> str:
        """The job or the environment of Managed Airflow that runs by a schedule."""
        return f"{self.base}-nightly"

    @property
    def starter(self) -> str:
        """The service account that starts a scheduled job."""
        return f"{self.base}-starter"

    @property
    def airflow(self) -> str:
        """The service account that an environment of Managed Airflow runs as."""
        return f"{self.base}-airflow"

    @property
    def dicom_topic(self) -> str:
        """The topic that says which instances were stored."""
        return f"{self.base}-dicom"

    @property
    def dicom_subscription(self) -> str:
        """The subscription that the scripts read that topic with."""
        return f"{self.base}-dicom-watch"

    @property
    def dead_letter_topic(self) -> str:
        """The topic for messages that nobody could handle."""
        return f"{self.base}-dicom-dead"

    @property
    def dead_letter_subscription(self) -> str:
        """The subscription that keeps those messages until somebody looks."""
        return f"{self.base}-dicom-dead-watch"

    @property
    def fhir_topic(self) -> str:
        """The topic that says which FHIR resources were changed."""
        return f"{self.base}-fhir"

    @property
    def fhir_subscription(self) -> str:
        """The subscription that keeps those messages for who follows them."""
        return f"{self.base}-fhir-watch"

    @property
    def hl7v2_topic(self) -> str:
        """The topic that says which HL7v2 messages arrived."""
        return f"{self.base}-hl7v2"

    @property
    def hl7v2_subscription(self) -> str:
        """The subscription that keeps those messages for who follows them."""
        return f"{self.base}-hl7v2-watch"

    def fhir_bigquery_dataset(self, store: str) -> str:
        """The BigQuery dataset of one FHIR store, whose tables are named after types."""
        return f"{self.bigquery_dataset}_{store.replace('-', '_')}"

    @property
    def research_dataset(self) -> str:
        """The healthcare dataset of de-identified data."""
        return f"{self.base}-research"

    @property
    def research_bucket(self) -> str:
        """The bucket for exports of de-identified data."""
        return f"{self.project}-{self.environment}-research"

    @property
    def research_bigquery_dataset(self) -> str:
        """The BigQuery dataset for tables of de-identified data."""
        return f"{self.bigquery_dataset}_research"

    @property
    def research_topic(self) -> str:
        """The topic that says which de-identified instances were stored."""
        return f"{self.base}-research"

    @property
    def research_subscription(self) -> str:
        """The subscription that keeps those messages for researchers."""
        return f"{self.base}-research-watch"

    @property
    def crosswalk_bucket(self) -> str:
        """The bucket for lists of old and new ids."""
        return f"{self.project}-{self.environment}-crosswalk"

    @property
    def researcher(self) -> str:
        """The service account that reads de-identified data; 30 characters leave no room for a longer name."""
        return f"{self.base}-study"

    @property
    def steward(self) -> str:
        """The service account that de-identifies; 30 characters leave no room for a longer name."""
        return f"{self.base}-keeper"

    @property
    def auditor(self) -> str:
        """The service account that sees logs and policies; 30 characters leave no room for a longer name."""
        return f"{self.base}-audit"

    @property
    def operator(self) -> str:
        """The service account that looks after the stack."""
        return f"{self.base}-ops"

    @property
    def looks(self) -> str:
        """The custom role that shows settings and policies; such an id has no hyphen."""
        return f"{self.bigquery_dataset}_looks"

    @property
    def operates(self) -> str:
        """The custom role that shows and cancels operations."""
        return f"{self.bigquery_dataset}_operates"

    @property
    def bigquery_dataset(self) -> str:
        """The BigQuery dataset; BigQuery allows no hyphen."""
        return self.base.replace("-", "_")

    @property
    def stream_table(self) -> str:
        """The table that the store `dicom` streams metadata to."""
        return "dicom_stream"

    def stream_table_of(self, store: str) -> str:
        """The table that a further DICOM store streams metadata to."""
        return f"{self.stream_table}_{store.replace('-', '_')}"

    @property
    def loader(self) -> str:
        """The service account that brings data in: 6 to 30 characters."""
        return f"{self.base}-loader"

    @property
    def reader(self) -> str:
        """The service account that reads what is there."""
        return f"{self.base}-reader"
