"""The tables of consent stores, and a store as the code hands it around.

Attribute definitions are named resources like stores; what there are many of has tables of its own, by the store's
number.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from emulator.errors import not_found
from emulator.services.healthcare import keys
from emulator.state import data_keys
from emulator.state.data_keys import DataKeys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
KIND = "healthcare.consentStores"

SCHEMA = """
CREATE TABLE IF NOT EXISTS consent_stores(key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);

CREATE TABLE IF NOT EXISTS consent_defaults(
    store INTEGER NOT NULL, attribute TEXT NOT NULL, mapping TEXT, consents BLOB, PRIMARY KEY(store, attribute)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS consent_uses(
    store INTEGER NOT NULL, attribute TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY(store, attribute, kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS consent_uses_id ON consent_uses(store, kind, id);

CREATE TABLE IF NOT EXISTS consent_artifacts(
    store INTEGER NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY(store, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consent_images(
    store INTEGER NOT NULL, artifact TEXT NOT NULL, place INTEGER NOT NULL, blob TEXT NOT NULL,
    PRIMARY KEY(store, artifact, place)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS consent_revisions(
    number INTEGER PRIMARY KEY AUTOINCREMENT, store INTEGER NOT NULL, id TEXT NOT NULL, revision TEXT NOT NULL,
    latest INTEGER NOT NULL, state TEXT NOT NULL, user TEXT NOT NULL, artifact TEXT NOT NULL, expires INTEGER,
    created TEXT NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS consent_revisions_id ON consent_revisions(store, id, revision);
CREATE UNIQUE INDEX IF NOT EXISTS consent_revisions_latest ON consent_revisions(store, id) WHERE latest = 1;
CREATE INDEX IF NOT EXISTS consent_revisions_user ON consent_revisions(store, user, id) WHERE latest = 1;
CREATE INDEX IF NOT EXISTS consent_revisions_artifact ON consent_revisions(store, artifact) WHERE latest = 1;

CREATE TABLE IF NOT EXISTS consent_mappings(
    number INTEGER PRIMARY KEY AUTOINCREMENT, store INTEGER NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL,
    user TEXT NOT NULL, attributes TEXT NOT NULL, archived TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS consent_mappings_id ON consent_mappings(store, id);
CREATE UNIQUE INDEX IF NOT EXISTS consent_mappings_data ON consent_mappings(store, data) WHERE archived IS NULL;
CREATE INDEX IF NOT EXISTS consent_mappings_user ON consent_mappings(store, user, number) WHERE archived IS NULL;
"""
"""Defaults are those of attribute definitions that have some; uses say which mappings, and latest revisions of
consents, name an attribute. A revision's `expires` is in microseconds since 1970, its body the rest of it. A mapping's
attributes are a JSON object of one value each; `archived` is when it was."""


@dataclass(frozen=True, slots=True)
class Store:
    """A consent store: its number in the tables (0 before its first write) and what it is set to."""

    key: int
    resource: Resource
    keys: DataKeys | None = None
    """Those that encrypt what it holds on the disk, None where nothing does."""

    @property
    def name(self) -> str:
        """projects/P/locations/L/datasets/D/consentStores/C."""
        return self.resource.name

    @property
    def settings(self) -> Json:
        """Its settings as the API gives them."""
        return self.resource.body


def opened(context: "Context", name: str, tx: sqlite3.Connection | None = None) -> Store:
    """The store of that name; 404 where there is none. Inside a write, pass its tx."""
    resource = context.resources.get(KIND, name, tx)
    if resource is None:
        raise not_found(f"Resource not found: {name}.")
    reader = tx if tx is not None else context.db.reader
    row = reader.execute("SELECT key FROM consent_stores WHERE name = ?", (name,)).fetchone()
    return Store(0 if row is None else int(row[0]), resource, context.blobs.keys)


def opened_in(context: "Context", tx: sqlite3.Connection, name: str) -> Store:
    """As `opened`, for a write: the store has a number afterwards."""
    store = opened(context, name, tx)
    if store.key:
        return store
    made = tx.execute("INSERT INTO consent_stores(name) VALUES(?)", (name,))
    return replace(store, key=int(made.lastrowid or 0))


def with_attributes(store: Store, rows: Iterable[Any]) -> Iterable[Any]:
    """Rows of mappings, with attributes that need not be decrypted any more."""
    return rows if store.keys is None else ({**row, "attributes": attributes_of(store, row)} for row in rows)


def attributes_of(store: Store, row: sqlite3.Row) -> str:
    """The attributes of a mapping (JSON); 400 where the version of the key that encrypted them can't be used."""
    found: str | bytes = row["attributes"]
    return found if isinstance(found, str) else data_keys.text_read(store.keys, found).decode()


def kept(context: "Context", tx: sqlite3.Connection, store: Store, text: bytes) -> bytes:
    """What a row of a store is to hold of some JSON: the same, or encrypted where that is asked for."""
    if store.keys is None:
        return text
    return data_keys.text_kept(store.keys, keys.version_for_data(context, store.name, tx), text)
