"""One version of an object, and the SQL that finds and changes versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import orjson

from emulator.services.storage.names import successor
from emulator.services.storage.tables import LIVE, SOFT_DELETED

PAGE = 1000


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A version of an object: the columns of storage_objects.

    size in bytes; md5 (absent for composed objects) and crc32c in base64; times in microseconds since 1970; components
    is the componentCount of a composed object; retain_from is when its retention period began; custom is JSON of what
    the user may set besides contentType.
    """

    bucket: str
    name: str
    generation: int
    metageneration: int
    state: int
    size: int
    blob_id: str
    md5: str | None
    crc32c: str
    content_type: str | None
    storage_class: str
    components: int | None
    created: int
    updated: int
    class_updated: int
    noncurrent: int | None
    soft_deleted: int | None
    hard_delete: int | None
    retain_from: int
    custom: str

    @property
    def settings(self) -> dict[str, Any]:
        """What the user set: metadata, cacheControl, contentEncoding, holds, retention, kmsKeyName ..."""
        if self.custom == "{}":
            return {}
        settings: dict[str, Any] = orjson.loads(self.custom)
        return settings

    def with_settings(self, settings: dict[str, Any]) -> StoredObject:
        """The same version with other settings."""
        return replace(self, custom=orjson.dumps(settings).decode())


class Reader(Protocol):
    """Where rows are read: Database (committed data) or a write's own connection through `Tx`."""

    def all(self, sql: str, parameters: Any = ()) -> list[sqlite3.Row]:
        """All rows."""
        ...

    def one(self, sql: str, parameters: Any = ()) -> sqlite3.Row | None:
        """The first row."""
        ...


class Tx:
    """A write's connection with the reading methods of Database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, sql: str, parameters: Any = ()) -> list[sqlite3.Row]:
        """All rows."""
        return self._connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Any = ()) -> sqlite3.Row | None:
        """The first row."""
        row: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return row


_COLUMNS = tuple(f.name if f.name != "blob_id" else "blob" for f in fields(StoredObject))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM storage_objects "  # noqa: S608 - the names are this module's own
_MARKS = ", ".join("?" * len(_COLUMNS))
_INSERT = f"INSERT INTO storage_objects ({', '.join(_COLUMNS)}) VALUES ({_MARKS})"  # noqa: S608 - as above
_CHANGES = ", ".join(f"{column} = ?" for column in _COLUMNS[3:])
_UPDATE = f"UPDATE storage_objects SET {_CHANGES} WHERE bucket = ? AND name = ? AND generation = ?"  # noqa: S608 - as above


def _values(version: StoredObject) -> tuple[Any, ...]:
    return tuple(getattr(version, f.name) for f in fields(StoredObject))


def live(reader: Reader, bucket: str, name: str) -> StoredObject | None:
    """The live version."""
    row = reader.one(_SELECT + "WHERE bucket = ? AND name = ? AND state = 0", (bucket, name))
    return StoredObject(*row) if row else None


def version(reader: Reader, bucket: str, name: str, generation: int, *, soft: bool = False) -> StoredObject | None:
    """A given generation, live or noncurrent; with `soft`, only if it is soft-deleted."""
    row = reader.one(_SELECT + "WHERE bucket = ? AND name = ? AND generation = ?", (bucket, name, generation))
    if row is None or (row["state"] == SOFT_DELETED) != soft:
        return None
    return StoredObject(*row)


def find(reader: Reader, bucket: str, name: str, generation: int | None) -> StoredObject | None:
    """The live version, or the generation asked for."""
    return live(reader, bucket, name) if generation is None else version(reader, bucket, name, generation)


def highest_generation(reader: Reader, bucket: str, name: str) -> int:
    """The newest generation that this name ever had, 0 for none."""
    row = reader.one("SELECT max(generation) FROM storage_objects WHERE bucket = ? AND name = ?", (bucket, name))
    return row[0] or 0 if row else 0


def insert(tx: sqlite3.Connection, new: StoredObject) -> None:
    """Add a version; its blob's reference is the caller's business."""
    tx.execute(_INSERT, _values(new))


def update(tx: sqlite3.Connection, changed: StoredObject) -> None:
    """Write a version's columns back."""
    values = _values(changed)
    tx.execute(_UPDATE, (*values[3:], *values[:3]))


def remove(tx: sqlite3.Connection, old: StoredObject) -> None:
    """Delete a version's row; its blob's reference is the caller's business."""
    tx.execute(
        "DELETE FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?",
        (old.bucket, old.name, old.generation),
    )


def is_empty(reader: Reader, bucket: str) -> bool:
    """Whether a bucket holds no live version."""
    return reader.one("SELECT 1 FROM storage_objects WHERE bucket = ? AND state = 0 LIMIT 1", (bucket,)) is None


def scan(
    reader: Reader,
    bucket: str,
    *,
    states: tuple[int, ...] = (LIVE,),
    start: str = "",
    after: int = -1,
    stop: str | None = None,
    limit: int = PAGE,
) -> list[StoredObject]:
    """Up to `limit` versions in order of name and generation, beyond (start, after) and below name `stop`."""
    sql = _SELECT + "WHERE bucket = ? AND (name, generation) > (?, ?) AND state "
    parameters: list[Any] = [bucket, start, after]
    sql += "= 0" if states == (LIVE,) else f"IN ({', '.join(str(s) for s in states)})"
    if stop is not None:
        sql += " AND name < ?"
        parameters.append(stop)
    sql += " ORDER BY name, generation LIMIT ?"
    parameters.append(limit)
    return [StoredObject(*row) for row in reader.all(sql, parameters)]


def iterate(reader: Reader, bucket: str, prefix: str = "", states: tuple[int, ...] = (LIVE,)) -> Iterator[StoredObject]:
    """Every version whose name begins with `prefix`, a page of rows at a time, so that memory stays constant."""
    start, after, stop = prefix, -1, successor(prefix)
    while True:
        page = scan(reader, bucket, states=states, start=start, after=after, stop=stop)
        yield from page
        if len(page) < PAGE:
            return
        start, after = page[-1].name, page[-1].generation
