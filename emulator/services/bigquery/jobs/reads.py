"""What a statement reads and changes: looked up before it runs, counted after.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#jobstatistics2
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.services.bigquery import catalog, encryption, errors, row_access, views, warehouse
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.catalog import Snapshot, TableInfo
from emulator.services.bigquery.sql.plans import Plan

MEGABYTE, LEAST_BILLED = 1 << 20, 10
COUNT_NAMES = {"INSERT": "insertedRowCount", "UPDATE": "updatedRowCount", "DELETE": "deletedRowCount"}


async def snapshot(query: Query, plan: Plan) -> Snapshot:
    """What a statement may read and change, looked up. Raises 400, 403, 404, and where it would be billed too much."""
    found = await _found(query, plan)
    await _check_billed(query, plan, found)
    return found


async def _found(query: Query, plan: Plan) -> Snapshot:
    context = query.context
    temporary = plan.target is not None and plan.target.dataset == query.script.defaults.temporary
    if plan.target is not None and not temporary and (plan.is_dml or plan.kind == "TRUNCATE_TABLE"):
        _require_update(query, plan.target)
    found = await views.snapshot(context, plan.reads, query.principal)
    views.authorize(context, found, query.principal)
    if plan.target is None or not plan.is_dml:
        return query.seen(found)
    if temporary:
        result = results.find(context, plan.target)
        return query.seen(_with_target(found, result.info()) if result else found)
    if plan.kind != "INSERT" and not context.policies.allows(
        query.principal, "bigquery.tables.getData", plan.target.resource
    ):
        raise errors.query_denied(plan.target)
    info = catalog.table_info(encryption.open_table(context, plan.target))
    return query.seen(_with_target(found, info))


def _with_target(found: Snapshot, info: TableInfo) -> Snapshot:
    return dataclasses.replace(found, tables={**found.tables, info.name: info})


def _require_update(query: Query, name: TableName) -> None:
    encryption.open_table(query.context, name)
    if not query.context.policies.allows(query.principal, "bigquery.tables.updateData", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.updateData")
    row_access.require_all(query.context, name, query.principal)


def dml_statistics(plan: Plan, counts: Mapping[str, int | None]) -> dict[str, Any]:
    """What a statement that changes rows tells about them. Tables do not count what TRUNCATE removes."""
    if plan.kind == "TRUNCATE_TABLE":
        return {"statementType": plan.kind}
    return {
        "statementType": plan.kind,
        "numDmlAffectedRows": str(sum(count or 0 for count in counts.values())),
        "dmlStats": {COUNT_NAMES[action]: str(count or 0) for action, count in counts.items()},
    }


def _untimed(name: TableName) -> TableName:
    return name.parent.table(name.table.partition("@")[0])


async def statistics_of(query: Query, plan: Plan, found: Snapshot, *, cached: bool = False) -> dict[str, Any]:
    """What every statement tells: its type, what it read, and how many bytes that is; none if the result was cached."""
    sizes = [] if cached else await _sizes(query, plan, found)
    size = sum(sizes)
    query.job.statistics["totalBytesProcessed"] = str(size)
    return {
        "statementType": plan.kind,
        "totalBytesProcessed": str(size),
        "totalBytesBilled": str(_billed(sizes)),
        "cacheHit": cached,
        "referencedTables": [
            name.reference for name in sorted({_untimed(name) for name in (*found.reads, *_inside(found))})
        ],
    }


async def _check_billed(query: Query, plan: Plan, found: Snapshot) -> None:
    """Raise an error where a statement would be billed for more bytes than its job's maximumBytesBilled."""
    most = query.job.configuration.get("maximumBytesBilled")
    if most is None:
        return
    billed = _billed(await _sizes(query, plan, found))
    if billed > int(most):
        said = f"Query exceeded limit for bytes billed: {most}. {billed} or higher required."
        raise errors.error("bytesBilledLimitExceeded", said)


def _inside(found: Snapshot) -> list[TableName]:
    """What the routines read that a statement calls."""
    return [name for names in found.routine_reads.values() for name in names]


async def _sizes(query: Query, plan: Plan, found: Snapshot) -> list[int]:
    """The bytes of each table that a statement reads, in views and routines and to find what it changes, too."""
    sizes = []
    in_views = (inner for names in found.view_reads.values() for inner in names)
    changed = [plan.target] if plan.target is not None and plan.kind in ("UPDATE", "DELETE", "MERGE") else []
    for name in {*found.reads, *_inside(found), *in_views, *changed}:
        resource = catalog.find_table(query.context, _untimed(name))
        if resource is not None and (storage := catalog.storage_of(resource.body)):
            fields = catalog.fields_of(resource.body)
            sizes.append((await warehouse.of(query.context).sizes(storage, fields))[1])
    return sizes


def _billed(sizes: Sequence[int]) -> int:
    """The bytes that are billed for tables: whole megabytes, ten at least of each (BigQuery: pricing, queries)."""
    return sum(max(LEAST_BILLED, -(-size // MEGABYTE)) * MEGABYTE for size in sizes)
