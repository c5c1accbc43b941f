"""Query jobs: parsing, permissions, then SELECT into a result, DML in one transaction, or DDL.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, errors, views, warehouse
from emulator.services.bigquery.jobs import commit, ddl, results, transfers
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.select import Query, select_into_storage
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql import scripts, storage
from emulator.services.bigquery.sql.catalog import Defaults, Snapshot, TableInfo
from emulator.services.bigquery.sql.engine import result_table
from emulator.services.bigquery.sql.plans import Plan, Script

if TYPE_CHECKING:
    from emulator.context import Context

COUNT_NAMES = {"INSERT": "insertedRowCount", "UPDATE": "updatedRowCount", "DELETE": "deletedRowCount"}
REFUSED = ("tableDefinitions", "userDefinedFunctionResources", "connectionProperties", "scriptOptions", "continuous")
MAX_LENGTH = 1 << 20  # BigQuery: maximum length of an unresolved GoogleSQL query


async def run(context: Context, job: Job, ticket: Ticket) -> None:
    """Run a query job; what came out is in its configuration and statistics."""
    query, plans = await _prepare(context, job, ticket)
    for plan in plans:
        ticket.check()
        await _statement(query, plan, last=plan is plans[-1])


async def had_effect(context: Context, job: Job) -> bool:
    """Whether a job that was under way when the emulator stopped had had its effect; its statistics are filled then.

    Known of one statement that changes rows, creates a table or writes into one.
    """
    _, plans = await _prepare(context, job, Ticket())
    plan = plans[0]
    destination = job.configuration.get("destinationTable")
    name = TableName.from_reference(destination, job.project) if destination else plan.target
    if len(plans) > 1 or name is None:
        return False
    if not plan.is_dml and plan.kind != "TRUNCATE_TABLE":
        if plan.kind != "SELECT" and not plan.kind.startswith("CREATE_TABLE"):
            return False
        if not await commit.is_done(context, commit.Target(name, job.key)):
            return False
        statistics: dict[str, Any] = {"statementType": plan.kind}
    else:
        key = f"{job.key}/{plan.number}"
        actions = tuple(COUNT_NAMES) if plan.kind == "MERGE" else (plan.kind,)
        house = warehouse.of(context)
        counts = [await house.run(storage.done_rows, f"{key}/{action}", short=True) for action in actions]
        if counts[0] is None:
            return False
        statistics = _dml_statistics(plan, dict(zip(actions, counts, strict=True)))
    job.statistics["totalBytesProcessed"] = "0"
    job.statistics["query"] = statistics
    return True


async def dry_run(context: Context, job: Job, ticket: Ticket) -> None:
    """Check a query job and fill in what it would read, without running it."""
    query, plans = await _prepare(context, job, ticket)
    plan = plans[-1]
    found = await _snapshot(query, plan)
    statistics = await _statistics(query, plan, found)
    run_ = warehouse.of(context).run
    if plan.kind == "SELECT":
        fields = await run_(scripts.describe, query.script, plan.number, found, ticket=ticket)
        statistics["schema"] = {"fields": fields}
    elif plan.is_dml:
        await run_(scripts.explain, query.script, plan.number, found, ticket=ticket)
    job.statistics["query"] = statistics


async def _prepare(context: Context, job: Job, ticket: Ticket) -> tuple[Query, list[Plan]]:
    configuration = job.configuration
    text = configuration.get("query")
    if not text:
        raise errors.invalid("Required parameter is missing: query")
    if len(text) > MAX_LENGTH:
        raise errors.invalid(
            f"The query is too large. The maximum standard SQL query length is {MAX_LENGTH / 1024:.2f}K characters, "
            "including comments and white space characters."
        )
    if configuration.get("useLegacySql") is True:
        raise errors.error("invalidQuery", "Legacy SQL is not emulated; set useLegacySql to false.")
    for key in REFUSED:
        if configuration.get(key):
            raise errors.error("notImplemented", f"Queries with {key} are not emulated.")
    default = configuration.get("defaultDataset")
    dataset = DatasetName.from_reference(default, job.project) if default and default.get("datasetId") else None
    temporary = f"_script{hashlib.sha256(job.key.encode()).hexdigest()[:40]}"
    script = Script(text, Defaults(job.project, dataset, temporary), configuration.get("queryParameters") or [])
    plans = await warehouse.of(context).run(scripts.prepare, script, short=True, ticket=ticket)
    return Query(context, job, ticket, script), plans


async def _snapshot(query: Query, plan: Plan) -> Snapshot:
    context = query.context
    if plan.target is not None and (plan.is_dml or plan.kind == "TRUNCATE_TABLE"):
        _require_update(query, plan.target)
    found = await views.snapshot(context, plan.reads, query.principal)
    views.authorize(context, found, query.principal)
    if plan.target is None or not plan.is_dml:
        return found
    if plan.kind != "INSERT" and not context.policies.allows(
        query.principal, "bigquery.tables.getData", plan.target.resource
    ):
        raise errors.query_denied(plan.target)
    info = catalog.table_info(catalog.table(context, plan.target))
    return _with_target(found, info)


def _with_target(found: Snapshot, info: TableInfo) -> Snapshot:
    return dataclasses.replace(found, tables={**found.tables, info.name: info})


def _require_update(query: Query, name: TableName) -> None:
    catalog.table(query.context, name)
    if not query.context.policies.allows(query.principal, "bigquery.tables.updateData", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.updateData")


async def _statement(query: Query, plan: Plan, *, last: bool) -> None:
    if plan.kind == "SELECT":
        await _select(query, plan, last=last)
    elif plan.target is not None and plan.target.dataset == query.script.defaults.temporary:
        await _temporary(query, plan)
    elif plan.is_dml or plan.kind == "TRUNCATE_TABLE":
        await _dml(query, plan)
    else:
        found = await _snapshot(query, plan)
        statistics = await _statistics(query, plan, found)
        if plan.kind == "EXPORT_DATA":
            statistics.update(await transfers.export(query, plan, found))
        elif plan.kind == "LOAD_DATA":
            statistics.update(await transfers.load_data(query, plan))
        else:
            statistics.update(await ddl.run(query, plan, found))
        query.job.statistics["query"] = statistics


async def _temporary(query: Query, plan: Plan) -> None:
    """Make a temporary table, which is kept and read like a query's result."""
    if plan.create is None or plan.target is None:
        raise errors.error("invalidQuery", f"{plan.kind} of a temporary table is not emulated.")
    context, house = query.context, warehouse.of(query.context)
    found = await _snapshot(query, plan)
    place = f"r_{context.ids.hex(24)}"
    fields = list(plan.create.fields)
    if plan.create.query:
        fields, _ = await house.run(
            scripts.fill, query.script, plan.number, found, result_table(place), ticket=query.ticket
        )
    else:
        await house.run(storage.create, result_table(place), fields, short=True)
    created = int(context.clock.seconds() * 1000)
    await context.db.write(results.insert_in, Result(plan.target, place, tuple(fields), query.principal, created))
    query.job.statistics["query"] = await _statistics(query, plan, found)


async def _select(query: Query, plan: Plan, *, last: bool) -> None:
    context, job = query.context, query.job
    destination = job.configuration.get("destinationTable")
    named = last and destination and not str(destination.get("datasetId", "")).startswith("_")
    found = await _snapshot(query, plan)
    if named and destination:
        target = commit.Target.of(
            TableName.from_reference(destination, job.project),
            job.key,
            job.configuration,
            commit.WRITE_EMPTY,
            query.principal,
        )
        commit.check_permissions(context, target, query.principal)
        if not await commit.is_done(context, target):
            staging, fields, _ = await select_into_storage(query, plan, found)
            await commit.put(context, target, staging, fields)
    else:
        await _select_anonymous(query, plan, found)
    job.statistics["query"] = await _statistics(query, plan, found)


async def _select_anonymous(query: Query, plan: Plan, found: Snapshot) -> None:
    context, job = query.context, query.job
    storage = f"r_{context.ids.hex(24)}"
    house = warehouse.of(context)
    fields, _ = await house.run(
        scripts.fill, query.script, plan.number, found, result_table(storage), ticket=query.ticket
    )
    name = TableName(job.project, "_anonymous_results", f"anon{storage[2:]}")
    created = int(context.clock.seconds() * 1000)
    await context.db.write(results.insert_in, Result(name, storage, tuple(fields), query.principal, created))
    job.configuration["destinationTable"] = name.reference


async def _dml(query: Query, plan: Plan) -> None:
    assert plan.target is not None
    context, house = query.context, warehouse.of(query.context)
    async with query.ticket.locked(house.lock(plan.target)):
        found = await _snapshot(query, plan)
        target = catalog.table(context, plan.target)
        storage = catalog.storage_of(target.body)
        if not storage:
            raise errors.error("invalidQuery", f"{plan.target} is a view: its rows cannot be changed.")
        key = f"{query.job.key}/{plan.number}"
        counts = await house.run(scripts.change, query.script, plan.number, found, storage, key, ticket=query.ticket)
        house.changed(storage)
        await context.db.write(context.resources.replace, catalog.TABLES, target.name, target.body)
    query.job.statistics["query"] = {**await _statistics(query, plan, found), **_dml_statistics(plan, counts)}


def _dml_statistics(plan: Plan, counts: Mapping[str, int | None]) -> dict[str, Any]:
    """What a statement that changes rows tells about them. Tables do not count what TRUNCATE removes."""
    if plan.kind == "TRUNCATE_TABLE":
        return {"statementType": plan.kind}
    return {
        "statementType": plan.kind,
        "numDmlAffectedRows": str(sum(count or 0 for count in counts.values())),
        "dmlStats": {COUNT_NAMES[action]: str(count or 0) for action, count in counts.items()},
    }


async def _statistics(query: Query, plan: Plan, found: Snapshot) -> dict[str, Any]:
    size = 0
    for name in {*found.reads, *(inner for names in found.view_reads.values() for inner in names)}:
        resource = catalog.find_table(query.context, name)
        if resource is not None:
            body = resource.body
            size += (await warehouse.of(query.context).sizes(catalog.storage_of(body), catalog.fields_of(body)))[1]
    query.job.statistics["totalBytesProcessed"] = str(size)
    return {
        "statementType": plan.kind,
        "totalBytesProcessed": str(size),
        "totalBytesBilled": str(size),
        "cacheHit": False,
        "referencedTables": [name.reference for name in sorted(found.reads)],
    }
