"""Rows of tables whose version of a key is destroyed: nobody can read them any more, and they go from the disk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import orjson

from emulator.errors import ApiError
from emulator.services.bigquery import catalog, warehouse
from emulator.services.bigquery.encryption import VERSION
from emulator.services.bigquery.sql import places, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.cloudkms import api as cloudkms

if TYPE_CHECKING:
    from emulator.context import Context


@cloudkms.erases_later
async def erase(context: Context, versions: frozenset[str]) -> None:
    """Delete the rows of all tables, and of their earlier states, that one of the versions protected."""
    sql = "SELECT body FROM resources WHERE kind = ? UNION ALL SELECT body FROM bigquery_history"
    await warehouse.of(context).forget_keyed(versions)
    bodies = [orjson.loads(row["body"]) for row in context.db.all(sql, (catalog.TABLES,))]
    left = [catalog.storage_of(body) for body in bodies if body.get(VERSION) in versions]
    for place in left:
        if place and not places.file_of(place):  # of before the version had a file, while it could not be moved
            await _empty(context, place)


async def _empty(context: Context, place: str) -> None:
    """Delete all rows of a storage, which is closed to all else, and give its blocks free."""
    house = warehouse.of(context)
    await house.before_change(place)
    await house.run(storage.delete, stored(place), "TRUE", short=True)
    house.changed(place)
    with contextlib.suppress(ApiError):  # a transaction is under way: the next one's end gives them free
        await house.run(storage.execute, "CHECKPOINT stored", short=True)
