"""What becomes of resources whose version of a key is destroyed: of the current ones deletions, old ones are gone."""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from emulator.fhir.search.tables import microseconds_of
from emulator.services.healthcare.fhir import indexing
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_ENCRYPTED = (
    "SELECT number, rid, type, id, blob, NOT EXISTS (SELECT 1 FROM fhir_versions n WHERE n.store = v.store"
    " AND n.type = v.type AND n.id = v.id AND n.rid > v.rid) AS current"
    " FROM fhir_versions v WHERE store = ? AND substr(body, 1, ?) = ? ORDER BY rid"
)
_NEXT = (
    "UPDATE fhir_versions SET forgotten = ? WHERE number = (SELECT number FROM fhir_versions"
    " WHERE store = ? AND type = ? AND id = ? AND rid > ? ORDER BY rid LIMIT 1)"
)


def erase(context: "Context", tx: sqlite3.Connection, resource: Resource, start: bytes) -> None:
    """Take versions out of a store whose bodies begin so, with all that searches know of them."""
    row = tx.execute("SELECT key FROM fhir_stores WHERE name = ?", (resource.name,)).fetchone()
    if row is None:
        return
    store, keeps_versions = int(row[0]), not resource.body.get("disableResourceVersioning")
    found = tx.execute(_ENCRYPTED, (store, len(start), start)).fetchall()
    current = [version for version in found if version["current"]]
    _forget_found(tx, store, [version["rid"] for version in current])
    for version in found:
        if version["blob"]:
            context.blobs.drop_ref(tx, version["blob"])
        if version["current"] and keeps_versions:
            sql = "UPDATE fhir_versions SET method = 'DELETE', blob = '', body = x'' WHERE number = ?"
            tx.execute(sql, (version["number"],))
        else:
            _remove(tx, store, version)


def _forget_found(tx: sqlite3.Connection, store: int, rids: Sequence[int]) -> None:
    """Forget what resources are found by and refer to."""
    indexing.remove(tx, store, rids)
    sql = "DELETE FROM fhir_references WHERE store = ? AND rid IN (SELECT value FROM json_each(?))"
    tx.execute(sql, (store, orjson.dumps(rids).decode()))


def _remove(tx: sqlite3.Connection, store: int, version: sqlite3.Row) -> None:
    """Take an old version out; the one after it knows that it is missing."""
    gone = "DELETE FROM fhir_versions WHERE number = ? RETURNING forgotten"
    earlier = tx.execute(gone, (version["number"],)).fetchone()[0]
    first = earlier or microseconds_of(version["rid"])
    tx.execute(_NEXT, (first, store, version["type"], version["id"], version["rid"]))
