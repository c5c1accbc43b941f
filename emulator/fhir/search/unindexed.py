"""Resources that searches don't find yet: they are stored, and their rows wait to be written with those of others.

The rows of one resource lie on some thirty pages of the database, each of which a commit writes; those of many together
change each page once. What is asked in other ways than by searches is there at once: which resources are the current
ones, what they refer to, and canonical URLs.

What waits is what was stored last: who changes the index in another way writes what waits first, in the same write.
So a search that leaves out what waits finds what it would have found at an earlier moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import orjson

from emulator.fhir.search import tables
from emulator.fhir.search.tables import Resource, Rows

SCHEMA = """
CREATE TABLE IF NOT EXISTS fhir_unindexed (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, rows BLOB NOT NULL, PRIMARY KEY (store, rid)
) WITHOUT ROWID;
"""
"""`rows` is JSON of the rows of each table that are still to be written."""

_AT_ONCE = ("references", "uris")
_TELLTALE = b"null"
"""Rows that wait have no nulls: in JSON it is an infinite number, which JSON has not; or it is part of a text."""


def put(tx: sqlite3.Connection, store: int, resources: Sequence[Resource]) -> bool:
    """Write what is needed at once of new resources, and let their other rows wait; False where they can't."""
    waiting = [(store, rid, _encoded(rows)) for rid, _, _, rows in resources]
    if any(encoded is None for _, _, encoded in waiting):
        return False
    tables.write_all(tx, store, resources, _AT_ONCE)
    tx.executemany("INSERT INTO fhir_unindexed VALUES (?, ?, ?)", waiting)
    return True


def catch_up(tx: sqlite3.Connection, store: int) -> None:
    """Write the rows that wait in a store."""
    found = tx.execute("SELECT rid, rows FROM fhir_unindexed WHERE store = ?", (store,)).fetchall()
    if found:
        tables.write_rows(tx, store, [(rid, orjson.loads(rows)) for rid, rows in found])
        forget(tx, store)


def forget(tx: sqlite3.Connection, store: int) -> None:
    """Drop the rows that wait in a store."""
    tx.execute("DELETE FROM fhir_unindexed WHERE store = ?", (store,))


def rids(connection: sqlite3.Connection, store: int) -> set[int]:
    """The resources whose rows wait in a store."""
    return {rid for (rid,) in connection.execute("SELECT rid FROM fhir_unindexed WHERE store = ?", (store,)).fetchall()}


def _encoded(rows: Rows) -> bytes | None:
    """JSON of the rows that may wait; None where JSON can't say them."""
    try:
        encoded = orjson.dumps({name: each for name, each in rows.items() if name not in _AT_ONCE})
    except TypeError:  # a text with half a surrogate pair
        return None
    return None if _TELLTALE in encoded else encoded
