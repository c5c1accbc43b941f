"""Files that load jobs bring: durable as far as they have come, and encrypted where data are encrypted at rest."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.state import sealed

if TYPE_CHECKING:
    from emulator.context import Context

_FLUSH_BYTES = 1 << 20


def size(context: Context, path: Path) -> int:
    """How many bytes have come, 0 where the file is not there."""
    if not path.exists():
        return 0
    with _opened(path) as descriptor:
        return _begin(context, path, descriptor, sys.maxsize)[0]


async def write(context: Context, path: Path, chunks: AsyncIterator[bytes], offset: int) -> int:
    """Write a stream in the place of all from an offset on, durably; gives how many bytes there are then."""
    run = context.blobs.run
    with _opened(path) as descriptor:
        at, pending = await run(_cut, context, path, descriptor, offset)
        async for chunk in chunks:
            pending += chunk
            if len(pending) >= _FLUSH_BYTES:
                at, pending = await run(_append, context, path, descriptor, at, bytes(pending)), bytearray()
        written: int = await run(_append, context, path, descriptor, at, bytes(pending))
        await run(os.fsync, descriptor)
    return written


@asynccontextmanager
async def readable(context: Context, path: Path) -> AsyncIterator[list[Path]]:
    """The path at which the bytes can be read: the file's own, or a copy's in memory that goes with the context."""
    key = _key(context, path)
    if key is None:
        yield [path]
        return
    copy = context.blobs.scratch(path.parent) / path.name
    try:
        await context.blobs.run(_copy, path, copy, key)
        yield [copy]
    finally:
        copy.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _key(context: Context, path: Path) -> bytes | None:
    """The key of a file, None for one that is plain."""
    return None if context.root_key is None else context.root_key.derived(f"bigquery upload {path.name}".encode())


def _cut(context: Context, path: Path, descriptor: int, offset: int) -> tuple[int, bytearray]:
    """Cut a file off for bytes from an offset on: to how many, and what is to be written before the new ones."""
    at, place = _begin(context, path, descriptor, offset)
    key = _key(context, path)
    before = b"" if key is None else sealed.Records(descriptor, key).read(at, offset)
    os.ftruncate(descriptor, place)
    os.lseek(descriptor, place, os.SEEK_SET)
    return at, bytearray(before)


def _begin(context: Context, path: Path, descriptor: int, offset: int) -> tuple[int, int]:
    """The last place up to an offset from which a file can be written anew, and where in the file that is."""
    key = _key(context, path)
    if key is None:
        at = min(offset, os.fstat(descriptor).st_size)
        return at, at
    return sealed.Records(descriptor, key).begin(offset)


def _append(context: Context, path: Path, descriptor: int, at: int, data: bytes) -> int:
    key = _key(context, path)
    view: Any = memoryview(data if key is None else sealed.records(key, at, data))
    while view:
        view = view[os.write(descriptor, view) :]
    return at + len(data)


def _copy(path: Path, copy: Path, key: bytes) -> None:
    with _opened(path) as descriptor, copy.open("xb") as target:
        content, at = sealed.Records(descriptor, key), 0
        while data := content.read(at, at + _FLUSH_BYTES):
            at += target.write(data)
