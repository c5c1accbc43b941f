"""Tables as they were: storage tables that the catalogue no longer names, kept for time travel.

A table that is replaced or deleted leaves its storage here, and one whose rows change a copy of it; rows that only
come need none (sql/marks.py).
https://cloud.google.com/bigquery/docs/time-travel
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import ApiError
from emulator.services.bigquery import catalog, encryption, errors, warehouse
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.sql import marks, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

HOUR_MS = 3_600_000
LONGEST_MS = 168 * HOUR_MS  # BigQuery: a dataset's time travel window is seven days at most
OF_ONE = 20  # states of one table
ROWS = 5_000_000  # of all states together, but for the newest


@dataclass(frozen=True)
class Version:
    """A table at a time: its REST resource, the storage of its rows, and how many of the first these are."""

    body: dict[str, Any]
    storage: str
    first: int | None = None


def now(context: Context) -> int:
    """The emulator's time in milliseconds since 1970."""
    return int(context.clock.seconds() * 1000)


def moment(context: Context, at: int | None) -> int:
    """The time (milliseconds since 1970) of a decorator: of none, now; of one below zero, so long before now."""
    return now(context) + (at or 0) if at is None or at <= 0 else at


def keep_in(tx: sqlite3.Connection, context: Context, old: Resource, place: str = "", rows: int = 0) -> None:
    """Keep a table's storage, or a copy of it, inside a write: the table is as it was up to now in it."""
    place = place or catalog.storage_of(old.body)
    if place:
        tx.execute(
            "INSERT INTO bigquery_history(name, storage, body, since, until, rows) VALUES(?,?,?,?,?,?)",
            (
                old.name, place, orjson.dumps({**old.body, "_storage": place}), catalog.milliseconds(old.created),
                now(context), rows,
            ),
        )  # fmt: skip


def forget_in(tx: sqlite3.Connection, place: str) -> None:
    """Give up a storage table inside a write, because its copy was not made."""
    tx.execute("DELETE FROM bigquery_history WHERE storage = ?", (place,))


def rename_in(tx: sqlite3.Connection, before: TableName, after: TableName) -> None:
    """Give a table's states to its new name inside a write."""
    tx.execute("UPDATE bigquery_history SET name = ? WHERE name = ?", (after.resource, before.resource))


def leave_in(tx: sqlite3.Connection, name: DatasetName) -> list[str]:
    """Forget all states of a dataset's tables inside a write; gives their storages, which are to be dropped."""
    like = f"{name.resource}/tables/"
    found = tx.execute("SELECT storage FROM bigquery_history WHERE substr(name, 1, ?) = ?", (len(like), like))
    places = [row["storage"] for row in found.fetchall()]
    tx.execute("DELETE FROM bigquery_history WHERE substr(name, 1, ?) = ?", (len(like), like))
    return places


async def counted(context: Context, old: Resource | None) -> int:
    """How many rows a table has that is about to be kept; 0 where its key is closed."""
    place, house = catalog.storage_of(old.body) if old is not None else "", warehouse.of(context)
    if not place or house.keyed.is_closed(place):
        return 0
    return await house.run(storage.count, stored(place), short=True)


async def prune(context: Context) -> None:
    """Drop states that are too old or too many."""
    rows = context.db.all("SELECT name, storage, until, rows FROM bigquery_history ORDER BY number DESC")
    seen: dict[str, int] = {}
    total, oldest, gone = 0, now(context) - LONGEST_MS, []
    for at, row in enumerate(rows):
        seen[row["name"]] = seen.get(row["name"], 0) + 1
        total += row["rows"]
        if row["until"] < oldest or seen[row["name"]] > OF_ONE or (at and total > ROWS):
            gone.append(row["storage"])
    if gone:

        def change(tx: sqlite3.Connection) -> None:
            for place in gone:
                forget_in(tx, place)

        await context.db.write(change)
        await warehouse.of(context).drop(*gone)


async def find(context: Context, name: TableName, at: int) -> Version:
    """A table at a time in milliseconds since 1970; one below zero counts from now. Raises 400 and 404."""
    at = moment(context, at)
    if at > now(context):
        raise errors.error("invalidQuery", f"Invalid snapshot time {at} for table {name}: it lies in the future.")
    parent = catalog.dataset(context, name.parent)
    window = int(parent.body.get("maxTimeTravelHours") or 168) * HOUR_MS
    if at < now(context) - window:
        raise _too_early(name, at, now(context) - window)
    row = context.db.one(
        "SELECT * FROM bigquery_history WHERE name = ? AND until > ? ORDER BY until, number LIMIT 1",
        (name.resource, at),
    )
    if row is not None:
        body, place, since = orjson.loads(row["body"]), row["storage"], row["since"]
    else:
        found = catalog.table(context, name)
        body, since = found.body, catalog.milliseconds(found.created)
        catalog.require_rows(found, "travel in time in")
        place = catalog.storage_of(body)
    encryption.require_open(context, name.project, body)
    if at < since:
        raise _too_early(name, at, since)
    return await _version(context, name, at, body, place)


async def _version(context: Context, name: TableName, at: int, body: dict[str, Any], place: str) -> Version:
    house = warehouse.of(context)
    if not await house.run(storage.exists, stored(place), short=True):
        raise _too_early(name, at, now(context))
    first = await house.run(marks.rows_at, stored(place), at, short=True)
    if first == marks.LOST:
        raise _too_early(name, at, now(context))
    return Version(body, place, first)


def _too_early(name: TableName, at: int, first: int) -> ApiError:
    message = f"Invalid snapshot time {at} for table {name}@{at}. Cannot read before {first}."
    return errors.error("invalidQuery", message)
