"""What the agents and accounts of a stack need: one permission for each grant, which tells whether it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.outputs import Outputs, ResearchOutputs, ScheduleOutputs
from scripts.access import resources
from scripts.access.resources import Resource
from scripts.agents import pubsub_agent

_TELLING = {
    "bigquery.dataEditor": "bigquery.tables.create",
    "bigquery.dataViewer": "bigquery.tables.getData",
    "bigquery.jobUser": "bigquery.jobs.create",
    "cloudkms.cryptoKeyEncrypterDecrypter": "cloudkms.cryptoKeyVersions.useToEncrypt",
    "composer.worker": "composer.environments.get",
    "dataflow.developer": "dataflow.jobs.create",
    "dataflow.worker": "dataflow.workItems.lease",
    "healthcare.attributeDefinitionEditor": "healthcare.attributeDefinitions.create",
    "healthcare.attributeDefinitionReader": "healthcare.attributeDefinitions.get",
    "healthcare.consentArtifactEditor": "healthcare.consentArtifacts.create",
    "healthcare.consentEditor": "healthcare.consents.create",
    "healthcare.consentReader": "healthcare.consents.get",
    "healthcare.datasetViewer": "healthcare.operations.get",
    "healthcare.dicomEditor": "healthcare.dicomStores.import",
    "healthcare.dicomStoreAdmin": "healthcare.dicomStores.deidentify",
    "healthcare.dicomViewer": "healthcare.dicomStores.dicomWebRead",
    "healthcare.fhirResourceEditor": "healthcare.fhirResources.update",
    "healthcare.fhirResourceReader": "healthcare.fhirResources.get",
    "healthcare.fhirStoreAdmin": "healthcare.fhirStores.export",
    "healthcare.hl7V2Consumer": "healthcare.hl7V2Messages.get",
    "healthcare.hl7V2Ingest": "healthcare.hl7V2Messages.ingest",
    "healthcare.hl7V2StoreAdmin": "healthcare.hl7V2Stores.import",
    "healthcare.userDataMappingEditor": "healthcare.userDataMappings.create",
    "iam.serviceAccountTokenCreator": "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccountUser": "iam.serviceAccounts.actAs",
    "logging.privateLogViewer": "logging.privateLogEntries.list",
    "logging.viewer": "logging.logEntries.list",
    "monitoring.viewer": "monitoring.alertPolicies.list",
    "pubsub.publisher": "pubsub.topics.publish",
    "pubsub.subscriber": "pubsub.subscriptions.consume",
    "run.invoker": "run.jobs.run",
    "serviceusage.serviceUsageConsumer": "serviceusage.services.use",
    "storage.objectAdmin": "storage.objects.delete",
    "storage.objectCreator": "storage.objects.create",
    "storage.objectUser": "storage.objects.create",
    "storage.objectViewer": "storage.objects.get",
}
"""A permission of each role that no other role has which the program gives to the same account on the same resource."""
_CONSENT = ("attributeDefinition", "consent", "consentArtifact", "userDataMapping")
_DOMAIN = "iam.gserviceaccount.com"


@dataclass(frozen=True)
class Need:
    """A permission that somebody uses on a resource, and the role by which the program grants it.

    `account` is a service account's address, or a member as policies write it.
    """

    who: str
    account: str
    role: str
    resource: Resource
    permission: str = ""

    @property
    def member(self) -> str:
        """Who uses it, as policies write it."""
        return self.account if ":" in self.account else f"serviceAccount:{self.account}"

    @property
    def name(self) -> str:
        """The need as one line, which no other need of the stack has."""
        return f"{self.who} may use {self.permission} on {self.resource.plain}"


Row = tuple[str, str]
"""A role, and the resource that it is on: a short name of the stack's, or as a person writes one."""
Account = tuple[str, str, Iterable[Row]]
"""Who needs what: who that is, its address, and what it needs."""


def needs(outputs: Outputs) -> Iterator[Need]:
    """What the agents and accounts of a stack use, but for what `status` looks at."""
    yield from _needed(outputs, _all(outputs))
    yield from _by_own_roles(outputs)
    yield from _people(outputs)


def untold(outputs: Outputs) -> Iterator[Need]:
    """What alerts, pipelines on Dataflow and Managed Airflow work by: no log tells what is missing there."""
    return _needed(outputs, _untold(outputs))


def _needed(outputs: Outputs, wanted: Iterable[Account]) -> Iterator[Need]:
    find = resources.finder(outputs)
    for who, account, rows in wanted:
        for role, resource in rows:
            yield Need(who, account, f"roles/{role}", find(resource), _TELLING[role])


def _untold(outputs: Outputs) -> Iterator[Account]:
    yield from _of_alerts(outputs)
    if outputs.temp_bucket:
        yield "loader", outputs.loader_email, _of_pipelines()
    if outputs.schedule and outputs.schedule.kind == "composer":
        yield "the schedule", outputs.schedule.account_email, _of_schedule(outputs.schedule)
    yield from (_key_user(*each) for each in _keys(outputs, "dataflow"))


def _people(outputs: Outputs) -> Iterator[Need]:
    """Who acts as which account, but for those whose right has ended."""
    find, today = resources.finder(outputs), datetime.now(UTC).date().isoformat()
    for who, people in outputs.people.items():
        for member, until in people.items():
            if not until or until > today:
                role = "iam.serviceAccountTokenCreator"
                yield Need(f"{member} as {who}", member, f"roles/{role}", find(who), _TELLING[role])


def _all(outputs: Outputs) -> Iterator[Account]:
    number = outputs.project_number
    yield "Pub/Sub's agent", pubsub_agent(outputs), _of_pubsub(outputs)
    yield "healthcare agent", outputs.healthcare_agent_email, _of_healthcare(outputs)
    yield "loader", outputs.loader_email, _of_loader(outputs)
    yield "reader", outputs.reader_email, _of_reader(outputs)
    if side := outputs.research:
        yield "researcher", side.researcher_email, _of_researcher(side)
        yield "steward", side.steward_email, _of_steward(side)
    if outputs.auditor_email:
        yield "auditor", outputs.auditor_email, _of_auditor(outputs)
    if outputs.operator_email:
        yield "operator", outputs.operator_email, [("logging.viewer", "project"), ("monitoring.viewer", "project")]
    if outputs.audit_bucket and outputs.audit_tables:
        trail = [("storage.objectCreator", "audit"), ("bigquery.dataEditor", _tables(outputs, outputs.audit_tables))]
        yield "Cloud Logging's agent", f"service-{number}@gcp-sa-logging.{_DOMAIN}", trail
    yield from _of_alerts(outputs)
    if made := outputs.schedule:
        yield "the schedule", made.account_email, _of_schedule(made)
    for each in dict.fromkeys(_keys(outputs, *outputs.kms_keys)):
        yield _key_user(*each)


def _of_alerts(outputs: Outputs) -> Iterator[Account]:
    if topics := outputs.access.get("alerts"):
        account = f"service-{outputs.project_number}@gcp-sa-monitoring-notification.{_DOMAIN}"
        yield "Cloud Monitoring's agent", account, [("pubsub.publisher", topic) for topic in topics]


def _key_user(who: str, account: str, key: str) -> Account:
    return who, account, [("cloudkms.cryptoKeyEncrypterDecrypter", key)]


def _tables(outputs: Outputs, dataset: str) -> str:
    return f"bq://{outputs.project}.{dataset}"


def _of_pubsub(outputs: Outputs) -> Iterator[Row]:
    yield "pubsub.publisher", outputs.dead_letter_topic
    research = outputs.research.subscription if outputs.research else None
    for each in (outputs.dicom_subscription, outputs.fhir_subscription, outputs.hl7v2_subscription, research):
        if each:
            yield "pubsub.subscriber", each


def _of_healthcare(outputs: Outputs) -> Iterator[Row]:
    yield from (("bigquery.dataEditor", f"tables:{store}") for store in outputs.fhir_stores)
    topics = (outputs.fhir_topic, outputs.hl7v2_topic, outputs.research and outputs.research.topic)
    yield from (("pubsub.publisher", each) for each in topics if each)
    if outputs.research:
        yield "storage.objectAdmin", "research"
        yield "bigquery.dataEditor", "research-tables"


def _of_loader(outputs: Outputs) -> Iterator[Row]:
    yield "storage.objectCreator", "landing"
    yield "storage.objectViewer", "landing"
    yield "storage.objectViewer", "export"
    yield "storage.objectUser", f"gs://{outputs.export_bucket}/.export/notes"
    yield "healthcare.datasetViewer", "dataset"
    yield from (("healthcare.dicomEditor", each) for each in _of_kind("dicom", outputs.dicom_stores, also="dicom"))
    yield from (("healthcare.fhirResourceEditor", f"fhir:{each}") for each in outputs.fhir_stores)
    for store in outputs.hl7v2_stores:
        yield "healthcare.hl7V2Ingest", f"hl7v2:{store}"
        yield "healthcare.hl7V2Consumer", f"hl7v2:{store}"
    yield from _importing(outputs)
    for store in outputs.consent_stores:
        yield from ((f"healthcare.{kind}Editor", f"consent:{store}") for kind in _CONSENT)
    yield "logging.viewer", "project"
    yield "bigquery.dataEditor", "tables"
    yield "bigquery.jobUser", "project"
    yield "serviceusage.serviceUsageConsumer", "project"
    if outputs.temp_bucket:
        yield from _of_pipelines()


def _of_pipelines() -> Iterator[Row]:
    """What the loader uses to start Dataflow's jobs, and as their workers' account."""
    yield "dataflow.worker", "project"
    yield "dataflow.developer", "project"
    yield "storage.objectAdmin", "temp"
    yield "iam.serviceAccountUser", "loader"


def _importing(outputs: Outputs) -> Iterator[Row]:
    """The roles by which the loader imports and exports, in stores whose settings say so."""
    for resource, roles in outputs.access.get("loader", {}).items():
        yield from ((role, resource) for role in _ADMINS if f"roles/{role}" in roles.split(", "))


def _of_reader(outputs: Outputs) -> Iterator[Row]:
    released = f"gs://{outputs.export_bucket}/{outputs.reader_prefix}object" if outputs.reader_prefix else "export"
    yield "storage.objectViewer", released
    yield "healthcare.datasetViewer", "dataset"
    yield from (("healthcare.dicomViewer", each) for each in _of_kind("dicom", outputs.dicom_stores, also="dicom"))
    yield from (("healthcare.fhirResourceReader", f"fhir:{each}") for each in outputs.fhir_stores)
    yield from (("healthcare.hl7V2Consumer", f"hl7v2:{each}") for each in outputs.hl7v2_stores)
    for store in outputs.consent_stores:
        yield from ((f"healthcare.{kind}Reader", f"consent:{store}") for kind in _CONSENT[:2])
    yield from (("bigquery.dataViewer", each) for each in _of_kind("tables", outputs.fhir_stores, also="tables"))
    yield "bigquery.jobUser", "project"
    for each in (outputs.dicom_subscription, outputs.fhir_subscription, outputs.hl7v2_subscription):
        if each:
            yield "pubsub.subscriber", each


def _of_kind(kind: str, stores: Iterable[str], also: str) -> Iterator[str]:
    """The short names of what there is of a kind: the one that every stack has, then one for each store."""
    yield also
    yield from (f"{kind}:{each}" for each in stores)


def _of_researcher(side: ResearchOutputs) -> Iterator[Row]:
    yield "healthcare.datasetViewer", "research-dataset"
    yield "healthcare.dicomViewer", "research-dicom"
    yield from (("healthcare.fhirResourceReader", f"research-fhir:{each}") for each in side.fhir_stores)
    yield "storage.objectViewer", "research"
    yield "bigquery.dataViewer", "research-tables"
    yield "bigquery.jobUser", "project"
    yield "pubsub.subscriber", "research-subscription"


def _of_steward(side: ResearchOutputs) -> Iterator[Row]:
    yield "healthcare.datasetViewer", "dataset"
    yield "healthcare.dicomViewer", "dicom"
    yield "healthcare.dicomStoreAdmin", "dicom"
    yield "storage.objectUser", "export"
    yield "healthcare.datasetViewer", "research-dataset"
    yield "healthcare.dicomEditor", "research-dicom"
    for store in side.fhir_stores:
        yield "healthcare.fhirResourceReader", f"fhir:{store}"
        yield "healthcare.fhirStoreAdmin", f"fhir:{store}"
        yield "healthcare.fhirResourceEditor", f"research-fhir:{store}"
    yield "storage.objectUser", "research"
    yield "bigquery.dataEditor", "research-tables"
    yield "bigquery.jobUser", "project"
    yield "logging.viewer", "project"
    if side.crosswalk_bucket:
        yield "storage.objectUser", "crosswalk"


def _of_auditor(outputs: Outputs) -> Iterator[Row]:
    yield "logging.privateLogViewer", "project"
    if outputs.audit_bucket:
        yield "storage.objectViewer", "audit"
    if outputs.audit_tables:
        yield "bigquery.dataViewer", _tables(outputs, outputs.audit_tables)
        yield "bigquery.jobUser", "project"


def _of_schedule(made: ScheduleOutputs) -> Iterator[Row]:
    if made.kind == "composer":
        yield "composer.worker", "project"
        yield "iam.serviceAccountTokenCreator", "loader"
    else:
        yield "run.invoker", "job"


_ADMINS = ("healthcare.fhirStoreAdmin", "healthcare.hl7V2StoreAdmin")


def _by_own_roles(outputs: Outputs) -> Iterator[Need]:
    """What auditor and operator see and do by the stack's custom roles."""
    project = resources.find("project", outputs)
    roles = f"projects/{outputs.project}/roles/imaging_{outputs.environment.replace('-', '_')}"
    for who, account in (("auditor", outputs.auditor_email), ("operator", outputs.operator_email)):
        if account:
            yield Need(who, account, f"{roles}_looks", project, "resourcemanager.projects.getIamPolicy")
    if outputs.operator_email:
        yield Need("operator", outputs.operator_email, f"{roles}_operates", project, "healthcare.operations.cancel")


def _keys(outputs: Outputs, *kinds: str) -> Iterator[tuple[str, str, str]]:
    """Whose agents use the stack's keys for some kinds of data, and which keys."""
    number = outputs.project_number
    storage = ("Cloud Storage's agent", f"service-{number}@gs-project-accounts.{_DOMAIN}")
    agents = {
        "bigquery": [("BigQuery's agent", f"bq-{number}@bigquery-encryption.{_DOMAIN}")],
        "healthcare": [("healthcare agent", outputs.healthcare_agent_email)],
        "objects": [storage],
        "pubsub": [("Pub/Sub's agent", pubsub_agent(outputs))],
        "logs": [storage],
        "dataflow": [
            ("Dataflow's agent", f"service-{number}@dataflow-service-producer-prod.{_DOMAIN}"),
            ("Compute Engine's agent", f"service-{number}@compute-system.{_DOMAIN}"),
        ],
    }
    found = ((kind, outputs.kms_keys[kind]) for kind in kinds if kind in outputs.kms_keys)
    return ((who, account, key) for kind, key in found for who, account in agents[kind])
