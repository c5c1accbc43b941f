"""Data keys: each encrypts one file, and is kept encrypted by a key of Cloud KMS, or else by the root key.

What rows hold is encrypted by the version itself. Of any bytes (`kept`), that is text where plain data are bytes. Of
text that begins with no NUL, as JSON (`text_kept`), it does begin with one, and what no key of Cloud KMS protects is
kept as it is: the database around it is encrypted.

A file that several own (a copied object, an imported one) has its data key once for each version that protects it.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from emulator.state import sealed
from emulator.state.database import Database
from emulator.state.root_key import RootKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEMA = """
CREATE TABLE IF NOT EXISTS data_keys(
    blob TEXT NOT NULL, version TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY(blob, version)
) WITHOUT ROWID;
"""
_MARK = b"\0"
_LONGEST_HEAD = 1024
"""Characters of base64 that hold the name of any version."""
_CIPHERS = 1000
"""Versions whose ciphers are kept ready."""


class DataKey:
    """The key of one file, in memory."""

    __slots__ = ("__weakref__", "secret")

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return "DataKey(...)"


class DataKeys:
    """The data keys of one state.

    material, which is Cloud KMS's, gives the key material of a version, by name; raises ApiError for one that is not
    enabled.
    """

    def __init__(self, root: RootKey, database: Database) -> None:
        self.root = root
        self.material: Callable[[str], bytes]
        self._database = database
        self._new: WeakValueDictionary[str, DataKey] = WeakValueDictionary()
        self._ciphers: dict[str, tuple[int | None, AESGCM]] = {}  # of versions, each with the moment it was enabled at

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
        return base64.b64encode(_head(version) + self.wrap(version, data)).decode()

    def open(self, kept: str) -> bytes:
        """The data that `seal` was given. Raises ApiError where the version can't be used."""
        raw = base64.b64decode(kept)
        end = 2 + int.from_bytes(raw[:2], "big")
        return self.unwrap(raw[2:end].decode(), raw[end:])

    def seal_text(self, version: str, text: bytes) -> bytes:
        """What a row may hold of some text, encrypted by a version: NUL, its name, NUL, and its ciphertext."""
        return text_start(version) + sealed.seal_by(self._cipher(version), text, _short(version))

    def open_text(self, kept: bytes) -> bytes:
        """The text that `seal_text` was given. Raises ApiError where the version can't be used."""
        end = kept.index(_MARK, 1)
        name = kept[1:end]
        return sealed.opened_by(self._cipher(_whole(name)), kept[end + 1 :], name)

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
        return sealed.seal_by(self._cipher(version), secret, bound) if version else self.root.seal(secret, bound)

    def unwrap(self, version: str, wrapped: bytes) -> bytes:
        """The data key that `wrap` was given. Raises ApiError for a version that is not enabled."""
        bound = version.encode()
        return sealed.opened_by(self._cipher(version), wrapped, bound) if version else self.root.open(wrapped, bound)

    def _cipher(self, version: str) -> AESGCM:
        """The cipher of a version. Raises ApiError for one that is not enabled, which any commit may have changed."""
        moment = self._database.moment
        at, found = self._ciphers.get(version, (None, None))
        if found is None or moment is None or at != moment:
            self._ciphers.pop(version, None)
            found = sealed.cipher(self.material(version))
            if len(self._ciphers) >= _CIPHERS:
                self._ciphers.clear()
            self._ciphers[version] = moment, found
        return found


@lru_cache(maxsize=_CIPHERS)
def _short(version: str) -> bytes:
    """A version's name, projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V, as P/L/R/K/V."""
    return "/".join(version.split("/")[1::2]).encode()


@lru_cache(maxsize=_CIPHERS)
def _whole(short: bytes) -> str:
    """The name that `_short` was given."""
    kinds = ("projects", "locations", "keyRings", "cryptoKeys", "cryptoKeyVersions")
    return "/".join(f"{kind}/{each}" for kind, each in zip(kinds, short.decode().split("/"), strict=True))


def kept(keys: DataKeys | None, version: str, data: bytes) -> bytes | str:
    """What a row is to hold of some data: as they are, or encrypted where there is a root key."""
    return data if keys is None else keys.seal(version, data)


def read(keys: DataKeys | None, value: bytes | str) -> bytes:
    """The data of a row. Raises ApiError where the version that encrypted them can't be used."""
    if isinstance(value, bytes):
        return value
    assert keys is not None  # else the emulator would not have started
    return keys.open(value)


def text_kept(keys: DataKeys | None, version: str, text: bytes) -> bytes:
    """What a row is to hold of some text: as it is where no version protects it ("") or nothing is encrypted."""
    return text if keys is None or not version or not text else keys.seal_text(version, text)


def text_read(keys: DataKeys | None, kept: bytes) -> bytes:
    """The text of a row. Raises ApiError where the version that encrypted it can't be used."""
    return kept if keys is None or not kept.startswith(_MARK) else keys.open_text(kept)


def text_start(version: str) -> bytes:
    """What all text begins with that a version encrypted."""
    return _MARK + _short(version) + _MARK


def start(version: str) -> str:
    """What all data begin with that `kept` encrypted by a version, and perhaps by others (see `version_of`)."""
    head = _head(version)
    return base64.b64encode(head[: len(head) // 3 * 3]).decode()


def _head(version: str) -> bytes:
    name = version.encode()
    return len(name).to_bytes(2, "big") + name


def version_of(kept: bytes | str) -> str:
    """The version that encrypted the data or the text of a row, "" where none did."""
    if isinstance(kept, str):
        head = base64.b64decode(kept[:_LONGEST_HEAD])
        return head[2 : 2 + int.from_bytes(head[:2], "big")].decode()
    return _whole(kept[1 : kept.index(_MARK, 1)]) if kept.startswith(_MARK) else ""


def text_size(column: str) -> str:
    """SQL for the bytes of the text in a column, encrypted or not."""
    tail = f"substr({column}, 2)"
    added = f"{sealed.ADDED + 1} + instr({tail}, x'00')"
    return f"length({column}) - CASE WHEN substr({column}, 1, 1) = x'00' THEN {added} ELSE 0 END"
