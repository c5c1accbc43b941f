"""fhirStores.exportHistory: the versions of resources as bundles of type history, one or more of them a resource."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.fhir import parsing
from emulator.fhir.search.tables import first_rid
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import versions
from emulator.services.healthcare.fhir.past_versions import IN_A_BUNDLE, require_versions
from emulator.services.healthcare.fhir.rest import history
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.transfer import selection, to_storage
from emulator.services.healthcare.fhir.transfer.selection import Selection
from emulator.services.healthcare.fhir.transfer.to_storage import Lines
from emulator.services.healthcare.fhir.versions import Span
from emulator.services.healthcare.transfer import exports
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.exports import Destination, Exporter

_AT_ONCE = 500
_ALL = 1 << 62


@dataclass(frozen=True)
class Histories:
    """The histories of a store's resources, deleted ones too: the `most` youngest versions of each that are wanted."""

    job: Job
    store: Store
    wanted: Selection
    most: int

    def types(self) -> list[str]:
        """The types that are wanted, sorted."""
        return selection.types(self.job.context, self.store, self.wanted)

    def count(self, types: Sequence[str]) -> int:
        """How many versions there are of these types."""
        sql = (
            "SELECT coalesce(sum(min(n, ?)), 0) FROM (SELECT count(*) AS n FROM fhir_versions"
            " WHERE store = ? AND type = ? AND rid >= ? GROUP BY id)"
        )
        first = first_rid(self.wanted.since)
        rows = (self.job.context.db.one(sql, (self.most, self.store.key, each, first)) for each in types)
        return sum(row[0] for row in rows if row is not None)

    async def lines(self, resource_type: str) -> AsyncIterator[Lines]:
        """The histories of a type's resources, by id."""
        after = ""
        while ids := await asyncio.to_thread(self._ids, resource_type, after):
            for identifier in ids:
                async for line in self._history(resource_type, identifier):
                    yield line
            after = ids[-1]

    def _ids(self, resource_type: str, after: str) -> list[str]:
        rows = self.job.context.db.all(
            "SELECT DISTINCT id FROM fhir_versions WHERE store = ? AND type = ? AND id > ? AND rid >= ?"
            " ORDER BY id LIMIT ?",
            (self.store.key, resource_type, after, first_rid(self.wanted.since), _AT_ONCE),
        )
        return [row[0] for row in rows]

    async def _history(self, resource_type: str, identifier: str) -> AsyncIterator[Lines]:
        """The bundles of one resource, the youngest version first."""
        context, left, before = self.job.context, self.most, _ALL
        base = f"{context.settings.base_url}/{self.job.payload['version']}/{self.store.name}/fhir"
        while left > 0:
            span, number = Span(since=self.wanted.since, before=before), min(left, IN_A_BUNDLE)
            found = versions.history(context.db.reader, self.store, resource_type, identifier, span, number)
            if not found:
                return
            entries = [await history.entry(context, self.store, base, each) for each in found]
            bundle = {"entry": entries, "resourceType": "Bundle", "type": "history"}
            yield Lines([parsing.canonical(bundle) + b"\n"], len(found))
            left, before = left - len(found), found[-1].rid


def _options(body: Json) -> Json:
    most = int(body.get("maxResourceVersions") or 0)
    if most < 0:
        raise invalid_argument("maxResourceVersions must be positive, or 0 for all versions.")
    return {**selection.options(body), "maxResourceVersions": most}


async def _run(job: Job) -> None:
    """Write the objects of an export: ID_history_Patient and so on."""
    most = job.payload["maxResourceVersions"] or _ALL
    content = Histories(job, selection.store_of(job), Selection.parse(job.payload), most)
    number = operations.number(job.operation)
    folder = shared.parse(job.payload["gcsDestination"])
    await to_storage.write(job, folder, lambda resource_type: f"{number}_history_{resource_type}", content)


exports.register(
    FHIR,
    Exporter(
        "fhir.FhirService.ExportResourcesHistory",
        "fhir.rest.ExportResourcesResponse",
        {"gcsDestination": Destination(to_storage.check, _run)},
        options=_options,
        verb="exportHistory",
        permission="healthcare.fhirStores.export",
        allowed=require_versions,
    ),
)
