"""Files of bytes, written once, synced before their owner's row is committed, counted by reference.

A file without a row in `blobs`, here or in a snapshot, is left over (from a request that was never answered, or from a
state that another one replaced); it is swept at the next start.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Container
from dataclasses import replace
from pathlib import Path

from emulator.state.blob_files import BUFFER, Blob, BlobFiles, is_sealed
from emulator.state.blob_writing import BlobWriter, base64_of, encrypt, write_whole
from emulator.state.data_keys import DataKeys
from emulator.state.database import Database
from emulator.state.folder import CorruptState
from emulator.state.plain_copies import PlainCopies
from emulator.state.snapshots import Held

SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs(
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, md5 TEXT NOT NULL, crc32c TEXT NOT NULL, refs INTEGER NOT NULL
) WITHOUT ROWID;
"""


class BlobStore(BlobFiles):
    """The folder of files, and the table that counts who refers to them."""

    def __init__(
        self, folder: Path, database: Database, held: Held, keys: DataKeys | None, copies: PlainCopies | None
    ) -> None:
        super().__init__(folder, keys, copies)
        self._database = database
        self._held = held
        self.opened = time.time()

    def writer(self, buffer: int = BUFFER, *, md5: bool = True) -> BlobWriter:
        """A new file: `async with blobs.writer() as w: await w.write(...); blob = await w.finish()`.

        Up to `buffer` bytes are kept in memory before they are written. MD5 costs more than all else that happens to
        a megabyte here: without `md5` it is left out.
        """
        return BlobWriter(self, self.new_id(), buffer, md5=md5)

    async def put(self, data: bytes) -> Blob:
        """A whole file at once."""
        blob: Blob = await self.run(write_whole, self, data)
        return blob

    async def put_copy(self, blob_id: str, path: Path, size: int, crc32c: str) -> Blob:
        """The Blob of a file without MD5 that was written to `writable(blob_id)`, encrypted where it is to be."""
        key = self.key_of_new(blob_id)
        if key is not None:
            await self.run(encrypt, path, self.place(blob_id), key)
        return Blob(blob_id, size, "", crc32c, key)

    def add_ref(self, tx: sqlite3.Connection, blob: Blob | str, version: str = "") -> None:
        """One more owner; the first one needs the Blob, a copy may name an id that is already counted.

        version is that of the key of Cloud KMS which protects what the owner has, by name; "" for none.
        """
        if isinstance(blob, Blob):
            tx.execute(
                "INSERT INTO blobs VALUES(?,?,?,?,1)"
                " ON CONFLICT(id) DO UPDATE SET refs = refs + 1, md5 = coalesce(nullif(md5, ''), excluded.md5)",
                (blob.id, blob.size, blob.md5, blob.crc32c),
            )
        elif tx.execute("UPDATE blobs SET refs = refs + 1 WHERE id = ?", (blob,)).rowcount == 0:
            raise KeyError(f"no blob {blob}")
        blob_id = blob.id if isinstance(blob, Blob) else blob
        if self.keys is not None and is_sealed(blob_id):
            self.keys.keep(tx, blob_id, version)

    def drop_ref(self, tx: sqlite3.Connection, blob_id: str) -> None:
        """One owner less; with the last one the file goes, once that is committed."""
        row = tx.execute("UPDATE blobs SET refs = refs - 1 WHERE id = ? RETURNING refs", (blob_id,)).fetchone()
        if row is not None and row[0] <= 0:
            tx.execute("DELETE FROM blobs WHERE id = ?", (blob_id,))
            if self.keys is not None:
                self.keys.drop(tx, blob_id)
            self._database.after_commit(lambda: self._unlink(blob_id))

    def _unlink(self, blob_id: str) -> None:
        if blob_id not in self._held:
            self.discard(blob_id)

    def discard(self, blob_id: str) -> None:
        """Delete a file that nobody owns."""
        self.path(blob_id).unlink(missing_ok=True)

    async def with_md5(self, blob: Blob) -> Blob:
        """The Blob with its MD5, calculated from the file where the writer left it out."""
        if blob.md5:
            return blob
        return replace(blob, md5=base64_of(await self.run(self._md5_of, blob.id)))

    def _md5_of(self, blob_id: str) -> bytes:
        with self.plain(blob_id) as path, path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()

    def sweep(self, before: float | None = None) -> int:
        """Delete files that no row and no snapshot refers to; returns how many.

        They are older than `before` (seconds since 1970), by default than this start: a newer one may get its row yet.
        """
        known = {row["id"] for row in self._database.all("SELECT id FROM blobs")}
        try:
            known |= self._held.ids()
        except CorruptState:
            return 0  # what a snapshot of another root key names is not known
        return sweep(self._folder, known, self.opened if before is None else before)

    def close(self) -> None:
        """Wait for work under way."""
        super().close()
        self._held.close()


def sweep(folder: Path, known: Container[str], before: float) -> int:
    """Delete files below a folder of blobs that are older than `before` (seconds) and not known; returns how many."""
    swept = 0
    for shard in folder.iterdir():
        for name in os.listdir(shard):  # noqa: PTH208  a path for each known file would take most of the time
            if name not in known and (shard / name).stat().st_mtime < before:
                (shard / name).unlink(missing_ok=True)
                swept += 1
    return swept
