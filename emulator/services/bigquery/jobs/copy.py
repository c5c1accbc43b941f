"""Copy jobs: tables into another table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import (
    catalog,
    decorators,
    encryption,
    errors,
    expiration,
    history,
    row_access,
    row_policies,
    warehouse,
)
from emulator.services.bigquery.jobs import clones, commit
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import ingestion, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.types import quote

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.services.bigquery.process.ticket import Ticket

OPERATIONS = ("COPY", "SNAPSHOT", "CLONE", "RESTORE")


@dataclass(frozen=True)
class _Source:
    """A table that is copied, under its name as written: its REST resource, and which of its rows are.

    condition is the engine's; first is how many rows from the first on, None for all.
    """

    name: TableName
    body: dict[str, Any]
    condition: str = "TRUE"
    first: int | None = None

    def select(self, *, with_times: bool) -> str:
        names = [quote(field["name"]) for field in catalog.fields_of(self.body)]
        names += [ingestion.COLUMN] if with_times else []
        rows = stored(catalog.storage_of(self.body))
        if self.first is not None:
            rows = f"(FROM {rows} LIMIT {self.first})"
        return f"SELECT {', '.join(names) or '*'} FROM {rows} WHERE {self.condition}"


async def run(context: Context, job: Job, ticket: Ticket) -> None:
    """Run a copy job: the rows of all sources, which must have one schema, into the destination."""
    options = job.configuration
    operation = options.get("operationType") or "COPY"
    operation = "COPY" if operation == "OPERATION_TYPE_UNSPECIFIED" else operation
    if operation not in OPERATIONS:
        raise errors.invalid(f"Unknown operationType {operation}; there are {', '.join(OPERATIONS)}.")
    references = options.get("sourceTables") or ([options["sourceTable"]] if options.get("sourceTable") else [])
    if not references or not options.get("destinationTable"):
        raise errors.invalid("A copy job needs sourceTable or sourceTables, and destinationTable.")
    name = TableName.from_reference(options["destinationTable"], job.project)
    target = commit.Target.of(name, job.key, options, commit.WRITE_EMPTY, job.principal)
    sources = [await _source(context, job, reference) for reference in references]
    _check_operation(context, operation, sources, target)
    commit.check_permissions(context, target, job.principal)
    if await commit.is_done(context, target):
        return
    fields = catalog.fields_of(sources[0].body)
    for found in sources[1:]:
        commit.check_fits(sources[0].name, fields, catalog.fields_of(found.body))
    unit = ingestion.unit_of(sources[0].body) if not target.partition else ""
    with_times = bool(unit) and all(ingestion.unit_of(source.body) for source in sources)
    staging = await commit.staging(context, target)
    union = " UNION ALL BY NAME ".join(source.select(with_times=with_times) for source in sources)
    unit = unit if with_times else ""
    rows = await warehouse.of(context).run(storage.fill, stored(staging), fields, union, unit, ticket=ticket)
    body = {key: sources[0].body[key] for key in clones.LAYOUT if key in sources[0].body}
    if operation in clones.DEFINITIONS:
        body.update(clones.definition(context, sources[0].name, operation))
    if options.get("destinationExpirationTime"):
        expires = dt.datetime.fromisoformat(options["destinationExpirationTime"])
        body["expirationTime"] = str(int(expires.timestamp() * 1000))
    target.body.update({key: value for key, value in body.items() if key not in target.body})
    await commit.put(context, target, staging, fields)
    if target.write != commit.WRITE_APPEND and len(sources) == 1:
        await row_policies.copy(context, decorators.split_time(sources[0].name)[0], target.name)
    job.statistics["copy"] = {"copiedRows": str(rows), "copiedLogicalBytes": "0"}


def _check_operation(context: Context, operation: str, sources: list[_Source], target: commit.Target) -> None:
    """Raise a 400 or 409 where a snapshot, clone or restoration is not possible."""
    if operation == "COPY":
        return
    if len(sources) != 1:
        raise errors.invalid(f"Copy jobs with operationType {operation} take one source table.")
    kind = catalog.kind_of(sources[0].body)
    if (operation == "RESTORE") != (kind == "SNAPSHOT") and operation != "CLONE":
        raise errors.invalid(f"operationType {operation} is not possible for {sources[0].name}, which is a {kind}.")
    if operation in clones.DEFINITIONS and catalog.find_table(context, target.name) is not None:
        raise errors.duplicate("Table", target.name)


async def _source(context: Context, job: Job, reference: dict[str, Any]) -> _Source:
    """A table that the caller may read, as it is or was, or a partition of it. Raises 400, 403, 404."""
    written = TableName.from_reference(reference, job.project)
    name, at = decorators.split_time(written)
    name, partition = decorators.split(name)
    if not context.policies.allows(job.principal, "bigquery.tables.getData", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.getData")
    row_access.require_all(context, name, job.principal)
    if at is not None:
        version = await history.find(context, name, at)
        return _Source(written, {**version.body, "_storage": version.storage}, first=version.first)
    found = encryption.open_table(context, name)
    catalog.require_rows(found, "copy")
    await expiration.purge(context, found)
    if not partition:
        return _Source(name, found.body)
    return _Source(name, found.body, decorators.partition(name, found.body, partition).condition)
