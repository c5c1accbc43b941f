"""Revisions of schemas, and what those of a topic's schema allow."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.services.pubsub.definitions import allows, refused

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
KIND = "pubsub.schemas"
SCHEMA = """
CREATE TABLE IF NOT EXISTS pubsub_schema_revisions(
    number INTEGER PRIMARY KEY AUTOINCREMENT, schema TEXT NOT NULL, id TEXT NOT NULL, created TEXT NOT NULL,
    type TEXT NOT NULL, definition TEXT NOT NULL, compiled BLOB NOT NULL, UNIQUE(schema, id)
);
"""


@dataclass(frozen=True)
class Revision:
    """One revision of a schema: its id, RFC 3339 time, type and definition, and the definition compiled."""

    id: str
    created: str
    type: str
    definition: str
    compiled: bytes

    def body(self) -> Body:
        """The revision as a Schema without its name."""
        return {
            "type": self.type,
            "definition": self.definition,
            "revisionId": self.id,
            "revisionCreateTime": self.created,
        }


def add(tx: sqlite3.Connection, schema: str, revision: Revision) -> None:
    """Keep a schema's newest revision."""
    tx.execute(
        "INSERT INTO pubsub_schema_revisions(schema, id, created, type, definition, compiled) VALUES(?,?,?,?,?,?)",
        (schema, revision.id, revision.created, revision.type, revision.definition, revision.compiled),
    )


def revisions(context: Context, schema: str, tx: sqlite3.Connection | None = None) -> list[Revision]:
    """The revisions of a schema, newest first. Inside a write, pass its tx."""
    sql = (
        "SELECT id, created, type, definition, compiled FROM pubsub_schema_revisions WHERE schema = ?"
        " ORDER BY number DESC"
    )
    rows = tx.execute(sql, (schema,)).fetchall() if tx is not None else context.db.all(sql, (schema,))
    return [Revision(*row) for row in rows]


class Check:
    """What a topic's schema settings ask of its messages, as they are now."""

    def __init__(self, context: Context, tx: sqlite3.Connection, settings: Body) -> None:
        self._name = settings.get("schema", "")
        self._encoding = settings.get("encoding", "")
        newest_first = revisions(context, self._name, tx)
        ids = [one.id for one in newest_first]
        start = ids.index(settings["lastRevisionId"]) if settings.get("lastRevisionId") in ids else 0
        end = ids.index(settings["firstRevisionId"]) if settings.get("firstRevisionId") in ids else len(ids) - 1
        self._revisions = newest_first[start : end + 1]

    def attributes_of(self, data: bytes) -> dict[str, str]:
        """What Pub/Sub adds to the attributes of a message that one of the revisions allows; a 400 where none does."""
        for revision in self._revisions:
            if allows(revision.type, revision.compiled, self._encoding, data):
                return {
                    "googclient_schemaencoding": self._encoding,
                    "googclient_schemaname": self._name,
                    "googclient_schemarevisionid": revision.id,
                }
        raise refused()
