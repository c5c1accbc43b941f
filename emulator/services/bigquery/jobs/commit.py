"""Rows that a job has made, put into their table: all or nothing, and once even if the emulator crashes in between.

A job fills a storage table of its own first. It then becomes the table's storage (new and replaced tables), or its rows
are appended in one DuckDB transaction that also notes the job as done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, decorators, errors, history, schemas, tables, warehouse
from emulator.services.bigquery.encryption import VERSION, protected, require_open
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.types import Field, field_mode, field_type

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource

WRITE_APPEND, WRITE_EMPTY, WRITE_TRUNCATE = "WRITE_APPEND", "WRITE_EMPTY", "WRITE_TRUNCATE"
DISPOSITIONS = (WRITE_APPEND, WRITE_EMPTY, WRITE_TRUNCATE, "WRITE_TRUNCATE_DATA")


@dataclass(frozen=True)
class Target:
    """Where rows go and how. body is what a new table gets besides schema and rows (partitioning, clustering ...).

    partition is the id of the only partition that they go into, "" for the whole table. keys are columns by which
    appended rows take the place of those that are there.
    """

    name: TableName
    job: str
    write: str = WRITE_APPEND
    create: str = "CREATE_IF_NEEDED"
    add_fields: bool = False
    relax_fields: bool = False
    body: dict[str, Any] = field(default_factory=dict)
    principal: str = ""  # who writes, for a default of SESSION_USER()
    partition: str = ""
    keys: tuple[str, ...] = ()

    @staticmethod
    def of(name: TableName, job: str, configuration: dict[str, Any], default_write: str, principal: str) -> Target:
        """From a job's configuration; name may have a partition decorator. Raises a 400 for an unknown disposition."""
        name, partition = decorators.split(name)
        write = configuration.get("writeDisposition") or default_write
        if write not in DISPOSITIONS:
            raise errors.invalid(f"Unknown writeDisposition {write}; there are {', '.join(DISPOSITIONS)}.")
        options = configuration.get("schemaUpdateOptions") or []
        keys = ("timePartitioning", "rangePartitioning", "clustering")
        body = {key: configuration[key] for key in keys if configuration.get(key)}
        if configuration.get("destinationEncryptionConfiguration"):
            body["encryptionConfiguration"] = configuration["destinationEncryptionConfiguration"]
        properties = configuration.get("destinationTableProperties") or {}
        body.update({key: value for key, value in properties.items() if value is not None})
        return Target(
            name,
            job,
            write,
            configuration.get("createDisposition") or "CREATE_IF_NEEDED",
            "ALLOW_FIELD_ADDITION" in options,
            "ALLOW_FIELD_RELAXATION" in options,
            body,
            principal,
            partition,
        )


def check_permissions(context: Context, target: Target, principal: str) -> None:
    """Raise 400, 403 or 404 where the caller, or the key, may not be used to write there, before any work is done."""
    name, policies = target.name, context.policies
    parent = catalog.dataset(context, name.parent)
    found = catalog.find_table(context, name)
    if found is None:
        if target.create == "CREATE_NEVER":
            raise errors.no_table(name)
        if not policies.allows(principal, "bigquery.tables.create", name.parent.resource):
            raise errors.access_denied("Dataset", name.parent, "bigquery.tables.create")
        protected(context, name.project, target.body, parent.body)
    elif not policies.allows(principal, "bigquery.tables.updateData", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.updateData")
    else:
        require_open(context, name.project, found.body)


async def is_done(context: Context, target: Target) -> bool:
    """Whether the job has had its effect already, before a crash."""
    found = catalog.find_table(context, target.name)
    if found is not None and found.body.get("_job") == target.job:
        return True
    place = catalog.storage_of(found.body) if found is not None else ""
    return await warehouse.of(context).done_rows(place, target.job) is not None


async def staging(context: Context, target: Target) -> str:
    """A name for the storage that a job fills first, where the key protects it that will protect the table. Raises 400.

    It does so where the table gets another key meanwhile, too; but then the rows are moved.
    """
    house, name = warehouse.of(context), target.name
    found, parent = catalog.find_table(context, name), catalog.dataset(context, name.parent)
    if found is not None and (target.partition or not _replaces(target, found)):
        return house.name_beside("t", [catalog.storage_of(found.body)])
    body = {**(found.body if found is not None else {}), **target.body}
    return await house.new_name("t", protected(context, name.project, body, parent.body).get(VERSION))


def _replaces(target: Target, found: Resource) -> bool:
    return target.write.startswith(WRITE_TRUNCATE) or not catalog.fields_of(found.body)


async def put(context: Context, target: Target, staging: str, fields: Sequence[Field]) -> Resource:
    """Make the rows of a staging storage the table's, or append them; the staging storage is used up either way."""
    house = warehouse.of(context)
    async with house.lock(target.name):
        try:
            return await _put(context, target, staging, list(fields))
        except BaseException:
            await house.drop(staging)
            raise


async def _put(context: Context, target: Target, staging: str, fields: list[Field]) -> Resource:
    found = catalog.find_table(context, target.name)
    parent = catalog.dataset(context, target.name.parent)
    if found is None and target.create == "CREATE_NEVER":
        raise errors.no_table(target.name)
    if target.partition:
        return await _put_partition(context, target, found, staging, fields)
    if found is None:
        body = {**target.body, "schema": {"fields": fields}, "_storage": staging, "_job": target.job}
        if problem := schemas.partitioning_problem(body, fields):
            raise errors.invalid(problem)
        return await tables.register(context, target.name, body, parent, replace=True)
    _require_table(found)
    old_storage, old_fields = catalog.storage_of(found.body), catalog.fields_of(found.body)
    empty = (await warehouse.of(context).sizes(old_storage, old_fields))[0] == 0
    if target.write == WRITE_EMPTY and not empty:
        raise errors.duplicate("Table", target.name)
    if _replaces(target, found):
        body = {**found.body, **target.body, "schema": {"fields": fields}, "_storage": staging, "_job": target.job}
        return await tables.register(context, target.name, body, parent, replace=True)
    return await _append(context, target, found, staging, fields)


def _require_table(found: Resource) -> None:
    kind = catalog.kind_of(found.body)
    if kind != "TABLE":
        raise errors.invalid(f"Cannot write rows to a table of type {kind}: {catalog.table_name(found)}.")


async def _put_partition(
    context: Context, target: Target, found: Resource | None, staging: str, fields: list[Field]
) -> Resource:
    """Append rows to one partition, or put them in its place; a table that is not there is made. Raises 400, 409."""
    name, house = target.name, warehouse.of(context)
    if found is None:
        by = decorators.partitioning_of(target.partition)
        body = {"timePartitioning": by, **target.body, "schema": {"fields": fields}}
        found = await tables.create(context, name, body, target.principal)
    _require_table(found)
    truncates = target.write.startswith(WRITE_TRUNCATE)
    into = decorators.partition(name, found.body, target.partition, emptied=truncates)
    if into.moment is None:
        await _check_belongs(context, into, staging)
    if target.write == WRITE_EMPTY:
        place = stored(catalog.storage_of(found.body))
        if await house.run(storage.count, place, into.condition, short=True):
            raise errors.duplicate("Table", f"{name}${target.partition}")
    return await _append(context, target, found, staging, fields, into)


async def _check_belongs(context: Context, into: storage.Partition, staging: str) -> None:
    strange = f"({into.condition}) IS NOT TRUE"
    if await warehouse.of(context).run(storage.count, stored(staging), strange):
        raise errors.invalid(f"Some rows belong to different partitions rather than destination partition {into.id}")


async def _append(
    context: Context,
    target: Target,
    found: Resource,
    staging: str,
    fields: list[Field],
    into: storage.Partition | None = None,
) -> Resource:
    house = warehouse.of(context)
    old, place = catalog.fields_of(found.body), catalog.storage_of(found.body)
    new = schemas.widened(old, fields) if target.add_fields else old
    new = schemas.relaxed(new, fields) if target.relax_fields else new
    check_fits(target.name, new, fields)
    if new != old:
        await house.run(storage.widen, stored(place), old, new, short=True)
    given = {item["name"].lower() for item in fields}
    others = [item for item in new if item["name"].lower() not in given]
    copy = ""
    if into is not None and into.emptied:
        copy = house.name_beside("t", [place])
        await house.before_change(place)
        await context.db.write(history.keep_in, context, found, copy, await history.counted(context, found))
    elif target.keys:
        await house.before_change(place)
    more = (others, target.principal, into, stored(copy) if copy else "", target.keys)
    await house.run(storage.append_from, stored(place), stored(staging), fields, target.job, *more)
    house.changed(place)
    await house.drop(staging)
    body = {**found.body, "schema": {"fields": new}}
    return await context.db.write(context.resources.replace, catalog.TABLES, target.name.resource, body)


def check_fits(table: TableName, columns: Sequence[Field], fields: Sequence[Field], path: str = "") -> None:
    """Raise a 400 where rows with these fields cannot be appended to a table with those columns."""
    known = {column["name"].lower(): column for column in columns}
    for item in fields:
        where = path + item["name"]
        column = known.pop(item["name"].lower(), None)
        if column is None:
            raise _mismatch(table, f"Cannot add fields (field: {where})")
        if field_type(column) != field_type(item):
            raise _mismatch(table, f"Field {where} has changed type from {field_type(column)} to {field_type(item)}")
        if (field_mode(column) == "REPEATED") != (field_mode(item) == "REPEATED"):
            raise _mismatch(table, f"Field {where} has changed mode from {field_mode(column)} to {field_mode(item)}")
        if field_type(item) == "RECORD":
            check_fits(table, column["fields"], item["fields"], where + ".")
    for column in known.values():
        if field_mode(column) == "REQUIRED":
            raise _mismatch(table, f"Required field {path}{column['name']} is missing")


def _mismatch(table: TableName, message: str) -> Exception:
    return errors.invalid(f"Provided Schema does not match Table {table}. {message}")
