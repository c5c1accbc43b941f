"""One statement of a query job: permissions, then SELECT into a result, DML in one transaction, or DDL.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery.
"""

from __future__ import annotations

from typing import Any

from emulator.services.bigquery import catalog, encryption, errors, expiration, history, warehouse
from emulator.services.bigquery.jobs import (
    caching,
    commit,
    ddl,
    grants,
    index_ddl,
    policy_ddl,
    reads,
    routine_ddl,
    temporary,
    transfers,
)
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.select import Query, read_places, select_into_storage
from emulator.services.bigquery.jobs.transaction import Transaction
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import marks, scripts
from emulator.services.bigquery.sql.catalog import Snapshot
from emulator.services.bigquery.sql.engine import result_table, stored
from emulator.services.bigquery.sql.plans import Plan
from emulator.state.resources import Resource


async def run(query: Query, plan: Plan, *, last: bool) -> None:
    """Run one statement; what came out is in the job's configuration and statistics. last: it has the destination."""
    destination = (query.job.configuration.get("destinationTable") or {}) if last else {}
    if plan.kind == "SELECT" and (not destination or str(destination.get("datasetId", "")).startswith("_")):
        await _select_anonymous(query, plan)
        return
    await query.job.kept()
    if plan.kind == "SELECT":
        await _select_into(query, plan, TableName.from_reference(destination, query.job.project))
    elif plan.target is not None and plan.target.dataset == query.script.defaults.temporary:
        await temporary.run(query, plan, plan.target)
    elif plan.is_dml or plan.kind == "TRUNCATE_TABLE":
        await _dml(query, plan)
    else:
        if query.session is not None and query.session.transaction is not None and plan.kind != "EXPORT_DATA":
            raise errors.error("invalidQuery", f"{plan.kind} is not supported in a transaction.")
        query.job.statistics["query"] = await _without_rows(query, plan) or await _with_rows(query, plan)


async def _without_rows(query: Query, plan: Plan) -> dict[str, Any]:
    """Run a statement about rights, routines and indexes, which reads no rows; nothing for others."""
    if plan.policy is not None:
        return await policy_ddl.run(query, plan.kind, plan.policy)
    if plan.index is not None:
        return await index_ddl.run(query, plan.kind, plan.index)
    if plan.grant is not None:
        return await grants.run(query, plan.kind, plan.grant)
    return {} if plan.routine is None else await routine_ddl.run(query, plan.kind, plan.routine)


async def _with_rows(query: Query, plan: Plan) -> dict[str, Any]:
    """Run a statement that makes, changes or drops tables, or moves rows between them and files."""
    found = await reads.snapshot(query, plan)
    statistics = await reads.statistics_of(query, plan, found)
    if plan.kind == "EXPORT_DATA":
        return {**statistics, **await transfers.export(query, plan, found)}
    if plan.kind == "LOAD_DATA":
        return {**statistics, **await transfers.load_data(query, plan)}
    return {**statistics, **await ddl.run(query, plan, found)}


async def _select_into(query: Query, plan: Plan, destination: TableName) -> None:
    context, job = query.context, query.job
    found = await reads.snapshot(query, plan)
    target = commit.Target.of(destination, job.key, job.configuration, commit.WRITE_EMPTY, query.principal)
    commit.check_permissions(context, target, query.principal)
    if not await commit.is_done(context, target):
        staging = await commit.staging(context, target)
        fields, _ = await select_into_storage(query, plan, found, staging)
        await commit.put(context, target, staging, fields)
    job.statistics["query"] = await reads.statistics_of(query, plan, found)


async def _select_anonymous(query: Query, plan: Plan) -> None:
    """Run a SELECT into a result that is kept with the job's end; before it nobody sees anything of either."""
    context, job = query.context, query.job
    found = await reads.snapshot(query, plan)
    known_as = caching.key(query, found)
    if (known := caching.find(query, known_as)) is not None:
        job.configuration["destinationTable"] = known.name.reference
        job.statistics["query"] = await reads.statistics_of(query, plan, found, cached=True)
        return
    house = warehouse.of(context)
    storage = await _name_for_result(query, found)
    fields, rows = await house.run(
        scripts.fill_result, query.script, plan.number, found, result_table(storage), ticket=query.ticket
    )
    house.small.keep(storage, rows)
    name = TableName(job.project, "_anonymous_results", f"anon{storage[2:]}")
    created = int(context.clock.seconds() * 1000)
    job.result = Result(name, storage, tuple(fields), query.principal, created)
    job.configuration["destinationTable"] = name.reference
    job.statistics["query"] = await reads.statistics_of(query, plan, found)
    caching.keep(query, known_as, found, job.result)


async def _name_for_result(query: Query, found: Snapshot) -> str:
    """A name for a result, which the key protects that the job names, or else one of those of the tables it is from."""
    context, job = query.context, query.job
    wanted = job.configuration.get("destinationEncryptionConfiguration")
    version = encryption.version_for(context, job.project, wanted, job.location or None)
    house = warehouse.of(context)
    return await house.new_name("r", version) if version else house.name_beside("r", read_places(found))


async def _dml_in_transaction(query: Query, plan: Plan, transaction: Transaction) -> None:
    assert plan.target is not None
    await reads.snapshot(query, plan)  # permissions come before the lock
    place = await transaction.writable(plan.target, query.ticket)
    found = await reads.snapshot(query, plan)
    counts = await warehouse.of(query.context).run(
        scripts.change, query.script, plan.number, found, stored(place), "", ticket=query.ticket, again=False
    )
    statistics = await reads.statistics_of(query, plan, found)
    query.job.statistics["query"] = {**statistics, **reads.dml_statistics(plan, counts)}


async def _copy_before(query: Query, plan: Plan, target: Resource) -> str:
    """The storage that a table is copied to before its rows change, noted as a state; "" where rows only come."""
    if plan.kind == "INSERT":
        return ""
    context = query.context
    copy = warehouse.of(context).name_beside("t", [catalog.storage_of(target.body)])
    rows = await history.counted(context, target)
    if rows > marks.COPIED_ROWS:
        return ""
    await context.db.write(history.keep_in, context, target, copy, rows)
    await history.prune(context)
    return copy


async def _dml(query: Query, plan: Plan) -> None:
    assert plan.target is not None
    if query.session is not None and query.session.transaction is not None:
        await _dml_in_transaction(query, plan, query.session.transaction)
        return
    context, house = query.context, warehouse.of(query.context)
    await expiration.purge(context, catalog.table(context, plan.target))
    async with query.ticket.locked(house.lock(plan.target)):
        found = await reads.snapshot(query, plan)
        target = catalog.table(context, plan.target)
        storage = catalog.storage_of(target.body)
        if catalog.kind_of(target.body) != "TABLE":
            raise errors.rows_stay(plan.target, catalog.kind_of(target.body))
        if plan.kind != "INSERT":
            await house.before_change(storage)
        key = f"{query.job.key}/{plan.number}"
        copy = await _copy_before(query, plan, target)
        try:
            place, kept = stored(storage), stored(copy) if copy else ""
            counts = await house.run(
                scripts.change, query.script, plan.number, found, place, key, kept, ticket=query.ticket
            )
        except BaseException:
            await context.db.write(history.forget_in, copy)
            raise
        house.changed(storage)
        await context.db.write(context.resources.replace, catalog.TABLES, target.name, target.body)
    query.job.statistics["query"] = {
        **await reads.statistics_of(query, plan, found),
        **reads.dml_statistics(plan, counts),
    }
