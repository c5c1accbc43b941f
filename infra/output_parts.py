"""The parts of a stack's outputs: endpoints, stores, the research side, the schedule; and how one is checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field


class OutputsError(ValueError):
    """Stack outputs that do not fit the contract; the message is one sentence for the user."""


@dataclass(frozen=True)
class Endpoints:
    """Where the services answer, when that is not Google Cloud: the root URL of each, without version.

    Every field is None on Google Cloud. `pubsub_grpc` is `host:port`, as PUBSUB_EMULATOR_HOST wants it; all others
    look like `http://127.0.0.1:9470`.
    """

    healthcare: str | None = None
    storage: str | None = None
    pubsub: str | None = None
    pubsub_grpc: str | None = None
    bigquery: str | None = None
    resource_manager: str | None = None
    service_usage: str | None = None
    iam: str | None = None
    kms: str | None = None
    logging: str | None = None

    def to_mapping(self) -> dict[str, str]:
        """The endpoints that are set, by name: empty on Google Cloud."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


class Contract:
    """What a dataclass has whose fields the program exports."""

    @classmethod
    def exports(cls, **values: object) -> dict[str, object]:
        """Check that `values` names every field once, and return them in the contract's order for `pulumi.export`.

        Values may be Pulumi outputs. A field left out or one too many is a programming error: TypeError.
        """
        names = [item.name for item in dataclasses.fields(cls)]  # type: ignore[arg-type]
        missing = [name for name in names if name not in values]
        unknown = sorted(set(values) - set(names))
        if missing or unknown:
            raise TypeError(
                f"the exports do not match infra.outputs.{cls.__name__}: missing {missing}, unknown {unknown}"
            )
        return {name: values[name] for name in names}


@dataclass(frozen=True)
class DicomStoreOutputs(Contract):
    """What the scripts need to know about one further DICOM store: full name, and the table of its metadata stream.

    `table` is `bq://project.dataset.table`; `streams` is whether the store writes to it.
    """

    name: str
    table: str
    streams: bool


@dataclass(frozen=True)
class FhirStoreOutputs(Contract):
    """What the scripts need to know about one FHIR store: full name, version (DSTU2, STU3, R4 or R5), BigQuery dataset.

    `bigquery_dataset` is a plain id; `streams` is whether the store writes its changes into it.
    """

    name: str
    version: str
    bigquery_dataset: str
    streams: bool


@dataclass(frozen=True)
class Hl7v2StoreOutputs(Contract):
    """What the scripts need to know about one HL7v2 store: full name, version of the parser (V1, V2 or V3)."""

    name: str
    parser_version: str


@dataclass(frozen=True)
class ConsentStoreOutputs(Contract):
    """What the scripts need to know about one consent store: full name, and attributes to define.

    `attributes` is a JSON object of Google's AttributeDefinitions by id, "{}" for none.
    """

    name: str
    attributes: str


@dataclass(frozen=True)
class ResearchOutputs(Contract):
    """What the scripts need to know about the research side: names in full, buckets and the BigQuery dataset as ids.

    `fhir_stores` are the de-identified twins of FHIR stores by id; `crosswalk_bucket` is None where there is none.
    """

    dataset_name: str
    dicom_store_name: str
    bucket: str
    bigquery_dataset: str
    topic: str
    subscription: str
    researcher_email: str
    steward_email: str
    fhir_stores: Mapping[str, str] = field(default_factory=dict)
    crosswalk_bucket: str | None = None


@dataclass(frozen=True)
class ScheduleOutputs(Contract):
    """What runs by a schedule, and as whom."""

    kind: str
    """cloud-run or composer."""
    name: str
    """The Cloud Run job, or the environment of Managed Airflow."""
    account_email: str
    """The service account that starts the job, or that the environment runs as."""
    dags: str
    """Where Airflow reads its DAGs, as gs://BUCKET/dags; "none" for a job."""
