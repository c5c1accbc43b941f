"""CREATE and DROP SEARCH INDEX, done on the catalogue."""

from __future__ import annotations

from typing import Any

from emulator.services.bigquery import catalog, errors, search_indexes, warehouse
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.sql.plans import IndexStatement
from emulator.state.resources import Resource

PERMISSIONS = {"CREATE": "bigquery.tables.createIndex", "DROP": "bigquery.tables.deleteIndex"}


async def run(query: Query, kind: str, wanted: IndexStatement) -> dict[str, Any]:
    """Do what the statement says; gives the job's statistics. Raises 400, 403, 404, 409."""
    context, permission = query.context, PERMISSIONS[wanted.action]
    async with query.ticket.locked(warehouse.of(context).lock(wanted.table)):
        found = catalog.table(context, wanted.table)
        if not context.policies.allows(query.principal, permission, wanted.table.resource):
            raise errors.access_denied("Table", wanted.table, permission)
        done = await (_create if wanted.action == "CREATE" else _drop)(query, wanted, found)
    return {"statementType": kind, "ddlOperationPerformed": done, "ddlTargetTable": wanted.table.reference}


async def _create(query: Query, wanted: IndexStatement, found: Resource) -> str:
    if catalog.kind_of(found.body) != "TABLE":
        raise errors.error("invalidQuery", f"{wanted.table} is no table: it can't have a search index.")
    if there := search_indexes.of_table(found.body):
        if there["name"].lower() == wanted.index.lower() and wanted.tolerant:
            return "SKIP"
        raise errors.duplicate("Search index", f"{there['name']} of table {wanted.table}, which has one at most")
    now = int(query.context.clock.seconds() * 1000)
    await _keep(query, found, search_indexes.made(wanted, catalog.fields_of(found.body), now))
    return "CREATE"


async def _drop(query: Query, wanted: IndexStatement, found: Resource) -> str:
    there = search_indexes.of_table(found.body)
    if there is None or there["name"].lower() != wanted.index.lower():
        if wanted.tolerant:
            return "SKIP"
        raise errors.error("notFound", f"Not found: Search index {wanted.index} of table {wanted.table}")
    await _keep(query, found, None)
    return "DROP"


async def _keep(query: Query, found: Resource, index: dict[str, Any] | None) -> None:
    body = {**found.body, search_indexes.INDEX: index}
    await query.context.db.write(query.context.resources.replace, catalog.TABLES, found.name, body)
