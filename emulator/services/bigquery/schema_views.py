"""Rows of those views of INFORMATION_SCHEMA that are about what the catalogue keeps beside tables and columns.

https://cloud.google.com/bigquery/docs/information-schema-intro
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery import catalog, errors, search_indexes
from emulator.services.bigquery.definitions import options_of
from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.sql.catalog import SchemaView
from emulator.services.bigquery.standard_types import type_text
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Row = tuple[Any, ...]
Maker = Callable[["Context", DatasetName], Iterator[Row]]
TABLES = ("bigquery.tables.get", "bigquery.tables.list")
ROUTINES = ("bigquery.routines.get", "bigquery.routines.list")
DATASETS = ("bigquery.datasets.get",)
POLICIES = ("bigquery.datasets.get", "bigquery.tables.getIamPolicy")


def is_known(view: str) -> bool:
    """Whether this module makes the rows of that view."""
    return view in VIEWS


def rows(context: Context, principal: str, view: SchemaView) -> tuple[Row, ...]:
    """The rows of a view of a dataset, or of those datasets of a project that the caller may see. Raises 403, 404."""
    permissions, make = VIEWS[view.view]
    may = context.policies.allows
    if view.dataset:
        name = DatasetName(view.project, view.dataset)
        catalog.dataset(context, name)
        for permission in permissions:
            if not may(principal, permission, name.resource):
                raise errors.access_denied("Dataset", name, permission)
        return tuple(make(context, name))
    found: list[Row] = []
    for resource in context.resources.list(catalog.DATASETS, f"projects/{view.project}")[0]:
        here = view.region in ("", str(resource.body.get("location", "")).lower())
        if here and all(may(principal, permission, resource.name) for permission in permissions):
            found += make(context, catalog.dataset_name(resource))
    return tuple(found)


def _tables(context: Context, name: DatasetName) -> Iterator[tuple[str, Resource]]:
    for resource in catalog.tables_of(context, name):
        yield catalog.table_name(resource).table, resource


def _routines(context: Context, name: DatasetName) -> Iterator[tuple[str, Resource]]:
    for resource in context.resources.list(catalog.ROUTINES, name.resource)[0]:
        yield resource.name.rpartition("/")[2], resource


def _table_options(context: Context, name: DatasetName) -> Iterator[Row]:
    for table, resource in _tables(context, name):
        body = {key: value for key, value in resource.body.items() if key != "location"}
        for option in options_of(body):
            yield (name.project, name.dataset, table, *option)


def _schemata_options(context: Context, name: DatasetName) -> Iterator[Row]:
    for option in options_of(catalog.dataset(context, name).body):
        yield (name.project, name.dataset, *option)


def _constraints(body: dict[str, Any], table: str) -> Iterator[tuple[str, str, list[str], list[str], dict[str, Any]]]:
    """The keys of a table: name, PRIMARY KEY or FOREIGN KEY, its columns, those that it refers to, and their table."""
    found = body.get("tableConstraints") or {}
    if primary := (found.get("primaryKey") or {}).get("columns"):
        yield f"{table}.pk$", "PRIMARY KEY", list(primary), [], {}
    for number, key in enumerate(found.get("foreignKeys") or (), 1):
        pairs = key.get("columnReferences") or ()
        own, others = [p["referencingColumn"] for p in pairs], [p["referencedColumn"] for p in pairs]
        yield f"{table}.{key.get('name') or f'fk${number}'}", "FOREIGN KEY", own, others, key["referencedTable"]


def _table_constraints(context: Context, name: DatasetName) -> Iterator[Row]:
    here = (name.project, name.dataset)
    for table, resource in _tables(context, name):
        for key, kind, *_ in _constraints(resource.body, table):
            yield (*here, key, *here, table, kind, "NO", "NO", "NO")


def _key_column_usage(context: Context, name: DatasetName) -> Iterator[Row]:
    here = (name.project, name.dataset)
    for table, resource in _tables(context, name):
        for key, kind, columns, *_ in _constraints(resource.body, table):
            for at, column in enumerate(columns, 1):
                yield (*here, key, *here, table, column, at, at if kind == "FOREIGN KEY" else None)


def _constraint_column_usage(context: Context, name: DatasetName) -> Iterator[Row]:
    here = (name.project, name.dataset)
    for table, resource in _tables(context, name):
        for key, _, columns, others, other in _constraints(resource.body, table):
            place = (other["projectId"], other["datasetId"], other["tableId"]) if other else (*here, table)
            for column in others or columns:
                yield (*place, column, *here, key)


def _snapshots(context: Context, name: DatasetName) -> Iterator[Row]:
    for table, resource in _tables(context, name):
        definition = resource.body.get("snapshotDefinition")
        if definition:
            base = definition["baseTableReference"]
            of = (base["projectId"], base["datasetId"], base["tableId"])
            yield (name.project, name.dataset, table, *of, definition["snapshotTime"])


def _materialized(context: Context, name: DatasetName) -> Iterator[Row]:
    for table, resource in _tables(context, name):
        view = resource.body.get("materializedView")
        if view:
            at = context.clock.stamp_of(int(view["lastRefreshTime"]) / 1000)
            yield (name.project, name.dataset, table, at, at)


def _routine_rows(context: Context, name: DatasetName) -> Iterator[Row]:
    here = (name.project, name.dataset)
    for routine, resource in _routines(context, name):
        body = resource.body
        kind = catalog.ROUTINE_KINDS[body["routineType"]]
        returns = type_text(body["returnType"]) if body.get("returnType") else None
        language = (body.get("language", "SQL"), body["definitionBody"], None)
        times = (resource.created, resource.updated)
        yield (*here, routine, *here, routine, kind, returns, *language, None, None, *times)


def _parameters(context: Context, name: DatasetName) -> Iterator[Row]:
    here = (name.project, name.dataset)
    for routine, resource in _routines(context, name):
        body = resource.body
        if body.get("returnType"):
            yield (*here, routine, 0, None, "YES", None, type_text(body["returnType"]), None, None)
        for at, item in enumerate(body.get("arguments") or (), 1):
            kind = "ANY TYPE" if item.get("argumentKind") == "ANY_TYPE" else type_text(item.get("dataType") or {})
            yield (*here, routine, at, item.get("mode"), "NO", item.get("name"), kind, None, None)


def _privileges(context: Context, name: DatasetName) -> Iterator[Row]:
    """What is granted on a dataset, its tables and its routines themselves; inherited grants are not shown."""
    objects = [(name.dataset, "SCHEMA", name.resource)]
    for table, resource in _tables(context, name):
        kind = catalog.kind_of(resource.body)
        objects.append((table, {"MATERIALIZED_VIEW": "VIEW", "VIEW": "VIEW"}.get(kind, "TABLE"), resource.name))
    objects += [(routine, "ROUTINE", resource.name) for routine, resource in _routines(context, name)]
    for each, kind, resource_name in objects:
        schema = None if kind == "SCHEMA" else name.dataset
        for binding in context.policies.get(resource_name).get("bindings", []):
            for member in binding["members"]:
                yield (name.project, schema, each, kind, binding["role"], member)


def _search_indexes(context: Context, name: DatasetName) -> Iterator[Row]:
    """Each index with what Google documents for those of tables below 10 GB: kept, and not used."""
    for table, resource in _tables(context, name):
        if index := search_indexes.of_table(resource.body):
            at = context.clock.stamp_of(index["created"] / 1000)
            state = ("TEMPORARILY DISABLED", at, at, None, at, "BASE_TABLE_TOO_SMALL", index["ddl"])
            analyzer = index["options"].get("analyzer", "LOG_ANALYZER")
            yield (name.project, name.dataset, table, index["name"], *state, 0, None, 0, 0, analyzer)


def _search_index_columns(context: Context, name: DatasetName) -> Iterator[Row]:
    for table, resource in _tables(context, name):
        for column, path in search_indexes.fields_of(resource.body):
            index = resource.body[search_indexes.INDEX]["name"]
            yield (name.project, name.dataset, table, index, column, path)


def _search_index_options(context: Context, name: DatasetName) -> Iterator[Row]:
    for table, resource in _tables(context, name):
        index = search_indexes.of_table(resource.body) or {"options": {}}
        for option, value in index["options"].items():
            kind = "ARRAY<STRING>" if isinstance(value, list) else "STRING"
            yield (name.project, name.dataset, table, index["name"], option, kind, orjson.dumps(value).decode())


VIEWS: dict[str, tuple[tuple[str, ...], Maker]] = {
    "CONSTRAINT_COLUMN_USAGE": (TABLES, _constraint_column_usage),
    "KEY_COLUMN_USAGE": (TABLES, _key_column_usage),
    "MATERIALIZED_VIEWS": (TABLES, _materialized),
    "OBJECT_PRIVILEGES": (POLICIES, _privileges),
    "PARAMETERS": (ROUTINES, _parameters),
    "ROUTINES": (ROUTINES, _routine_rows),
    "SCHEMATA_OPTIONS": (DATASETS, _schemata_options),
    "SEARCH_INDEXES": (TABLES, _search_indexes),
    "SEARCH_INDEX_COLUMNS": (TABLES, _search_index_columns),
    "SEARCH_INDEX_OPTIONS": (TABLES, _search_index_options),
    "TABLE_CONSTRAINTS": (TABLES, _table_constraints),
    "TABLE_OPTIONS": (TABLES, _table_options),
    "TABLE_SNAPSHOTS": (TABLES, _snapshots),
}
