"""Copy jobs: tables into another table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, decorators, errors, expiration, warehouse
from emulator.services.bigquery.jobs import commit
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import ingestion, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.types import quote

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.services.bigquery.process.ticket import Ticket

COPIED = ("timePartitioning", "rangePartitioning", "clustering")


@dataclass(frozen=True)
class _Source:
    """A table that is copied: its REST resource, and the engine's condition for those of its rows that are."""

    name: TableName
    body: dict[str, Any]
    condition: str = "TRUE"

    def select(self, *, with_times: bool) -> str:
        names = [quote(field["name"]) for field in catalog.fields_of(self.body)]
        names += [ingestion.COLUMN] if with_times else []
        return f"SELECT {', '.join(names) or '*'} FROM {stored(catalog.storage_of(self.body))} WHERE {self.condition}"


async def run(context: Context, job: Job, ticket: Ticket) -> None:
    """Run a copy job: the rows of all sources, which must have one schema, into the destination."""
    options = job.configuration
    if (options.get("operationType") or "COPY") not in ("COPY", "OPERATION_TYPE_UNSPECIFIED"):
        raise errors.error(
            "notImplemented", f"Copy jobs with operationType {options['operationType']} are not emulated."
        )
    references = options.get("sourceTables") or ([options["sourceTable"]] if options.get("sourceTable") else [])
    if not references or not options.get("destinationTable"):
        raise errors.invalid("A copy job needs sourceTable or sourceTables, and destinationTable.")
    name = TableName.from_reference(options["destinationTable"], job.project)
    target = commit.Target.of(name, job.key, options, commit.WRITE_EMPTY, job.principal)
    sources = [await _source(context, job, reference) for reference in references]
    commit.check_permissions(context, target, job.principal)
    if await commit.is_done(context, target):
        return
    fields = catalog.fields_of(sources[0].body)
    for found in sources[1:]:
        commit.check_fits(sources[0].name, fields, catalog.fields_of(found.body))
    unit = ingestion.unit_of(sources[0].body) if not target.partition else ""
    with_times = bool(unit) and all(ingestion.unit_of(source.body) for source in sources)
    staging = f"t_{context.ids.hex(24)}"
    union = " UNION ALL BY NAME ".join(source.select(with_times=with_times) for source in sources)
    unit = unit if with_times else ""
    rows = await warehouse.of(context).run(storage.fill, stored(staging), fields, union, unit, ticket=ticket)
    body = {key: sources[0].body[key] for key in COPIED if key in sources[0].body}
    target.body.update({key: value for key, value in body.items() if key not in target.body})
    await commit.put(context, target, staging, fields)
    job.statistics["copy"] = {"copiedRows": str(rows), "copiedLogicalBytes": "0"}


async def _source(context: Context, job: Job, reference: dict[str, Any]) -> _Source:
    """A table that the caller may read, with or without a partition decorator. Raises 400, 403, 404."""
    name, partition = decorators.split(TableName.from_reference(reference, job.project))
    if not context.policies.allows(job.principal, "bigquery.tables.getData", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.getData")
    found = catalog.table(context, name)
    catalog.require_rows(found, "copy")
    await expiration.purge(context, found)
    if not partition:
        return _Source(name, found.body)
    return _Source(name, found.body, decorators.partition(name, found.body, partition).condition)
