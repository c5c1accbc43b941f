"""Named resources: one table, one way to create, get, list, replace and delete, for every service."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.errors import already_exists, not_found
from emulator.state.clock import Clock, Ids
from emulator.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources(
    kind TEXT NOT NULL, name TEXT NOT NULL, parent TEXT NOT NULL, body BLOB NOT NULL,
    etag TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY(kind, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resources_parent ON resources(kind, parent, name);
CREATE INDEX IF NOT EXISTS resources_name ON resources(name);
"""


@dataclass(frozen=True)
class Resource:
    """One stored resource. name is the full resource name; body the JSON object as the service keeps it."""

    kind: str
    name: str
    parent: str
    body: dict[str, Any]
    etag: str
    created: str
    updated: str

    @property
    def id(self) -> str:
        """The last segment of the name."""
        return self.name.rsplit("/", 1)[-1]


class Resources:
    """The table of named resources."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self.on_policies_gone: Callable[[], object] = lambda: None

    def get(self, kind: str, name: str, tx: sqlite3.Connection | None = None) -> Resource | None:
        """The resource of that name, or None. Inside a write, pass its tx."""
        sql = "SELECT * FROM resources WHERE kind = ? AND name = ?"
        row = tx.execute(sql, (kind, name)).fetchone() if tx is not None else self._database.one(sql, (kind, name))
        return None if row is None else _resource(row)

    def require(self, kind: str, name: str, tx: sqlite3.Connection | None = None) -> Resource:
        """The resource of that name; a 404 where there is none."""
        found = self.get(kind, name, tx)
        if found is None:
            raise not_found(f"Resource not found: {name}.")
        return found

    def every(self, kind: str, tx: sqlite3.Connection | None = None) -> list[Resource]:
        """All resources of a kind, in name order. Inside a write, pass its tx."""
        sql = "SELECT * FROM resources WHERE kind = ? ORDER BY name"
        rows = tx.execute(sql, (kind,)).fetchall() if tx is not None else self._database.all(sql, (kind,))
        return [_resource(row) for row in rows]

    def list(
        self,
        kind: str,
        parent: str,
        page_size: int = 0,
        after: str = "",
        keep: Callable[[Resource], bool] | None = None,
        tx: sqlite3.Connection | None = None,
    ) -> tuple[list[Resource], str]:
        """A page of a parent's resources in name order, and the last name on it ("" where nothing follows).

        page_size 0 is everything; after is the name after which the page begins; keep filters (AIP-160 filters are
        compiled by the caller).
        """
        sql = "SELECT * FROM resources WHERE kind = ? AND parent = ? AND name > ? ORDER BY name"
        arguments = (kind, parent, after)
        rows = tx.execute(sql, arguments).fetchall() if tx is not None else self._database.all(sql, arguments)
        found: list[Resource] = []
        for row in rows:
            resource = _resource(row)
            if keep is not None and not keep(resource):
                continue
            if page_size and len(found) == page_size:
                return found, found[-1].name
            found.append(resource)
        return found, ""

    def insert(self, tx: sqlite3.Connection, kind: str, name: str, parent: str, body: dict[str, Any]) -> Resource:
        """Create; a 409 where the name is taken."""
        now = self._clock.stamp()
        resource = Resource(kind, name, parent, body, self._ids.etag(), now, now)
        try:
            tx.execute(
                "INSERT INTO resources VALUES(?,?,?,?,?,?,?)",
                (kind, name, parent, orjson.dumps(body), resource.etag, now, now),
            )
        except sqlite3.IntegrityError:
            raise already_exists(f"Resource already exists: {name}.") from None
        return resource

    def replace(self, tx: sqlite3.Connection, kind: str, name: str, body: dict[str, Any]) -> Resource:
        """Give a resource a new body, etag and update time; a 404 where there is none."""
        old = self.require(kind, name, tx)
        new = Resource(kind, name, old.parent, body, self._ids.etag(), old.created, self._clock.stamp())
        tx.execute(
            "UPDATE resources SET body = ?, etag = ?, updated = ? WHERE kind = ? AND name = ?",
            (orjson.dumps(body), new.etag, new.updated, kind, name),
        )
        return new

    def delete(self, tx: sqlite3.Connection, kind: str, name: str) -> None:
        """Delete one resource; a 404 where there is none."""
        if tx.execute("DELETE FROM resources WHERE kind = ? AND name = ?", (kind, name)).rowcount == 0:
            raise not_found(f"Resource not found: {name}.")

    def delete_tree(self, tx: sqlite3.Connection, name: str) -> None:
        """Delete the resource of that name, all below it, and their IAM policies."""
        below = (name, name + "/", name + "0")  # "0" is the character after "/"
        tx.execute("DELETE FROM resources WHERE name = ? OR (name > ? AND name < ?)", below)
        tx.execute("DELETE FROM policies WHERE resource = ? OR (resource > ? AND resource < ?)", below)
        self._database.after_commit(self.on_policies_gone)


def _resource(row: sqlite3.Row) -> Resource:
    kind, name, parent, body, etag, created, updated = row
    return Resource(kind, name, parent, orjson.loads(body), etag, created, updated)
