"""Methods of Google's APIs that the commands call: the permission that each takes, and on which kind of resource."""

from __future__ import annotations

from dataclasses import dataclass

_STORES = "healthcare.projects.locations.datasets"


@dataclass(frozen=True)
class Method:
    """A method by its id in Google's discovery documents, the permission that it takes, and on what.

    `kind` is the kind of resource, as `scripts.access.resources` names kinds.
    """

    id: str
    permission: str
    kind: str


def _of(kind: str, prefix: str, methods: dict[str, str]) -> list[Method]:
    return [Method(f"{prefix}.{method}", permission, kind) for method, permission in methods.items()]


_CONSENT = ("attributeDefinitions", "consents", "consentArtifacts", "userDataMappings")
METHODS = (
    *_of("bucket", "storage.objects", {
        "list": "storage.objects.list",
        "get": "storage.objects.get",
        "insert": "storage.objects.create",
        "delete": "storage.objects.delete",
    }),
    Method("storage.buckets.get", "storage.buckets.get", "bucket"),
    Method("storage.buckets.getIamPolicy", "storage.buckets.getIamPolicy", "bucket"),
    Method(f"{_STORES}.get", "healthcare.datasets.get", "healthcare dataset"),
    Method(f"{_STORES}.getIamPolicy", "healthcare.datasets.getIamPolicy", "healthcare dataset"),
    Method(f"{_STORES}.operations.get", "healthcare.operations.get", "healthcare dataset"),
    Method(f"{_STORES}.operations.list", "healthcare.operations.list", "healthcare dataset"),
    Method(f"{_STORES}.operations.cancel", "healthcare.operations.cancel", "healthcare dataset"),
    *_of("DICOM store", f"{_STORES}.dicomStores", {
        "get": "healthcare.dicomStores.get",
        "getIamPolicy": "healthcare.dicomStores.getIamPolicy",
        "getDICOMStoreMetrics": "healthcare.dicomStores.get",
        "searchForStudies": "healthcare.dicomStores.dicomWebRead",
        "searchForSeries": "healthcare.dicomStores.dicomWebRead",
        "searchForInstances": "healthcare.dicomStores.dicomWebRead",
        "studies.searchForInstances": "healthcare.dicomStores.dicomWebRead",
        "studies.retrieveStudy": "healthcare.dicomStores.dicomWebRead",
        "studies.retrieveMetadata": "healthcare.dicomStores.dicomWebRead",
        "studies.series.instances.retrieveInstance": "healthcare.dicomStores.dicomWebRead",
        "studies.series.instances.retrieveRendered": "healthcare.dicomStores.dicomWebRead",
        "storeInstances": "healthcare.dicomStores.dicomWebWrite",
        "studies.storeInstances": "healthcare.dicomStores.dicomWebWrite",
        "studies.delete": "healthcare.dicomStores.dicomWebDelete",
        "studies.series.delete": "healthcare.dicomStores.dicomWebDelete",
        "studies.series.instances.delete": "healthcare.dicomStores.dicomWebDelete",
        "import": "healthcare.dicomStores.import",
        "export": "healthcare.dicomStores.export",
        "deidentify": "healthcare.dicomStores.deidentify",
    }),
    *_of("FHIR store", f"{_STORES}.fhirStores", {
        "get": "healthcare.fhirStores.get",
        "getIamPolicy": "healthcare.fhirStores.getIamPolicy",
        "getFHIRStoreMetrics": "healthcare.fhirStores.get",
        "fhir.Resource-validate": "healthcare.fhirStores.get",
        "fhir.read": "healthcare.fhirResources.get",
        "fhir.vread": "healthcare.fhirResources.get",
        "fhir.history": "healthcare.fhirResources.get",
        "fhir.search": "healthcare.fhirStores.searchResources",
        "fhir.search-type": "healthcare.fhirStores.searchResources",
        "fhir.create": "healthcare.fhirResources.create",
        "fhir.update": "healthcare.fhirResources.update",
        "fhir.delete": "healthcare.fhirResources.delete",
        "fhir.executeBundle": "healthcare.fhirStores.executeBundle",
        "import": "healthcare.fhirStores.import",
        "export": "healthcare.fhirStores.export",
        "deidentify": "healthcare.fhirStores.deidentify",
    }),
    *_of("HL7v2 store", f"{_STORES}.hl7V2Stores", {
        "get": "healthcare.hl7V2Stores.get",
        "getIamPolicy": "healthcare.hl7V2Stores.getIamPolicy",
        "messages.get": "healthcare.hl7V2Messages.get",
        "messages.list": "healthcare.hl7V2Messages.list",
        "messages.ingest": "healthcare.hl7V2Messages.ingest",
        "import": "healthcare.hl7V2Stores.import",
        "export": "healthcare.hl7V2Stores.export",
    }),
    *_of("consent store", f"{_STORES}.consentStores", {
        "get": "healthcare.consentStores.get",
        "getIamPolicy": "healthcare.consentStores.getIamPolicy",
        "checkDataAccess": "healthcare.consentStores.checkDataAccess",
        "queryAccessibleData": "healthcare.consentStores.queryAccessibleData",
        "attributeDefinitions.patch": "healthcare.attributeDefinitions.update",
        "consents.activate": "healthcare.consents.activate",
        "consents.revoke": "healthcare.consents.revoke",
        "userDataMappings.patch": "healthcare.userDataMappings.update",
    }),
    *(
        Method(f"{_STORES}.consentStores.{each}.{verb}", f"healthcare.{each}.{verb}", "consent store")
        for each in _CONSENT
        for verb in ("get", "list", "create")
    ),
    *_of("subscription", "pubsub.projects.subscriptions", {
        "get": "pubsub.subscriptions.get",
        "getIamPolicy": "pubsub.subscriptions.getIamPolicy",
        "pull": "pubsub.subscriptions.consume",
        "acknowledge": "pubsub.subscriptions.consume",
        "modifyAckDeadline": "pubsub.subscriptions.consume",
    }),
    *_of("topic", "pubsub.projects.topics", {
        "get": "pubsub.topics.get",
        "getIamPolicy": "pubsub.topics.getIamPolicy",
    }),
    *_of("BigQuery dataset", "bigquery", {
        "datasets.get": "bigquery.datasets.get",
        "tables.list": "bigquery.tables.list",
        "tables.get": "bigquery.tables.get",
        "tables.insert": "bigquery.tables.create",
        "tables.delete": "bigquery.tables.delete",
        "tabledata.list": "bigquery.tables.getData",
    }),
    Method("bigquery.jobs.query", "bigquery.jobs.create", "project"),
    Method("bigquery.jobs.insert", "bigquery.jobs.create", "project"),
    Method("cloudkms.projects.locations.keyRings.cryptoKeys.getIamPolicy", "cloudkms.cryptoKeys.getIamPolicy", "key"),
    Method("run.projects.locations.jobs.getIamPolicy", "run.jobs.getIamPolicy", "Cloud Run job"),
    Method("logging.projects.sinks.list", "logging.sinks.list", "project"),
    Method("monitoring.projects.alertPolicies.list", "monitoring.alertPolicies.list", "project"),
    Method("monitoring.projects.notificationChannels.list", "monitoring.notificationChannels.list", "project"),
    Method("logging.entries.list", "logging.logEntries.list", "project"),
    Method("cloudresourcemanager.projects.get", "resourcemanager.projects.get", "project"),
    Method("cloudresourcemanager.projects.getAncestry", "resourcemanager.projects.get", "project"),
    Method("cloudresourcemanager.projects.getIamPolicy", "resourcemanager.projects.getIamPolicy", "project"),
    Method("serviceusage.services.get", "serviceusage.services.get", "project"),
)  # fmt: skip
