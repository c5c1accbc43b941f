"""Files of bytes, written once, synced before their owner's row is committed, counted by reference.

A file without a row in `blobs`, here or in a snapshot, is left over (from a request that was never answered, or from a
state that another one replaced); it is swept at the next start.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import google_crc32c

from emulator.state.database import Database
from emulator.state.snapshots import Held

SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs(
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, md5 TEXT NOT NULL, crc32c TEXT NOT NULL, refs INTEGER NOT NULL
) WITHOUT ROWID;
"""
BUFFER = 1 << 20
CHUNK = 1 << 21
_NO_WAIT = getattr(os, "RWF_NOWAIT", 0)  # without it the byte is read, and the rest was read ahead


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of an open file, to be sent from there while it is open."""

    descriptor: int
    size: int
    at: int

    def __len__(self) -> int:
        return self.size

    def read(self) -> bytes:
        """The bytes, fewer where the file has ended."""
        return os.pread(self.descriptor, self.size, self.at)


_Chunk = TypeVar("_Chunk", bytes, bytes | Span)


@dataclass(frozen=True)
class Blob:
    """A finished file: its id, size in bytes, and checksums in base64 as Cloud Storage gives them.

    md5 is "" where the writer was told to leave it out; `BlobStore.with_md5` adds it.
    """

    id: str
    size: int
    md5: str
    crc32c: str


class BlobWriter:
    """Writes one file; hashing and writing happen off the event loop, `buffer` bytes at a time."""

    def __init__(self, store: BlobStore, blob_id: str, buffer: int, *, md5: bool) -> None:
        self._store = store
        self._id = blob_id
        self._fd = -1
        self._limit = buffer
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self._crc: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
        self.size = 0
        self._finished = False

    async def __aenter__(self) -> BlobWriter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            await self._store.run(self._discard)

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer.append(data)
        self._buffered += len(data)
        self.size += len(data)
        if self._buffered >= self._limit:
            await self._store.run(self._flush)

    def content(self) -> bytes | None:
        """All that was written, or None if some of it is no longer in memory."""
        if self._fd >= 0:
            return None
        if len(self._buffer) != 1:
            self._buffer = [b"".join(self._buffer)]
        return self._buffer[0]

    async def finish(self) -> Blob:
        """Sync the file and give its Blob; the caller references it in the write that stores the owner."""
        return await self.begin_finish()

    def begin_finish(self) -> asyncio.Future[Blob]:
        """Start to finish, so that the caller can do something else while the disk works."""
        return self._store.begin(self._finish)

    def _flush(self) -> None:
        if self._fd < 0:
            self._fd = os.open(self._store.place(self._id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        data = self._buffer[0] if len(self._buffer) == 1 else b"".join(self._buffer)
        self._buffer, self._buffered = [], 0
        if self._md5 is not None:
            self._md5.update(data)
        self._crc.update(data)
        _write_all(self._fd, data)

    def _finish(self) -> Blob:
        self._flush()
        os.fdatasync(self._fd)
        os.close(self._fd)
        self._fd = -1
        self._finished = True
        md5 = "" if self._md5 is None else base64_of(self._md5.digest())
        return Blob(self._id, self.size, md5, base64_of(self._crc.digest()))

    def _discard(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._store.path(self._id).unlink(missing_ok=True)


class BlobStore:
    """The folder of files, and the table that counts who refers to them."""

    def __init__(self, folder: Path, database: Database, held: Held) -> None:
        self._folder = folder
        self._database = database
        self._held = held
        self.opened = time.time()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="blobs")
        self._folders: set[str] = set()  # those below it that are known to be there
        folder.mkdir(parents=True, exist_ok=True)

    async def run(self, function: Any, *args: Any) -> Any:
        """Run blocking file work on the store's own threads."""
        return await self.begin(function, *args)

    def begin(self, function: Any, *args: Any) -> asyncio.Future[Any]:
        """The same, without waiting for its end."""
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    def path(self, blob_id: str) -> Path:
        """Where the bytes are."""
        return self._folder / blob_id[:2] / blob_id

    def place(self, blob_id: str) -> Path:
        """The same for a file that is to be made: its folder is there afterwards."""
        path = self.path(blob_id)
        if path.parent.name not in self._folders:
            path.parent.mkdir(exist_ok=True)
            self._folders.add(path.parent.name)
        return path

    def new_id(self) -> str:
        """An id that no file has."""
        return secrets.token_hex(16)

    def writer(self, buffer: int = BUFFER, *, md5: bool = True) -> BlobWriter:
        """A new file: `async with blobs.writer() as w: await w.write(...); blob = await w.finish()`.

        Up to `buffer` bytes are kept in memory before they are written. MD5 costs more than all else that happens to
        a megabyte here: without `md5` it is left out.
        """
        return BlobWriter(self, self.new_id(), buffer, md5=md5)

    async def put(self, data: bytes) -> Blob:
        """A whole file at once."""
        blob: Blob = await self.run(self._put, data)
        return blob

    def _put(self, data: bytes) -> Blob:
        blob_id = self.new_id()
        descriptor = os.open(self.place(blob_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write_all(descriptor, data)
            os.fdatasync(descriptor)
        except BaseException:
            self.path(blob_id).unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        crc: Any = google_crc32c.Checksum(data)  # type: ignore[no-untyped-call]
        return Blob(blob_id, len(data), base64_of(md5), base64_of(crc.digest()))

    def add_ref(self, tx: sqlite3.Connection, blob: Blob | str) -> None:
        """One more owner; the first one needs the Blob, a copy may name an id that is already counted."""
        if isinstance(blob, Blob):
            tx.execute(
                "INSERT INTO blobs VALUES(?,?,?,?,1)"
                " ON CONFLICT(id) DO UPDATE SET refs = refs + 1, md5 = coalesce(nullif(md5, ''), excluded.md5)",
                (blob.id, blob.size, blob.md5, blob.crc32c),
            )
        elif tx.execute("UPDATE blobs SET refs = refs + 1 WHERE id = ?", (blob,)).rowcount == 0:
            raise KeyError(f"no blob {blob}")

    def drop_ref(self, tx: sqlite3.Connection, blob_id: str) -> None:
        """One owner less; with the last one the file goes, once that is committed."""
        row = tx.execute("UPDATE blobs SET refs = refs - 1 WHERE id = ? RETURNING refs", (blob_id,)).fetchone()
        if row is not None and row[0] <= 0:
            tx.execute("DELETE FROM blobs WHERE id = ?", (blob_id,))
            self._database.after_commit(lambda: self._unlink(blob_id))

    def _unlink(self, blob_id: str) -> None:
        if blob_id not in self._held:
            self.path(blob_id).unlink(missing_ok=True)

    async def with_md5(self, blob: Blob) -> Blob:
        """The Blob with its MD5, calculated from the file where the writer left it out."""
        if blob.md5:
            return blob
        return replace(blob, md5=base64_of(await self.run(_md5_of, self.path(blob.id))))

    async def read(self, blob_id: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes [start, end) of a file."""
        data: bytes = await self.run(_read, self.path(blob_id), start, end)
        return data

    def stream(self, blob_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes [start, end) in chunks, at constant memory."""
        return self._chunks(blob_id, start, end, os.pread)

    def spans(self, blob_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes | Span]:
        """The same for an answer: what is in memory is not read, but named, so that the system can send it itself."""
        return self._chunks(blob_id, start, end, Span)

    async def _chunks(
        self, blob_id: str, start: int, end: int | None, read: Callable[[int, int, int], _Chunk]
    ) -> AsyncIterator[_Chunk]:
        descriptor = os.open(self.path(blob_id), os.O_RDONLY)
        try:
            there = os.fstat(descriptor).st_size
            at, stop = start, there if end is None else min(there, end)
            while at < stop:
                size = min(CHUNK, stop - at)
                # What is in memory is read at once: that takes less time than to wake a thread.
                in_memory = _is_in_memory(descriptor, at) and _is_in_memory(descriptor, at + size - 1)
                chunk = read(descriptor, size, at) if in_memory else await self.run(os.pread, descriptor, size, at)
                at += len(chunk)
                yield chunk
        finally:
            os.close(descriptor)

    def sweep(self, before: float | None = None) -> int:
        """Delete files that no row and no snapshot refers to; returns how many.

        They are older than `before` (seconds since 1970), by default than this start: a newer one may get its row yet.
        """
        known = {row["id"] for row in self._database.all("SELECT id FROM blobs")}
        return sweep(self._folder, known | self._held.ids(), self.opened if before is None else before)

    def close(self) -> None:
        """Wait for work under way."""
        self._threads.shutdown(wait=True)
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


def _read(path: Path, start: int, end: int | None) -> bytes:
    with path.open("rb") as file:
        if start:
            file.seek(start)
        return file.read() if end is None else file.read(end - start)


def _is_in_memory(descriptor: int, at: int) -> bool:
    """Whether the byte there can be read without the disk, as far as the system says so (Linux: RWF_NOWAIT)."""
    try:
        return os.preadv(descriptor, [bytearray(1)], at, _NO_WAIT) == 1
    except OSError:  # not in memory, or a file system that cannot tell
        return False


def _md5_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def base64_of(digest: bytes) -> str:
    """A checksum as Cloud Storage gives it."""
    return base64.b64encode(digest).decode()
