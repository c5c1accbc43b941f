"""Temporary tables of a script: kept and read like the results of queries, changed like tables.

https://cloud.google.com/bigquery/docs/multi-statement-queries#temporary_tables
"""

from __future__ import annotations

import dataclasses

from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import reads, results
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.select import Query, read_places
from emulator.services.bigquery.jobs.transaction import copy_rows
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import places, scripts, storage
from emulator.services.bigquery.sql.catalog import Snapshot
from emulator.services.bigquery.sql.engine import result_table
from emulator.services.bigquery.sql.plans import Create, Plan


async def run(query: Query, plan: Plan, name: TableName) -> None:
    """Make, change or drop a temporary table. Raises 400 for what is not emulated, 404 and 409."""
    if plan.create is not None:
        await _make(query, plan, name, plan.create)
    elif plan.is_dml or plan.kind == "TRUNCATE_TABLE":
        await _change(query, plan, name)
    elif plan.kind == "DROP_TABLE":
        await _drop(query, plan, name)
    else:
        raise errors.error("invalidQuery", f"{plan.kind} of a temporary table is not emulated.")


async def _make(query: Query, plan: Plan, name: TableName, wanted: Create) -> None:
    context, house = query.context, warehouse.of(query.context)
    done = "CREATE"
    if results.find(context, name) is not None:
        if not wanted.replace and not wanted.exists_ok:
            raise errors.duplicate("Table", name)
        done = "REPLACE" if wanted.replace else "SKIP"
    found = await reads.snapshot(query, plan)
    if done != "SKIP":
        place = house.name_beside("r", read_places(found))
        fields = list(wanted.fields)
        if wanted.query:
            fields, _ = await house.run(
                scripts.fill, query.script, plan.number, found, result_table(place), ticket=query.ticket
            )
        else:
            await house.run(storage.create, result_table(place), fields, short=True)
        created = int(context.clock.seconds() * 1000)
        await _keep(query, Result(name, place, tuple(fields), query.principal, created))
    statistics = await reads.statistics_of(query, plan, found)
    query.job.statistics["query"] = {**statistics, "ddlOperationPerformed": done, "ddlTargetTable": name.reference}


async def _keep(query: Query, result: Result) -> None:
    await query.context.db.write(results.insert_in, result)
    if query.session is not None:
        query.session.temporary[result.name.table] = result


async def _change(query: Query, plan: Plan, name: TableName) -> None:
    context, session = query.context, query.session
    found = await reads.snapshot(query, plan)
    result = _existing(query, name)
    if session is not None and session.transaction is not None:
        result = await session.transaction.writable_temporary(session.temporary[name.table], query.ticket)
        session.temporary[name.table] = result
        found = await reads.snapshot(query, plan)
    if (placed := await _placed(query, result, found)) is not result:
        result, found = placed, await reads.snapshot(query, plan)
    counts = await warehouse.of(context).run(
        scripts.change, query.script, plan.number, found, result.table, "", ticket=query.ticket, again=False
    )
    statistics = await reads.statistics_of(query, plan, found)
    query.job.statistics["query"] = {**statistics, **reads.dml_statistics(plan, counts)}


async def _placed(query: Query, result: Result, found: Snapshot) -> Result:
    """The table where a key protects it if one protects rows that a statement reads, and may put into it."""
    place = warehouse.of(query.context).name_beside("r", read_places(found))
    if not places.file_of(place) or places.file_of(result.storage):
        return result
    moved = dataclasses.replace(result, storage=place)
    await copy_rows(query.context, result.table, moved.table, list(result.fields), query.ticket)
    await _keep(query, moved)
    return moved


async def _drop(query: Query, plan: Plan, name: TableName) -> None:
    result = _existing(query, name)
    await query.context.db.write(results.delete_in, result.name)
    if query.session is not None:
        query.session.temporary.pop(name.table, None)
    query.job.statistics["query"] = {
        "statementType": plan.kind,
        "ddlOperationPerformed": "DROP",
        "ddlTargetTable": name.reference,
    }


def _existing(query: Query, name: TableName) -> Result:
    result = results.find(query.context, name)
    if result is None:
        raise errors.no_table(name)
    return result
