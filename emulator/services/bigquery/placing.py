"""Rows in the file that they are to be in: that of the version of a key that protects their table (see keyed.py)."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import ApiError
from emulator.services.bigquery import catalog, warehouse
from emulator.services.bigquery.encryption import VERSION
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql import places, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.cloudkms import api as cloudkms

if TYPE_CHECKING:
    from emulator.context import Context

_log = logging.getLogger("emulator.bigquery")


async def placed(context: Context, body: dict[str, Any]) -> dict[str, Any]:
    """A table's body with its rows where the version that it names has them: where they lie, or in a copy there.

    The body's storage stays as it is; who puts the new body into the catalogue drops it. Raises ApiError for a version
    that is not enabled.
    """
    place, version = catalog.storage_of(body), body.get(VERSION)
    house = warehouse.of(context)
    if not place or house.keyed.is_right(place, version):
        return body
    house.keyed.require_open(place)
    new = await house.new_name("t", version)
    copy = partial(storage.copy, takes_place=True)
    await house.run(copy, stored(place), stored(new), catalog.fields_of(body))
    if not places.file_of(place):
        house.leaves_blocks()
    return {**body, "_storage": new}


@SERVICE.on_start
async def take_over(context: Context) -> None:
    """Move rows of tables with keys, and of their earlier states, that a state of before has in the common file.

    Those whose version is not enabled stay there until a start that finds it enabled, or go with it.
    """
    if context.root_key is None:
        return
    tables = context.db.all("SELECT name, body FROM resources WHERE kind = ?", (catalog.TABLES,))
    states = context.db.all("SELECT number, body FROM bigquery_history")
    has_moved = False
    for row in tables:
        if (moved := await _moved(context, row["body"])) is not None:
            change = "UPDATE resources SET body = ? WHERE kind = ? AND name = ?"
            await _change(context, row["body"], change, (orjson.dumps(moved), catalog.TABLES, row["name"]))
            has_moved = True
    for row in states:
        if (moved := await _moved(context, row["body"])) is not None:
            change = "UPDATE bigquery_history SET body = ?, storage = ? WHERE number = ?"
            values = (orjson.dumps(moved), catalog.storage_of(moved), row["number"])
            await _change(context, row["body"], change, values)
            has_moved = True
    if has_moved:
        await warehouse.of(context).start_anew()


async def _moved(context: Context, kept: bytes) -> dict[str, Any] | None:
    """A table's body after its rows were moved, None where they are not to be or can't."""
    if VERSION.encode() not in kept:
        return None
    body = orjson.loads(kept)
    version, place = body.get(VERSION), catalog.storage_of(body)
    if not version or not place or places.file_of(place) or cloudkms.closed(context, version):
        return None
    try:
        return await placed(context, body)
    except ApiError as problem:
        _log.warning("the rows of a table with a key stay where they are: %s", problem.message)
        return None


async def _change(context: Context, before: bytes, sql: str, values: tuple[Any, ...]) -> None:
    """Change the row that names a table's rows, and remove these from where they were."""
    await context.db.write(lambda tx: tx.execute(sql, values))
    await warehouse.of(context).drop(catalog.storage_of(orjson.loads(before)))
