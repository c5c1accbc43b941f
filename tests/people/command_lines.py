"""For each grant of the program, a command line that takes it, and what the command then says is missing."""

from __future__ import annotations

from dataclasses import dataclass

STUDY = "2.25.1"
"""The UID of a study that nobody has stored."""


@dataclass(frozen=True)
class CommandLine:
    """What one of the stack's accounts runs, and what it lacks, or whoever holds the grant: a permission, on what.

    `line` has the arguments, and in braces names of `tests.people.things`. `on` is the resource's short name. `after`
    is what happens before, of `tests.people.happenings`: something that makes a service work by itself.
    """

    who: str
    line: str
    permission: str
    on: str
    after: str = ""


_L, _R, _S, _A, _O, _P = "loader", "researcher", "steward", "auditor", "operator", "reader"
_SIDE = " --outputs {research}"

COMMAND_LINES = {
    # The loader
    "accounts-loader-adds-to-landing": CommandLine(_L, "load {film}", "storage.objects.create", "landing"),
    "accounts-loader-reads-landing": CommandLine(_L, "load {film}", "storage.objects.list", "landing"),
    "accounts-loader-reads-export": CommandLine(
        _L, "hl7v2 send gs://{project}-local-export/other/*", "storage.objects.list", "export"
    ),
    "accounts-loader-notes-exports": CommandLine(_L, "export --manifest", "storage.objects.create", "export"),
    "accounts-loader-follows-operations": CommandLine(_L, "operations list", "healthcare.operations.list", "dataset"),
    "accounts-loader-edits-store": CommandLine(_L, "import", "healthcare.dicomStores.import", "dicom"),
    "accounts-loader-edits-dicom-films": CommandLine(
        _L, "import --store films", "healthcare.dicomStores.import", "dicom:films"
    ),
    "accounts-loader-edits-fhir": CommandLine(
        _L, "fhir load {fhir}", "healthcare.fhirStores.executeBundle", "fhir:fhir"
    ),
    "accounts-loader-imports-fhir": CommandLine(_L, "fhir export", "healthcare.fhirStores.export", "fhir:fhir"),
    "accounts-loader-ingests-hl7v2": CommandLine(
        _L, "hl7v2 send {message}", "healthcare.hl7V2Messages.ingest", "hl7v2:hl7v2"
    ),
    "accounts-loader-reads-hl7v2": CommandLine(_L, "hl7v2 list", "healthcare.hl7V2Messages.list", "hl7v2:hl7v2"),
    "accounts-loader-imports-hl7v2": CommandLine(_L, "hl7v2 export", "healthcare.hl7V2Stores.export", "hl7v2:hl7v2"),
    "accounts-loader-edits-attributes-of-consents": CommandLine(
        _L, "consent define", "healthcare.attributeDefinitions.list", "consent:consents"
    ),
    "accounts-loader-edits-consents-of-consents": CommandLine(
        _L, "consent record P1 --for {purpose} --draft", "healthcare.consents.create", "consent:consents"
    ),
    "accounts-loader-edits-artifacts-of-consents": CommandLine(
        _L, "consent record P1 --for {purpose}", "healthcare.consentArtifacts.create", "consent:consents"
    ),
    "accounts-loader-edits-mappings-of-consents": CommandLine(
        _L, "consent map", "healthcare.userDataMappings.list", "consent:consents"
    ),
    "accounts-loader-reads-failures": CommandLine(
        _L, "import gs://{project}-local-landing/other/*", "logging.logEntries.list", "project"
    ),
    "accounts-loader-writes-labels": CommandLine(
        _L, "load --source kaggle {films}", "bigquery.tables.create", "tables"
    ),
    "accounts-loader-runs-bigquery-jobs": CommandLine(_L, "query 'SELECT 1'", "bigquery.jobs.create", "project"),
    "accounts-loader-pays-for-reading": CommandLine(
        _L, "load --source {public} --yes", "serviceusage.services.use", "project"
    ),
    # The reader
    "accounts-reader-reads-export": CommandLine(
        _P, "verify --export gs://{project}-local-export/released/", "storage.objects.list", "export"
    ),
    "accounts-reader-follows-operations": CommandLine(_P, "operations list", "healthcare.operations.list", "dataset"),
    "accounts-reader-reads-store": CommandLine(_P, "search studies", "healthcare.dicomStores.dicomWebRead", "dicom"),
    "accounts-reader-reads-dicom-films": CommandLine(
        _P, "search studies --store films", "healthcare.dicomStores.dicomWebRead", "dicom:films"
    ),
    "accounts-reader-reads-fhir": CommandLine(
        _P, "fhir search Basic", "healthcare.fhirStores.searchResources", "fhir:fhir"
    ),
    "accounts-reader-reads-hl7v2": CommandLine(_P, "hl7v2 list", "healthcare.hl7V2Messages.list", "hl7v2:hl7v2"),
    "accounts-reader-reads-attributes-of-consents": CommandLine(
        _P, f"consent who-sees {STUDY}", "healthcare.attributeDefinitions.list", "consent:consents"
    ),
    "accounts-reader-reads-consents-of-consents": CommandLine(
        _P, "consent list", "healthcare.consents.list", "consent:consents"
    ),
    "accounts-reader-reads-tables": CommandLine(
        _P, "query 'SELECT * FROM probed'", "bigquery.tables.getData", "tables"
    ),
    "accounts-reader-reads-tables-of-fhir": CommandLine(
        _P, "query 'SELECT * FROM imaging_local_fhir.probed'", "bigquery.tables.getData", "tables:fhir"
    ),
    "accounts-reader-runs-bigquery-jobs": CommandLine(_P, "query 'SELECT 1'", "bigquery.jobs.create", "project"),
    "accounts-reader-follows-notifications": CommandLine(
        _P, "watch --count 1", "pubsub.subscriptions.consume", "subscription"
    ),
    "accounts-reader-follows-fhir-notifications": CommandLine(
        _P, "watch fhir --count 1", "pubsub.subscriptions.consume", "fhir-subscription"
    ),
    "accounts-reader-follows-hl7v2-notifications": CommandLine(
        _P, "watch hl7v2 --count 1", "pubsub.subscriptions.consume", "hl7v2-subscription"
    ),
    # The researcher, with the research side's outputs
    "research-researcher-follows-operations": CommandLine(
        _R, f"operations list{_SIDE}", "healthcare.operations.list", "research-dataset"
    ),
    "research-researcher-reads-dicom": CommandLine(
        _R, f"search studies{_SIDE}", "healthcare.dicomStores.dicomWebRead", "research-dicom"
    ),
    "research-researcher-reads-fhir": CommandLine(
        _R, f"fhir search Basic{_SIDE}", "healthcare.fhirStores.searchResources", "research-fhir:fhir"
    ),
    "research-researcher-reads-data": CommandLine(
        _R, "verify --export gs://{project}-local-research/x/", "storage.objects.list", "research"
    ),
    "research-researcher-reads-tables": CommandLine(
        _R, f"query 'SELECT * FROM probed'{_SIDE}", "bigquery.tables.getData", "research-tables"
    ),
    "research-researcher-runs-bigquery-jobs": CommandLine(_R, "query 'SELECT 1'", "bigquery.jobs.create", "project"),
    "research-researcher-follows-notifications": CommandLine(
        _R, f"watch --count 1{_SIDE}", "pubsub.subscriptions.consume", "research-subscription"
    ),
    # The steward
    "research-steward-follows-operations": CommandLine(_S, "deidentify store", "healthcare.operations.get", "dataset"),
    "research-steward-looks-at-research": CommandLine(
        _S, f"operations list{_SIDE}", "healthcare.operations.list", "research-dataset"
    ),
    "research-steward-reads-identified": CommandLine(
        _S, f"deidentify store --study {STUDY} --dry-run", "healthcare.dicomStores.dicomWebRead", "dicom"
    ),
    "research-steward-deidentifies": CommandLine(_S, "deidentify store", "healthcare.dicomStores.deidentify", "dicom"),
    "research-steward-lists-studies": CommandLine(
        _S, "deidentify store --new --key {key}", "storage.objects.get", "export"
    ),
    "research-steward-writes-dicom": CommandLine(
        _S, "deidentify store", "healthcare.dicomStores.dicomWebWrite", "research-dicom"
    ),
    "research-steward-deidentifies-fhir": CommandLine(
        _S, "deidentify fhir", "healthcare.fhirStores.deidentify", "fhir:fhir"
    ),
    "research-steward-writes-fhir": CommandLine(
        _S, "deidentify fhir", "healthcare.fhirResources.update", "research-fhir:fhir"
    ),
    "research-steward-reads-identified-fhir": CommandLine(
        _S, "leaks --no-pictures", "healthcare.fhirStores.searchResources", "fhir:fhir"
    ),
    "research-steward-writes-data": CommandLine(_S, f"export --manifest{_SIDE}", "storage.objects.list", "research"),
    "research-steward-writes-tables": CommandLine(
        _S, f"query 'CREATE TABLE made AS SELECT 1 AS n'{_SIDE}", "bigquery.tables.create", "research-tables"
    ),
    "research-steward-runs-bigquery-jobs": CommandLine(_S, "query 'SELECT 1'", "bigquery.jobs.create", "project"),
    "research-steward-reads-failures": CommandLine(
        _S, "operations get {operation}", "logging.logEntries.list", "project"
    ),
    "research-steward-keeps-crosswalk": CommandLine(
        _S, "deidentify store --crosswalk --key {key}", "storage.objects.create", "crosswalk"
    ),
    # The auditor and the operator
    "oversight-auditor-looks": CommandLine(_A, "access matrix", "resourcemanager.projects.getIamPolicy", "project"),
    "oversight-auditor-runs-bigquery-jobs": CommandLine(_A, "query 'SELECT 1'", "bigquery.jobs.create", "project"),
    "oversight-auditor-queries-trail": CommandLine(
        _A, "query 'SELECT * FROM imaging_local_audit.probed'", "bigquery.tables.getData", "audit-tables"
    ),
    "oversight-auditor-reads-logs": CommandLine(_A, "deliveries", "logging.logEntries.list", "project"),
    "oversight-auditor-reads-trail": CommandLine(_A, "deliveries", "storage.objects.list", "audit"),
    "oversight-operator-sees-alerts": CommandLine(_O, "deliveries", "monitoring.alertPolicies.list", "project"),
    "oversight-operator-looks": CommandLine(_O, "access matrix", "resourcemanager.projects.getIamPolicy", "project"),
    "oversight-operator-operates": CommandLine(_O, "operations list", "healthcare.operations.list", "dataset"),
    "oversight-operator-reads-logs": CommandLine(
        _O, "operations get {operation}", "logging.logEntries.list", "project"
    ),
    # The Healthcare API's agent, which works for whoever imports and exports
    "healthcare-agent-reads-landing": CommandLine(_L, "import", "storage.objects.get", "landing"),
    "healthcare-agent-writes-export": CommandLine(_L, "export", "storage.objects.create", "export"),
    "healthcare-agent-writes-tables": CommandLine(_L, "export --to table", "bigquery.tables.create", "tables"),
    "healthcare-agent-writes-tables-of-fhir": CommandLine(
        _L, "fhir export --to table", "bigquery.tables.create", "tables:fhir"
    ),
    "healthcare-agent-runs-bigquery-jobs": CommandLine(_L, "export --to table", "bigquery.jobs.create", "project"),
    "research-agent-writes-data": CommandLine(_S, f"export{_SIDE}", "storage.objects.create", "research"),
    "research-agent-writes-tables": CommandLine(
        _S, f"export --to table{_SIDE}", "bigquery.tables.create", "research-tables"
    ),
    # The agents that use the stack's keys
    "encryption-logs": CommandLine(
        _O, "deliveries", "cloudkms.cryptoKeyVersions.useToEncrypt", "key:logs", after="logged"
    ),
    "encryption-healthcare": CommandLine(
        _P, "search studies", "cloudkms.cryptoKeyVersions.useToEncrypt", "key:healthcare"
    ),
    "encryption-storage": CommandLine(_L, "load {film}", "cloudkms.cryptoKeyVersions.useToEncrypt", "key:objects"),
    "encryption-bigquery": CommandLine(
        _P, "query 'SELECT * FROM probed'", "cloudkms.cryptoKeyVersions.useToEncrypt", "key:bigquery"
    ),
    "encryption-pubsub": CommandLine(_P, "watch --count 1", "cloudkms.cryptoKeyVersions.useToEncrypt", "key:pubsub"),
    # What services do by themselves
    "healthcare-agent-publishes": CommandLine(_O, "deliveries", "pubsub.topics.publish", "topic", after="film"),
    "healthcare-agent-publishes-fhir": CommandLine(
        _O, "deliveries", "pubsub.topics.publish", "fhir-topic", after="resource"
    ),
    "healthcare-agent-publishes-hl7v2": CommandLine(
        _O, "deliveries", "pubsub.topics.publish", "hl7v2-topic", after="message"
    ),
    "healthcare-agent-publishes-research": CommandLine(
        _O, "deliveries", "pubsub.topics.publish", "research-topic", after="twin"
    ),
    "messaging-agent-publishes-dead-letters": CommandLine(
        _P, "watch --count 1", "pubsub.topics.publish", "dead-letter-topic", after="spent subscription"
    ),
    "messaging-agent-takes-dead-letters": CommandLine(
        _P, "watch --count 1", "pubsub.subscriptions.consume", "subscription", after="spent subscription"
    ),
    "messaging-agent-takes-fhir-dead-letters": CommandLine(
        _P, "watch fhir --count 1", "pubsub.subscriptions.consume", "fhir-subscription", after="spent fhir-subscription"
    ),
    "messaging-agent-takes-hl7v2-dead-letters": CommandLine(
        _P,
        "watch hl7v2 --count 1",
        "pubsub.subscriptions.consume",
        "hl7v2-subscription",
        after="spent hl7v2-subscription",
    ),
    "messaging-agent-takes-research-dead-letters": CommandLine(
        _R,
        f"watch --count 1{_SIDE}",
        "pubsub.subscriptions.consume",
        "research-subscription",
        after="spent research-subscription",
    ),
    "audit-trail-sink-writes": CommandLine(_O, "deliveries", "storage.objects.create", "audit", after="logged"),
    "audit-trail-tables-sink-writes": CommandLine(
        _O, "deliveries", "bigquery.tables.updateData", "audit-tables", after="logged"
    ),
    "alerts-publishes-alerts": CommandLine(_O, "deliveries", "pubsub.topics.publish", "alerts"),
    "schedule-starter-starts": CommandLine(_O, "deliveries", "run.jobs.run", "job", after="started"),
}
"""By the grant's name in the program."""

ON_GOOGLE_CLOUD = {
    "accounts-loader-works-for-dataflow": CommandLine(_O, "deliveries", "dataflow.workItems.lease", "project"),
    "accounts-loader-starts-dataflow": CommandLine(_O, "deliveries", "dataflow.jobs.create", "project"),
    "accounts-loader-as-worker": CommandLine(_O, "deliveries", "iam.serviceAccounts.actAs", "loader"),
    "accounts-loader-keeps-temporary-files": CommandLine(_O, "deliveries", "storage.objects.delete", "temp"),
    "encryption-dataflow": CommandLine(_O, "deliveries", "cloudkms.cryptoKeyVersions.useToEncrypt", "key:dataflow"),
    "encryption-compute": CommandLine(_O, "deliveries", "cloudkms.cryptoKeyVersions.useToEncrypt", "key:dataflow"),
    "schedule-airflow-works": CommandLine(_O, "deliveries", "composer.environments.get", "project"),
    "schedule-airflow-as-loader": CommandLine(_O, "deliveries", "iam.serviceAccounts.getAccessToken", "loader"),
}
"""The same of grants for services that the emulator lacks: the command looks at the policies."""
