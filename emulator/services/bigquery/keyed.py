"""Files of rows that versions of keys protect, where data are encrypted at rest: one of DuckDB's for each version.

Its key is random, and kept encrypted by the version. So it is open in the engine while the version is enabled, and lost
with the version. Which storage lies in it, the storage's name says (sql/places.py).
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.services.bigquery import errors
from emulator.services.bigquery.sql import attaching, places
from emulator.services.cloudkms import api as cloudkms
from emulator.state import sealed

if TYPE_CHECKING:
    from emulator.context import Context

FOLDER = "keyed"
_EXTENSION = "bigquery.keyed"


@dataclass(frozen=True)
class File:
    """A file: its name in the engine, the version that protects it, and its key, encrypted by that."""

    name: str
    version: str
    sealed: str


class KeyedFiles:
    """The files of one emulator. Get it with `of(context)`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.folder = context.settings.state / "bigquery" / FOLDER
        self._moment: int | None = None
        self._files: dict[str, File] = {}
        self._usable: frozenset[str] = frozenset()

    def _look(self) -> None:
        """Read what there is, and what of it can be used, where anything was written since the last look."""
        moment = self._context.db.moment
        if moment is not None and moment == self._moment:
            return
        rows = self._context.db.all("SELECT name, version, key FROM bigquery_keyed_files")
        self._files = {row["name"]: File(row["name"], row["version"], row["key"]) for row in rows}
        enabled = (each.name for each in self._files.values() if not cloudkms.closed(self._context, each.version))
        self._usable = frozenset(enabled)
        self._moment = moment

    def usable(self) -> frozenset[str]:
        """The names of the files whose versions are enabled; none where nothing is encrypted at rest."""
        if self._context.root_key is None:
            return frozenset()
        self._look()
        return self._usable

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.folder / f"{name}.duckdb"

    def key(self, name: str) -> str:
        """A file's key as DuckDB takes it. Raises ApiError where its version can't be used."""
        keys = self._context.blobs.keys
        assert keys is not None  # else none is usable
        return keys.open(self._files[name].sealed).hex()

    def is_closed(self, storage: str) -> bool:
        """Whether a storage lies in a file that is not open: its version is not enabled, or destroyed."""
        name = places.file_of(storage)
        return bool(name) and name not in self.usable()

    def require_open(self, storage: str) -> None:
        """Raise a 400 where a storage lies in a file that is not open."""
        if not self.is_closed(storage):
            return
        known = self._files.get(places.file_of(storage))
        if known is None:
            raise errors.invalid("The version of the Cloud KMS key that protects these rows is destroyed.")
        raise errors.invalid(cloudkms.closed(self._context, known.version))

    def is_right(self, storage: str, version: str | None) -> bool:
        """Whether a storage lies where rows that a version protects, or none does, are to lie."""
        return self._context.root_key is None or places.file_of(storage) == self._name_of(version)

    def _name_of(self, version: str | None) -> str | None:
        """The name of a version's file, "" for none, None for one that is not made yet."""
        if not version:
            return ""
        self._look()
        return next((each.name for each in self._files.values() if each.version == version), None)

    async def file_for(self, version: str | None) -> str:
        """The name of the file for rows that a version protects, made if need be.

        It is "" where no version does, or nothing is encrypted at rest. Raises ApiError for a version that is not
        enabled.
        """
        keys = self._context.blobs.keys
        if keys is None:
            return ""
        while (name := self._name_of(version)) is None:
            assert version is not None
            sealed_key = keys.seal(version, secrets.token_bytes(sealed.KEY))
            await self._context.db.write(self._insert, File(f"k{self._context.ids.hex(16)}", version, sealed_key))
        return name

    @staticmethod
    def _insert(tx: sqlite3.Connection, file: File) -> None:
        sql = "INSERT OR IGNORE INTO bigquery_keyed_files(name, version, key) VALUES(?, ?, ?)"
        tx.execute(sql, (file.name, file.version, file.sealed))

    async def forget(self, versions: Iterable[str]) -> frozenset[str]:
        """Forget the files of versions, and the results in them; gives their names."""
        self._look()
        wanted = set(versions)
        gone = frozenset(each.name for each in self._files.values() if each.version in wanted)

        def change(tx: sqlite3.Connection) -> None:
            for name in gone:
                tx.execute("DELETE FROM bigquery_results WHERE substr(storage, 1, ?) = ?", (len(name) + 1, f"{name}_"))
                tx.execute("DELETE FROM bigquery_keyed_files WHERE name = ?", (name,))

        if gone:
            await self._context.db.write(change)
        return gone

    def remove(self, name: str) -> None:
        """Remove a file and its log."""
        attaching.remove(self.path(name))

    def remove_unknown(self) -> None:
        """Remove files that nobody can open any more, before any is opened."""
        self._look()
        known = {self.path(name).name for name in self._files}
        for path in self.folder.glob("*"):
            if path.name.removesuffix(".wal") not in known:
                path.unlink(missing_ok=True)


def of(context: Context) -> KeyedFiles:
    """The files of an emulator, known when first asked for."""
    found: KeyedFiles | None = context.extensions.get(_EXTENSION)
    if found is None:
        found = context.extensions[_EXTENSION] = KeyedFiles(context)
    return found


def forget(context: Context) -> None:
    """Forget what is known of an emulator that stops."""
    context.extensions.pop(_EXTENSION, None)
