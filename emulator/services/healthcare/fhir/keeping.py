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
class Past:
    """A version as the history of another store, or of another time, has it; `new` is None for a deletion."""

    type: str
    id: str
    method: str
    """The verb that made it."""
    at: int
    """When, in microseconds since 1970."""
    new: Ready | None


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
    operation: str = "",
    is_new: bool = False,
) -> Change:
    """Make a resource, which has its id, the current version; its meta gets version and time.

    at         microseconds since 1970; later where the last version is not older
    blob       the file of a raw Binary, which the caller has counted a reference for
    in_place   forget the version before, as imports do and stores without versions
    operation  the number of the long-running operation that does it
    is_new     its id is one that was made for it, so that there is no version before
    """
    resource = new.resource
    before = None if is_new else versions.newest(tx, store, new.type, resource["id"])
    rid = _next_rid(tx, store.key, at if before is None else max(at, before.at + 1))
    after = _version_of(new, rid, method, blob)
    live, forgotten = _step_down(context, tx, store, before, in_place=in_place)
    _insert(tx, store, after, operation, forgotten)
    _index(tx, store, new, rid)
    return Change(live, after, resource)


def insert(context: "Context", tx: sqlite3.Connection, store: Store, past: Past, operation: str) -> bool:
    """Put a version where its time has it in a resource's history, in the place of one of that time.

    It is the current one if no other is younger. False where there is no room: a store has 1,024 versions of one
    microsecond. The store keeps versions.
    """
    newest = versions.newest(tx, store, past.type, past.id)
    same = versions.made_at(tx, store, past.type, past.id, past.at)
    rid = _next_rid(tx, store.key, past.at) if same is None else same.rid
    if microseconds_of(rid) != past.at:
        return False
    is_current = newest is None or rid >= newest.rid
    if is_current:
        _step_down(context, tx, store, newest, in_place=same is not None)
    elif same is not None:
        _forget(context, tx, store, "rid = ?", (same.rid,))
    if past.new is None:
        _insert(tx, store, Version(rid, past.type, past.id, "DELETE", "", b""), operation)
        return True
    _insert(tx, store, _version_of(past.new, rid, past.method), operation)
    if is_current:
        _index(tx, store, past.new, rid)
    return True


def delete(
    context: "Context",
    tx: sqlite3.Connection,
    store: Store,
    resource_type: str,
    identifier: str,
    at: int,
    *,
    operation: str = "",
) -> Change | None:
    """Delete a resource; its versions stay, where the store keeps them. None where there is none.

    at         microseconds since 1970; later where the last version is not older
    operation  the number of the long-running operation that does it
    """
    before = versions.newest(tx, store, resource_type, identifier)
    if before is None or before.deleted:
        return None
    rid = _next_rid(tx, store.key, max(at, before.at + 1))
    after = Version(rid, resource_type, identifier, "DELETE", "", b"")
    _step_down(context, tx, store, before, in_place=False)
    if store.keeps_versions:
        _insert(tx, store, after, operation)
    return Change(before, after, {})


def purge(context: "Context", tx: sqlite3.Connection, store: Store, resource_type: str, identifier: str) -> int:
    """Forget all versions of a resource but the current one; how many."""
    newest = versions.newest(tx, store, resource_type, identifier)
    if newest is None:
        return 0
    kept = -1 if newest.deleted else newest.rid
    gone, forgotten = _forget(context, tx, store, "type = ? AND id = ? AND rid <> ?", (resource_type, identifier, kept))
    if gone:
        sql = "UPDATE fhir_versions SET forgotten = ? WHERE store = ? AND rid = ?"
        tx.execute(sql, (forgotten, store.key, kept))
    return gone


def erase(
    context: "Context", tx: sqlite3.Connection, store: Store, resource_type: str, identifier: str
) -> tuple[Change | None, int]:
    """Forget a resource with all its versions.

    Gives the deletion that this is of the current one, None where there is none; and how many others are gone.
    """
    others = purge(context, tx, store, resource_type, identifier)
    change = delete(context, tx, store, resource_type, identifier, 0)
    if change is not None:
        purge(context, tx, store, resource_type, identifier)
    return change, others


def empty(context: "Context", tx: sqlite3.Connection, name: str) -> None:
    """Forget all that a store holds, and its number."""
    row = tx.execute("SELECT key FROM fhir_stores WHERE name = ?", (name,)).fetchone()
    if row is None:
        return
    blobs = tx.execute("SELECT blob FROM fhir_versions WHERE store = ? AND blob <> ''", (row[0],)).fetchall()
    _drop_blobs(context, tx, blobs)
    for table in ("fhir_versions", "fhir_references", "fhir_consents"):
        tx.execute(f"DELETE FROM {table} WHERE store = ?", (row[0],))  # noqa: S608  our own names
    index.remove_store(tx, row[0])
    tx.execute("DELETE FROM fhir_stores WHERE key = ?", (row[0],))


def _version_of(new: Ready, rid: int, method: str, blob: str = "") -> Version:
    """A version of a resource, whose meta gets version and time."""
    resource = new.resource
    resource["meta"] = {
        **(resource.get("meta") or {}),
        "lastUpdated": instants.last_updated(microseconds_of(rid)),
        "versionId": instants.version_id(microseconds_of(rid)),
    }
    return Version(rid, new.type, resource["id"], method, blob, parsing.canonical(resource))


def _insert(tx: sqlite3.Connection, store: Store, new: Version, operation: str, forgotten: int = 0) -> None:
    tx.execute(
        "INSERT INTO fhir_versions(store, rid, type, id, method, blob, body, operation, forgotten)"
        " VALUES(?,?,?,?,?,?,?,?,?)",
        (store.key, new.rid, new.type, new.id, new.method, new.blob, new.body, operation, forgotten),
    )


def _index(tx: sqlite3.Connection, store: Store, new: Ready, rid: int) -> None:
    """Let searches and reference checks know a version, which is the current one."""
    counted = {link.to.relative for link in new.links if link.counts}
    rows = [(store.key, target, rid, target in counted) for target in {link.to.relative for link in new.links}]
    tx.executemany("INSERT INTO fhir_references VALUES(?,?,?,?)", rows)
    index.write(tx, store.key, rid, new.type, str(new.resource["id"]), new.rows)


def _step_down(
    context: "Context", tx: sqlite3.Connection, store: Store, before: Version | None, *, in_place: bool
) -> tuple[Version | None, int]:
    """Let a version be the current one no longer.

    Gives it where it was one, None for a deletion; and the time of the first version that is forgotten with it, 0 where
    none is.
    """
    if before is None:
        return None, 0
    forgotten = 0
    if not before.deleted:
        old = targets(parsing.parse(before.body, None), store.name)
        keys = [(store.key, target, before.rid) for target in old]
        tx.executemany("DELETE FROM fhir_references WHERE store = ? AND target = ? AND rid = ?", keys)
        index.remove(tx, store.key, [before.rid])
    if in_place or not store.keeps_versions:
        _, forgotten = _forget(context, tx, store, "rid = ?", (before.rid,))
    return None if before.deleted else before, forgotten


def _forget(
    context: "Context", tx: sqlite3.Connection, store: Store, condition: str, values: tuple[object, ...]
) -> tuple[int, int]:
    """Drop rows of versions; how many, and when the first that is missing now was made."""
    gone = tx.execute(
        f"DELETE FROM fhir_versions WHERE store = ? AND {condition} RETURNING blob, rid, forgotten",  # noqa: S608  ours
        (store.key, *values),
    ).fetchall()
    _drop_blobs(context, tx, gone)
    return len(gone), min((row["forgotten"] or microseconds_of(row["rid"]) for row in gone), default=0)


def _drop_blobs(context: "Context", tx: sqlite3.Connection, rows: list[sqlite3.Row]) -> None:
    for row in rows:
        if row["blob"]:
            context.blobs.drop_ref(tx, row["blob"])


def _next_rid(tx: sqlite3.Connection, store: int, at: int) -> int:
    """A number that no version of the store has, of that time or, after 1,024 of a microsecond, of a next one."""
    while True:
        low, high = first_rid(at), first_rid(at + 1)
        sql = "SELECT max(rid) FROM fhir_versions WHERE store = ? AND rid >= ? AND rid < ?"
        last = tx.execute(sql, (store, low, high)).fetchone()[0]
        if last is None or last + 1 < high:
            return low if last is None else int(last) + 1
        at += 1
