"""Partitions whose time is over: their rows go before anybody looks at the table again.

https://cloud.google.com/bigquery/docs/managing-partitioned-tables#partition-expiration
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, warehouse
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.ingestion import COLUMN
from emulator.services.bigquery.sql.types import field_type, literal, quote
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


async def purge(context: Context, found: Resource) -> None:
    """Remove the rows of a table's expired partitions, if it has any, unless somebody changes the table just now."""
    body, house = found.body, warehouse.of(context)
    place, before = catalog.storage_of(body), _oldest(context, body)
    if not place or before is None or house.purged.get(place, -1) >= before // 1000:
        return
    lock = house.lock(catalog.table_name(found))
    if lock.locked():
        return
    async with lock:
        await house.before_change(place)
        if await house.run(storage.delete, stored(place), _expired(body, before), short=True):
            house.changed(place)
        house.purged[place] = before // 1000


def _oldest(context: Context, body: dict[str, Any]) -> int | None:
    """The time up to which partitions may have started and be expired, in milliseconds since 1970; None: never."""
    kept = (body.get("timePartitioning") or {}).get("expirationMs")
    return int(context.clock.seconds() * 1000) - int(kept) if kept and int(kept) else None


def _expired(body: dict[str, Any], before: int) -> str:
    """The engine's condition for rows of partitions that started at or before a time: those without one stay."""
    by = body["timePartitioning"]
    column = quote(str(by.get("field") or COLUMN))
    kind = next((field_type(f) for f in catalog.fields_of(body) if f["name"] == by.get("field")), "TIMESTAMP")
    moment = f"({column} AT TIME ZONE 'UTC')" if kind == "TIMESTAMP" else column
    return f"date_trunc({literal(str(by['type']).lower())}, {moment}) <= make_timestamp({before * 1000})"
