"""Data keys: each encrypts one file, and is kept encrypted by a key of Cloud KMS, or else by the root key.

What rows hold is encrypted by the version itself, and is text there, where plain data are bytes.

A file that several own (a copied object, an imported one) has its data key once for each version that protects it.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
from collections.abc import Callable
from weakref import WeakValueDictionary

from emulator.state import sealed
from emulator.state.database import Database
from emulator.state.root_key import RootKey

SCHEMA = """
CREATE TABLE IF NOT EXISTS data_keys(
    blob TEXT NOT NULL, version TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY(blob, version)
) WITHOUT ROWID;
"""


class DataKey:
    """The key of one file, in memory."""

    __slots__ = ("__weakref__", "secret")

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return "DataKey(...)"


class DataKeys:
    """The data keys of one state.

    material, which Cloud KMS sets at the start, gives the key material of a version, by name; raises ApiError for one
    that is not enabled.
    """

    def __init__(self, root: RootKey, database: Database) -> None:
        self.root = root
        self.material: Callable[[str], bytes]
        self._database = database
        self._new: WeakValueDictionary[str, DataKey] = WeakValueDictionary()

    def begin(self, blob: str, key: DataKey | None = None) -> DataKey:
        """The key of a file that is to be written, a new one unless it is given; known while somebody holds it."""
        key = key or DataKey(secrets.token_bytes(sealed.KEY))
        self._new[blob] = key
        return key

    def of(self, blob: str, tx: sqlite3.Connection | None = None) -> bytes:
        """The key of a file. Raises FileNotFoundError for one that is gone, ApiError where no version can be used."""
        if (new := self._new.get(blob)) is not None:
            return new.secret
        sql = "SELECT version, wrapped FROM data_keys WHERE blob = ? ORDER BY version"
        rows = (tx or self._database.reader).execute(sql, (blob,)).fetchall()
        if not rows:
            raise FileNotFoundError(blob)
        refusal: Exception | None = None
        for version, wrapped in rows:
            try:
                return self.unwrap(version, wrapped)
            except Exception as problem:  # noqa: BLE001  another version may be open
                refusal = refusal or problem
        assert refusal is not None
        raise refusal

    def seal(self, version: str, data: bytes) -> str:
        """What a row may hold of some data, encrypted by a version, "" for the root key."""
        name = version.encode()
        return base64.b64encode(len(name).to_bytes(2, "big") + name + self.wrap(version, data)).decode()

    def open(self, kept: str) -> bytes:
        """The data that `seal` was given. Raises ApiError where the version can't be used."""
        raw = base64.b64decode(kept)
        end = 2 + int.from_bytes(raw[:2], "big")
        return self.unwrap(raw[2:end].decode(), raw[end:])

    def keep(self, tx: sqlite3.Connection, blob: str, version: str) -> None:
        """Keep a file's key for one more owner, encrypted by a version of a key of Cloud KMS, "" for the root key."""
        sql = "SELECT 1 FROM data_keys WHERE blob = ? AND version = ?"
        if tx.execute(sql, (blob, version)).fetchone() is None:
            wrapped = self.wrap(version, self.of(blob, tx))
            tx.execute("INSERT INTO data_keys VALUES(?, ?, ?)", (blob, version, wrapped))

    def drop(self, tx: sqlite3.Connection, blob: str) -> None:
        """Forget the key of a file that nobody owns any more."""
        tx.execute("DELETE FROM data_keys WHERE blob = ?", (blob,))

    def wrap(self, version: str, secret: bytes) -> bytes:
        """A data key, encrypted by a version, "" for the root key."""
        bound = version.encode()
        return sealed.seal(self.material(version), secret, bound) if version else self.root.seal(secret, bound)

    def unwrap(self, version: str, wrapped: bytes) -> bytes:
        """The data key that `wrap` was given. Raises ApiError for a version that is not enabled."""
        bound = version.encode()
        return sealed.opened(self.material(version), wrapped, bound) if version else self.root.open(wrapped, bound)


def kept(keys: DataKeys | None, version: str, data: bytes) -> bytes | str:
    """What a row is to hold of some data: as they are, or encrypted where there is a root key."""
    return data if keys is None else keys.seal(version, data)


def read(keys: DataKeys | None, value: bytes | str) -> bytes:
    """The data of a row. Raises ApiError where the version that encrypted them can't be used."""
    if isinstance(value, bytes):
        return value
    assert keys is not None  # else the emulator would not have started
    return keys.open(value)
