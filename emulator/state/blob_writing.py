"""Files of bytes as they are written: once, hashed on the way, and synced before anybody refers to them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import google_crc32c

from emulator.state import sealed
from emulator.state.blob_files import BUFFER, Blob, BlobFiles
from emulator.state.data_keys import DataKey


class BlobWriter:
    """Writes one file; hashing and writing happen off the event loop, `buffer` bytes at a time."""

    def __init__(self, store: BlobFiles, blob_id: str, buffer: int, *, md5: bool) -> None:
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


def write_whole(store: BlobFiles, data: bytes) -> Blob:
    """Write a file at once, on this thread."""
    blob_id = store.new_id()
    key = store.key_of_new(blob_id)
    descriptor = os.open(store.place(blob_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write_all(descriptor, _kept(key, 0, data))
        os.fdatasync(descriptor)
    except BaseException:
        store.path(blob_id).unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    md5 = hashlib.md5(data, usedforsecurity=False).digest()
    crc: Any = google_crc32c.Checksum(data)  # type: ignore[no-untyped-call]
    return Blob(blob_id, len(data), base64_of(md5), base64_of(crc.digest()), key)


def encrypt(path: Path, target: Path, key: DataKey) -> None:
    """Write a plain file's bytes to a new one, encrypted and synced, and remove the plain one."""
    at = 0
    with path.open("rb") as source, target.open("xb") as file:
        while data := source.read(BUFFER):
            file.write(sealed.records(key.secret, at, data))
            at += len(data)
        file.flush()
        os.fdatasync(file.fileno())
    path.unlink()


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
