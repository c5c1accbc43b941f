"""What a project has, as its lists tell a principal: datasets with their stores, tables, keys, topics, buckets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from emulator.console.caller import Caller, Json, Refused
from emulator.console.visitor import Visitor
from emulator.console.wording import several
from emulator.services.cloudkms.resources import RINGS


@dataclass(frozen=True)
class Kind:
    """A kind of store: its collection, what people call it, its page, how it counts, and what it holds."""

    collection: str
    title: str
    page: str
    metrics: str = ""
    things: tuple[str, str] = ("", "")


DICOM = Kind("dicomStores", "DICOM store", "studies", ":getDICOMStoreMetrics", ("study", "studies"))
KINDS = (
    DICOM,
    Kind("fhirStores", "FHIR store", "resources", ":getFHIRStoreMetrics", ("resource", "resources")),
    Kind("hl7V2Stores", "HL7v2 store", "hl7v2", ":getHL7v2StoreMetrics", ("message", "messages")),
    Kind("consentStores", "Consent store", "consents", things=("consent", "consents")),
)
_LISTED = 100
"""Up to how many things of a store are counted of which Google has no metrics."""


@dataclass(frozen=True)
class Store:
    """A store: its kind, name, and what it holds in words ("12 studies"), "" where that may not be seen."""

    kind: Kind
    name: str
    holds: str


async def datasets(api: Caller, project: str) -> list[str]:
    """The names of the healthcare datasets of a project, in all locations. Raises Refused."""
    locations, _ = await api.listed(f"v1/projects/{project}/locations", "locations")
    found = await asyncio.gather(*(api.listed(f"v1/{each['name']}/datasets", "datasets") for each in locations))
    return [dataset["name"] for listed, _ in found for dataset in listed]


async def stores(api: Caller, dataset: str, kind: Kind) -> list[Store]:
    """The stores of a kind in a dataset, each with what it holds. Raises Refused."""
    listed, _ = await api.listed(f"v1/{dataset}/{kind.collection}", kind.collection)
    return [Store(kind, each["name"], await holds(api, kind, each["name"])) for each in listed]


async def holds(api: Caller, kind: Kind, name: str) -> str:
    """What a store of a kind holds in words, "" for who may not see its numbers."""
    try:
        if kind.metrics:
            return counted(kind, await api.get(f"v1/{name}{kind.metrics}"))
        listed, more = await api.listed(f"v1/{name}/{kind.things[1]}", kind.things[1], _LISTED)
    except Refused:
        return ""
    held = several(len(listed), *kind.things)
    return f"more than {held}" if more else held if listed else "empty"


def counted(kind: Kind, metrics: Json) -> str:
    """Metrics of a store in words: studies and instances, or resources or messages of so many types."""
    if "studyCount" in metrics or "instanceCount" in metrics:
        studies = several(metrics.get("studyCount", 0), "study", "studies")
        return f"{studies}, {several(metrics.get('instanceCount', 0), 'instance', 'instances')}"
    types = [each for each in metrics.get("metrics", []) if each.get("count")]
    total = sum(int(each["count"]) for each in types)
    return f"{several(total, *kind.things)} of {several(len(types), 'type', 'types')}" if types else "empty"


async def tables(api: Caller, project: str) -> list[Json]:
    """The tables of BigQuery of a project, each as `tables.get` has it. Raises Refused."""
    listed, _ = await api.listed(f"bigquery/v2/projects/{project}/datasets", "datasets")
    found = []
    for each in listed:
        base = f"bigquery/v2/projects/{project}/datasets/{each['datasetReference']['datasetId']}/tables"
        below, _ = await api.listed(base, "tables", 200)
        found += [await _table(api, base, table) for table in below]
    return found


async def _table(api: Caller, base: str, table: Json) -> Json:
    try:
        whole: Json = await api.get(f"{base}/{table['tableReference']['tableId']}")
    except Refused:
        return table
    return whole


async def keys(visitor: Visitor) -> list[Json]:
    """The keys of Cloud KMS of the visitor's project, in all locations. Raises Refused."""
    api = visitor.api
    parents = (f"v1/projects/{visitor.project}/locations/{name}/keyRings" for name in _ring_locations(visitor))
    rings = await asyncio.gather(*(api.listed(parent, "keyRings") for parent in parents))
    below = (api.listed(f"v1/{ring['name']}/cryptoKeys", "cryptoKeys") for listed, _ in rings for ring in listed)
    return [key for listed, _ in await asyncio.gather(*below) for key in listed]


def _ring_locations(visitor: Visitor) -> list[str]:
    """Where to ask for key rings: Cloud KMS's own list of locations is not emulated. What is there is asked by API."""
    sql = "SELECT DISTINCT parent FROM resources WHERE kind = ? AND parent GLOB ?"
    rows = visitor.context.db.all(sql, (RINGS, f"projects/{visitor.project}/locations/*"))
    return sorted({"global", *(row["parent"].rpartition("/")[2] for row in rows)})
