"""Revisions of consents: reading them, and adding the next one.

A consent is its revisions; the latest one counts. Every change adds one, and none is ever changed.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import orjson

from emulator.services.healthcare import times
from emulator.services.healthcare.consent import checks, names, tables, uses
from emulator.services.healthcare.consent.tables import Store
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
ACTIVE, DRAFT, REVOKED, REJECTED = "ACTIVE", "DRAFT", "REVOKED", "REJECTED"
STATES = (ACTIVE, DRAFT, REVOKED, REJECTED)
_INSERT = (
    "INSERT INTO consent_revisions(store, id, revision, latest, state, user, artifact, expires, created, body)"
    " VALUES(?,?,?,1,?,?,?,?,?,?)"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a consent. Its body is what else a client said: policies and metadata."""

    id: str
    revision: str
    state: str
    user: str
    artifact: str
    """The id of its artifact."""
    expires: int | None
    """When it does, in microseconds since 1970; None for never."""
    created: str
    kept: bytes
    """Its body as the row has it: encrypted or not."""
    keys: DataKeys | None = field(default=None, kw_only=True)
    """Those that encrypted it, None where nothing is encrypted."""

    @classmethod
    def of(cls, store: Store, row: sqlite3.Row) -> Self:
        """The revision of a row."""
        parts = ("id", "revision", "state", "user", "artifact", "expires", "created", "body")
        return cls(*(row[part] for part in parts), keys=store.keys)

    @property
    def body(self) -> bytes:
        """Policies and metadata (JSON); 400 where the version of the key that encrypted it can't be used."""
        return self.kept if self.keys is None else data_keys.text_read(self.keys, self.kept)

    def opened(self) -> Self:
        """The same with a body that need not be decrypted any more."""
        return self if self.keys is None else replace(self, kept=self.body, keys=None)

    def has_expired(self, now: int) -> bool:
        """Whether it counts no more at a time in microseconds since 1970."""
        return self.expires is not None and self.expires <= now

    def view(self, store: Store) -> Json:
        """The consent as the API shows it."""
        shown: Json = {
            "name": f"{store.name}/{names.CONSENTS}/{self.id}",
            "userId": self.user,
            "consentArtifact": f"{store.name}/{names.ARTIFACTS}/{self.artifact}",
            "state": self.state,
            "revisionId": self.revision,
            "revisionCreateTime": self.created,
            **orjson.loads(self.body),
        }
        if self.expires is not None:
            shown["expireTime"] = times.written(self.expires)
        return shown


def latest(reader: sqlite3.Connection, store: Store, consent: str) -> Revision | None:
    """The latest revision of a consent by its id; None where there is no such consent."""
    sql = "SELECT * FROM consent_revisions WHERE store = ? AND id = ? AND latest = 1"
    row = reader.execute(sql, (store.key, consent)).fetchone()
    return None if row is None else Revision.of(store, row)


def require(reader: sqlite3.Connection, store: Store, consent: str, revision: str = "") -> Revision:
    """A revision of a consent, the latest one for ""; 404 where there is none."""
    if not revision:
        found = latest(reader, store, consent)
    else:
        sql = "SELECT * FROM consent_revisions WHERE store = ? AND id = ? AND revision = ?"
        row = reader.execute(sql, (store.key, consent, revision)).fetchone()
        found = None if row is None else Revision.of(store, row)
    if found is None:
        raise names.missing(f"{store.name}/{names.CONSENTS}/{consent}{'@' if revision else ''}{revision}")
    return found


def of_user(reader: sqlite3.Connection, store: Store, user: str, now: int) -> list[Revision]:
    """The consents of a user that are active, and have not expired at a time in microseconds since 1970."""
    sql = (
        "SELECT * FROM consent_revisions WHERE store = ? AND user = ? AND latest = 1 AND state = ?"
        " AND coalesce(expires > ?, 1) ORDER BY id"
    )
    return [Revision.of(store, row).opened() for row in reader.execute(sql, (store.key, user, ACTIVE, now))]


def add(context: "Context", tx: sqlite3.Connection, store: Store, revision: Revision) -> Revision:
    """Add the next revision of a consent, with an id and a time of its own; as it is kept. 400 for what none can be."""
    revision = revision.opened()
    body = orjson.loads(revision.body)
    artifact = f"{store.name}/{names.ARTIFACTS}/{revision.artifact}"
    attributes = checks.consent(context, tx, store, {**body, "userId": revision.user, "consentArtifact": artifact})
    kept = replace(revision, revision=_new_id(context, tx, store, revision.id), created=context.clock.stamp())
    tx.execute(
        "UPDATE consent_revisions SET latest = 0 WHERE store = ? AND id = ? AND latest = 1", (store.key, kept.id)
    )
    row = (
        store.key,
        kept.id,
        kept.revision,
        kept.state,
        kept.user,
        kept.artifact,
        kept.expires,
        kept.created,
        tables.kept(context, tx, store, kept.body),
    )
    tx.execute(_INSERT, row)
    uses.replace(tx, store, names.CONSENTS, kept.id, attributes)
    return kept


def _new_id(context: "Context", tx: sqlite3.Connection, store: Store, consent: str) -> str:
    taken = "SELECT 1 FROM consent_revisions WHERE store = ? AND id = ? AND revision = ?"
    while True:
        name = context.ids.hex(8)
        if tx.execute(taken, (store.key, consent, name)).fetchone() is None:
            return name


def body_of(said: Json) -> bytes:
    """What a revision keeps beside its columns of a consent as a client gives it."""
    return orjson.dumps({key: said[key] for key in ("policies", "metadata") if said.get(key)})


def forget(tx: sqlite3.Connection, store: Store, consent: str) -> None:
    """Delete a consent with all of its revisions."""
    tx.execute("DELETE FROM consent_revisions WHERE store = ? AND id = ?", (store.key, consent))
    uses.replace(tx, store, names.CONSENTS, consent, ())


def forget_one(tx: sqlite3.Connection, store: Store, revision: Revision) -> None:
    """Delete a revision that is not the latest."""
    sql = "DELETE FROM consent_revisions WHERE store = ? AND id = ? AND revision = ?"
    tx.execute(sql, (store.key, revision.id, revision.revision))


def all_latest(reader: sqlite3.Connection, store: Store, after: str) -> Iterable[sqlite3.Row]:
    """The latest revisions of all consents after a consent's id, each with its `mark` for pages."""
    sql = "SELECT *, id AS mark FROM consent_revisions WHERE store = ? AND latest = 1 AND id > ? ORDER BY id"
    return reader.execute(sql, (store.key, after))


def all_of(reader: sqlite3.Connection, store: Store, consent: str, after: str) -> Iterable[sqlite3.Row]:
    """The revisions of a consent, newest first, older than that with the mark `after`, each with its own."""
    sql = (
        "SELECT *, CAST(number AS TEXT) AS mark FROM consent_revisions WHERE store = ? AND id = ?"
        " AND number < coalesce(CAST(nullif(?, '') AS INTEGER), 1 << 62) ORDER BY number DESC"
    )
    return reader.execute(sql, (store.key, consent, after))
