"""Keeping resources: a new version, a deletion, purging old versions, emptying a store. All inside a write.

Nothing here asks whether a change is allowed (`work.py` does) or tells anybody of it: imports and bundles use it, too.
"""

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.fhir import parsing
from emulator.fhir.search import tables as index
from emulator.fhir.search.tables import first_rid, microseconds_of
from emulator.services.healthcare.fhir import instants, versions
from emulator.services.healthcare.fhir.integrity import Link, links, targets
from emulator.services.healthcare.fhir.stored import Json, Store, Version

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass(frozen=True, slots=True)
class Ready:
    """A resource that is right, with all that is worked out before it is written."""

    resource: Json
    links: list[Link]
    rows: index.Rows
    """Of the search index."""

    @property
    def type(self) -> str:
        """Its type."""
        return str(self.resource["resourceType"])


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a resource. `before` is None where there was none, or it was deleted."""

    before: Version | None
    after: Version
    resource: Json
    """As it is now; empty after a deletion."""

    @property
    def created(self) -> bool:
        """Whether the resource was not there before."""
        return self.before is None


def made_ready(store: Store, resource: Json, *, any_reference: bool = False) -> Ready:
    """Work out what is kept beside a resource. Refused for references that can't be, unless any is taken."""
    return Ready(resource, links(store, resource, any_reference=any_reference), store.indexer.rows(resource))


def put(
    context: "Context",
    tx: sqlite3.Connection,
    store: Store,
    new: Ready,
    method: str,
    at: int,
    *,
    blob: str = "",
    in_place: bool = False,
) -> Change:
    """Make a resource, which has its id, the current version; its meta gets version and time.

    at        microseconds since 1970; later where the last version is not older
    blob      the file of a raw Binary, which the caller has counted a reference for
    in_place  forget the version before, as imports do and stores without versions
    """
    resource = new.resource
    before = versions.newest(tx, store, new.type, resource["id"])
    rid = _next_rid(tx, store.key, at if before is None else max(at, before.at + 1))
    resource["meta"] = {
        **(resource.get("meta") or {}),
        "lastUpdated": instants.last_updated(microseconds_of(rid)),
        "versionId": instants.version_id(microseconds_of(rid)),
    }
    after = Version(rid, new.type, resource["id"], method, blob, parsing.canonical(resource))
    live = _step_down(context, tx, store, before, in_place=in_place)
    _insert(tx, store, after)
    counted = {link.to.relative for link in new.links if link.counts}
    rows = [(store.key, target, rid, target in counted) for target in {link.to.relative for link in new.links}]
    tx.executemany("INSERT INTO fhir_references VALUES(?,?,?,?)", rows)
    index.write(tx, store.key, rid, after.type, after.id, new.rows)
    return Change(live, after, resource)


def delete(
    context: "Context", tx: sqlite3.Connection, store: Store, resource_type: str, identifier: str, at: int
) -> Change | None:
    """Delete a resource; its versions stay, where the store keeps them. None where there is none."""
    before = versions.newest(tx, store, resource_type, identifier)
    if before is None or before.deleted:
        return None
    rid = _next_rid(tx, store.key, max(at, before.at + 1))
    after = Version(rid, resource_type, identifier, "DELETE", "", b"")
    _step_down(context, tx, store, before, in_place=False)
    if store.keeps_versions:
        _insert(tx, store, after)
    return Change(before, after, {})


def purge(context: "Context", tx: sqlite3.Connection, store: Store, resource_type: str, identifier: str) -> int:
    """Forget all versions of a resource but the current one; how many."""
    newest = versions.newest(tx, store, resource_type, identifier)
    if newest is None:
        return 0
    kept = -1 if newest.deleted else newest.rid
    gone = tx.execute(
        "DELETE FROM fhir_versions WHERE store = ? AND type = ? AND id = ? AND rid <> ? RETURNING blob",
        (store.key, resource_type, identifier, kept),
    ).fetchall()
    _drop_blobs(context, tx, gone)
    return len(gone)


def empty(context: "Context", tx: sqlite3.Connection, name: str) -> None:
    """Forget all that a store holds, and its number."""
    row = tx.execute("SELECT key FROM fhir_stores WHERE name = ?", (name,)).fetchone()
    if row is None:
        return
    blobs = tx.execute("SELECT blob FROM fhir_versions WHERE store = ? AND blob <> ''", (row[0],)).fetchall()
    _drop_blobs(context, tx, blobs)
    for table in ("fhir_versions", "fhir_references"):
        tx.execute(f"DELETE FROM {table} WHERE store = ?", (row[0],))  # noqa: S608  our own names
    index.remove_store(tx, row[0])
    tx.execute("DELETE FROM fhir_stores WHERE key = ?", (row[0],))


def _insert(tx: sqlite3.Connection, store: Store, new: Version) -> None:
    tx.execute(
        "INSERT INTO fhir_versions(store, rid, type, id, method, blob, body) VALUES(?,?,?,?,?,?,?)",
        (store.key, new.rid, new.type, new.id, new.method, new.blob, new.body),
    )


def _step_down(
    context: "Context", tx: sqlite3.Connection, store: Store, before: Version | None, *, in_place: bool
) -> Version | None:
    """Let a version be the current one no longer; gives it where it was one, None for a deletion."""
    if before is None:
        return None
    if not before.deleted:
        old = targets(parsing.parse(before.body, None), store.name)
        keys = [(store.key, target, before.rid) for target in old]
        tx.executemany("DELETE FROM fhir_references WHERE store = ? AND target = ? AND rid = ?", keys)
        index.remove(tx, store.key, [before.rid])
    if in_place or not store.keeps_versions:
        sql = "DELETE FROM fhir_versions WHERE store = ? AND rid = ? RETURNING blob"
        gone = tx.execute(sql, (store.key, before.rid)).fetchall()
        _drop_blobs(context, tx, gone)
    return None if before.deleted else before


def _drop_blobs(context: "Context", tx: sqlite3.Connection, rows: list[sqlite3.Row]) -> None:
    for (blob,) in rows:
        if blob:
            context.blobs.drop_ref(tx, blob)


def _next_rid(tx: sqlite3.Connection, store: int, at: int) -> int:
    """A number that no version of the store has, of that time or, after 1,024 of a microsecond, of a next one."""
    while True:
        low, high = first_rid(at), first_rid(at + 1)
        sql = "SELECT max(rid) FROM fhir_versions WHERE store = ? AND rid >= ? AND rid < ?"
        last = tx.execute(sql, (store, low, high)).fetchone()[0]
        if last is None or last + 1 < high:
            return low if last is None else int(last) + 1
        at += 1
