"""What the Healthcare API's own agent lacks: by Google's refusal, and by where the refused request led it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from infra.outputs import Outputs

_PLACE = re.compile(r'"(?P<key>\w+)": *"(?P<uri>gs://[^"/]+|bq://[^".]+\.[^".]+)')
_WRITTEN = ("uriPrefix", "tableUri", "datasetUri")
"""The fields of requests that name a destination; all others that name a place name a source."""
_UNKNOWN = {
    "Cloud Storage": (
        "roles/storage.objectViewer on the landing bucket (import) and roles/storage.objectAdmin on the export bucket"
    ),
    "BigQuery": "roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the project",
    "Pub/Sub": "roles/pubsub.publisher on the topic",
}
"""What the program grants for a service, where it is not known which place a request led to."""
LATER = "a grant takes up to a few minutes to work"


def pubsub_agent(outputs: Outputs) -> str:
    """The address of Pub/Sub's own agent in the stack's project."""
    return f"service-{outputs.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"


@dataclass(frozen=True)
class Place:
    """A bucket or BigQuery dataset that a request leads the agent to, as a URI, and whether the agent writes there."""

    uri: str
    writes: bool

    @property
    def service(self) -> str:
        """The service that keeps it, as Google's refusals call it."""
        return "Cloud Storage" if self.uri.startswith("gs://") else "BigQuery"

    @property
    def need(self) -> tuple[str, str]:
        """The permission that it takes there, and the role by which the program grants it."""
        if self.service == "BigQuery":
            return "bigquery.tables.create", "roles/bigquery.dataEditor"
        if self.writes:
            return "storage.objects.create", "roles/storage.objectAdmin"
        return "storage.objects.get", "roles/storage.objectViewer"


def places(body: str) -> tuple[Place, ...]:
    """The places that the JSON body of a request names, each once."""
    found = (Place(each["uri"], each["key"] in _WRITTEN) for each in _PLACE.finditer(body))
    return tuple(dict.fromkeys(found))


def own_places(outputs: Outputs) -> frozenset[str]:
    """The URIs of the buckets and BigQuery datasets of a stack, on which the program grants the agent its roles."""
    side = outputs.research
    buckets = [outputs.landing_bucket, outputs.export_bucket, *([side.bucket] if side else [])]
    tables = [outputs.bigquery_dataset, *(each.bigquery_dataset for each in outputs.fhir_stores.values())]
    tables += [side.bigquery_dataset] if side else []
    return frozenset((*(f"gs://{each}" for each in buckets), *(f"bq://{outputs.project}.{each}" for each in tables)))


def remedy(message: str, agent: str, project: str, own: Collection[str], reached: Collection[Place]) -> str | None:
    """What to do where Google's message says that the agent lacks a grant; None where it does not say so.

    Args:
        message: Google's.
        agent: the agent's address, or words for it.
        project: the project's id.
        own: the URIs of what the program grants roles on.
        reached: the places that the refused request named.
    """
    service = _refused(message, agent)
    if service is None:
        return None
    there = [each for each in reached if each.service == service]
    if not there:
        return f"Run `pulumi up --refresh`, which grants {agent} {_UNKNOWN[service]}; {LATER}."
    lacking = [f"{each.need[0]} on {each.uri}" for each in there]
    lacking += [f"bigquery.jobs.create on projects/{project}"] if service == "BigQuery" else []
    return f"{agent} lacks {' or '.join(lacking)}: {'; '.join(_steps(there, own))}; {LATER}."


def _refused(message: str, agent: str) -> str | None:
    """The service that refused the agent."""
    for service in _UNKNOWN:
        named = agent in message and service.replace("/", "").lower() in message.lower()
        if named or f"required {service} permission" in message:
            return service
    return None


def _steps(there: Collection[Place], own: Collection[str]) -> Iterator[str]:
    """What puts each grant in place: the program on what is its own, somebody else elsewhere."""
    if any(each.uri in own for each in there):
        yield "run `pulumi up --refresh`, which grants it"
    yield from (f"let who owns {each.uri} grant {each.need[1]} on it" for each in there if each.uri not in own)
