"""Keeping resources: a new version, a deletion, purging old versions, emptying a store. All inside a write.

Nothing here asks whether a change is allowed (`work.py` does) or tells anybody of it: imports and bundles use it, too.
"""

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.fhir import parsing
from emulator.fhir.search import tables as index
from emulator.fhir.search.tables import first_rid, microseconds_of
from emulator.services.healthcare import keys
from emulator.services.healthcare.fhir import indexing, instants, versions
from emulator.services.healthcare.fhir.guides import DEFINITIONS
from emulator.services.healthcare.fhir.integrity import Link, links, targets
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.state import data_keys

if TYPE_CHECKING:
    from emulator.context import Context


_Row = tuple[object, ...]
_INSERT_VERSION = (
    "INSERT INTO fhir_versions(number, store, rid, type, id, method, blob, body, operation, forgotten)"
    " VALUES(CASE WHEN NOT EXISTS (SELECT 1 FROM fhir_versions WHERE number = ?2) THEN ?2 END,"
    " ?1,?2,?3,?4,?5,?6,?7,?8,?9)"
)
_INSERT_REFERENCE = "INSERT INTO fhir_references VALUES(?,?,?,?)"
_MOST_WAITING = 1000
"""Versions of a batch."""


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


class Batch:
    """New versions of one write on one store, whose rows are inserted together.

    What reads the store's tables, or changes them in another way, needs `flush` before.
    """

    leaves_rows = False
    """Whether rows wait, for which `indexing.catch_up_soon` has to be asked."""

    def __init__(self, context: "Context", tx: sqlite3.Connection, store: Store, *, waits: bool = False) -> None:
        """`waits` is whether what searches find by may follow later, which the caller sees to (`leaves_rows`)."""
        self._context = context
        self._waits = waits
        self._tx = tx
        self._store = store
        self._protected = keys.version_for_data(context, store.name, tx)
        self._versions: list[_Row] = []
        self._references: list[_Row] = []
        self._indexed: list[index.Resource] = []
        self._waiting: set[tuple[str, str]] = set()
        self._only_new = True
        self._last: dict[int, int] = {}

    def newest(self, resource_type: str, identifier: str) -> Version | None:
        """The newest version of a resource, as `versions.newest`, those of this batch included."""
        if (resource_type, identifier) in self._waiting:
            self.flush()
        return versions.newest(self._tx, self._store, resource_type, identifier)

    def put(
        self,
        new: Ready,
        method: str,
        at: int,
        before: Version | None,
        *,
        blob: str = "",
        in_place: bool = False,
        operation: str = "",
    ) -> Change:
        """Make a resource, which has its id, the current version; its meta gets version and time.

        at         microseconds since 1970; later where the last version is not older
        before     the newest version so far
        blob       the file of a raw Binary, which the caller has counted a reference for
        in_place   forget the version before, as imports do and stores without versions
        operation  the number of the long-running operation that does it
        """
        store, tx = self._store, self._tx
        rid = self._next_rid(at if before is None else max(at, before.at + 1))
        after = _version_of(new, rid, method, blob)
        live, forgotten = _step_down(self._context, tx, store, before, in_place=in_place)
        self._only_new = self._only_new and live is None
        self._versions.append(_row(store, after, self._protected, operation, forgotten))
        self._references += _references(store, new, rid)
        self._indexed.append((rid, after.type, after.id, new.rows))
        self._waiting.add((after.type, after.id))
        if len(self._versions) >= _MOST_WAITING:
            self.flush()
        return Change(live, after, new.resource)

    def flush(self) -> None:
        """Insert all that waits."""
        self._last.clear()
        if not self._versions:
            return
        self._tx.executemany(_INSERT_VERSION, self._versions)
        self._tx.executemany(_INSERT_REFERENCE, self._references)
        self._index()
        for each in (self._versions, self._references, self._indexed, self._waiting):
            each.clear()

    def _index(self) -> None:
        if not self._waits or not self._only_new:
            indexing.add(self._tx, self._store.key, self._indexed)
        elif indexing.add_new(self._context, self._tx, self._store.key, self._indexed):
            self.leaves_rows = True
        self._only_new = True

    def _next_rid(self, at: int) -> int:
        """As `_next_rid` of the module, beyond those that were given to what waits."""
        while True:
            last = self._last.get(at)
            rid = _next_rid(self._tx, self._store.key, at) if last is None else last + 1
            time = microseconds_of(rid)
            if time == at or (last is None and time not in self._last):
                self._last[time] = rid
                return rid
            at = time


def put(
    context: "Context",
    tx: sqlite3.Connection,
    store: Store,
    new: Ready,
    method: str,
    at: int,
    *,
    blob: str = "",
    operation: str = "",
) -> Change:
    """Make one resource the current version; as `Batch.put`."""
    batch = Batch(context, tx, store)
    before = batch.newest(new.type, new.resource["id"])
    change = batch.put(new, method, at, before, blob=blob, operation=operation)
    batch.flush()
    return change


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
        _insert(context, tx, store, Version(rid, past.type, past.id, "DELETE", "", b""), operation)
        return True
    _insert(context, tx, store, _version_of(past.new, rid, past.method), operation)
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
        _insert(context, tx, store, after, operation)
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
    indexing.remove_store(tx, row[0])
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


def _insert(context: "Context", tx: sqlite3.Connection, store: Store, new: Version, operation: str) -> None:
    protected = "" if new.deleted else keys.version_for_data(context, store.name, tx)
    tx.execute(_INSERT_VERSION, _row(store, new, protected, operation, 0))


def _row(store: Store, new: Version, protected: str, operation: str, forgotten: int) -> _Row:
    """The row of a version, whose body a version of a key of Cloud KMS encrypts, "" for none."""
    body = new.body if new.type in DEFINITIONS else data_keys.text_kept(store.keys, protected, new.body)
    return store.key, new.rid, new.type, new.id, new.method, new.blob, body, operation, forgotten


def _references(store: Store, new: Ready, rid: int) -> list[_Row]:
    """The rows of what a version refers to, each target once."""
    counted: dict[str, bool] = {}
    for link in new.links:
        target = link.to.relative
        counted[target] = counted.get(target, False) or link.counts
    return [(store.key, target, rid, counts) for target, counts in counted.items()]


def _index(tx: sqlite3.Connection, store: Store, new: Ready, rid: int) -> None:
    """Let searches and reference checks know a version, which is the current one."""
    tx.executemany(_INSERT_REFERENCE, _references(store, new, rid))
    indexing.add(tx, store.key, [(rid, new.type, str(new.resource["id"]), new.rows)])


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
        _remove_references(tx, store, before)
        indexing.remove(tx, store.key, [before.rid])
    if in_place or not store.keeps_versions:
        _, forgotten = _forget(context, tx, store, "rid = ?", (before.rid,))
    return None if before.deleted else before, forgotten


def _remove_references(tx: sqlite3.Connection, store: Store, before: Version) -> None:
    """Forget what a version refers to: of one that can't be read any more by a look at all references of the store."""
    try:
        old = targets(parsing.parse(before.body, None), store.name)
    except ApiError:
        tx.execute("DELETE FROM fhir_references WHERE store = ? AND rid = ?", (store.key, before.rid))
        return
    rows = [(store.key, target, before.rid) for target in old]
    tx.executemany("DELETE FROM fhir_references WHERE store = ? AND target = ? AND rid = ?", rows)


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
