"""Versions of resources as they are kept: the current one, an older one, a history, many at once.

Functions take any connection: a write's own, which sees what it did, or a reader's.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.fhir.search.tables import first_rid, microseconds_of
from emulator.services.healthcare.fhir import errors, instants
from emulator.services.healthcare.fhir.stored import Store, Version

_SELECT = "SELECT rid, type, id, method, blob, body FROM fhir_versions"
_OF_ONE = "store = ? AND type = ? AND id = ?"
_OF_LIST = "SELECT v.rid, v.type, v.id, v.method, v.blob, v.body FROM json_each(?) j"
_BY_NUMBER = f"{_OF_LIST} LEFT JOIN fhir_versions v ON v.number = j.value AND v.store = ? AND v.rid = j.value"
_BY_INDEX = f"{_OF_LIST} CROSS JOIN fhir_versions v ON v.store = ? AND v.rid = j.value"
PAGE = 32 << 20
"""Bytes of resources after which a page ends (Cloud Healthcare says that pages may be shorter, and not when)."""
UNLIMITED = 1 << 62
LAST = microseconds_of((1 << 62) - 1)
"""The latest time that a version can have, in microseconds since 1970: far in the future."""


def newest(connection: sqlite3.Connection, store: Store, resource_type: str, identifier: str) -> Version | None:
    """The newest version, which may be a deletion; None where there is none."""
    row = connection.execute(
        f"{_SELECT} WHERE {_OF_ONE} ORDER BY rid DESC LIMIT 1",  # our own words
        (store.key, resource_type, identifier),
    ).fetchone()
    return None if row is None else Version(*row, keys=store.keys)


def current(connection: sqlite3.Connection, store: Store, resource_type: str, identifier: str) -> Version:
    """The version that a read gives; refused with 404 where there never was one, 410 where it was deleted."""
    found = newest(connection, store, resource_type, identifier)
    if found is None:
        raise errors.not_found(f"{resource_type}/{identifier}")
    if found.deleted:
        raise errors.gone(found.relative)
    return found


def made_at(
    connection: sqlite3.Connection, store: Store, resource_type: str, identifier: str, at: int
) -> Version | None:
    """The version that was made in a microsecond since 1970, which may be a deletion; None where there is none."""
    row = connection.execute(
        f"{_SELECT} WHERE {_OF_ONE} AND rid BETWEEN ? AND ?",
        (store.key, resource_type, identifier, first_rid(at), first_rid(at + 1) - 1),
    ).fetchone()
    return None if row is None else Version(*row, keys=store.keys)


def version(
    connection: sqlite3.Connection, store: Store, resource_type: str, identifier: str, version_id: str
) -> Version:
    """One version; refused with 404 where there is none, 410 for a deletion, 400 in a store without versions."""
    if not store.keeps_versions:
        raise errors.no_versioning()
    relative = f"{resource_type}/{identifier}/_history/{version_id}"
    at = instants.microseconds_of(version_id)
    if at is None or at >= LAST:
        raise errors.no_version(relative)
    found = made_at(connection, store, resource_type, identifier, at)
    if found is None:
        raise errors.no_version(relative)
    if found.deleted:
        raise errors.gone(relative)
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a history is asked for; times are microseconds since 1970.

    since, until   made at or after, and before
    current_from   was still current then, or was made later
    before         a rid: older versions than that one
    """

    since: int = 0
    until: int = LAST
    current_from: int = 0
    before: int = 1 << 62


def history(
    connection: sqlite3.Connection,
    store: Store,
    resource_type: str,
    identifier: str,
    span: Span,
    most: int,
    room: int = UNLIMITED,
) -> list[Version]:
    """Versions from the newest to the oldest, deletions too, `most` at most, as long as there is room (bytes)."""
    one = (store.key, resource_type, identifier)
    first = first_rid(span.since)
    if span.current_from:
        earlier = connection.execute(
            f"SELECT max(rid) FROM fhir_versions WHERE {_OF_ONE} AND rid < ?",  # noqa: S608  our own words
            (*one, first_rid(span.current_from)),
        ).fetchone()[0]
        first = max(first, earlier or 0)
    rows = connection.execute(
        f"{_SELECT} WHERE {_OF_ONE} AND rid >= ? AND rid < ? ORDER BY rid DESC LIMIT ?",
        (*one, first, min(span.before, first_rid(span.until)), most),
    )
    return _as_fits(rows, store, room)


def later(
    connection: sqlite3.Connection, store: Store, resource_type: str, identifier: str, rid: int, until: int, place: int
) -> int | None:
    """The number of the version so many places later than that of `rid`, made before `until`; None: there is none."""
    row = connection.execute(
        f"SELECT rid FROM fhir_versions WHERE {_OF_ONE} AND rid >= ? AND rid < ? ORDER BY rid LIMIT 1 OFFSET ?",  # noqa: S608  our own words
        (store.key, resource_type, identifier, rid, first_rid(until), place),
    ).fetchone()
    return None if row is None else int(row[0])


def brought_into_being(connection: sqlite3.Connection, store: Store, made: Version) -> bool:
    """Whether there was no resource before a version: none of another version is known to have been, or a deletion."""
    forgotten, older = connection.execute(
        "SELECT forgotten, (SELECT o.method FROM fhir_versions o WHERE o.store = v.store AND o.type = v.type"
        " AND o.id = v.id AND o.rid < v.rid ORDER BY o.rid DESC LIMIT 1)"
        " FROM fhir_versions v WHERE store = ? AND rid = ?",
        (store.key, made.rid),
    ).fetchone() or (0, None)
    return older == "DELETE" if older else not forgotten


def by_rid(connection: sqlite3.Connection, store: Store, rids: Iterable[int], room: int = UNLIMITED) -> list[Version]:
    """The versions of these numbers, in their order, as long as there is room; those that are gone are left out."""
    return _as_fits(_of_rids(connection, store.key, tuple(rids)), store, room)


def _of_rids(connection: sqlite3.Connection, store: int, wanted: Sequence[int]) -> Iterator[Any]:
    """Rows of versions in the order of their rids: where they are the row's own number there is no index to look at."""
    for place, row in enumerate(connection.execute(_BY_NUMBER, (_listed(wanted), store))):
        if row[0] is None:
            yield from connection.execute(_BY_INDEX, (_listed(wanted[place:]), store))
            return
        yield row


def _listed(rids: Sequence[int]) -> str:
    """Rids as json_each reads them."""
    return orjson.dumps(rids).decode()


def _as_fits(rows: Iterable[Any], store: Store, room: int) -> list[Version]:
    """Versions until their bodies have as many bytes; one is always given."""
    keys, found = store.keys, []
    for row in rows:
        version = Version(*row) if keys is None else Version(*row, keys=keys)
        found.append(version)
        room -= len(version.kept if keys is None else version.body)
        if room <= 0:
            break
    return found


def is_full(page: Iterable[Version]) -> bool:
    """Whether a page has no room for another resource."""
    return sum(len(each.body) for each in page) >= PAGE


def is_there(connection: sqlite3.Connection, store: Store, resource_type: str, identifier: str) -> bool:
    """Whether a resource has a current version."""
    row = connection.execute(
        f"SELECT method FROM fhir_versions WHERE {_OF_ONE} ORDER BY rid DESC LIMIT 1",  # noqa: S608  our own words
        (store.key, resource_type, identifier),
    ).fetchone()
    return row is not None and row[0] != "DELETE"
