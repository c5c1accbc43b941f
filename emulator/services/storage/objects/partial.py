"""The file of a resumable upload while it grows: written and hashed off the event loop, kept over a restart."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import google_crc32c

from emulator.state.blobs import Blob, BlobStore

BUFFER = 1 << 20


class PartialFile:
    """Bytes that arrived so far. `received` counts those that `sync` made durable."""

    def __init__(self, blobs: BlobStore, path: Path, received: int) -> None:
        self._blobs = blobs
        self.path = path
        self.received = received
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
            os.ftruncate(descriptor, self.received)
            while chunk := os.read(descriptor, BUFFER):
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
        with self.path.open("ab", buffering=0) as file:
            try:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
            except BaseException:
                self._opened = False  # should even cutting off fail, it is done when the file is opened again
                file.truncate(self._size)
                self._opened = True
                raise
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
        blob_id = self._blobs.new_id()
        os.link(self.path, self._blobs.place(blob_id))
        os.utime(self._blobs.path(blob_id))  # a sweep takes old files that no row names yet
        digests = (base64.b64encode(h.digest()).decode() for h in (self._md5, self._crc))
        return Blob(blob_id, self._size, *digests)
