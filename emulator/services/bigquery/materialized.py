"""Materialized views: queries whose results are always fresh, since the emulator computes them when they are read.

https://cloud.google.com/bigquery/docs/materialized-views-create
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, errors, views, warehouse
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import scripts
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

REFRESH_MS = "1800000"  # BigQuery: thirty minutes, the default refreshIntervalMs
SHORTEST_MS, LONGEST_MS = 60_000, 604_800_000  # BigQuery: between one minute and seven days
SETTABLE = ("enableRefresh", "refreshIntervalMs", "maxStaleness")


async def checked(context: Context, name: TableName, body: dict[str, Any], principal: str) -> dict[str, Any]:
    """The REST resource of a new materialized view as it is kept. Raises 400, 403, 404."""
    wanted = dict(body["materializedView"])
    if not wanted.get("query"):
        raise errors.invalid("A materialized view needs a query.")
    whole = bool(wanted.get("allowNonIncrementalDefinition"))
    if whole and not (wanted.get("maxStaleness") or body.get("maxStaleness")):
        raise errors.invalid("allow_non_incremental_definition needs max_staleness.")
    await warehouse.of(context).run(scripts.check_materialized, wanted["query"], name.project, whole, short=True)
    fields = await views.fields(context, name, wanted, principal)
    described = views.described(fields, catalog.fields_of(body))
    kept = _with_defaults(wanted)
    kept["lastRefreshTime"] = _now(context)
    return {**body, "materializedView": kept, "schema": {"fields": described}}


def _with_defaults(wanted: dict[str, Any]) -> dict[str, Any]:
    made = {"enableRefresh": True, "refreshIntervalMs": REFRESH_MS, **wanted}
    interval = str(made["refreshIntervalMs"])
    if not interval.isdigit() or not SHORTEST_MS <= int(interval) <= LONGEST_MS:
        raise errors.invalid("refreshIntervalMs of a materialized view is between one minute and seven days.")
    return made


def changed(found: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """The REST resource after a change of its settings. Raises a 400 for another query."""
    old, new = found.body.get("materializedView"), body["materializedView"]
    if old is None:
        raise errors.invalid(f"Table {catalog.table_name(found)} cannot become a materialized view.")
    if new.get("query", old["query"]) != old["query"]:
        raise errors.invalid("The query of a materialized view cannot be changed; create the view anew.")
    settings = {key: new[key] for key in SETTABLE if key in new}
    return {**body, "materializedView": _with_defaults({**old, **settings})}


async def refresh(context: Context, name: TableName, principal: str) -> None:
    """Do as BQ.REFRESH_MATERIALIZED_VIEW asks: note the time. Raises 400, 403, 404."""
    found = catalog.table(context, name)
    if not found.body.get("materializedView"):
        raise errors.error("invalidQuery", f"{name} is no materialized view.")
    for permission in ("bigquery.tables.getData", "bigquery.tables.update", "bigquery.tables.updateData"):
        if not context.policies.allows(principal, permission, name.resource):
            raise errors.access_denied("Table", name, permission)
    await views.fields(context, name, found.body["materializedView"], principal)
    view = {**found.body["materializedView"], "lastRefreshTime": _now(context)}
    body = {**found.body, "materializedView": view}
    await context.db.write(context.resources.replace, catalog.TABLES, name.resource, body)


def _now(context: Context) -> str:
    return str(int(context.clock.seconds() * 1000))
