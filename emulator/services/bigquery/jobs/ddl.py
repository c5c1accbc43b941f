"""Data definition: CREATE, DROP and ALTER of tables, views and schemas, done on the catalogue."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery import (
    catalog,
    datasets,
    decorators,
    errors,
    history,
    row_access,
    schemas,
    tables,
    warehouse,
)
from emulator.services.bigquery.encryption import VERSION, protected
from emulator.services.bigquery.jobs import clones
from emulator.services.bigquery.jobs.select import Query, select_into_storage
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.requests import check_table_id, merge
from emulator.services.bigquery.sql.catalog import Snapshot, TableInfo
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.plans import Change, Create, Plan
from emulator.services.bigquery.sql.storage import copy, drop_columns
from emulator.services.bigquery.sql.types import DEFAULT, Field, quote, recast

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource


NOT_STORED = {
    "CREATE_VIEW": "VIEW",
    "CREATE_MATERIALIZED_VIEW": "MATERIALIZED_VIEW",
    "CREATE_EXTERNAL_TABLE": "EXTERNAL",
}
DROPPED = {
    "DROP_TABLE": "TABLE",
    "DROP_VIEW": "VIEW",
    "DROP_MATERIALIZED_VIEW": "MATERIALIZED_VIEW",
    "DROP_EXTERNAL_TABLE": "EXTERNAL",
    "DROP_SNAPSHOT_TABLE": "SNAPSHOT",
}
KEY_CHANGES = ("add_keys", "drop_key", "drop_primary_key")
ALTERED = {
    "ALTER_TABLE": ("TABLE", "EXTERNAL", "SNAPSHOT"),
    "ALTER_VIEW": ("VIEW",),
    "ALTER_MATERIALIZED_VIEW": ("MATERIALIZED_VIEW",),
}


async def run(query: Query, plan: Plan, found: Snapshot) -> dict[str, Any]:
    """Do what a DDL statement says; gives its part of the job's statistics. Raises 400, 403, 404, 409."""
    if plan.schema is not None:
        done = await _schema(query, plan, plan.schema)
        return {"ddlOperationPerformed": done, "ddlTargetDataset": plan.schema.reference}
    assert plan.target is not None
    async with query.ticket.locked(warehouse.of(query.context).lock(plan.target)):
        if plan.create is not None and plan.kind in NOT_STORED:
            done = await _create_view(query, plan.target, plan.create, plan.kind)
        elif plan.create is not None:
            done = await _create_table(query, plan, plan.create, found)
        elif plan.drop is not None:
            done = await _drop(query, plan.target, plan.kind, missing_ok=plan.drop.missing_ok)
        elif plan.if_exists and catalog.find_table(query.context, plan.target) is None:
            done = "SKIP"
        else:
            await _alter(query, plan.target, plan.changes, plan.kind)
            done = "ALTER"
    return {"ddlOperationPerformed": done, "ddlTargetTable": plan.target.reference}


def _require(query: Query, permission: str, name: DatasetName | TableName) -> None:
    if not query.context.policies.allows(query.principal, permission, name.resource):
        raise errors.access_denied("Table" if isinstance(name, TableName) else "Dataset", name, permission)


async def _schema(query: Query, plan: Plan, name: DatasetName) -> str:
    context = query.context
    exists = catalog.find_dataset(context, name) is not None
    if plan.create is not None:
        context.policies.require(query.principal, "bigquery.datasets.create", f"projects/{name.project}")
        if exists and plan.create.exists_ok:
            return "SKIP"
        await context.db.write(datasets.create_in, context, name, plan.create.body, query.principal)
        return "CREATE"
    if not exists and plan.if_exists:
        return "SKIP"
    if plan.drop is None:
        return await _alter_schema(query, plan, name)
    if not exists and plan.drop.missing_ok:
        return "SKIP"
    _require(query, "bigquery.datasets.delete", name)
    await datasets.remove(context, name, contents=plan.drop.cascade)
    return "DROP"


async def _alter_schema(query: Query, plan: Plan, name: DatasetName) -> str:
    others = [change.action for change in plan.changes if change.action != "options"]
    if others:
        raise errors.error("invalidQuery", "ALTER SCHEMA is emulated with SET OPTIONS only.")
    _require(query, "bigquery.datasets.update", name)
    for change in plan.changes:
        await query.context.db.write(datasets.change_in, query.context, name, change.options)
    return "ALTER"


def _check_target(query: Query, name: TableName, wanted: Create, kind: str) -> str:
    """CREATE, REPLACE or SKIP. Raises 403, 404, 409."""
    check_table_id(name.table)
    catalog.dataset(query.context, name.parent)
    _require(query, "bigquery.tables.create", name.parent)
    found = catalog.find_table(query.context, name)
    if found is None:
        return "CREATE"
    if wanted.exists_ok:
        return "SKIP"
    if not wanted.replace:
        raise errors.duplicate("Table", name)
    _require(query, "bigquery.tables.update", name)
    if catalog.kind_of(found.body) != kind:
        raise errors.error("invalidQuery", f"{name} is a {catalog.kind_of(found.body).lower()}; drop it first.")
    return "REPLACE"


async def _create_table(query: Query, plan: Plan, wanted: Create, found: Snapshot) -> str:
    context, name = query.context, plan.target
    assert name is not None
    is_snapshot = plan.kind == "CREATE_SNAPSHOT_TABLE"
    done = _check_target(query, name, wanted, "SNAPSHOT" if is_snapshot else "TABLE")
    if done == "SKIP":
        return done
    parent = catalog.dataset(context, name.parent)
    given = {key: value for key, value in wanted.body.items() if value is not None}
    body = protected(context, name.project, given, parent.body)
    fields: Sequence[Field] = wanted.fields
    if wanted.query:
        storage = await warehouse.of(context).new_name("t", body.get(VERSION))
        fields, _ = await select_into_storage(query, plan, found, storage)
        if wanted.fields:
            fields, storage = await _cast_columns(context, storage, fields, wanted.fields)
    elif wanted.like:
        source = next(iter(found.tables.values()))
        fields = source.fields
        body = {**clones.laid_out(context, source.name), **body}
        storage = await tables.new_storage(context, fields, body.get(VERSION))
        if wanted.copy:
            row_access.require_all(context, decorators.split_time(source.name)[0], query.principal)
            if not source.storage or source.kind not in ("TABLE", "SNAPSHOT"):
                raise errors.error("invalidQuery", f"{source.name} is a {source.kind.lower()}; it cannot be copied.")
            await _copy_rows(context, source, storage)
        if is_snapshot or wanted.cloned:
            body.update(clones.definition(context, source.name, "SNAPSHOT" if is_snapshot else "CLONE"))
        if is_snapshot:
            clones.require_snapshot(query, source.name)
    else:
        storage = await tables.new_storage(context, fields, body.get(VERSION))
    body.update({"schema": {"fields": list(fields)}, "_storage": storage, "_job": query.job.key})
    schemas.check_keys(name, body, fields)
    if problem := schemas.partitioning_problem(body, fields):
        await warehouse.of(context).drop(storage)
        raise errors.error("invalidQuery", problem)
    await tables.register(context, name, body, parent, replace=done == "REPLACE")
    return done


async def _copy_rows(context: Context, source: TableInfo, storage: str) -> None:
    await warehouse.of(context).run(copy, source.storage, stored(storage), list(source.fields), None, source.first)


async def _cast_columns(
    context: Context, storage: str, fields: Sequence[Field], wanted: Sequence[Field]
) -> tuple[Sequence[Field], str]:
    """CREATE TABLE (columns) AS SELECT: the columns are taken by position and get the types of the list."""
    if len(fields) != len(wanted):
        raise errors.error("invalidQuery", f"The column list has {len(wanted)} columns, the query gives {len(fields)}.")
    selected = {new["name"]: recast(quote(old["name"]), old, new) for old, new in zip(fields, wanted, strict=True)}
    return wanted, await _rebuild(context, storage, wanted, selected)


async def _rebuild(context: Context, storage: str, fields: Sequence[Field], selected: dict[str, str]) -> str:
    """A new storage with the rows of another one, each column by its expression; the old one stays."""
    new = warehouse.of(context).name_beside("t", [storage])
    await warehouse.of(context).run(copy, stored(storage), stored(new), list(fields), selected)
    return new


async def _create_view(query: Query, name: TableName, wanted: Create, statement: str) -> str:
    """Create a table without rows of its own: a view, a materialized view, an external table."""
    kind = NOT_STORED[statement]
    done = _check_target(query, name, wanted, kind)
    if done == "SKIP":
        return done
    body = dict(wanted.body)
    if kind == "VIEW":
        body["view"] = {"query": wanted.query, "useLegacySql": False}
    elif kind == "MATERIALIZED_VIEW":
        body["materializedView"] = {**body.get("materializedView", {}), "query": wanted.query}
    if wanted.fields:
        body["schema"] = {"fields": list(wanted.fields)}
    await tables.create(query.context, name, body, query.principal, replace=done == "REPLACE")
    return done


async def _drop(query: Query, name: TableName, kind: str, *, missing_ok: bool) -> str:
    found = catalog.find_table(query.context, name)
    if found is None:
        if missing_ok:
            return "SKIP"
        raise errors.no_table(name)
    _require(query, "bigquery.tables.delete", name)
    if catalog.kind_of(found.body) != DROPPED[kind]:
        raise errors.error("invalidQuery", f"{name} is a {catalog.kind_of(found.body).lower()}; {kind} cannot drop it.")
    await tables.remove(query.context, name)
    return "DROP"


async def _alter(query: Query, name: TableName, changes: Sequence[Change], statement: str) -> None:
    _require(query, "bigquery.tables.update", name)
    kind = catalog.kind_of(catalog.table(query.context, name).body)
    if kind not in ALTERED[statement]:
        raise errors.error("invalidQuery", f"{name} is a {kind.lower()}; {statement} cannot change it.")
    for change in changes:
        found = catalog.table(query.context, name)
        if change.action == "options":
            await _set_options(query, found, change.options)
        elif change.action in KEY_CHANGES:
            await _change_keys(query, found, change)
        elif kind != "TABLE":
            raise errors.error("invalidQuery", f"{name} is a {kind.lower()}: its columns cannot be changed.")
        elif change.action == "rename_table":
            await _rename_table(query, found, name.parent.table(change.to))
        else:
            await _alter_column(query, found, change)


async def _set_options(query: Query, found: Resource, options: dict[str, Any]) -> None:
    context, name = query.context, catalog.table_name(found)
    if "materializedView" in options:
        view = {**found.body["materializedView"], **options["materializedView"]}
        options = {**options, "materializedView": view}
    await tables.put(context, found, protected(context, name.project, merge(found.body, options), {}, found.body))


async def _change_keys(query: Query, found: Resource, change: Change) -> None:
    """Add keys to a table or drop one. Raises a 400 for one that is there already, or is not there."""
    name, keys = catalog.table_name(found), dict(found.body.get("tableConstraints") or {})
    foreign = list(keys.get("foreignKeys") or [])
    if change.action == "add_keys":
        if "primaryKey" in change.options and keys.get("primaryKey"):
            raise errors.error("invalidQuery", f"Already Exists: Primary key of table {name}")
        keys.update({key: value for key, value in change.options.items() if key == "primaryKey"})
        foreign += change.options.get("foreignKeys", [])
    elif change.action == "drop_primary_key":
        if not keys.pop("primaryKey", None) and not change.tolerant:
            raise errors.error("invalidQuery", f"Table {name} has no primary key.")
    else:
        left = [key for number, key in enumerate(foreign, 1) if change.column not in (key.get("name"), f"fk${number}")]
        if left == foreign and not change.tolerant:
            raise errors.error("invalidQuery", f"Table {name} has no constraint {change.column}.")
        foreign = left
    keys["foreignKeys"] = foreign
    kept = {key: value for key, value in keys.items() if value}
    body = {**found.body, "tableConstraints": kept or None}
    schemas.check_keys(name, body, catalog.fields_of(body))
    await query.context.db.write(query.context.resources.replace, catalog.TABLES, name.resource, body)


async def _alter_column(query: Query, found: Resource, change: Change) -> None:
    context, name = query.context, catalog.table_name(found)
    fields = catalog.fields_of(found.body)
    exists = any(field["name"].lower() == change.column.lower() for field in fields)
    if change.action == "add":
        if exists and change.tolerant:
            return
        if exists:
            raise errors.error("invalidQuery", f"Column already exists: {change.column}")
        body = {**found.body, "schema": {"fields": [*fields, change.definition]}}
        await tables.alter(context, found, body, query.principal)
        return
    if not exists:
        if change.tolerant:
            return
        raise errors.error("invalidQuery", f"Column not found: {change.column} in table {name}")
    if change.action == "drop":
        await _drop_column(context, found, change.column)
    elif change.action == "nullable":
        relaxed = [{**f, "mode": "NULLABLE"} if f["name"].lower() == change.column.lower() else f for f in fields]
        await tables.alter(context, found, {**found.body, "schema": {"fields": relaxed}}, query.principal)
    elif change.action == "describe":
        body = {**found.body, "schema": {"fields": [_with(field, "description", change) for field in fields]}}
        await tables.alter(context, found, body, query.principal)
    elif change.action == "default":
        body = {**found.body, "schema": {"fields": [_with(field, DEFAULT, change) for field in fields]}}
        await tables.alter(context, found, body, query.principal)
    else:
        await _retype(context, found, change)


def _with(field: Field, said: str, change: Change) -> Field:
    """A column with what a change says of it (its default or description), or without any."""
    if field["name"].lower() != change.column.lower():
        return field
    return {**{key: value for key, value in field.items() if key != said}, **(change.definition or {})}


async def _drop_column(context: Context, found: Resource, column: str) -> None:
    """The catalogue first: what a crash leaves in DuckDB is swept at the next start."""
    body, name = found.body, catalog.table_name(found)
    used = [*(body.get("clustering") or {}).get("fields", ()), (body.get("timePartitioning") or {}).get("field")]
    if column in used:
        raise errors.error(
            "invalidQuery",
            f"ALTER TABLE DROP COLUMN cannot drop {column}: the table is partitioned or clustered by it.",
        )
    kept = [field for field in catalog.fields_of(body) if field["name"].lower() != column.lower()]
    if not kept:
        raise errors.error(
            "invalidQuery", f"ALTER TABLE DROP COLUMN cannot drop {column}: it is the table's only column."
        )
    changed = {**body, "schema": {"fields": kept}}
    await context.db.write(context.resources.replace, catalog.TABLES, name.resource, changed)
    await warehouse.of(context).before_change(catalog.storage_of(body))
    await warehouse.of(context).run(drop_columns, stored(catalog.storage_of(body)), [column], short=True)


async def _retype(context: Context, found: Resource, change: Change) -> None:
    """Rename a column or change its type: into a new storage, which then takes the place of the old one."""
    fields: list[Field] = []
    selected: dict[str, str] = {}
    for old in catalog.fields_of(found.body):
        new = old
        if old["name"].lower() == change.column.lower():
            if change.action == "rename":
                new = {**old, "name": change.to}
            else:
                new = {**old, **(change.definition or {}), "mode": old.get("mode", "NULLABLE")}
                schemas.check_new_type(old, new)
        fields.append(new)
        selected[new["name"]] = recast(quote(old["name"]), old, new)
    before = catalog.storage_of(found.body)
    storage = await _rebuild(context, before, schemas.checked(fields), selected)
    body = {**found.body, "schema": {"fields": fields}, "_storage": storage}

    def put(tx: sqlite3.Connection) -> None:
        history.keep_in(tx, context, found, rows=rows)
        context.resources.replace(tx, catalog.TABLES, found.name, body)

    rows = await history.counted(context, found)
    await context.db.write(put)
    await history.prune(context)


async def _rename_table(query: Query, found: Resource, name: TableName) -> None:
    context = query.context
    check_table_id(name.table)
    _require(query, "bigquery.tables.create", name.parent)

    def change(tx: sqlite3.Connection) -> None:
        try:
            context.resources.insert(tx, catalog.TABLES, name.resource, found.parent, found.body)
        except ApiError:
            raise errors.duplicate("Table", name) from None
        context.resources.delete_tree(tx, found.name)
        history.rename_in(tx, catalog.table_name(found), name)
        context.db.after_commit(context.policies.forget)

    await context.db.write(change)
