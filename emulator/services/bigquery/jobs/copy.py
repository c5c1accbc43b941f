"""Copy jobs: tables into another table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.bigquery import catalog, errors, warehouse
from emulator.services.bigquery.jobs import commit
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.services.bigquery.process.ticket import Ticket


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
    sources = []
    for reference in references:
        source = TableName.from_reference(reference, job.project)
        if not context.policies.allows(job.principal, "bigquery.tables.getData", source.resource):
            raise errors.access_denied("Table", source, "bigquery.tables.getData")
        found = catalog.table(context, source)
        if found.body.get("view"):
            raise errors.invalid(f"{source} is a view; only tables can be copied.")
        sources.append(found)
    commit.check_permissions(context, target, job.principal)
    if await commit.is_done(context, target):
        return
    fields = catalog.fields_of(sources[0].body)
    for found in sources[1:]:
        commit.check_fits(catalog.table_name(sources[0]), fields, catalog.fields_of(found.body))
    selects = [f"SELECT * FROM {stored(catalog.storage_of(found.body))}" for found in sources]
    staging = f"t_{context.ids.hex(24)}"
    union = " UNION ALL BY NAME ".join(selects)
    rows = await warehouse.of(context).run(storage.fill, stored(staging), fields, union, ticket=ticket)
    body = {
        key: sources[0].body[key]
        for key in ("timePartitioning", "rangePartitioning", "clustering")
        if key in sources[0].body
    }
    target.body.update({key: value for key, value in body.items() if key not in target.body})
    await commit.put(context, target, staging, fields)
    job.statistics["copy"] = {"copiedRows": str(rows), "copiedLogicalBytes": "0"}
