"""Snapshots and clones: copies of a table as it is or was, that say of which table and when.

https://cloud.google.com/bigquery/docs/table-snapshots-intro and .../table-clones-intro
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, decorators, errors, history
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.names import TableName

if TYPE_CHECKING:
    from emulator.context import Context

LAYOUT = ("timePartitioning", "rangePartitioning", "clustering")  # what a copy takes over beside columns and rows
DEFINITIONS = {"SNAPSHOT": ("snapshotDefinition", "snapshotTime"), "CLONE": ("cloneDefinition", "cloneTime")}


def laid_out(context: Context, name: TableName) -> dict[str, Any]:
    """The partitioning and clustering of a table, whose name may have a time."""
    found = catalog.find_table(context, decorators.split_time(name)[0])
    return {key: found.body[key] for key in LAYOUT if key in found.body} if found is not None else {}


def definition(context: Context, name: TableName, kind: str) -> dict[str, Any]:
    """What the REST resource of a SNAPSHOT or CLONE says of its base, whose name may have a time."""
    base, at = decorators.split_time(name)
    key, time = DEFINITIONS[kind]
    moment = history.moment(context, at)
    stamp = context.clock.stamp_of(moment / 1000)
    return {key: {"baseTableReference": base.reference, time: stamp}}


def require_snapshot(query: Query, name: TableName) -> None:
    """Raise a 403 where the caller may not make snapshots of a table (BigQuery: Create table snapshots)."""
    base, _ = decorators.split_time(name)
    if not query.context.policies.allows(query.principal, "bigquery.tables.createSnapshot", base.resource):
        raise errors.access_denied("Table", base, "bigquery.tables.createSnapshot")
