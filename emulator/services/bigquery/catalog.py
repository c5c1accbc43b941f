"""Datasets and tables as they are kept: named resources whose bodies are the REST resources.

Keys that start with an underscore are ours: `_storage` is the DuckDB table that holds a table's rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import errors
from emulator.services.bigquery.definitions import ddl_of
from emulator.services.bigquery.names import DatasetName, RoutineName, TableName
from emulator.services.bigquery.sql import ingestion
from emulator.services.bigquery.sql.arguments import Argument
from emulator.services.bigquery.sql.catalog import DatasetInfo, Routine, TableInfo
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.types import Field
from emulator.services.bigquery.standard_types import type_text
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

DATASETS = "bigquery.datasets"
TABLES = "bigquery.tables"
ROUTINES = "bigquery.routines"
DEFAULT_LOCATION = "US"
KINDS = {  # what a table is by what its REST resource has
    "view": "VIEW",
    "materializedView": "MATERIALIZED_VIEW",
    "externalDataConfiguration": "EXTERNAL",
    "snapshotDefinition": "SNAPSHOT",
}
ROUTINE_KINDS = {
    "SCALAR_FUNCTION": "FUNCTION",
    "TABLE_VALUED_FUNCTION": "TABLE FUNCTION",
    "PROCEDURE": "PROCEDURE",
}


def milliseconds(stamp: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000)


def find_dataset(context: Context, name: DatasetName, tx: sqlite3.Connection | None = None) -> Resource | None:
    """The dataset, or None."""
    return context.resources.get(DATASETS, name.resource, tx)


def dataset(context: Context, name: DatasetName, tx: sqlite3.Connection | None = None) -> Resource:
    """The dataset; a 404 where there is none."""
    found = find_dataset(context, name, tx)
    if found is None:
        raise errors.no_dataset(name)
    return found


def find_table(context: Context, name: TableName, tx: sqlite3.Connection | None = None) -> Resource | None:
    """The table or view, or None. One that has expired is not there."""
    found = context.resources.get(TABLES, name.resource, tx)
    return None if found is None or _expired(context, found) else found


def table(context: Context, name: TableName, tx: sqlite3.Connection | None = None) -> Resource:
    """The table or view; a 404 that says whether the dataset exists."""
    found = find_table(context, name, tx)
    if found is None:
        dataset(context, name.parent, tx)
        raise errors.no_table(name)
    return found


def tables_of(context: Context, name: DatasetName, tx: sqlite3.Connection | None = None) -> Iterator[Resource]:
    """The tables and views of a dataset, by name."""
    for found in context.resources.list(TABLES, name.resource, tx=tx)[0]:
        if not _expired(context, found):
            yield found


def _expired(context: Context, found: Resource) -> bool:
    expiration = found.body.get("expirationTime")
    return expiration is not None and int(expiration) <= context.clock.seconds() * 1000


def routine(context: Context, name: RoutineName, tx: sqlite3.Connection | None = None) -> Resource:
    """The function or procedure; a 404 that says whether the dataset exists."""
    found = context.resources.get(ROUTINES, name.resource, tx)
    if found is None:
        dataset(context, name.parent, tx)
        raise errors.no_routine(name)
    return found


def routine_info(name: RoutineName, body: dict[str, Any]) -> Routine:
    """What the dialect needs to know of a routine, from the REST resource."""
    arguments = tuple(
        Argument(
            item.get("name", ""),
            "" if item.get("argumentKind") == "ANY_TYPE" else type_text(item.get("dataType") or {}),
            item.get("mode", "IN"),
        )
        for item in body.get("arguments") or ()
    )
    returns = type_text(body["returnType"]) if body.get("returnType") else ""
    return Routine(name, ROUTINE_KINDS[body["routineType"]], arguments, returns, body["definitionBody"])


def dataset_name(resource: Resource) -> DatasetName:
    """The name of a dataset resource."""
    _, project, _, identifier = resource.name.split("/", 3)
    return DatasetName(project, identifier)


def table_name(resource: Resource) -> TableName:
    """The name of a table resource."""
    _, project, _, identifier, _, table_id = resource.name.split("/", 5)
    return TableName(project, identifier, table_id)


def fields_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns of a table's body."""
    fields: list[dict[str, Any]] = (body.get("schema") or {}).get("fields") or []
    return fields


def hidden_of(body: dict[str, Any]) -> tuple[Field, ...]:
    """The columns that a table's storage has beside those of its schema."""
    return ingestion.hidden(ingestion.unit_of(body))


def storage_of(body: dict[str, Any]) -> str:
    """The DuckDB table of a table's rows, "" for a view."""
    return str(body.get("_storage", ""))


def kind_of(body: dict[str, Any]) -> str:
    """TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL or SNAPSHOT."""
    return next((kind for key, kind in KINDS.items() if body.get(key)), "TABLE")


def query_of(body: dict[str, Any]) -> str:
    """The query of a view or materialized view, "" for other tables."""
    return str((body.get("view") or body.get("materializedView") or {}).get("query", ""))


def require_rows(found: Resource, action: str) -> None:
    """Raise a 400 where a table has no rows of its own: it is a view, or its rows lie elsewhere."""
    if not storage_of(found.body):
        raise errors.invalid(f"Cannot {action} a table of type {kind_of(found.body)}: {table_name(found)}.")


def table_info(resource: Resource) -> TableInfo:
    """What the dialect needs to know of a table."""
    body, name = resource.body, table_name(resource)
    storage, hive = storage_of(body), (body.get("externalDataConfiguration") or {}).get("hivePartitioningOptions") or {}
    return TableInfo(
        name=name,
        fields=tuple(fields_of(body)),
        storage=stored(storage) if storage else "",
        view=query_of(body),
        kind=kind_of(body),
        created=milliseconds(resource.created),
        partitioned_by=(body.get("timePartitioning") or body.get("rangePartitioning") or {}).get("field", ""),
        clustered_by=tuple((body.get("clustering") or {}).get("fields", ())),
        location=body.get("location", ""),
        ddl=ddl_of(name, body, fields_of(body)),
        modified=milliseconds(resource.updated),
        partitioning=body.get("timePartitioning") or body.get("rangePartitioning") or {},
        filter_required=_wants_filter(body) or bool(hive.get("requirePartitionFilter")),
        keys=tuple(hive.get("fields") or ()),
        hidden=hidden_of(body),
    )


def _wants_filter(body: dict[str, Any]) -> bool:
    """Whether queries of a table must limit the column that partitions it."""
    by = body.get("timePartitioning") or body.get("rangePartitioning") or {}
    return bool(by and (body.get("requirePartitionFilter") or by.get("requirePartitionFilter")))


def dataset_info(resource: Resource) -> DatasetInfo:
    """What the dialect needs to know of a dataset."""
    return DatasetInfo(
        dataset_name(resource),
        resource.body.get("location", ""),
        milliseconds(resource.created),
        milliseconds(resource.updated),
    )


def dataset_view(context: Context, resource: Resource) -> dict[str, Any]:
    """A dataset as the API shows it."""
    name = dataset_name(resource)
    return {
        **{key: value for key, value in resource.body.items() if value is not None and not key.startswith("_")},
        "kind": "bigquery#dataset",
        "id": str(name),
        "etag": resource.etag,
        "selfLink": f"{context.settings.base_url}/bigquery/v2/{name.resource}",
        "datasetReference": name.reference,
        "creationTime": str(milliseconds(resource.created)),
        "lastModifiedTime": str(milliseconds(resource.updated)),
        "type": "DEFAULT",
    }


def table_view(context: Context, resource: Resource, rows: int = 0, size: int = 0) -> dict[str, Any]:
    """A table or view as the API shows it; rows and size (bytes) come from the engine."""
    name = table_name(resource)
    shown = {
        **{key: value for key, value in resource.body.items() if value is not None and not key.startswith("_")},
        "kind": "bigquery#table",
        "id": str(name),
        "etag": resource.etag,
        "selfLink": f"{context.settings.base_url}/bigquery/v2/{name.resource}",
        "tableReference": name.reference,
        "creationTime": str(milliseconds(resource.created)),
        "lastModifiedTime": str(milliseconds(resource.updated)),
        "type": kind_of(resource.body),
        "numRows": str(rows),
        "numBytes": str(size),
        "numLongTermBytes": "0",
        "numActiveLogicalBytes": str(size),
        "numTotalLogicalBytes": str(size),
        "numLongTermLogicalBytes": "0",
    }
    if resource.body.get("view"):
        shown["view"] = {"useLegacySql": False, **resource.body["view"]}
    return shown


def table_item(resource: Resource) -> dict[str, Any]:
    """A table or view as tables.list shows it."""
    name, body = table_name(resource), resource.body
    item: dict[str, Any] = {
        "kind": "bigquery#table",
        "id": str(name),
        "tableReference": name.reference,
        "type": kind_of(body),
        "creationTime": str(milliseconds(resource.created)),
    }
    for key in ("friendlyName", "labels", "timePartitioning", "rangePartitioning", "clustering", "expirationTime"):
        if body.get(key):
            item[key] = body[key]
    if body.get("view"):
        item["view"] = {"useLegacySql": bool(body["view"].get("useLegacySql", False))}
    return item
