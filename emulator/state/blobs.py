"""Files of bytes, written once, synced before their owner's row is committed, counted by reference.

A file without a row in `blobs`, here or in a snapshot, is left over (from a request that was never answered, or from a
state that another one replaced); it is swept at the next start. With a root key, files are encrypted, each with a data
key of its own (data_keys.py); their ids begin with another letter than those of plain files.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import google_crc32c

from emulator.state import sealed
from emulator.state.data_keys import DataKey, DataKeys
from emulator.state.database import Database
from emulator.state.folder import CorruptState
from emulator.state.plain_copies import PlainCopies
from emulator.state.snapshots import Held

SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs(
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, md5 TEXT NOT NULL, crc32c TEXT NOT NULL, refs INTEGER NOT NULL
) WITHOUT ROWID;
"""
BUFFER = 1 << 20
CHUNK = 1 << 21
_SEALED = "k"  # what the ids of encrypted files begin with; those of plain ones are hexadecimal
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

    md5 is "" where the writer was told to leave it out; `BlobStore.with_md5` adds it. key is that of a file which was
    just written, encrypted, and has no owner yet.
    """

    id: str
    size: int
    md5: str
    crc32c: str
    key: DataKey | None = field(default=None, repr=False, compare=False)


class BlobWriter:
    """Writes one file; hashing and writing happen off the event loop, `buffer` bytes at a time."""

    def __init__(self, store: BlobStore, blob_id: str, buffer: int, *, md5: bool) -> None:
        self._store = store
        self._id = blob_id
        self._key = store.key_of_new(blob_id)
        self._fd = -1
        self._written = 0
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
        _write_all(self._fd, _kept(self._key, self._written, data))
        self._written += len(data)

    def _finish(self) -> Blob:
        self._flush()
        os.fdatasync(self._fd)
        os.close(self._fd)
        self._fd = -1
        self._finished = True
        md5 = "" if self._md5 is None else base64_of(self._md5.digest())
        return Blob(self._id, self.size, md5, base64_of(self._crc.digest()), self._key)

    def _discard(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._store.path(self._id).unlink(missing_ok=True)


class BlobStore:
    """The folder of files, and the table that counts who refers to them."""

    def __init__(
        self, folder: Path, database: Database, held: Held, keys: DataKeys | None, copies: PlainCopies | None
    ) -> None:
        self._folder = folder
        self._database = database
        self._held = held
        self.keys = keys
        self._copies = copies
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

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of all paths that others are given to read."""
        return (self._folder,) if self._copies is None else (self._folder, self._copies.path)

    def new_id(self, *, plain: bool = False) -> str:
        """An id that no file has, which says whether the file is to be encrypted: with a root key, unless `plain`."""
        text = secrets.token_hex(16)
        return text if plain or self.keys is None else _SEALED + text[1:]

    def key_of_new(self, blob_id: str) -> DataKey | None:
        """A new key for a file that is to be written; None for a plain one."""
        return self.keys.begin(blob_id) if self.keys is not None and _is_sealed(blob_id) else None

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
        key = self.key_of_new(blob_id)
        descriptor = os.open(self.place(blob_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write_all(descriptor, _kept(key, 0, data))
            os.fdatasync(descriptor)
        except BaseException:
            self.path(blob_id).unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        crc: Any = google_crc32c.Checksum(data)  # type: ignore[no-untyped-call]
        return Blob(blob_id, len(data), base64_of(md5), base64_of(crc.digest()), key)

    async def put_copy(self, blob_id: str, path: Path, size: int, crc32c: str) -> Blob:
        """The Blob of a file without MD5 that was written to `writable(blob_id)`, encrypted where it is to be."""
        key = self.key_of_new(blob_id)
        if key is not None:
            await self.run(self._encrypt, path, self.place(blob_id), key)
        return Blob(blob_id, size, "", crc32c, key)

    def _encrypt(self, path: Path, target: Path, key: DataKey) -> None:
        at = 0
        with path.open("rb") as source, target.open("xb") as file:
            while data := source.read(BUFFER):
                file.write(sealed.records(key.secret, at, data))
                at += len(data)
            file.flush()
            os.fdatasync(file.fileno())
        path.unlink()

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
        if self.keys is not None and _is_sealed(blob_id):
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

    def size(self, blob_id: str) -> int:
        """How many bytes a file has."""
        if not _is_sealed(blob_id):
            return self.path(blob_id).stat().st_size
        with self._records(blob_id) as found:
            return found.size

    async def read(self, blob_id: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes [start, end) of a file."""
        data: bytes = await self.run(self.read_now, blob_id, start, end)
        return data

    def read_now(self, blob_id: str, start: int = 0, end: int | None = None) -> bytes:
        """The same on this thread. Raises ApiError where the file is encrypted and its key can't be used."""
        if not _is_sealed(blob_id):
            return _read(self.path(blob_id), start, end)
        with self._records(blob_id) as found:
            return found.read(start, found.size if end is None else end)

    @contextmanager
    def plain(self, blob_id: str) -> Iterator[Path]:
        """A path at which the bytes can be read: the file's own, or a copy's that goes with the context."""
        if not _is_sealed(blob_id):
            yield self.path(blob_id)
            return
        assert self._copies is not None
        path = self._copies.place()
        try:
            self._copy(blob_id, path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def readable(self, *blob_ids: str) -> AbstractAsyncContextManager[list[Path]]:
        """The same for several files, without keeping the event loop waiting."""
        return self.decrypted([self.path(each) for each in blob_ids])

    @asynccontextmanager
    async def decrypted(self, paths: Sequence[Path]) -> AsyncIterator[list[Path]]:
        """The same for paths that `path` gave, and others, which stay as they are."""
        with ExitStack() as stack:
            found = list(paths)
            for number, path in enumerate(paths):
                if _is_sealed(path.name):
                    found[number] = await self.run(stack.enter_context, self.plain(path.name))
            yield found

    def writable(self, blob_id: str) -> Path:
        """Where somebody else may write the bytes of a new file, which `put_copy` then makes a Blob."""
        if not _is_sealed(blob_id):
            return self.place(blob_id)
        assert self._copies is not None
        return self._copies.place()

    def scratch(self, folder: Path) -> Path:
        """Where a plain file may be while a call lasts: the folder, or one in memory where files are encrypted."""
        return folder if self._copies is None else self._copies.folder

    def _copy(self, blob_id: str, path: Path) -> None:
        with self._records(blob_id) as found, path.open("xb") as target:
            at = 0
            while data := found.read(at, at + BUFFER):
                at += target.write(data)

    @contextmanager
    def _records(self, blob_id: str, key: bytes | None = None) -> Iterator[sealed.Records]:
        """What an encrypted file holds, while it is open."""
        assert self.keys is not None
        key = key or self.keys.of(blob_id)
        descriptor = os.open(self.path(blob_id), os.O_RDONLY)
        try:
            yield sealed.Records(descriptor, key)
        finally:
            os.close(descriptor)

    def stream(self, blob_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes [start, end) in chunks, at constant memory.

        Raises ApiError, at once, where the file is encrypted and its key can't be used.
        """
        if _is_sealed(blob_id):
            return self._opened(blob_id, start, end)
        return self._chunks(blob_id, start, end, os.pread)

    def spans(self, blob_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes | Span]:
        """The same for an answer: what is in memory is not read, but named, so that the system can send it itself."""
        if _is_sealed(blob_id):
            return self._opened(blob_id, start, end)
        return self._chunks(blob_id, start, end, Span)

    def _opened(self, blob_id: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        assert self.keys is not None
        return self._decrypted(blob_id, self.keys.of(blob_id), start, end)

    async def _decrypted(self, blob_id: str, key: bytes, start: int, end: int | None) -> AsyncIterator[bytes]:
        with self._records(blob_id, key) as found:
            while end is None or start < end:
                stop = start + BUFFER if end is None else min(end, start + BUFFER)
                data: bytes = await self.run(found.read, start, stop)
                if not data:
                    return
                start += len(data)
                yield data

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
        try:
            known |= self._held.ids()
        except CorruptState:
            return 0  # what a snapshot of another root key names is not known
        return sweep(self._folder, known, self.opened if before is None else before)

    def close(self) -> None:
        """Wait for work under way."""
        self._threads.shutdown(wait=True)
        self._held.close()
        if self._copies is not None:
            self._copies.close()


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


def _is_sealed(blob_id: str) -> bool:
    """Whether a file is encrypted."""
    return blob_id.startswith(_SEALED)


def _kept(key: DataKey | None, at: int, data: bytes) -> bytes:
    """What is appended to a file of `at` bytes of content: the bytes, or records of them."""
    return data if key is None else sealed.records(key.secret, at, data)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def base64_of(digest: bytes) -> str:
    """A checksum as Cloud Storage gives it."""
    return base64.b64encode(digest).decode()
