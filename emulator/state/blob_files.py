"""The folder of files of bytes: where each is, which are encrypted, and how they are read.

With a root key, files are encrypted, each with a data key of its own (data_keys.py); their ids begin with another
letter than those of plain files.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from emulator.state import sealed
from emulator.state.data_keys import DataKey, DataKeys
from emulator.state.plain_copies import PlainCopies

BUFFER = 1 << 20
CHUNK = 1 << 21
_SEALED = "k"  # what the ids of encrypted files begin with; those of plain ones are hexadecimal
_NO_WAIT = getattr(os, "RWF_NOWAIT", 0)  # without it the byte is read, and the rest was read ahead


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


class BlobFiles:
    """Files by their ids, on threads of their own. Nothing here knows who owns them."""

    def __init__(self, folder: Path, keys: DataKeys | None, copies: PlainCopies | None) -> None:
        self.keys = keys
        self._folder = folder
        self._copies = copies
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
        return self.keys.begin(blob_id) if self.keys is not None and is_sealed(blob_id) else None

    def size(self, blob_id: str) -> int:
        """How many bytes a file has."""
        if not is_sealed(blob_id):
            return self.path(blob_id).stat().st_size
        with self._records(blob_id) as found:
            return found.size

    async def read(self, blob_id: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes [start, end) of a file."""
        data: bytes = await self.run(self.read_now, blob_id, start, end)
        return data

    def read_now(self, blob_id: str, start: int = 0, end: int | None = None) -> bytes:
        """The same on this thread. Raises ApiError where the file is encrypted and its key can't be used."""
        if not is_sealed(blob_id):
            return _read(self.path(blob_id), start, end)
        with self._records(blob_id) as found:
            return found.read(start, found.size if end is None else end)

    @contextmanager
    def plain(self, blob_id: str) -> Iterator[Path]:
        """A path at which the bytes can be read: the file's own, or a copy's that goes with the context."""
        if not is_sealed(blob_id):
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
                if is_sealed(path.name):
                    found[number] = await self.run(stack.enter_context, self.plain(path.name))
            yield found

    def writable(self, blob_id: str) -> Path:
        """Where somebody else may write the bytes of a new file, which `put_copy` then makes a Blob."""
        if not is_sealed(blob_id):
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
        if is_sealed(blob_id):
            return self._opened(blob_id, start, end)
        return self._chunks(blob_id, start, end, os.pread)

    def spans(self, blob_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes | Span]:
        """The same for an answer: what is in memory is not read, but named, so that the system can send it itself."""
        if is_sealed(blob_id):
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

    def close(self) -> None:
        """Wait for work under way."""
        self._threads.shutdown(wait=True)
        if self._copies is not None:
            self._copies.close()


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


def is_sealed(blob_id: str) -> bool:
    """Whether a file is encrypted."""
    return blob_id.startswith(_SEALED)
