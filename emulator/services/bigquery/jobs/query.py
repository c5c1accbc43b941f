"""Query jobs: parsing, permissions, then SELECT into a result, DML in one transaction, or DDL.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, errors, views, warehouse
from emulator.services.bigquery.jobs import commit, ddl, results
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from emulator.app import Emulator
    from emulator.services.bigquery.sql.catalog import Snapshot
    from emulator.services.bigquery.sql.engine import Ticket
    from emulator.services.bigquery.sql.references import Defaults
    from emulator.services.bigquery.sql.statements import Statement

COUNT_NAMES = {"INSERT": "insertedRowCount", "UPDATE": "updatedRowCount", "DELETE": "deletedRowCount"}
REFUSED = ("tableDefinitions", "userDefinedFunctionResources", "connectionProperties", "scriptOptions", "continuous")


@dataclass
class Query:
    """One query job under way."""

    emulator: Emulator
    job: Job
    ticket: Ticket
    defaults: Defaults

    @property
    def principal(self) -> str:
        """Who asks."""
        return self.job.principal


async def run(emulator: Emulator, job: Job, ticket: Ticket) -> None:
    """Run a query job; what came out is in its configuration and statistics."""
    query, statements = await _prepare(emulator, job, ticket)
    for position, statement in enumerate(statements, 1):
        await _statement(query, statement, last=position == len(statements), number=position)


async def dry_run(emulator: Emulator, job: Job, ticket: Ticket) -> None:
    """Check a query job and fill in what it would read, without running it."""
    query, statements = await _prepare(emulator, job, ticket)
    statement = statements[-1]
    found = await _snapshot(query, statement)
    statistics = await _statistics(query, statement, found)
    if statement.kind == "SELECT":
        fields = await warehouse.of(emulator).run(_describe, query, statement, found, short=True)
        statistics["schema"] = {"fields": fields}
    elif statement.is_dml:
        await warehouse.of(emulator).run(_explain, query, statement, found, short=True)
    job.statistics["query"] = statistics


async def _prepare(emulator: Emulator, job: Job, ticket: Ticket) -> tuple[Query, list[Statement]]:
    from emulator.services.bigquery.sql.parameters import bind
    from emulator.services.bigquery.sql.references import Defaults
    from emulator.services.bigquery.sql.statements import parse

    configuration = job.configuration
    text = configuration.get("query")
    if not text:
        raise errors.invalid("Required parameter is missing: query")
    if configuration.get("useLegacySql") is True:
        raise errors.error("invalidQuery", "Legacy SQL is not emulated; set useLegacySql to false.")
    for key in REFUSED:
        if configuration.get(key):
            raise errors.error("notImplemented", f"Queries with {key} are not emulated.")
    default = configuration.get("defaultDataset")
    dataset = DatasetName.from_reference(default, job.project) if default and default.get("datasetId") else None
    query = Query(emulator, job, ticket, Defaults(job.project, dataset))

    def work(_: DuckDBPyConnection) -> list[Statement]:
        statements = parse(text, query.defaults)
        bind([statement.tree for statement in statements], configuration.get("queryParameters") or [])
        return statements

    return query, await warehouse.of(emulator).run(work, short=True)


async def _snapshot(query: Query, statement: Statement) -> Snapshot:
    emulator = query.emulator
    references = list(statement.reads)
    if statement.target is not None and (statement.is_dml or statement.kind == "TRUNCATE_TABLE"):
        _require_update(query, statement.target)
    found = await warehouse.of(emulator).run(
        lambda _: views.snapshot(emulator, references, query.defaults, query.principal), short=True
    )
    views.authorize(emulator, found, query.principal)
    if statement.target is None or not statement.is_dml:
        return found
    if statement.kind != "INSERT" and not emulator.policies.allows(
        query.principal, "bigquery.tables.getData", statement.target.resource
    ):
        raise errors.query_denied(statement.target)
    info = catalog.table_info(catalog.table(emulator, statement.target))
    return _with_target(found, info)


def _with_target(found: Snapshot, info: Any) -> Snapshot:
    import dataclasses

    return dataclasses.replace(found, tables={**found.tables, info.name: info})


def _require_update(query: Query, name: TableName) -> None:
    catalog.table(query.emulator, name)
    if not query.emulator.policies.allows(query.principal, "bigquery.tables.updateData", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.updateData")


async def _statement(query: Query, statement: Statement, *, last: bool, number: int) -> None:
    if statement.kind == "SELECT":
        await _select(query, statement, last=last)
    elif statement.is_dml or statement.kind == "TRUNCATE_TABLE":
        await _dml(query, statement, number)
    else:
        found = await _snapshot(query, statement)
        statistics = await _statistics(query, statement, found)
        statistics.update(await ddl.run(query, statement, found))
        query.job.statistics["query"] = statistics


async def _select(query: Query, statement: Statement, *, last: bool) -> None:
    emulator, job = query.emulator, query.job
    destination = job.configuration.get("destinationTable")
    named = last and destination and not str(destination.get("datasetId", "")).startswith("_")
    found = await _snapshot(query, statement)
    if named and destination:
        target = commit.Target.of(
            TableName.from_reference(destination, job.project), job.key, job.configuration, commit.WRITE_EMPTY
        )
        commit.check_permissions(emulator, target, query.principal)
        if not await commit.is_done(emulator, target):
            staging, fields, _ = await select_into_storage(query, statement, found)
            await commit.put(emulator, target, staging, fields)
    else:
        await _select_anonymous(query, statement, found)
    job.statistics["query"] = await _statistics(query, statement, found)


async def select_into_storage(query: Query, statement: Statement, found: Snapshot) -> tuple[str, list[Field], int]:
    """Run a SELECT into a new storage table: its name, columns and number of rows."""
    from emulator.services.bigquery.sql.engine import stored

    storage = f"t_{query.emulator.ids.hex(24)}"
    house = warehouse.of(query.emulator)
    fields, rows = await house.run(_fill, query, statement, found, stored(storage), ticket=query.ticket)
    return storage, fields, rows


async def _select_anonymous(query: Query, statement: Statement, found: Snapshot) -> None:
    from emulator.services.bigquery.sql.engine import result_table

    emulator, job = query.emulator, query.job
    storage = f"r_{emulator.ids.hex(24)}"
    house = warehouse.of(emulator)
    fields, _ = await house.run(_fill, query, statement, found, result_table(storage), ticket=query.ticket)
    name = TableName(job.project, "_anonymous_results", f"anon{storage[2:]}")
    created = int(emulator.clock.seconds() * 1000)
    await emulator.db.write(results.insert_in, Result(name, storage, tuple(fields), query.principal, created))
    job.configuration["destinationTable"] = name.reference


def _translator(connection: DuckDBPyConnection, query: Query, found: Snapshot) -> Any:
    from emulator.services.bigquery.sql import engine
    from emulator.services.bigquery.sql.translate import Translator

    return Translator(found, query.defaults, lambda sql: engine.describe(connection, sql))


def _fill(
    connection: DuckDBPyConnection, query: Query, statement: Statement, found: Snapshot, table: str
) -> tuple[list[Field], int]:
    """One transaction, so that a table that gets a column meanwhile has the same columns from describing to reading."""
    from emulator.services.bigquery.sql import engine, storage

    with engine.transaction(connection):
        sql = _translator(connection, query, found).select(statement.tree)
        fields = engine.describe(connection, sql)
        return fields, storage.fill_in(connection, table, fields, sql)


def _describe(connection: DuckDBPyConnection, query: Query, statement: Statement, found: Snapshot) -> list[Field]:
    from emulator.services.bigquery.sql import engine

    return engine.describe(connection, _translator(connection, query, found).select(statement.tree))


def _explain(connection: DuckDBPyConnection, query: Query, statement: Statement, found: Snapshot) -> None:
    connection.execute("EXPLAIN " + _translator(connection, query, found).dml(statement))


async def _dml(query: Query, statement: Statement, number: int) -> None:
    assert statement.target is not None
    emulator, house = query.emulator, warehouse.of(query.emulator)
    async with house.lock(statement.target):
        found = await _snapshot(query, statement)
        target = catalog.table(emulator, statement.target)
        storage = catalog.storage_of(target.body)
        if not storage:
            raise errors.error("invalidQuery", f"{statement.target} is a view: its rows cannot be changed.")
        key = f"{query.job.key}/{number}"
        counts = await house.run(_change, query, statement, found, storage, key, ticket=query.ticket)
        house.changed(storage)
        await emulator.db.write(emulator.resources.replace, catalog.TABLES, target.name, target.body)
    statistics = await _statistics(query, statement, found)
    if statement.kind != "TRUNCATE_TABLE":
        statistics["numDmlAffectedRows"] = str(sum(counts.values()))
        statistics["dmlStats"] = {COUNT_NAMES[action]: str(count) for action, count in counts.items()}
    query.job.statistics["query"] = statistics


def _change(
    connection: DuckDBPyConnection, query: Query, statement: Statement, found: Snapshot, storage: str, key: str
) -> dict[str, int]:
    """Change the rows in one transaction, once for each key; gives how many rows each of its actions touched."""
    from emulator.services.bigquery.sql import storage as tables_
    from emulator.services.bigquery.sql.engine import stored, transaction

    actions = list(COUNT_NAMES) if statement.kind == "MERGE" else [statement.kind]
    before = [tables_.done_rows(connection, f"{key}/{action}") for action in actions]
    if before[0] is not None:
        return {action: count or 0 for action, count in zip(actions, before, strict=True)}
    if statement.kind == "TRUNCATE_TABLE":
        sql = f"DELETE FROM {stored(storage)}"
    else:
        sql = _translator(connection, query, found).dml(statement)
    with transaction(connection):
        if statement.kind == "MERGE":
            touched = Counter(row[0] for row in connection.execute(f"{sql} RETURNING merge_action").fetchall())
            counts = {action: touched[action] for action in actions}
        else:
            row = connection.execute(sql).fetchone()
            counts = {statement.kind: int(row[0]) if row else 0}
        for action, count in counts.items():
            tables_.mark_done(connection, f"{key}/{action}", count)
    return counts


async def _statistics(query: Query, statement: Statement, found: Snapshot) -> dict[str, Any]:
    size = 0
    for name in {*found.reads, *(inner for names in found.view_reads.values() for inner in names)}:
        resource = catalog.find_table(query.emulator, name)
        if resource is not None:
            body = resource.body
            size += (await warehouse.of(query.emulator).sizes(catalog.storage_of(body), catalog.fields_of(body)))[1]
    query.job.statistics["totalBytesProcessed"] = str(size)
    return {
        "statementType": statement.kind,
        "totalBytesProcessed": str(size),
        "totalBytesBilled": str(size),
        "cacheHit": False,
        "referencedTables": [name.reference for name in sorted(found.reads)],
    }
