"""A bigqueryDestination of a FHIR store, and resources as rows of its tables (discovery: FhirBigQueryDestination)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulator.errors import invalid_argument
from emulator.fhir.definitions import Definitions
from emulator.fhir.shaping import columns, lossless
from emulator.fhir.shaping.columns import ColumnError
from emulator.fhir.shaping.extensions import RowError
from emulator.fhir.shaping.rows import DEPTH, Shape, Shaper
from emulator.services.healthcare.stores.kind import Json
from emulator.services.healthcare.transfer import tables
from emulator.services.healthcare.transfer.tables import TableUri

MAX_DEPTH = 5
UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
ID, VERSION = "id", "versionId"
"""Columns that tell rows apart: resources by id, and versions by a copy of meta.versionId that such tables have beside.
"""
_KEYS = {"KEEP_ALL_VERSIONS": (ID, VERSION)}
UPDATED = "lastUpdated"
"""The column that a partitioned table has beside: a copy of meta.lastUpdated, as a TIMESTAMP (Cloud Healthcare: export
to partitioned tables)."""
LOSSLESS = "LOSSLESS"
SHAPES = (LOSSLESS, *(shape.value for shape in Shape))
_DATASET = re.compile(r"bq://([^.:/]+(?:\.com:[^.:/]+)?)[.:](\w+)")


@dataclass(frozen=True, slots=True)
class Destination:
    """A dataset that has a table for each type of resource, and the shape of their rows."""

    project: str
    dataset: str
    shape: str
    depth: int
    disposition: str
    partitioning: Json | None = None
    """The timePartitioning of its tables, None for tables in one piece."""
    keys: tuple[str, ...] = ()
    """Columns by which a new row takes the place of an old one (changeDataCaptureConfig); none where all are kept."""

    @classmethod
    def parse(cls, given: Json) -> "Destination":
        """Read a bigqueryDestination; 400 for what Google refuses."""
        uri = str(given.get("datasetUri", ""))
        found = _DATASET.fullmatch(uri)
        if found is None:
            raise invalid_argument(f'Invalid BigQuery datasetUri "{uri[:200]}": it must be bq://PROJECT.DATASET.')
        schema: Json = given.get("schemaConfig") or {}
        if schema.get("schemaType") not in SHAPES:
            raise invalid_argument(f"schemaConfig.schemaType is required: {', '.join(SHAPES)}.")
        depth: Any = schema.get("recursiveStructureDepth") or DEPTH
        if not 0 < int(depth) <= MAX_DEPTH:
            raise invalid_argument(f"recursiveStructureDepth must be from 0 to {MAX_DEPTH}.")
        keys = _keys(given.get("changeDataCaptureConfig"))
        partitioning = _partitioning(schema.get("lastUpdatedPartitionConfig"))
        disposition = tables.disposition(given)
        return cls(found[1], found[2], schema["schemaType"], int(depth), disposition, partitioning, keys)

    @property
    def body(self) -> Json:
        """What its tables get beside their columns."""
        parts = {"timePartitioning": self.partitioning} if self.partitioning else {}
        return {**parts, "tableConstraints": {"primaryKey": {"columns": list(self.keys)}}} if self.keys else parts

    @property
    def keeps_history(self) -> bool:
        """Whether tables have a row for each version, where one may replace another."""
        return VERSION in self.keys

    def require_history(self, settings: Json) -> None:
        """Raise 400 where a store with these settings has no versions to be kept."""
        if self.keeps_history and settings.get("disableResourceVersioning"):
            raise invalid_argument("historyMode KEEP_ALL_VERSIONS needs a FHIR store that keeps versions of resources.")

    def table(self, resource_type: str) -> TableUri:
        """The table of a type."""
        return TableUri(self.project, self.dataset, resource_type)


def _keys(config: Json | None) -> tuple[str, ...]:
    """The columns by which rows replace each other with a changeDataCaptureConfig."""
    return () if config is None else _KEYS.get(config.get("historyMode", ""), (ID,))


def _partitioning(config: Json | None) -> Json | None:
    """The timePartitioning that a lastUpdatedPartitionConfig asks for; 400 for one that can't be."""
    if config is None:
        return None
    if config.get("type") not in UNITS:
        raise invalid_argument(f"lastUpdatedPartitionConfig.type must be one of {', '.join(UNITS)}.")
    expiration = int(config.get("expirationMs") or 0)
    if expiration < 0:
        raise invalid_argument("lastUpdatedPartitionConfig.expirationMs must be positive, or 0 for no end.")
    ends = {"expirationMs": str(expiration)} if expiration else {}
    return {"type": config["type"], "field": UPDATED, **ends}


class Table:
    """The rows of one type of resource, and the columns that they need so far."""

    def __init__(self, destination: Destination, definitions: Definitions, resource_type: str) -> None:
        self._row: Callable[[Json], Json] = lossless.row
        self.partitioning = destination.partitioning
        self.columns: list[Json] = []
        if destination.shape != LOSSLESS:
            shape = Shape(destination.shape)
            self._row = Shaper(definitions, shape, destination.depth).row
            self.columns = columns.defined(definitions, resource_type, shape, destination.depth)
        self._keeps_history = destination.keeps_history
        if self.partitioning:
            self.columns = [*self.columns, {"name": UPDATED, "type": "TIMESTAMP", "mode": "NULLABLE"}]
        if self._keeps_history:
            self.columns = [*self.columns, {"name": VERSION, "type": "STRING", "mode": "NULLABLE"}]

    def row(self, resource: Json) -> Json:
        """The row of a resource. ValueError, in one sentence that quotes no value, where it has none in this shape."""
        row = self._row(resource)
        beside = {UPDATED: bool(self.partitioning), VERSION: self._keeps_history}
        return row | {name: resource["meta"][name] for name, wanted in beside.items() if wanted}

    def widen(self, row: Json) -> None:
        """Take the columns of a row in; ValueError, in one sentence, where they do not go with those that are there."""
        own = {name: value for name, value in row.items() if name != UPDATED} if self.partitioning else row
        self.columns = columns.merged(self.columns, columns.of_row(own))

    def rows(self, resources: Iterable[Json]) -> tuple[list[Json], list[tuple[Json, str]]]:
        """The rows of resources, their columns taken in, and the resources that have none, with the reason."""
        made, failed = [], []
        for resource in resources:
            try:
                row = self.row(resource)
                self.widen(row)
            except (RowError, ColumnError) as problem:
                failed.append((resource, str(problem)))
            else:
                made.append(row)
        return made, failed
