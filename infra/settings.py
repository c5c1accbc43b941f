"""The stack's configuration, checked and read into one frozen object; its keys are listed in `infra.keys`.

Nothing else reads Pulumi's configuration. All problems are reported at once, each in one sentence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG

from infra import people
from infra.config_file import config_file
from infra.consent_options import CONSENT_STORES, ConsentStoreSettings
from infra.dicom_options import DICOM_STORES, DicomStoreSettings
from infra.fhir_options import FHIR_STORES, FhirStoreSettings
from infra.hl7v2_options import HL7V2_STORES, Hl7v2StoreSettings
from infra.key_values import value_of
from infra.keys import KEYS
from infra.labels import common_labels
from infra.locations import key_location
from infra.names import Existing, Names
from infra.outputs import Endpoints
from infra.people import Person

NAMESPACE = "healthcare-cloud-poc"
PLACEHOLDER = "your-project-id"
TOKEN_VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - the variable's name, not a token


class SettingsError(ValueError):
    """Wrong configuration; `problems` has one sentence for each thing to put right."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class CustomEndpoint:
    """A `gcp:*CustomEndpoint` key that a stack on the emulator sets, and what its value ends with."""

    key: str
    path: str
    service: str | None
    """The field of `Endpoints` that follows from it; None where no script needs one."""


CUSTOM_ENDPOINTS = (
    CustomEndpoint("storageCustomEndpoint", "storage/v1/", "storage"),
    CustomEndpoint("healthcareCustomEndpoint", "v1beta1/", "healthcare"),
    CustomEndpoint("pubsubCustomEndpoint", "v1/", "pubsub"),
    CustomEndpoint("bigQueryCustomEndpoint", "bigquery/v2/", "bigquery"),
    CustomEndpoint("resourceManagerCustomEndpoint", "v1/", "resource_manager"),
    CustomEndpoint("cloudBillingCustomEndpoint", "v1/", None),
    CustomEndpoint("serviceUsageCustomEndpoint", "v1beta1/", "service_usage"),
    CustomEndpoint("iamBetaCustomEndpoint", "v1/", "iam"),
    CustomEndpoint("kmsCustomEndpoint", "v1/", "kms"),
    CustomEndpoint("loggingCustomEndpoint", "v2/", "logging"),
)


SCHEDULE_ENDPOINTS = (
    CustomEndpoint("cloudRunV2CustomEndpoint", "v2/", None),
    CustomEndpoint("cloudSchedulerCustomEndpoint", "v1/", None),
    CustomEndpoint("composerCustomEndpoint", "v1/", None),
)
"""Those that only a stack with a schedule needs."""

ALERT_ENDPOINTS = (CustomEndpoint("monitoringCustomEndpoint", "", None),)
"""Those that only a stack with alerts needs."""


@dataclass(frozen=True)
class ScheduleSettings:
    """What runs by a schedule, and when: see the keys of the same names."""

    kind: str
    cron: str
    time_zone: str
    image: str
    command: tuple[str, ...]
    airflow_version: str


@dataclass(frozen=True)
class Settings:
    """One stack's configuration, checked."""

    stack: str
    project: str
    environment: str
    location: str
    deletion_protection: bool
    labels: Mapping[str, str]
    soft_delete_days: int
    old_version_days: int
    landing_days: int
    export_days: int
    notify_on_bulk_import: bool
    stream_to_bigquery: bool
    message_retention_days: int
    max_delivery_attempts: int
    encryption_key: str | None
    key_ring: str | None
    key_rotation_days: int
    key_destroy_days: int
    service_perimeter: str | None
    private_access: bool
    audit_logs: bool
    audit_days: int
    audit_locked: bool
    dataflow: bool
    research: bool
    crosswalk: bool
    researchers: tuple[Person, ...]
    stewards: tuple[Person, ...]
    schedule: ScheduleSettings | None
    loaders: tuple[Person, ...]
    readers: tuple[Person, ...]
    reader_prefix: str
    auditors: tuple[Person, ...]
    operators: tuple[Person, ...]
    alert_channels: tuple[str, ...]
    denied_alert: int
    existing: Existing
    dicom_stores: tuple[DicomStoreSettings, ...]
    fhir_stores: tuple[FhirStoreSettings, ...]
    hl7v2_stores: tuple[Hl7v2StoreSettings, ...]
    consent_stores: tuple[ConsentStoreSettings, ...]
    endpoints: Endpoints

    @property
    def names(self) -> Names:
        """What the resources are called."""
        return Names(self.project, self.environment, self.existing)

    @property
    def keys(self) -> Mapping[str, str]:
        """The key of each kind of data by its full name; empty where all is encrypted with Google's own keys."""
        if not (self.encryption_key or self.key_ring):
            return {}
        ring = f"projects/{self.project}/locations/{key_location(self.location)}/keyRings/{self.key_ring}"
        return {kind: self.encryption_key or f"{ring}/cryptoKeys/{kind}" for kind in self._kinds_of_data}

    @property
    def _kinds_of_data(self) -> tuple[str, ...]:
        asked = {"logs": self.audit_logs, "dataflow": self.dataflow}
        return ("bigquery", "healthcare", "objects", "pubsub", *(kind for kind, wanted in asked.items() if wanted))

    @property
    def notifies_of_fhir(self) -> bool:
        """Whether a FHIR store tells Pub/Sub of its changes."""
        return any(store.notify for store in self.fhir_stores)

    @property
    def notifies_of_hl7v2(self) -> bool:
        """Whether an HL7v2 store tells Pub/Sub of its messages."""
        return any(store.notify for store in self.hl7v2_stores)

    @property
    def people(self) -> dict[str, dict[str, str]]:
        """Who may act as which account, and until when: members with a day, or an empty text, by the account."""
        named = {
            "loader": self.loaders,
            "reader": self.readers,
            "researcher": self.researchers,
            "steward": self.stewards,
            "auditor": self.auditors,
            "operator": self.operators,
        }
        return {who: {each.member: each.until or "" for each in people} for who, people in named.items() if people}

    @property
    def common_labels(self) -> dict[str, str]:
        """The labels of every resource."""
        return common_labels(NAMESPACE, self.environment, self.labels)


def load() -> Settings:
    """The settings of the stack that Pulumi is running. Raises SettingsError."""
    # pulumi.Config reads single keys only; the whole is needed to find a misspelt one.
    stack = pulumi.get_stack()
    return parse(CONFIG.get(), stack, os.environ, config_file(stack, os.environ))


def parse(values: Mapping[str, str], stack: str, environ: Mapping[str, str], file: str | None = None) -> Settings:
    """The settings from raw configuration: full keys such as `gcp:project`, values as Pulumi hands them to a program.

    Args:
        values: the configuration.
        stack: the stack's name.
        environ: the variables of the process.
        file: where the values are from, for messages; default the stack's own file.

    Raises SettingsError with every problem found.
    """
    own = f"Pulumi.{stack}.yaml"
    file = file or own
    # What makes `pulumi config set` change that file.
    target = f"--stack {stack}" if file == own else f"--stack {stack} --config-file {file}"
    problems: list[str] = []
    read = {key.name: value_of(key, f"{NAMESPACE}:{key.name}", values, target, problems) for key in KEYS}
    unknown = set(values) - {f"{NAMESPACE}:{key.name}" for key in KEYS}
    problems.extend(
        f"{name} is not a key of this project: docs/how-to/configure.md lists them."
        for name in sorted(unknown)
        if name.startswith(f"{NAMESPACE}:")
    )
    project = _project(values.get("gcp:project", ""), target, problems)
    environment = read["environment"] or stack
    if not read["environment"] and (wrong := KEYS[0].check(stack)):
        problems.append(
            f"{NAMESPACE}:environment is not set and the stack's name {stack!r} cannot stand in: it {wrong}."
        )
    _check_keys(read, problems)
    dicom_stores = DICOM_STORES.read(read["dicomStores"], f"{NAMESPACE}:dicomStores", problems)
    fhir_stores = FHIR_STORES.read(read["fhirStores"], f"{NAMESPACE}:fhirStores", problems)
    hl7v2_stores = HL7V2_STORES.read(read["hl7v2Stores"], f"{NAMESPACE}:hl7v2Stores", problems)
    consent_stores = CONSENT_STORES.read(read["consentStores"], f"{NAMESPACE}:consentStores", problems)
    if not read["research"]:
        problems.extend(
            f"{NAMESPACE}:{key} has no effect without {NAMESPACE}:research: set that to true, or leave it out."
            for key in ("crosswalk", "researchers", "stewards")
            if read[key]
        )
    if not read["auditLogs"]:
        problems.extend(
            f"{NAMESPACE}:{key} has no effect without {NAMESPACE}:auditLogs: set that to true, or leave it out."
            for key in ("alertChannels", "auditLocked")
            if read[key]
        )
    _check_schedule(read, problems)
    more = (
        *(SCHEDULE_ENDPOINTS if read["schedule"] else ()),
        *(ALERT_ENDPOINTS if read["alertChannels"] else ()),
    )
    endpoints = _endpoints(values, read["pubsubGrpcEndpoint"], environ, problems, more)
    if problems:
        raise SettingsError([f"{file}: {problem}" for problem in problems])
    return Settings(
        stack=stack,
        project=project,
        environment=environment,
        location=read["location"],
        deletion_protection=read["deletionProtection"],
        labels=read["labels"],
        soft_delete_days=read["softDeleteDays"],
        old_version_days=read["oldVersionDays"],
        landing_days=read["landingDays"],
        export_days=read["exportDays"],
        notify_on_bulk_import=read["notifyOnBulkImport"],
        stream_to_bigquery=read["streamToBigQuery"],
        message_retention_days=read["messageRetentionDays"],
        max_delivery_attempts=read["maxDeliveryAttempts"],
        encryption_key=read["encryptionKey"] or None,
        key_ring=read["keyRing"] or None,
        key_rotation_days=read["keyRotationDays"],
        key_destroy_days=read["keyDestroyDays"],
        service_perimeter=read["servicePerimeter"] or None,
        private_access=read["privateAccess"],
        audit_logs=read["auditLogs"],
        audit_days=read["auditDays"],
        audit_locked=read["auditLocked"],
        dataflow=read["dataflow"],
        research=read["research"],
        crosswalk=read["crosswalk"],
        researchers=people.read(read["researchers"]),
        stewards=people.read(read["stewards"]),
        schedule=_schedule(read),
        loaders=people.read(read["loaders"]),
        readers=people.read(read["readers"]),
        reader_prefix=read["readerPrefix"],
        auditors=people.read(read["auditors"]),
        operators=people.read(read["operators"]),
        alert_channels=tuple(read["alertChannels"]),
        denied_alert=read["deniedAlert"],
        existing=Existing(
            dataset=read["useDataset"] or None,
            landing_bucket=read["useLandingBucket"] or None,
            export_bucket=read["useExportBucket"] or None,
        ),
        dicom_stores=dicom_stores,
        fhir_stores=fhir_stores,
        hl7v2_stores=hl7v2_stores,
        consent_stores=consent_stores,
        endpoints=endpoints,
    )


def _project(project: str, target: str, problems: list[str]) -> str:
    """The project's id (6 to 30 characters: Resource Manager's rule)."""
    if project in ("", PLACEHOLDER):
        problems.append(
            f"gcp:project is not set yet: put your Google Cloud project's id there"
            f" with `pulumi config set gcp:project PROJECT-ID {target}`."
        )
    elif not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", project):
        problems.append(
            "gcp:project must be a project's id (6 to 30 of a-z, 0-9 and -, first a letter), not its name or number:"
            f" {project!r}."
        )
    return project


def _check_keys(read: Mapping[str, Any], problems: list[str]) -> None:
    """A stack uses one key that exists, or makes its own; a key must be where the data is (Cloud Healthcare: CMEK)."""
    key, location = read["encryptionKey"], read["location"]
    wanted = key_location(location)
    if key and key.split("/")[3] != wanted:
        problems.append(
            f"{NAMESPACE}:encryptionKey must be in {wanted}, because {NAMESPACE}:location is {location}, not {key!r}."
        )
    if key and read["keyRing"]:
        problems.append(
            f"{NAMESPACE}:encryptionKey and {NAMESPACE}:keyRing exclude each other: name a key that exists, or the ring"
            " that the stack makes its own keys in."
        )


def _check_schedule(read: Mapping[str, Any], problems: list[str]) -> None:
    """What runs by a schedule lies in a region, and a job needs an image; without one, its keys have no effect."""
    if not read["schedule"] and read["scheduleImage"]:
        problems.append(
            f"{NAMESPACE}:scheduleImage has no effect without {NAMESPACE}:schedule: set that to cloud-run, or leave it"
            " out."
        )
    if read["schedule"] == "cloud-run" and not read["scheduleImage"]:
        problems.append(
            f"{NAMESPACE}:scheduleImage is missing: {NAMESPACE}:schedule is cloud-run, which runs that container image."
        )
    if read["schedule"] and read["location"] in ("us", "eu"):
        problems.append(
            f"{NAMESPACE}:schedule needs a region, and {NAMESPACE}:location is {read['location']}: leave schedule out,"
            " or use a region."
        )


def _schedule(read: Mapping[str, Any]) -> ScheduleSettings | None:
    """What the keys say of the schedule; None where there is none."""
    if not read["schedule"]:
        return None
    return ScheduleSettings(
        kind=read["schedule"],
        cron=read["scheduleCron"],
        time_zone=read["scheduleTimeZone"],
        image=read["scheduleImage"],
        command=tuple(read["scheduleCommand"]),
        airflow_version=read["airflowVersion"],
    )


def _endpoints(
    values: Mapping[str, str],
    grpc: str,
    environ: Mapping[str, str],
    problems: list[str],
    more: tuple[CustomEndpoint, ...],
) -> Endpoints:
    """The services' roots from the provider's custom endpoints: all of them or none, so that no call goes astray."""
    given = {item: values[f"gcp:{item.key}"] for item in CUSTOM_ENDPOINTS if values.get(f"gcp:{item.key}")}
    if not given:
        if grpc:
            problems.append(
                f"{NAMESPACE}:pubsubGrpcEndpoint is set, but no gcp:*CustomEndpoint: set all of them or none."
            )
        return Endpoints()
    roots: dict[str, str] = {}
    for item in (*CUSTOM_ENDPOINTS, *more):
        url = values.get(f"gcp:{item.key}")
        if url is None:
            problems.append(
                f"gcp:{item.key} is missing beside the other gcp:*CustomEndpoint keys: set all of them or none."
            )
        elif not re.fullmatch(rf"https?://[^/]+/{re.escape(item.path)}", url):
            problems.append(f"gcp:{item.key} must look like http://127.0.0.1:9470/{item.path}, not {url!r}.")
        elif item.service:
            roots[item.service] = url.removesuffix("/" + item.path)
    if not grpc:
        problems.append(
            f"{NAMESPACE}:pubsubGrpcEndpoint is missing beside the gcp:*CustomEndpoint keys: set it to host:port."
        )
    if not (environ.get(TOKEN_VARIABLE) or values.get("gcp:accessToken") or values.get("gcp:credentials")):
        problems.append(
            f"the emulator wants an access token and {TOKEN_VARIABLE} is not set:"
            ' start it, then run `eval "$(python -m emulator env)"`.'
        )
    return Endpoints(**roots, pubsub_grpc=grpc)
