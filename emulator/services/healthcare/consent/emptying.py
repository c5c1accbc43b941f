"""Taking away what a consent store holds: all of it, or what a version of its key encrypted that is destroyed."""

import sqlite3
from typing import TYPE_CHECKING

from emulator.services.healthcare.consent import names
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_OF_A_STORE = (
    *("consent_defaults", "consent_uses", "consent_artifacts", "consent_images", "consent_revisions"),
    "consent_mappings",
)


def empty(context: "Context", tx: sqlite3.Connection, name: str) -> None:
    """Delete all that a store holds, when it goes."""
    row = tx.execute("SELECT key FROM consent_stores WHERE name = ?", (name,)).fetchone()
    if row is None:
        return
    for (blob,) in tx.execute("SELECT blob FROM consent_images WHERE store = ?", (row[0],)).fetchall():
        context.blobs.drop_ref(tx, blob)
    for table in _OF_A_STORE:
        tx.execute(f"DELETE FROM {table} WHERE store = ?", (row[0],))  # noqa: S608 (the names above)
    tx.execute("DELETE FROM consent_stores WHERE key = ?", (row[0],))


def erase(context: "Context", tx: sqlite3.Connection, resource: Resource, start: bytes) -> None:
    """Take out of a store what begins so: mappings, and what artifacts and consents say beyond their columns.

    A consent without policies permits nothing; a mapping without attributes would have the defaults.
    """
    row = tx.execute("SELECT key FROM consent_stores WHERE name = ?", (resource.name,)).fetchone()
    if row is None:
        return
    wanted = (int(row[0]), len(start), start)
    where = "WHERE store = ? AND substr(body, 1, ?) = ? RETURNING id"
    for (artifact,) in tx.execute(f"UPDATE consent_artifacts SET body = x'7b7d' {where}", wanted).fetchall():  # noqa: S608
        gone = "DELETE FROM consent_images WHERE store = ? AND artifact = ? RETURNING blob"
        for (blob,) in tx.execute(gone, (wanted[0], artifact)).fetchall():
            context.blobs.drop_ref(tx, blob)
    tx.execute(f"UPDATE consent_revisions SET body = x'7b7d' {where}", wanted).fetchall()  # noqa: S608 (as above)
    mappings = "DELETE FROM consent_mappings WHERE store = ? AND substr(attributes, 1, ?) = ? RETURNING id"
    ids = [(wanted[0], names.MAPPINGS, found[0]) for found in tx.execute(mappings, wanted).fetchall()]
    tx.executemany("DELETE FROM consent_uses WHERE store = ? AND kind = ? AND id = ?", ids)
