"""Resources that a policy can be on: how a person names one, what it is, and what it inherits from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from infra.outputs import Outputs
from scripts.errors import UsageError

_STORES = {
    "dicomStores": "DICOM store",
    "fhirStores": "FHIR store",
    "hl7V2Stores": "HL7v2 store",
    "consentStores": "consent store",
}
_DATASET = r"locations/[^/]+/datasets/[^/]+"
_RING = r"locations/[^/]+/keyRings/[^/]+"
# What is in a store has no policy of its own: a study's is its DICOM store's.
_FORMS = (
    ("object", r"(?P<parent>projects/_/buckets/[^/]+)/objects/.+"),
    ("bucket", r"projects/_/buckets/[^/]+"),
    *((kind, rf"(?P<parent>projects/[^/]+/{_DATASET})/{collection}/[^/]+") for collection, kind in _STORES.items()),
    ("healthcare dataset", rf"(?P<parent>projects/[^/]+)/{_DATASET}"),
    ("key", rf"(?P<parent>projects/[^/]+/{_RING})/cryptoKeys/[^/]+"),
    ("key ring", rf"(?P<parent>projects/[^/]+)/{_RING}"),
    ("Cloud Run job", r"(?P<parent>projects/[^/]+)/locations/[^/]+/jobs/[^/]+"),
    ("topic", r"(?P<parent>projects/[^/]+)/topics/[^/]+"),
    ("subscription", r"(?P<parent>projects/[^/]+)/subscriptions/[^/]+"),
    ("service account", r"(?P<parent>projects/[^/]+)/serviceAccounts/[^/]+"),
    ("BigQuery table", r"(?P<parent>projects/[^/]+/datasets/[^/]+)/tables/[^/]+"),
    ("BigQuery dataset", r"(?P<parent>projects/[^/]+)/datasets/[^/]+"),
    ("folder", r"folders/\d+"),
    ("organization", r"organizations/\d+"),
    ("project", r"projects/[^/]+"),
)
_ACCOUNT = re.compile(r"[^@/\s]+@(?P<project>[^@/\s]+)\.iam\.gserviceaccount\.com")


@dataclass(frozen=True)
class Resource:
    """Something that a policy can be on: what it is, and the name by which conditions know it."""

    kind: str
    name: str
    project: str
    """The project that a bucket is in, which its name doesn't say."""

    @cached_property
    def parent(self) -> Resource | None:
        """What it inherits from by its name; None for a project, and for what is above."""
        if self.kind == "bucket":
            return Resource("project", f"projects/{self.project}", self.project)
        form = next(form for kind, form in _FORMS if kind == self.kind)
        groups = re.match(form, self.name)
        above = groups.groupdict().get("parent") if groups else None
        return _of_name(above, self.project) if above else None

    @property
    def line(self) -> list[Resource]:
        """The resource itself, then what it inherits from, up to the project."""
        return [self, *(self.parent.line if self.parent else [])]

    @property
    def plain(self) -> str:
        """The last part of its name, as clients of one service want it."""
        return self.name.rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def of_stack(outputs: Outputs) -> Mapping[str, Resource]:
    """Every resource of a stack that has a policy, by the short name that stands for it on the command line."""
    texts = {
        "project": f"projects/{outputs.project}",
        "landing": f"gs://{outputs.landing_bucket}",
        "export": f"gs://{outputs.export_bucket}",
        "audit": _uri("gs", outputs.audit_bucket),
        "audit-tables": _uri("bq", outputs.audit_tables and f"{outputs.project}.{outputs.audit_tables}"),
        "auditor": outputs.auditor_email,
        "operator": outputs.operator_email,
        "temp": _uri("gs", outputs.temp_bucket),
        "dataset": outputs.dataset_name,
        "dicom": outputs.dicom_store_name,
        **{f"dicom:{name}": store.name for name, store in outputs.dicom_stores.items()},
        **{f"fhir:{name}": store.name for name, store in outputs.fhir_stores.items()},
        **{f"hl7v2:{name}": store.name for name, store in outputs.hl7v2_stores.items()},
        **{f"consent:{name}": store.name for name, store in outputs.consent_stores.items()},
        "topic": outputs.dicom_topic,
        "subscription": outputs.dicom_subscription,
        "fhir-topic": outputs.fhir_topic,
        "fhir-subscription": outputs.fhir_subscription,
        "hl7v2-topic": outputs.hl7v2_topic,
        "hl7v2-subscription": outputs.hl7v2_subscription,
        "dead-letter-topic": outputs.dead_letter_topic,
        "dead-letter-subscription": outputs.dead_letter_subscription,
        "tables": f"bq://{outputs.project}.{outputs.bigquery_dataset}",
        **{
            f"tables:{name}": f"bq://{outputs.project}.{store.bigquery_dataset}"
            for name, store in outputs.fhir_stores.items()
        },
        "loader": outputs.loader_email,
        "reader": outputs.reader_email,
        **{f"key:{kind}": key for kind, key in outputs.kms_keys.items()},
        **_of_research(outputs),
        **_of_schedule(outputs),
    }
    return {name: _of_text(text, outputs.project) for name, text in texts.items() if text}


def _of_research(outputs: Outputs) -> dict[str, str | None]:
    made = outputs.research
    if made is None:
        return {}
    return {
        "research-dataset": made.dataset_name,
        "research-dicom": made.dicom_store_name,
        **{f"research-fhir:{name}": store for name, store in made.fhir_stores.items()},
        "research": f"gs://{made.bucket}",
        "crosswalk": _uri("gs", made.crosswalk_bucket),
        "research-tables": f"bq://{outputs.project}.{made.bigquery_dataset}",
        "research-topic": made.topic,
        "research-subscription": made.subscription,
        "researcher": made.researcher_email,
        "steward": made.steward_email,
    }


def _of_schedule(outputs: Outputs) -> dict[str, str]:
    made = outputs.schedule
    if made is None:
        return {}
    if made.kind == "composer":
        return {"airflow": made.account_email}
    return {"job": made.name, "starter": made.account_email}


def _uri(scheme: str, name: str | None) -> str | None:
    return f"{scheme}://{name}" if name else None


def find(text: str, outputs: Outputs) -> Resource:
    """The resource that a person means: a short name of the stack's, a URI, an account's address or a full name.

    Raises UsageError.
    """
    return finder(outputs)(text)


def finder(outputs: Outputs) -> Callable[[str], Resource]:
    """What `find` does for one stack, for whoever looks for many: its short names are read once."""
    known = of_stack(outputs)
    return lambda text: known[text] if text in known else _of_text(text, outputs.project)


def _of_text(text: str, project: str) -> Resource:
    name = re.sub(r"^//[a-z]+\.googleapis\.com/", "", text).rstrip("/")
    if name.startswith("gs://"):
        bucket, _, key = name.removeprefix("gs://").partition("/")
        name = f"projects/_/buckets/{bucket}" + (f"/objects/{key}" if key else "")
    elif name.startswith("bq://"):
        parts = name.removeprefix("bq://").split(".")
        name = "/".join(f"{kind}/{part}" for kind, part in zip(("projects", "datasets", "tables"), parts, strict=False))
    elif account := _ACCOUNT.fullmatch(name):
        name = f"projects/{account['project']}/serviceAccounts/{name}"
    return _of_name(name, project)


def _of_name(name: str, project: str) -> Resource:
    for kind, form in _FORMS:
        deeper = "(?:/.*)?" if kind in _STORES.values() else ""
        if found := re.fullmatch(f"({form}){deeper}", name):
            return Resource(kind, found[1], project)
    raise UsageError(
        f"{name} names no resource that a policy can be on: give gs://BUCKET, bq://PROJECT.DATASET, a service account's"
        " address, a full name such as projects/P/topics/T, or a short name that `access resources` lists."
    )
