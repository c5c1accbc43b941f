"""The file of a resumable upload while it grows: written and hashed off the event loop, kept over a restart."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import os
from pathlib import Path
from typing import Any

import google_crc32c

from emulator.state import sealed
from emulator.state.blob_files import Blob
from emulator.state.blobs import BlobStore
from emulator.state.data_keys import DataKey

BUFFER = 1 << 20


class PartialFile:
    """Bytes that arrived so far, encrypted where there is a key. `received` counts those that `sync` made durable."""

    def __init__(self, blobs: BlobStore, path: Path, received: int, key: DataKey | None = None) -> None:
        self._blobs = blobs
        self.path = path
        self.received = received
        self._key = key
        self._end = 0  # bytes of the file
        self.lock = asyncio.Lock()
        self._size = 0
        self._opened = False
        self._md5: Any = None
        self._crc: Any = None
        self._buffer: list[bytes] = []
        self._buffered = 0

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer.append(data)
        self._buffered += len(data)
        if self._buffered >= BUFFER:
            await self._blobs.run(self._flush)

    async def sync(self) -> int:
        """Make what arrived durable; returns how many bytes there are."""
        await self._blobs.run(self._sync)
        return self.received

    async def link(self) -> Blob:
        """The same bytes as a blob (a second name of the file), so that a failure later on loses nothing."""
        blob: Blob = await self._blobs.run(self._link)
        return blob

    def _open(self) -> None:
        """Hash again what is there from before a restart; cut off what was never acknowledged."""
        if self._opened:
            return
        self._size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            content = None if self._key is None else sealed.Records(descriptor, self._key.secret)
            self._end = self.received if content is None else content.offset_of(self.received)
            os.ftruncate(descriptor, self._end)
            read = functools.partial(_pread, descriptor) if content is None else content.read
            while chunk := read(self._size, self._size + BUFFER):
                self._md5.update(chunk)
                self._crc.update(chunk)
                self._size += len(chunk)
        finally:
            os.close(descriptor)
        self._opened = True

    def _flush(self) -> None:
        """Write what is in memory: all of it, or (on a full disk) nothing."""
        data = b"".join(self._buffer)
        self._buffer, self._buffered = [], 0
        self._open()
        if not data:
            return
        kept = data if self._key is None else sealed.records(self._key.secret, self._size, data)
        with self.path.open("ab", buffering=0) as file:
            try:
                view = memoryview(kept)
                while view:
                    view = view[file.write(view) :]
            except BaseException:
                self._opened = False  # should even cutting off fail, it is done when the file is opened again
                file.truncate(self._end)
                self._opened = True
                raise
        self._end += len(kept)
        self._md5.update(data)
        self._crc.update(data)
        self._size += len(data)

    def _sync(self) -> None:
        try:
            self._flush()
            with self.path.open("rb") as file:
                os.fdatasync(file.fileno())
        except BaseException:
            self._opened = False  # the client goes on after `received`: what is beyond is cut off first
            raise
        self.received = self._size

    def _link(self) -> Blob:
        self._sync()
        blob_id = self._blobs.new_id(plain=self._key is None)
        if self._blobs.keys is not None and self._key is not None:
            self._blobs.keys.begin(blob_id, self._key)
        os.link(self.path, self._blobs.place(blob_id))
        os.utime(self._blobs.path(blob_id))  # a sweep takes old files that no row names yet
        md5, crc32c = (base64.b64encode(h.digest()).decode() for h in (self._md5, self._crc))
        return Blob(blob_id, self._size, md5, crc32c, self._key)


def _pread(descriptor: int, start: int, end: int) -> bytes:
    return os.pread(descriptor, end - start, start)
