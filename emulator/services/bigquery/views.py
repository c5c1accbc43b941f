"""Views, and what a statement may read: the snapshot of the catalogue that a query is translated with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import (
    access,
    catalog,
    decorators,
    encryption,
    errors,
    expiration,
    external,
    history,
    row_access,
    schema_views,
    warehouse,
)
from emulator.services.bigquery.jobs import kept_sessions, results, store
from emulator.services.bigquery.names import DatasetName, RoutineName, TableName
from emulator.services.bigquery.sql import places, scripts
from emulator.services.bigquery.sql.catalog import (
    DatasetInfo,
    Reference,
    Routine,
    SchemaView,
    Snapshot,
    TableInfo,
    Wildcard,
)
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from emulator.context import Context

MAX_DEPTH = 16
# What INFORMATION_SCHEMA.TABLES, COLUMNS and their kin need on a dataset (BigQuery: each view's page, "Required
# permissions"); of SCHEMATA one sees the datasets that one may get.
LISTING = ("bigquery.tables.get", "bigquery.tables.list")
SESSION_PERMISSIONS = {"SESSIONS_BY_PROJECT": "bigquery.jobs.listAll", "SESSIONS_BY_USER": "bigquery.jobs.list"}
JOB_PERMISSIONS = {  # the same pages for JOBS and its kin
    "JOBS": "bigquery.jobs.listAll",
    "JOBS_BY_PROJECT": "bigquery.jobs.listAll",
    "JOBS_BY_USER": "bigquery.jobs.list",
}
SIZED = ("TABLE_STORAGE", "TABLE_STORAGE_BY_PROJECT", "__TABLES__")  # views that show rows and bytes
MAX_JOBS = 10_000  # the newest; BigQuery shows those of 180 days
NEWEST = 1 << 62


async def fields(context: Context, name: TableName, view: dict[str, Any], principal: str) -> list[Field]:
    """The columns of a view (ViewDefinition, MaterializedViewDefinition).

    Raises 400 for a query that does not work, 403 where it reads what the caller may not.
    """
    query = view.get("query")
    if not query:
        raise errors.invalid("A view needs a query.")
    if view.get("useLegacySql"):
        raise errors.invalid("Legacy SQL is not emulated; set view.useLegacySql to false.")
    if view.get("userDefinedFunctionResources"):
        raise errors.error("notImplemented", "User-defined functions are not emulated.")
    return await described_query(context, query, name.project, principal)


async def described_query(context: Context, query: str, project: str, principal: str) -> list[Field]:
    """The columns that a SELECT gives."""
    house = warehouse.of(context)
    reads = await house.run(scripts.view_reads, query, project, short=True)
    found = await snapshot(context, reads, principal)
    authorize(context, found, principal)
    return await house.run(scripts.describe_view, query, project, found)


def described(found: Iterable[Field], given: Iterable[Field]) -> list[Field]:
    """The columns of a view with the descriptions and policy tags that the caller gives."""
    extras = {field["name"].lower(): field for field in given if field.get("name")}
    result = []
    for field in found:
        extra = extras.get(field["name"].lower(), {})
        kept = {key: extra[key] for key in ("description", "policyTags") if extra.get(key) is not None}
        result.append({**field, **kept})
    return result


async def snapshot(context: Context, references: Iterable[Reference], principal: str) -> Snapshot:
    """Look up all that a statement names, views included with what they read.

    Raises ApiError 404 for what is not there, 400 for a view whose query is bad.
    """
    return await _Lookup(context, principal).snapshot(references)


class _Lookup:
    """Collects one snapshot."""

    def __init__(self, context: Context, principal: str) -> None:
        self._context = context
        self._principal = principal
        self._tables: dict[TableName, TableInfo] = {}
        self._listings: dict[DatasetName, tuple[TableInfo, ...]] = {}
        self._datasets: dict[str, tuple[DatasetInfo, ...]] = {}
        self._view_reads: dict[TableName, frozenset[TableName]] = {}
        self._routines: dict[RoutineName, Routine] = {}
        self._routine_reads: dict[RoutineName, frozenset[TableName]] = {}
        self._rows: dict[SchemaView, tuple[tuple[Any, ...], ...]] = {}
        self._jobs: dict[SchemaView, tuple[dict[str, Any], ...]] = {}

    async def snapshot(self, references: Iterable[Reference]) -> Snapshot:
        reads = await self._resolve(references, 0)
        return Snapshot(
            self._tables,
            self._listings,
            self._datasets,
            self._principal,
            reads,
            self._view_reads,
            self._jobs,
            self._rows,
            self._routines,
            self._routine_reads,
        )

    async def _resolve(self, references: Iterable[Reference], depth: int) -> frozenset[TableName]:
        names: set[TableName] = set()
        for reference in references:
            if isinstance(reference, SchemaView):
                await self._schema_view(reference)
            elif isinstance(reference, Wildcard):
                listing = self._list(reference.parent)
                for resource in catalog.tables_of(self._context, reference.parent):
                    if catalog.table_name(resource).table.startswith(reference.prefix):
                        encryption.require_open(self._context, reference.parent.project, resource.body)
                        await expiration.purge(self._context, resource)
                found = [self._seen(info) for info in listing if info.name.table.startswith(reference.prefix)]
                names.update(info.name for info in found if info.kind == "TABLE")
                seen = {info.name: info for info in found}
                self._listings[reference.parent] = tuple(seen.get(info.name, info) for info in listing)
                self._tables.update({info.name: info for info in found})
            elif isinstance(reference, RoutineName):
                await self._routine(reference, depth)
            else:
                names.add(reference)
                await self._table(reference, depth)
        return frozenset(names)

    def _seen(self, info: TableInfo) -> TableInfo:
        return dataclasses.replace(info, row_filters=row_access.filters(self._context, info.name, self._principal))

    async def _table(self, name: TableName, depth: int) -> None:
        if name in self._tables:
            return
        self._tables[name] = info = await _info(self._context, name, self._principal)
        if info.view and depth < MAX_DEPTH:
            house = warehouse.of(self._context)
            reads = await house.run(scripts.view_reads, info.view, name.project, short=True)
            self._view_reads[name] = await self._resolve(reads, depth + 1)

    async def _routine(self, name: RoutineName, depth: int) -> None:
        """Look up a function, and the tables that it reads. Raises 403, 404."""
        if name in self._routines:
            return
        routine = catalog.routine_info(name, catalog.routine(self._context, name).body)
        if not self._context.policies.allows(self._principal, "bigquery.routines.get", name.resource):
            raise errors.access_denied("Routine", name, "bigquery.routines.get")
        self._routines[name] = routine
        if routine.kind == "PROCEDURE" or depth >= MAX_DEPTH:
            return
        reads = await warehouse.of(self._context).run(scripts.routine_reads, routine, short=True)
        self._routine_reads[name] = await self._resolve(reads, depth + 1)

    def _list(self, name: DatasetName) -> tuple[TableInfo, ...]:
        catalog.dataset(self._context, name)
        listing = tuple(catalog.table_info(found) for found in catalog.tables_of(self._context, name))
        self._listings[name] = listing
        return listing

    async def _schema_view(self, reference: SchemaView) -> None:
        if reference.view in JOB_PERMISSIONS:
            self._list_jobs(reference)
            return
        if reference.view in SESSION_PERMISSIONS:
            self._list_sessions(reference)
            return
        if schema_views.is_known(reference.view):
            self._rows[reference] = schema_views.rows(self._context, self._principal, reference)
            return
        if reference.dataset:
            self._list(DatasetName(reference.project, reference.dataset))
        else:
            self._list_datasets(reference)
        if reference.view == "PARTITIONS":
            is_closed = warehouse.of(self._context).keyed.is_closed
            for name, listing in self._listings.items():
                open_ones = (info for info in listing if not is_closed(places.storage_of(info.storage)))
                self._listings[name] = tuple(open_ones)
        if reference.view in SIZED:
            for name, listing in self._listings.items():
                self._listings[name] = tuple([await self._sized(info) for info in listing])

    def _list_datasets(self, reference: SchemaView) -> None:
        """The datasets that the caller may get, and where the view shows tables, those of datasets that it may list."""
        found = self._context.resources.list(catalog.DATASETS, f"projects/{reference.project}")[0]
        may = self._context.policies.allows
        self._datasets[reference.project] = tuple(
            catalog.dataset_info(resource)
            for resource in found
            if may(self._principal, "bigquery.datasets.get", resource.name)
        )
        if reference.view == "SCHEMATA":
            return
        for resource in found:
            if all(may(self._principal, permission, resource.name) for permission in LISTING):
                self._list(catalog.dataset_name(resource))

    async def _sized(self, info: TableInfo) -> TableInfo:
        if info.view or info.rows or info.size:
            return info
        body = catalog.table(self._context, info.name).body
        sizes = warehouse.of(self._context).sizes
        rows, size = await sizes(catalog.storage_of(body), catalog.fields_of(body))
        return dataclasses.replace(info, rows=rows, size=size)

    def _list_jobs(self, reference: SchemaView) -> None:
        self._require(reference.project, JOB_PERMISSIONS[reference.view])
        whose = self._principal if reference.view == "JOBS_BY_USER" else ""
        found = store.page(self._context, reference.project, whose, [], (0, NEWEST), NEWEST, MAX_JOBS)
        self._jobs[reference] = tuple(job.body for _, job in found if reference.region in ("", job.location.lower()))

    def _list_sessions(self, reference: SchemaView) -> None:
        self._require(reference.project, SESSION_PERMISSIONS[reference.view])
        whose = self._principal if reference.view == "SESSIONS_BY_USER" else ""
        self._rows[reference] = tuple(
            kept_sessions.row_of(self._context, session)
            for session in kept_sessions.of_project(self._context, reference.project, whose)
            if reference.region in ("", session.location.lower())
        )

    def _require(self, project: str, permission: str) -> None:
        if not self._context.policies.allows(self._principal, permission, f"projects/{project}"):
            raise errors.access_denied("Project", project, permission)


async def _info(context: Context, name: TableName, principal: str) -> TableInfo:
    """A table as the caller sees it: which rows, and of an external one what its objects hold now."""
    base = name.parent.table(name.table.partition("@")[0])
    info = await _whole(context, name, principal)
    return dataclasses.replace(info, row_filters=row_access.filters(context, base, principal))


async def _whole(context: Context, name: TableName, principal: str) -> TableInfo:
    anonymous = results.find(context, name)
    if anonymous is not None:
        return anonymous.info()
    base, at = decorators.split_time(name)
    if at is not None:
        return await _past(context, base, name, at)
    found = encryption.open_table(context, name)
    await expiration.purge(context, found)
    info = catalog.table_info(found)
    if info.kind != "EXTERNAL":
        return info
    rows = await external.rows(context, found.body["externalDataConfiguration"], list(info.fields), principal)
    return dataclasses.replace(info, storage=rows.table, hidden=rows.info().hidden)


async def _past(context: Context, base: TableName, name: TableName, at: int) -> TableInfo:
    """A table as it was, under its name with that time."""
    current = encryption.open_table(context, base)
    version = await history.find(context, base, at)
    resource = dataclasses.replace(current, body={**version.body, "_storage": version.storage})
    return dataclasses.replace(catalog.table_info(resource), name=name, first=version.first)


def authorize(context: Context, found: Snapshot, principal: str) -> None:
    """Raise a 403 where the caller may not read what a statement names.

    What a view or a function reads is checked too, but for tables whose dataset has authorised that view, its dataset
    or that function (BigQuery: "Authorized views and materialized views", "Authorize routines").
    """
    required = set(found.reads)
    for view, names in found.view_reads.items():
        required.update(name for name in names if not _authorised(context, name, "view", view.reference))
    for routine, names in found.routine_reads.items():
        required.update(name for name in names if not _authorised(context, name, "routine", routine.reference))
    for name in sorted(required):
        if not _allowed(context, principal, "bigquery.tables.getData", name):
            raise errors.query_denied(name)
    for dataset in found.listings:
        for permission in LISTING:
            if not context.policies.allows(principal, permission, dataset.resource):
                raise errors.access_denied("Dataset", dataset, permission)


def _allowed(context: Context, principal: str, permission: str, name: TableName) -> bool:
    name = name.parent.table(name.table.partition("@")[0])
    anonymous = results.find(context, name)
    if anonymous is not None:
        return anonymous.principal == principal
    return context.policies.allows(principal, permission, name.resource)


def _authorised(context: Context, table: TableName, kind: str, reference: dict[str, str]) -> bool:
    parent = catalog.find_dataset(context, table.parent)
    return parent is not None and access.authorises(parent.body.get("access") or [], kind, reference)
