"""Every configuration key of the project: type, default, meaning and check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra import locations, people
from infra.labels import COMMON_LABELS

Check = Callable[[Any], str | None]
"""S what a value must be ("must be ..."), or None for a good one."""


def _matches(pattern: str, wanted: str) -> Check:
    return lambda value: None if re.fullmatch(pattern, value) else f"must be {wanted}"


def _between(low: int, high: int, *, or_zero: bool = False) -> Check:
    wanted = f"must be {'0 or ' if or_zero else ''}a whole number from {low} to {high}"
    return lambda value: None if low <= value <= high or (or_zero and value == 0) else wanted


def _channels(value: list[str]) -> str | None:
    forms = r"email:[^@\s:]+@[^@\s:]+|pubsub:projects/[^/\s]+/topics/[^/\s]+"
    if len(set(value)) == len(value) and all(re.fullmatch(forms, each) for each in value):
        return None
    return "must list email:NAME@DOMAIN or pubsub:projects/P/topics/T, each once"


def _labels(value: dict[str, str]) -> str | None:
    reserved = sorted(set(value) & set(COMMON_LABELS))
    if reserved:
        return f"must not set {', '.join(reserved)}: the program sets it"
    if len(value) > 32:
        return "must have at most 32 labels"
    good = all(
        re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", name) and re.fullmatch(r"[a-z0-9_-]{0,63}", text)
        for name, text in value.items()
    )
    return None if good else "must map names (a-z, 0-9, _ and -, first a letter, at most 63) to such values"


@dataclass(frozen=True)
class Key:
    """One configuration key of the project."""

    name: str
    kind: str
    """Pulumi's name of the type: string, boolean, integer, array (of strings), object (of strings), or objects (of
    such)."""
    default: Any
    meaning: str
    check: Check = lambda _: None


_BUCKET = r"|[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9]"
_BUCKET_FORM = "a bucket's name, without gs://"
KEY_FORM = "projects/P/locations/L/keyRings/R/cryptoKeys/K"

KEYS = (
    Key(
        "environment",
        "string",
        "",
        "Name of this environment within its project, part of every resource's name. Empty: the stack's name.",
        _matches(r"|[a-z]([a-z0-9-]{0,13}[a-z0-9])?", "at most 15 of a-z, 0-9 and -, first a letter, last no -"),
    ),
    Key(
        "location",
        "string",
        "us-central1",
        "Where all data lives: a region of the Cloud Healthcare API, or the multi-region us or eu."
        " Changing it replaces everything.",
        locations.check,
    ),
    Key(
        "deletionProtection",
        "boolean",
        default=True,
        meaning="true: Pulumi refuses to delete or replace what holds data. false: data may be lost,"
        " `pulumi destroy` deletes buckets, stores and tables with all they hold.",
    ),
    Key(
        "labels",
        "object",
        {},
        "Labels put on every resource that can have them, besides application, environment and managed-by.",
        _labels,
    ),
    Key(
        "softDeleteDays",
        "integer",
        7,
        "Days for which a deleted object of a bucket can be restored: 7 to 90, or 0 for none.",
        _between(7, 90, or_zero=True),
    ),
    Key(
        "oldVersionDays",
        "integer",
        30,
        "Days after which a replaced or deleted object's old version is removed from a bucket.",
        _between(1, 3650),
    ),
    Key(
        "landingDays",
        "integer",
        0,
        "Days after which a file is deleted from the landing bucket; 0 keeps it.",
        _between(1, 3650, or_zero=True),
    ),
    Key(
        "exportDays",
        "integer",
        0,
        "Days after which a file is deleted from the export bucket; 0 keeps it.",
        _between(1, 3650, or_zero=True),
    ),
    Key(
        "notifyOnBulkImport",
        "boolean",
        default=True,
        meaning="Whether the DICOM store also sends a Pub/Sub message for each instance of a bulk import.",
    ),
    Key(
        "streamToBigQuery",
        "boolean",
        default=False,
        meaning="Whether the DICOM store writes each instance's metadata to a BigQuery table as it is stored.",
    ),
    Key(
        "dicomStores",
        "objects",
        {},
        "DICOM stores beside the store `dicom`, by name, each a map of its settings. Empty: none.",
    ),
    Key(
        "fhirStores",
        "objects",
        {},
        "FHIR stores beside the DICOM store, by name, each a map of its settings. Empty: none.",
    ),
    Key(
        "hl7v2Stores",
        "objects",
        {},
        "HL7v2 stores beside the DICOM store, by name, each a map of its settings. Empty: none.",
    ),
    Key(
        "consentStores",
        "objects",
        {},
        "Consent stores beside the DICOM store, by name, each a map of its settings. Empty: none.",
    ),
    Key(
        "messageRetentionDays",
        "integer",
        7,
        "Days for which a notification waits for its reader.",
        _between(1, 31),
    ),
    Key(
        "maxDeliveryAttempts",
        "integer",
        10,
        "How often a notification is delivered without being acknowledged before it becomes a dead letter.",
        _between(5, 100),
    ),
    Key(
        "useDataset",
        "string",
        "",
        "A healthcare dataset of this project and location that is there already: stores are made in it, and it is"
        " neither made, changed nor deleted. Empty: the stack makes one.",
        _matches(r"|[a-zA-Z0-9_.-]{1,256}", "a dataset's id: 1 to 256 of a-z, A-Z, 0-9, _, - and ."),
    ),
    Key(
        "useLandingBucket",
        "string",
        "",
        "A bucket that is there already, to load into and import from: it gets grants, and is neither made, changed"
        " nor deleted. Empty: the stack makes one.",
        _matches(_BUCKET, _BUCKET_FORM),
    ),
    Key(
        "useExportBucket",
        "string",
        "",
        "Such a bucket to export to. Empty: the stack makes one.",
        _matches(_BUCKET, _BUCKET_FORM),
    ),
    Key(
        "encryptionKey",
        "string",
        "",
        "Full name of an existing Cloud KMS key that all data is encrypted with. Empty: Google's own keys."
        " Changing it replaces the dataset.",
        _matches(r"|projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+", KEY_FORM),
    ),
    Key(
        "keyRing",
        "string",
        "",
        "Name of a Cloud KMS key ring that the stack makes, with a key for each kind of data. Empty: it makes none."
        " Neither ring nor keys are ever deleted. Setting or changing it replaces the dataset.",
        _matches(r"|[a-zA-Z0-9_-]{1,63}", "1 to 63 of a-z, A-Z, 0-9, _ and -"),
    ),
    Key(
        "keyRotationDays",
        "integer",
        90,
        "Days after which a key of that ring gets a new version, which encrypts from then on.",
        _between(1, 365),
    ),
    Key(
        "keyDestroyDays",
        "integer",
        30,
        "Days for which a version that somebody destroys can be restored. A key keeps what it was made with.",
        _between(1, 120),
    ),
    Key(
        "servicePerimeter",
        "string",
        "",
        "A VPC Service Controls perimeter of the organization that the project has to be in: `preflight` looks whether"
        " it is. Empty: none.",
        _matches(r"|accessPolicies/[0-9]+/servicePerimeters/\w+", "accessPolicies/NUMBER/servicePerimeters/NAME"),
    ),
    Key(
        "privateAccess",
        "boolean",
        default=False,
        meaning="Whether Google's APIs are to be reached over restricted.googleapis.com only, from a network without a"
        " way to the internet: `preflight --before` looks whether this machine does.",
    ),
    Key(
        "auditLogs",
        "boolean",
        default=False,
        meaning="Whether every read and write of patients' data is logged, and the log kept in a bucket of its own.",
    ),
    Key(
        "auditDays",
        "integer",
        400,
        "Days for which that log is kept; with deletionProtection nobody can delete it earlier.",
        _between(1, 3650),
    ),
    Key(
        "auditLocked",
        "boolean",
        default=False,
        meaning="Whether that is locked for good, deletionProtection or not: auditDays can then only grow, and the"
        " bucket can't be deleted before its last entry may. Nothing undoes it. With auditLogs.",
    ),
    Key(
        "dataflow",
        "boolean",
        default=False,
        meaning="Whether chest X-rays can also be loaded by Dataflow: its API, a bucket for its temporary files, and"
        " the loader's rights to start jobs and to work in them.",
    ),
    Key(
        "research",
        "boolean",
        default=False,
        meaning="Whether there is a research side: a dataset with de-identified twins of the stores, a bucket, tables,"
        " a topic, and the accounts researcher and steward.",
    ),
    Key(
        "crosswalk",
        "boolean",
        default=False,
        meaning="Whether the research side has a bucket for lists of old and new ids, which stewards alone read.",
    ),
    Key(
        "schedule",
        "string",
        "",
        "What runs by a schedule: cloud-run, one command in a container that Cloud Scheduler starts, or composer, an"
        " environment of Managed Airflow with the nightly DAG. Empty: nothing.",
        _matches(r"|cloud-run|composer", "cloud-run or composer"),
    ),
    Key(
        "scheduleCron",
        "string",
        "0 2 * * *",
        "When it runs, as five fields of unix-cron.",
        _matches(r"([0-9A-Za-z*,/-]+ +){4}[0-9A-Za-z*,/-]+", 'five fields of unix-cron, such as "0 2 * * *"'),
    ),
    Key(
        "scheduleTimeZone",
        "string",
        "Etc/UTC",
        "The time zone of scheduleCron with cloud-run, such as Europe/Berlin; Airflow's is UTC.",
        _matches(r"[A-Za-z]+(/[A-Za-z0-9_+-]+){0,2}", "a name of the tz database, such as Europe/Berlin"),
    ),
    Key("scheduleImage", "string", "", "With cloud-run: the container image that has the commands."),
    Key(
        "scheduleCommand",
        "array",
        ["import"],
        "With cloud-run: the command and its options, as after `python -m scripts`.",
        lambda value: None if value else "must name a command",
    ),
    Key(
        "airflowVersion",
        "string",
        "composer-3-airflow-2.11.1-build.13",
        "With composer: the environment's image version.",
        _matches(r"composer-3-airflow-[0-9][0-9.]*(-build\.[0-9]+)?", "a version of Composer 3"),
    ),
    Key("researchers", "array", [], "Who may act as the researcher service account.", people.check),
    Key("stewards", "array", [], "Who may act as the steward service account, which de-identifies.", people.check),
    Key(
        "loaders",
        "array",
        [],
        "Who may act as the loader service account, such as group:radiology@example.org.",
        people.check,
    ),
    Key("readers", "array", [], "Who may act as the reader service account.", people.check),
    Key(
        "readerPrefix",
        "string",
        "",
        "What the names of those objects of the export bucket begin with that the reader may list and read, such as"
        " released/. Empty: all.",
        _matches(r"|[A-Za-z0-9][A-Za-z0-9_./-]{0,199}", "at most 200 of A-Z, a-z, 0-9, _, ., / and -"),
    ),
    Key(
        "auditors",
        "array",
        [],
        "Who may act as the auditor service account, which sees logs and policies, and no data. Empty: there is none.",
        people.check,
    ),
    Key(
        "operators",
        "array",
        [],
        "Who may act as the operator service account, which sees how the stack is, and cancels operations. Empty: there"
        " is none.",
        people.check,
    ),
    Key(
        "alertChannels",
        "array",
        [],
        "Whom alerts go to: email:NAME@DOMAIN, or pubsub:projects/P/topics/T for a topic that is there. With auditLogs."
        " Empty: no alerts.",
        _channels,
    ),
    Key(
        "deniedAlert",
        "integer",
        20,
        "How many refusals within five minutes are a burst that alerts tell of.",
        _between(1, 10_000),
    ),
    Key(
        "pubsubGrpcEndpoint",
        "string",
        "",
        "Only with an emulator: the host:port where Pub/Sub's clients find gRPC.",
        _matches(r"|[A-Za-z0-9.-]+:[0-9]{1,5}", "host:port"),
    ),
)
