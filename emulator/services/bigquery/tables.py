"""tables: insert, get, list, update, patch, delete, and their IAM policies."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request, Response
from emulator.services.bigquery import (
    catalog,
    decorators,
    errors,
    expiration,
    external,
    history,
    iam_methods,
    materialized,
    schemas,
    views,
    warehouse,
)
from emulator.services.bigquery.encryption import VERSION, protected
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.placing import placed
from emulator.services.bigquery.requests import (
    asked_page,
    check_etag,
    check_table_id,
    dataset_of,
    merge,
    on_dataset,
    on_table,
    table_of,
    written_table,
)
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql import ingestion, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.partitions import SUMMARY, SUMMARY_FIELDS
from emulator.services.bigquery.sql.types import Field
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

MADE_BY_SERVER = frozenset(
    [
        "kind",
        "etag",
        "id",
        "selfLink",
        "tableReference",
        "type",
        "creationTime",
        "lastModifiedTime",
        "numRows",
        "numBytes",
        "numLongTermBytes",
        "location",
        "numPhysicalBytes",
        "numActiveLogicalBytes",
        "numTotalLogicalBytes",
        "numLongTermLogicalBytes",
        "streamingBuffer",
        "numPartitions",
    ]
)
REFUSED = ("biglakeConfiguration", "snapshotDefinition", "cloneDefinition", "model", "tableReplicationInfo")
KEPT = ("_storage", "schema", "location", *catalog.KINDS)  # by tables.update, though it leaves them out


@SERVICE.handles("bigquery.tables.insert", permission="bigquery.tables.create", on=on_dataset)
async def insert(request: Request) -> Answer:
    """Create a table or a view."""
    context, body = request.context, request.body
    reference = body.get("tableReference") or {}
    if not reference.get("tableId"):
        raise errors.invalid("Required parameter is missing: tableReference.tableId")
    name = dataset_of(request).table(reference["tableId"])
    return catalog.table_view(context, await create(context, name, body, request.principal))


async def create(
    context: Context, name: TableName, body: dict[str, Any], principal: str, *, replace: bool = False
) -> Resource:
    """Create a table (empty) or view. Raises 400, 404 for its dataset, 409 where the name is taken."""
    check_table_id(name.table)
    parent = catalog.dataset(context, name.parent)
    for key in REFUSED:
        if body.get(key):
            raise errors.error("notImplemented", f"Tables with {key} are not emulated.")
    if not replace and catalog.find_table(context, name) is not None:
        raise errors.duplicate("Table", name)
    stored = {key: value for key, value in body.items() if key not in MADE_BY_SERVER and value is not None}
    if stored.get("view"):
        fields = await views.fields(context, name, stored["view"], principal)
        stored["schema"] = {"fields": views.described(fields, catalog.fields_of(body))}
        return await register(context, name, stored, parent, replace=replace)
    if stored.get("materializedView"):
        stored = await materialized.checked(context, name, stored, principal)
        return await register(context, name, stored, parent, replace=replace)
    if stored.get("externalDataConfiguration"):
        given = catalog.fields_of(body)
        kept, fields = await external.checked(context, stored["externalDataConfiguration"], given, principal)
        stored.update(externalDataConfiguration=kept, schema={"fields": fields})
        return await register(context, name, stored, parent, replace=replace)
    fields = schemas.checked(catalog.fields_of(body))
    if problem := schemas.partitioning_problem(body, fields):
        raise errors.invalid(problem)
    schemas.check_keys(name, body, fields)
    stored = protected(context, name.project, stored, parent.body)
    stored["_storage"] = await new_storage(context, fields, stored.get(VERSION))
    return await register(context, name, stored, parent, replace=replace)


async def new_storage(context: Context, fields: Sequence[Field], version: str | None) -> str:
    """An empty storage table for rows that a version of a key protects, or None; the catalogue does not name it yet."""
    house = warehouse.of(context)
    identifier = await house.new_name("t", version)
    await house.run(storage.create, stored(identifier), list(fields), short=True)
    return identifier


async def register(
    context: Context, name: TableName, body: dict[str, Any], parent: Resource, *, replace: bool = False
) -> Resource:
    """Put a table whose storage is ready into the catalogue; what it replaces loses its rows. Raises 400, 404, 409."""
    body = {**body, "location": parent.body.get("location", catalog.DEFAULT_LOCATION)}
    _set_expiration(context, body, parent)
    if (unit := ingestion.unit_of(body)) and catalog.storage_of(body):
        await warehouse.of(context).run(ingestion.add, stored(catalog.storage_of(body)), unit, short=True)

    def change(tx: sqlite3.Connection) -> Resource:
        catalog.dataset(context, name.parent, tx)
        old = context.resources.get(catalog.TABLES, name.resource, tx)
        if old is None:
            return context.resources.insert(tx, catalog.TABLES, name.resource, name.parent.resource, kept)
        if not replace and catalog.find_table(context, name, tx) is not None:
            raise errors.duplicate("Table", name)
        history.keep_in(tx, context, old, rows=rows)
        return context.resources.replace(tx, catalog.TABLES, name.resource, kept)

    house = warehouse.of(context)
    rows = await history.counted(context, context.resources.get(catalog.TABLES, name.resource))
    made, kept = catalog.storage_of(body), body
    try:
        kept = await placed(context, protected(context, name.project, body, parent.body))
        created = await context.db.write(change)
    except ApiError:
        await house.drop(*{made, catalog.storage_of(kept)})
        raise
    if catalog.storage_of(kept) != made:
        await house.drop(made)
    await history.prune(context)
    return created


def _set_expiration(context: Context, body: dict[str, Any], parent: Resource) -> None:
    """Give a new table the defaults of its dataset: of tables by time that of partitions, where there is one."""
    by_time, of_partitions = body.get("timePartitioning"), parent.body.get("defaultPartitionExpirationMs")
    if by_time and of_partitions:
        body["timePartitioning"] = {"expirationMs": of_partitions, **by_time}
        return
    default = parent.body.get("defaultTableExpirationMs")
    if default and "expirationTime" not in body and not (by_time and by_time.get("expirationMs")):
        body["expirationTime"] = str(int(context.clock.seconds() * 1000) + int(default))


@SERVICE.handles("bigquery.tables.get", on=on_table)
async def get(request: Request) -> Answer:
    """Show a table or view; also the anonymous table of a query's result."""
    context, name = request.context, table_of(request)
    anonymous = results.find(context, name)
    if anonymous is not None:
        return anonymous.view(context)
    found = catalog.table(context, name)
    if request.headers.get("if-none-match", "").strip('"') == found.etag:
        return Response(304)
    await expiration.purge(context, found)
    sizes = (0, 0)
    if request.query.get("view") != "BASIC":
        sizes = await warehouse.of(context).sizes(catalog.storage_of(found.body), catalog.fields_of(found.body))
    shown = catalog.table_view(context, found, *sizes)
    written = written_table(request)
    if decorators.split(written)[1] == SUMMARY:
        shown |= {"tableReference": written.reference, "schema": {"fields": SUMMARY_FIELDS}}
    if request.query.get("selectedFields") and shown.get("schema"):
        shown["schema"] = {"fields": schemas.selected(shown["schema"]["fields"], request.query["selectedFields"])}
    return shown


@SERVICE.handles("bigquery.tables.list", on=on_dataset)
async def list_(request: Request) -> Answer:
    """List the tables and views of a dataset."""
    context, name = request.context, dataset_of(request)
    catalog.dataset(context, name)
    total = sum(1 for _ in catalog.tables_of(context, name))
    page = asked_page(request, 50, str)
    found, last = context.resources.list(
        catalog.TABLES,
        name.resource,
        page.size,
        page.name,
        lambda resource: catalog.find_table(context, catalog.table_name(resource)) is not None,
    )
    answer: dict[str, Any] = {"kind": "bigquery#tableList", "etag": context.ids.etag(), "totalItems": total}
    if found:
        answer["tables"] = [catalog.table_item(resource) for resource in found]
    if last:
        answer["nextPageToken"] = paging.encode(last)
    return answer


@SERVICE.handles("bigquery.tables.update", on=on_table)
async def update(request: Request) -> Answer:
    """Replace a table's fields; what is left out is cleared, but the schema is kept."""
    return await _change(request, replace=True)


@SERVICE.handles("bigquery.tables.patch", permission="bigquery.tables.update", on=on_table)
async def patch(request: Request) -> Answer:
    """Change the fields that the body has."""
    return await _change(request, replace=False)


async def _change(request: Request, *, replace: bool) -> Answer:
    context, name = request.context, table_of(request)
    given = {key: value for key, value in request.body.items() if key not in MADE_BY_SERVER}
    found = catalog.table(context, name)
    check_etag(request, found)
    async with warehouse.of(context).lock(name):
        found = catalog.table(context, name)
        check_etag(request, found)
        changed = await alter(context, found, _changed(found.body, given, replace=replace), request.principal)
    sizes = await warehouse.of(context).sizes(catalog.storage_of(changed.body), catalog.fields_of(changed.body))
    return catalog.table_view(context, changed, *sizes)


def _changed(old: dict[str, Any], given: dict[str, Any], *, replace: bool) -> dict[str, Any]:
    if not replace:
        return merge(old, given)
    kept = {key: value for key, value in old.items() if key in KEPT}
    if "expirationTime" not in given and "expirationTime" in old:
        kept["expirationTime"] = old["expirationTime"]
    return {**kept, **{key: value for key, value in given.items() if value is not None}}


async def alter(context: Context, found: Resource, body: dict[str, Any], principal: str) -> Resource:
    """Give a table a new body, changing its columns first. The caller holds its lock. Raises 400."""
    name, old, new = catalog.table_name(found), catalog.fields_of(found.body), catalog.fields_of(body)
    body = protected(context, name.project, body, {}, found.body)
    if body.get("view"):
        if not found.body.get("view"):
            raise errors.invalid(f"Table {name} cannot become a view.")
        fields = await views.fields(context, name, body["view"], principal)
        body["schema"] = {"fields": views.described(fields, new)}
    elif body.get("materializedView"):
        body = materialized.changed(found, body)
    elif body.get("externalDataConfiguration"):
        kept, fields = await external.checked(context, body["externalDataConfiguration"], new, principal)
        body.update(externalDataConfiguration=kept, schema={"fields": fields})
    else:
        schemas.checked(new)
        schemas.check_update(name, old, new)
        schemas.check_keys(name, body, new)
        if problem := schemas.partitioning_problem(body, new):
            raise errors.invalid(problem)
        if old != new:
            new = schemas.in_order(old, new)
            body["schema"] = {**body["schema"], "fields": new}
            house, place = warehouse.of(context), catalog.storage_of(body)
            house.keyed.require_open(place)
            await house.run(storage.widen, stored(place), list(old), list(new), short=True)
            house.changed(place)
    return await put(context, found, body)


async def put(context: Context, found: Resource, body: dict[str, Any]) -> Resource:
    """Put a table's new body in the place of the old one, its rows moved where the version of its key is another one.

    The caller holds its lock. Raises 400 for a version that can't be used.
    """
    same = body.get(VERSION) == found.body.get(VERSION)
    kept = body if same else await placed(context, body)
    changed = await context.db.write(context.resources.replace, catalog.TABLES, found.name, kept)
    if catalog.storage_of(kept) != catalog.storage_of(body):
        await warehouse.of(context).drop(catalog.storage_of(body))
    return changed


@SERVICE.handles("bigquery.tables.delete", on=on_table)
async def delete(request: Request) -> Answer:
    """Delete a table or view."""
    await remove(request.context, table_of(request))
    return Response(204)


async def remove(context: Context, name: TableName) -> None:
    """Delete a table or view and its rows. Raises 404."""

    def change(tx: sqlite3.Connection) -> None:
        history.keep_in(tx, context, catalog.table(context, name, tx), rows=rows)
        context.resources.delete_tree(tx, name.resource)
        context.db.after_commit(context.policies.forget)

    rows = await history.counted(context, catalog.table(context, name))
    await context.db.write(change)
    await history.prune(context)


def _policy_resource(request: Request) -> str:
    _, project, _, dataset, _, table = request.path["resource"].split("/", 5)
    name = TableName(request.context.project_id(project), dataset, table)
    catalog.table(request.context, name)
    return name.resource


iam_methods.register("bigquery.tables", _policy_resource)
