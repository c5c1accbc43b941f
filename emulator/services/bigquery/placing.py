"""Rows in the file that they are to be in: that of the version of a key that protects their table (see keyed.py)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import catalog, warehouse
from emulator.services.bigquery.encryption import VERSION
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored

if TYPE_CHECKING:
    from emulator.context import Context


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
    await house.run(partial(storage.copy, lost=True), stored(place), stored(new), catalog.fields_of(body))
    return {**body, "_storage": new}
