"""Checks after `pulumi up`: each grant that somebody's work rests on, found by reading policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from infra.outputs import Outputs
from scripts.access import resources
from scripts.access.decisions import Access
from scripts.access.principals import Known
from scripts.access.resources import Resource
from scripts.checks import Check, Undecided
from scripts.connection import Connection
from scripts.errors import CommandError


@dataclass(frozen=True)
class Need:
    """A permission that an account uses on a resource, and the role by which the program grants it."""

    who: str
    account: str
    permission: str
    role: str
    resource: Resource


def checks(target: Connection) -> Iterator[Check]:
    """One check for each grant of the program that `status` doesn't look at already."""
    access = Access(target)
    for need in needs(target.outputs):
        name = f"{need.who} may use {need.permission} on {need.resource.plain}"
        yield Check(name, partial(_granted, access, need))


def needs(outputs: Outputs) -> Iterator[Need]:
    """What the agents and accounts of a stack use."""
    known = resources.of_stack(outputs)
    number, project = outputs.project_number, known["project"]

    def find(text: str) -> Resource:
        return resources.find(text, outputs)

    healthcare, pubsub = outputs.healthcare_agent_email, f"service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    loader, reader = outputs.loader_email, outputs.reader_email
    rows = [
        ("Pub/Sub's agent", pubsub, "pubsub.topics.publish", "pubsub.publisher", find(outputs.dead_letter_topic)),
        ("Pub/Sub's agent", pubsub, "pubsub.subscriptions.consume", "pubsub.subscriber", known["subscription"]),
        ("loader", loader, "storage.objects.create", "storage.objectCreator", known["landing"]),
        ("loader", loader, "storage.objects.get", "storage.objectViewer", known["landing"]),
        ("loader", loader, "storage.objects.get", "storage.objectViewer", known["export"]),
        ("loader", loader, "healthcare.operations.get", "healthcare.datasetViewer", known["dataset"]),
        ("loader", loader, "logging.logEntries.list", "logging.viewer", project),
        ("loader", loader, "serviceusage.services.use", "serviceusage.serviceUsageConsumer", project),
        ("loader", loader, "healthcare.dicomStores.import", "healthcare.dicomEditor", known["dicom"]),
        ("loader", loader, "bigquery.tables.create", "bigquery.dataEditor", known["tables"]),
        ("loader", loader, "bigquery.jobs.create", "bigquery.jobUser", project),
        ("reader", reader, "healthcare.operations.get", "healthcare.datasetViewer", known["dataset"]),
        ("reader", reader, "healthcare.dicomStores.dicomWebRead", "healthcare.dicomViewer", known["dicom"]),
        ("reader", reader, "storage.objects.get", "storage.objectViewer", known["export"]),
        ("reader", reader, "bigquery.tables.getData", "bigquery.dataViewer", known["tables"]),
        ("reader", reader, "bigquery.jobs.create", "bigquery.jobUser", project),
        ("reader", reader, "pubsub.subscriptions.consume", "pubsub.subscriber", known["subscription"]),
    ]
    by_kind = {
        "tables": (
            ("healthcare agent", healthcare, "bigquery.tables.updateData", "bigquery.dataEditor"),
            ("reader", reader, "bigquery.tables.getData", "bigquery.dataViewer"),
        ),
        "dicom": (
            ("loader", loader, "healthcare.dicomStores.import", "healthcare.dicomEditor"),
            ("reader", reader, "healthcare.dicomStores.dicomWebRead", "healthcare.dicomViewer"),
        ),
        "fhir": (
            ("loader", loader, "healthcare.fhirResources.update", "healthcare.fhirResourceEditor"),
            ("reader", reader, "healthcare.fhirResources.get", "healthcare.fhirResourceReader"),
        ),
        "hl7v2": (
            ("loader", loader, "healthcare.hl7V2Messages.ingest", "healthcare.hl7V2Ingest"),
            ("reader", reader, "healthcare.hl7V2Messages.get", "healthcare.hl7V2Consumer"),
        ),
    }
    for name, resource in known.items():
        kind, colon, _ = name.partition(":")
        rows += [(*row, resource) for row in by_kind.get(kind, ()) if colon]
    for who, account, permission, role, resource in rows:
        yield Need(who, account, permission, f"roles/{role}", resource)
    yield from _keys(outputs)


def _keys(outputs: Outputs) -> Iterator[Need]:
    """What the services' agents use of the stack's keys; a key of several kinds of data once for each agent."""
    number, domain = outputs.project_number, "iam.gserviceaccount.com"
    storage = ("Cloud Storage's agent", f"service-{number}@gs-project-accounts.{domain}")
    agents = {
        "bigquery": [("BigQuery's agent", f"bq-{number}@bigquery-encryption.{domain}")],
        "healthcare": [("healthcare agent", outputs.healthcare_agent_email)],
        "objects": [storage],
        "pubsub": [("Pub/Sub's agent", f"service-{number}@gcp-sa-pubsub.{domain}")],
        "logs": [storage],
        "dataflow": [
            ("Dataflow's agent", f"service-{number}@dataflow-service-producer-prod.{domain}"),
            ("Compute Engine's agent", f"service-{number}@compute-system.{domain}"),
        ],
    }
    permission, role = "cloudkms.cryptoKeyVersions.useToEncrypt", "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    uses = [(who, account, key) for kind, key in outputs.kms_keys.items() for who, account in agents[kind]]
    for who, account, key in dict.fromkeys(uses):
        yield Need(who, account, permission, role, resources.find(key, outputs))


def _granted(access: Access, need: Need) -> str:
    answer = access.why(f"serviceAccount:{need.account}", need.permission, need.resource)
    if answer.allowed == Known.YES:
        grant = answer.grants[0]
        return f"{grant.binding.role} on {grant.binding.resource}"
    said = f"{need.account} lacks {need.permission} on {need.resource}"
    remedy = f"run `pulumi up --refresh`, which grants {need.role} there"
    unread = [each for each in answer.unread if need.resource.name in each or need.resource.plain in each]
    if unread:
        raise Undecided(f"Whether {need.account} may use {need.permission} can't be seen: {unread[0]}")
    raise CommandError(f"{said}: {remedy}; a grant takes up to a few minutes to work.")
