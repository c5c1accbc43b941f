"""The contract between the program and the scripts: what a stack exports, as one typed object.

The program exports `Outputs.exports(...)`; the scripts read the same fields back with `Outputs.from_json`.
Nothing here imports Pulumi, so that the scripts start quickly.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

HEALTHCARE_ENDPOINT = "https://healthcare.googleapis.com"


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


class _Contract:
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
class DicomStoreOutputs(_Contract):
    """What the scripts need to know about one further DICOM store: full name, and the table of its metadata stream.

    `table` is `bq://project.dataset.table`; `streams` is whether the store writes to it.
    """

    name: str
    table: str
    streams: bool


@dataclass(frozen=True)
class FhirStoreOutputs(_Contract):
    """What the scripts need to know about one FHIR store: full name, version (STU3, R4 or R5), BigQuery dataset.

    `bigquery_dataset` is a plain id; `streams` is whether the store writes its changes into it.
    """

    name: str
    version: str
    bigquery_dataset: str
    streams: bool


@dataclass(frozen=True)
class Hl7v2StoreOutputs(_Contract):
    """What the scripts need to know about one HL7v2 store: full name, version of the parser (V1, V2 or V3)."""

    name: str
    parser_version: str


@dataclass(frozen=True)
class ConsentStoreOutputs(_Contract):
    """What the scripts need to know about one consent store: full name, and attributes to define.

    `attributes` is a JSON object of Google's AttributeDefinitions by id, "{}" for none.
    """

    name: str
    attributes: str


@dataclass(frozen=True)
class ResearchOutputs(_Contract):
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
class ScheduleOutputs(_Contract):
    """What runs by a schedule, and as whom."""

    kind: str
    """cloud-run or composer."""
    name: str
    """The Cloud Run job, or the environment of Managed Airflow."""
    account_email: str
    """The service account that starts the job, or that the environment runs as."""
    dags: str
    """Where Airflow reads its DAGs, as gs://BUCKET/dags; "none" for a job."""


@dataclass(frozen=True)
class Outputs(_Contract):
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
    audit_bucket: str | None = None
    """The bucket that audit log entries are kept in; None where they are not kept."""
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
            raise OutputsError(f"{_upper(source)} are empty: run `pulumi up` on this stack first.")
        fields = {item.name: item for item in dataclasses.fields(cls)}
        for name in sorted(set(values) - set(fields)):
            raise OutputsError(
                f"{_upper(source)} have a field {name!r} that this version does not know:"
                " run `pulumi up` with the same version of the project as the scripts."
            )
        read = {name: _read(name, item, values, source) for name, item in fields.items()}
        return cls(**read)

    @classmethod
    def from_json(cls, text: str, source: str = "the stack's outputs") -> Self:
        """Read the outputs from the JSON object that `pulumi stack output --json` prints. Raises OutputsError."""
        try:
            values = json.loads(text)
        except ValueError as error:
            raise OutputsError(f"{_upper(source)} are not JSON: {error}.") from None
        if not isinstance(values, dict):
            raise OutputsError(f"{_upper(source)} must be one JSON object, as `pulumi stack output --json` prints it.")
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
        values |= {name: dict(values[name]) for name in _TEXTS_BY_NAME}
        for stores in _STORES:
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


def _upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _read(name: str, item: dataclasses.Field[Any], values: Mapping[str, Any], source: str) -> Any:
    """One field of the outputs from plain values, checked against the type it declares."""
    value = values.get(name)
    if name == "endpoints":
        return _endpoints(value or {}, source)
    if name in _STORES:
        return _stores(name, value or {}, source)
    if value is None:
        if item.default is None:
            return None
        if item.default_factory is dict:
            return {}
        raise OutputsError(
            f"{_upper(source)} lack the field {name!r}: run `pulumi up` on this stack to bring it up to date."
        )
    if name in _OBJECTS:
        return _OBJECTS[name](value, source)
    if name in _TEXTS_BY_NAME:
        if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
            return value
        raise OutputsError(f"The field {name!r} of {source} must be an object of strings.")
    if name == "deletion_protection":
        if isinstance(value, bool):
            return value
        raise OutputsError(f"The field {name!r} of {source} must be true or false, not {value!r}.")
    if isinstance(value, str) and value:
        return value
    raise OutputsError(f"The field {name!r} of {source} must be a text that is not empty, not {value!r}.")


def _endpoints(value: object, source: str) -> Endpoints:
    """The endpoints of `source`, each a text."""
    if not isinstance(value, dict) or not all(isinstance(url, str) and url for url in value.values()):
        raise OutputsError(f"The field 'endpoints' of {source} must be an object of texts that are not empty.")
    known = {item.name for item in dataclasses.fields(Endpoints)}
    for name in sorted(set(value) - known):
        raise OutputsError(
            f"The field 'endpoints' of {source} names a service {name!r} that this version does not know."
        )
    return Endpoints(**value)


def _research(value: object, source: str) -> ResearchOutputs:
    """The research side in `source`."""
    known = {item.name for item in dataclasses.fields(ResearchOutputs)}
    optional = {"crosswalk_bucket", "fhir_stores"}
    if isinstance(value, dict) and known - optional <= set(value) <= known:
        texts = [value[name] for name in known - optional] + list((value.get("fhir_stores") or {}).values())
        if all(isinstance(text, str) and text for text in texts):
            return ResearchOutputs(**value)
    raise OutputsError(
        f"The field 'research' of {source} must be an object of texts, {', '.join(sorted(known))}:"
        " run `pulumi up` with the same version of the project as the scripts."
    )


_TEXTS_BY_NAME = ("labels", "kms_keys")
"""The fields of Outputs that are maps of texts."""


def _schedule(value: object, source: str) -> ScheduleOutputs:
    """What runs by a schedule, in `source`."""
    known = {item.name for item in dataclasses.fields(ScheduleOutputs)}
    if isinstance(value, dict) and set(value) == known and all(isinstance(text, str) for text in value.values()):
        return ScheduleOutputs(**value)
    raise OutputsError(
        f"The field 'schedule' of {source} must be an object of texts, {', '.join(sorted(known))}:"
        " run `pulumi up` with the same version of the project as the scripts."
    )


_OBJECTS: Mapping[str, Callable[[object, str], Any]] = {"research": _research, "schedule": _schedule}
"""How the fields of Outputs are read that hold one object, where they hold any."""

_STORES: Mapping[str, type[Any]] = {
    "dicom_stores": DicomStoreOutputs,
    "fhir_stores": FhirStoreOutputs,
    "hl7v2_stores": Hl7v2StoreOutputs,
    "consent_stores": ConsentStoreOutputs,
}
"""The fields of Outputs that hold stores by id, and what describes a store in each."""


def _stores(name: str, value: object, source: str) -> dict[str, Any]:
    """The stores of one kind in `source` by id."""
    contract = _STORES[name]
    if isinstance(value, dict) and all(_describes(store, contract) for store in value.values()):
        return {store: contract(**fields) for store, fields in value.items()}
    wanted = ", ".join(sorted(item.name for item in dataclasses.fields(contract)))
    raise OutputsError(
        f"The field {name!r} of {source} must be an object of stores, each with {wanted}:"
        " run `pulumi up` with the same version of the project as the scripts."
    )


def _describes(value: object, contract: type[Any]) -> bool:
    """Whether a plain value has the fields of a store, each of its type."""
    if not isinstance(value, dict) or set(value) != {item.name for item in dataclasses.fields(contract)}:
        return False
    return all(
        isinstance(value[item.name], bool)
        if item.type == "bool"
        else isinstance(value[item.name], str) and value[item.name]
        for item in dataclasses.fields(contract)
    )
