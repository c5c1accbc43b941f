"""The contract between the program and the scripts: what a stack exports, as one typed object.

The program exports `Outputs.exports(...)`; the scripts read the same fields back with `Outputs.from_json`.
Nothing here imports Pulumi, so that the scripts start quickly.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from infra.output_parts import (
    ConsentStoreOutputs,
    Contract,
    DicomStoreOutputs,
    Endpoints,
    FhirStoreOutputs,
    Hl7v2StoreOutputs,
    OutputsError,
    ResearchOutputs,
    ScheduleOutputs,
)
from infra.output_reading import STORES, TEXTS_BY_NAME, read, upper

__all__ = [
    "HEALTHCARE_ENDPOINT",
    "ConsentStoreOutputs",
    "DicomStoreOutputs",
    "Endpoints",
    "FhirStoreOutputs",
    "Hl7v2StoreOutputs",
    "Outputs",
    "OutputsError",
    "ResearchOutputs",
    "ScheduleOutputs",
]

HEALTHCARE_ENDPOINT = "https://healthcare.googleapis.com"


@dataclass(frozen=True)
class Outputs(Contract):
    """Everything the scripts need to know about one deployed stack.

    Names are Google's full resource names (`projects/P/...`) where the field ends in `_name`, in `topic` or in
    `subscription`; buckets and the BigQuery dataset are their plain ids.
    """

    stack: str
    """The stack's name."""
    environment: str
    """The environment's name, part of the names of its resources."""
    project: str
    """The project's id."""
    project_number: str
    """The project's number, part of the agents' addresses."""
    location: str
    """Where all data lives: a region, or us or eu."""
    labels: Mapping[str, str]
    """The labels of every resource."""
    deletion_protection: bool
    """Whether Pulumi refuses to delete or replace what holds data."""
    dataset_name: str
    """The healthcare dataset."""
    dicom_store_name: str
    """The DICOM store that every stack has."""
    dicomweb_url: str
    """Where its DICOMweb service answers."""
    landing_bucket: str
    """The bucket that files are loaded into."""
    export_bucket: str
    """The bucket that exports go to."""
    dicom_topic: str
    """The topic that is told of instances in DICOM stores."""
    dicom_subscription: str
    """The subscription that keeps those messages."""
    dead_letter_topic: str
    """The topic for messages of all kinds of stores that nobody could handle."""
    dead_letter_subscription: str
    """The subscription that keeps those."""
    bigquery_dataset: str
    """The BigQuery dataset for metadata of DICOM stores."""
    bigquery_location: str
    """Where that is, as BigQuery spells it."""
    loader_email: str
    """The service account that loads, imports and exports."""
    reader_email: str
    """The service account that searches, retrieves and queries."""
    healthcare_agent_email: str
    """The Healthcare API's own agent in the project."""
    dicom_stream_table: str | None = None
    """The table that the store streams metadata to, as `bq://project.dataset.table`; None when it does not stream."""
    kms_keys: Mapping[str, str] = field(default_factory=dict)
    """The keys that data is encrypted with, in full, by kind of data: bigquery, healthcare, objects, pubsub, logs where
    audit log entries are kept, dataflow where the stack is made for Dataflow. Empty means Google's own keys."""
    delivery_attempts: int | None = None
    """How often a message is delivered, and not acknowledged, before it becomes a dead letter."""
    audit_bucket: str | None = None
    """The bucket that audit log entries are kept in; None where they are not kept."""
    audit_tables: str | None = None
    """The BigQuery dataset that they are queried in."""
    reader_prefix: str | None = None
    """What the names of the objects begin with that the reader sees of the export bucket; None for all."""
    auditor_email: str | None = None
    """The service account that sees logs and policies; None where nobody may act as it."""
    operator_email: str | None = None
    """The service account that looks after the stack; None where nobody may act as it."""
    access: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Who may do what: the roles of each account on each resource, with the title of a condition in brackets; those of
    `alerts` are Cloud Monitoring's agent's."""
    people: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Who may act as each of the service accounts, by its short name: members of policies, each with the day at whose
    beginning its right ends, as YYYY-MM-DD, or an empty text."""
    temp_bucket: str | None = None
    """The bucket for Dataflow's temporary files; None where the stack is not made for Dataflow."""
    dicom_stores: Mapping[str, DicomStoreOutputs] = field(default_factory=dict)
    """The DICOM stores beside `dicom_store_name`, by id."""
    fhir_topic: str | None = None
    """The topic that is told of changes in FHIR stores; None where none of them tells."""
    fhir_subscription: str | None = None
    """The subscription that keeps those messages."""
    fhir_stores: Mapping[str, FhirStoreOutputs] = field(default_factory=dict)
    """The FHIR stores by id."""
    hl7v2_topic: str | None = None
    """The topic that is told of messages in HL7v2 stores; None where none of them tells."""
    hl7v2_subscription: str | None = None
    """The subscription that keeps what it is told."""
    hl7v2_stores: Mapping[str, Hl7v2StoreOutputs] = field(default_factory=dict)
    """The HL7v2 stores by id."""
    consent_stores: Mapping[str, ConsentStoreOutputs] = field(default_factory=dict)
    """The consent stores by id."""
    research: ResearchOutputs | None = None
    """The research side; None where the stack has none."""
    schedule: ScheduleOutputs | None = None
    """What runs by a schedule; None where nothing does."""
    endpoints: Endpoints = field(default_factory=Endpoints)
    """Where the services answer when that is not Google Cloud."""

    @property
    def dataset_id(self) -> str:
        """The last part of the healthcare dataset's name."""
        return self.dataset_name.rsplit("/", 1)[-1]

    @property
    def dicom_store_id(self) -> str:
        """The last part of the DICOM store's name."""
        return self.dicom_store_name.rsplit("/", 1)[-1]

    def of_dicom_store(self, store: str) -> Self:
        """The outputs as they were if the stack's DICOM store were the one of that id. Raises KeyError."""
        if store == self.dicom_store_id:
            return self
        chosen = self.dicom_stores[store]
        return dataclasses.replace(
            self,
            dicom_store_name=chosen.name,
            dicomweb_url=f"{self.healthcare_endpoint}/v1/{chosen.name}/dicomWeb",
            dicom_stream_table=chosen.table if chosen.streams else None,
        )

    @property
    def healthcare_endpoint(self) -> str:
        """The root URL of the Cloud Healthcare API for this stack."""
        return self.endpoints.healthcare or HEALTHCARE_ENDPOINT

    @property
    def emulated(self) -> bool:
        """Whether this stack lives on the emulator and not on Google Cloud."""
        return self.endpoints.healthcare is not None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str = "the stack's outputs") -> Self:
        """Read the outputs from plain values, as `pulumi stack output --json` prints them.

        `source` says in errors where the values came from. Raises OutputsError.
        """
        if not values:
            raise OutputsError(f"{upper(source)} are empty: run `pulumi up` on this stack first.")
        fields = {item.name: item for item in dataclasses.fields(cls)}
        for name in sorted(set(values) - set(fields)):
            raise OutputsError(
                f"{upper(source)} have a field {name!r} that this version does not know:"
                " run `pulumi up` with the same version of the project as the scripts."
            )
        return cls(**{name: read(name, item, values, source) for name, item in fields.items()})

    @classmethod
    def from_json(cls, text: str, source: str = "the stack's outputs") -> Self:
        """Read the outputs from the JSON object that `pulumi stack output --json` prints. Raises OutputsError."""
        try:
            values = json.loads(text)
        except ValueError as error:
            raise OutputsError(f"{upper(source)} are not JSON: {error}.") from None
        if not isinstance(values, dict):
            raise OutputsError(f"{upper(source)} must be one JSON object, as `pulumi stack output --json` prints it.")
        return cls.from_mapping(values, source)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the outputs from a file of `pulumi stack output --json`. Raises OutputsError."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise OutputsError(f"Cannot read the outputs file {path}: {reason}.") from None
        return cls.from_json(text, f"the outputs in {path}")

    def to_mapping(self) -> dict[str, Any]:
        """The outputs as plain values; `from_mapping` gives back an equal object. Fields that are None are left out."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        values |= {name: dict(values[name]) for name in TEXTS_BY_NAME}
        values["access"] = {who: dict(roles) for who, roles in self.access.items()}
        values["people"] = {who: dict(people) for who, people in self.people.items()}
        for stores in STORES:
            values[stores] = {name: dataclasses.asdict(store) for name, store in getattr(self, stores).items()}
        values["endpoints"] = self.endpoints.to_mapping()
        if self.research is not None:
            values["research"] = dataclasses.asdict(self.research)
        if self.schedule is not None:
            values["schedule"] = dataclasses.asdict(self.schedule)
        return {name: value for name, value in values.items() if value is not None}

    def to_json(self) -> str:
        """The outputs as an indented JSON object, ready for a file that `from_file` reads."""
        return json.dumps(self.to_mapping(), indent=2) + "\n"
