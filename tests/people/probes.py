"""For a permission and a resource, the call of Google's clients, as commands make it, that takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts.access.resources import Resource
from scripts.connection import Connection

TABLE = "probed"
"""The table that is there in every BigQuery dataset."""
Probe = Callable[[Connection, Resource], Any]


def _blob(target: Connection, resource: Resource) -> Any:
    parts = resource.name.split("/", 5)
    return target.storage.bucket(parts[3]).blob(parts[5] if len(parts) > 5 else "released/nothing")


def _bucket(resource: Resource) -> str:
    return resource.name.split("/")[3]


def _stores(target: Connection, kind: str) -> Any:
    return getattr(target.healthcare, kind)()


def _call(kind: str, method: str, **arguments: Any) -> Probe:
    """The call of a method on a store; `name` among the arguments says which parameter the store is."""
    parameter = arguments.pop("named", "name")

    def probe(target: Connection, resource: Resource) -> Any:
        parts = method.split(".")
        api = _stores(target, kind)
        for part in parts[:-1]:
            api = getattr(api, part)()
        name = resource.name + arguments.get("below", "")
        rest = {key: value for key, value in arguments.items() if key != "below"}
        return target.execute(getattr(api, parts[-1])(**{parameter: name}, **rest))

    return probe


def _logs(target: Connection, log: str) -> Any:
    project = target.outputs.project
    body = {"resourceNames": [f"projects/{project}"], "filter": f'logName="projects/{project}/logs/{log}"'}
    return target.execute(target.api("logging", "v2").entries().list(body=body))


def _pull(target: Connection, resource: Resource) -> Any:
    return target.subscriber.pull(subscription=resource.name, max_messages=1)


_FHIR = {"resourceType": "Basic", "id": "nobody", "code": {"text": "probe"}}
PROBES: dict[str, Probe] = {
    "storage.objects.create": lambda target, on: _blob(target, on).upload_from_string(b""),
    "storage.objects.get": lambda target, on: _blob(target, on).download_as_bytes(),
    "storage.objects.delete": lambda target, on: _blob(target, on).delete(),
    "storage.buckets.get": lambda target, on: target.storage.get_bucket(_bucket(on)),
    "bigquery.jobs.create": lambda target, _: target.bigquery.query_and_wait("SELECT 1"),
    "bigquery.tables.create": lambda target, on: target.bigquery.create_table(f"{target.outputs.project}.{on.plain}.t"),
    "bigquery.tables.getData": lambda target, on: list(
        target.bigquery.query_and_wait(f"SELECT * FROM `{on.plain}.{TABLE}`")
    ),
    "pubsub.subscriptions.consume": _pull,
    "logging.logEntries.list": lambda target, _: _logs(target, "python"),
    "logging.privateLogEntries.list": lambda target, _: _logs(target, "cloudaudit.googleapis.com%2Fdata_access"),
    "serviceusage.services.use": lambda target, _: (
        target.storage.bucket(target.outputs.landing_bucket, user_project=target.outputs.project)
        .blob("nothing")
        .exists()
    ),
    "monitoring.alertPolicies.list": lambda target, on: target.execute(
        target.api("monitoring", "v3").projects().alertPolicies().list(name=on.name)
    ),
    "resourcemanager.projects.getIamPolicy": lambda target, on: target.execute(
        target.api("cloudresourcemanager", "v1").projects().getIamPolicy(resource=on.plain, body={})
    ),
    "healthcare.operations.get": lambda target, on: target.execute(
        target.healthcare.operations().get(name=f"{on.name}/operations/1")
    ),
    "healthcare.operations.cancel": lambda target, _: target.execute(
        target.healthcare.operations().cancel(name=f"{target.outputs.dataset_name}/operations/1", body={})
    ),
    "healthcare.dicomStores.import": _call("dicomStores", "import_", body={"gcsSource": {"uri": "gs://nobody-s/*"}}),
    "healthcare.dicomStores.deidentify": _call(
        "dicomStores", "deidentify", named="sourceStore", body={"destinationStore": "d", "config": {}}
    ),
    "healthcare.dicomStores.dicomWebRead": _call(
        "dicomStores", "searchForStudies", named="parent", dicomWebPath="studies"
    ),
    "healthcare.fhirResources.update": _call("fhirStores", "fhir.update", below="/fhir/Basic/nobody", body=_FHIR),
    "healthcare.fhirResources.get": _call("fhirStores", "fhir.read", below="/fhir/Basic/nobody"),
    "healthcare.fhirStores.export": _call(
        "fhirStores", "export", body={"gcsDestination": {"uriPrefix": "gs://nobody-s"}}
    ),
    "healthcare.hl7V2Messages.get": _call("hl7V2Stores", "messages.get", below="/messages/nobody"),
    "healthcare.hl7V2Messages.ingest": _call(
        "hl7V2Stores", "messages.ingest", named="parent", body={"message": {"data": ""}}
    ),
    "healthcare.hl7V2Stores.import": _call("hl7V2Stores", "import_", body={"gcsSource": {"uri": "gs://nobody-s/*"}}),
    **{
        f"healthcare.{kind}.{verb}": _call(
            "consentStores",
            f"{kind}.{verb}",
            **({"below": f"/{kind}/nobody"} if verb == "get" else {"named": "parent", "body": {}}),
            **({"attributeDefinitionId": "nobody"} if (kind, verb) == ("attributeDefinitions", "create") else {}),
        )
        for kind in ("attributeDefinitions", "consents", "consentArtifacts", "userDataMappings")
        for verb in ("create", "get")
    },
}
