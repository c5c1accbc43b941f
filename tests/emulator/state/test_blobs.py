"""Files of bytes: checksums, references, sweeping."""

import base64
import hashlib
import time

import google_crc32c
import pytest

from emulator.state.blob_files import Blob
from tests.emulator.conftest import InProcess


def crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 17, 5_000_000])
def test_written_in_pieces_or_at_once(in_process: InProcess, size: int) -> None:
    data = bytes(i % 251 for i in range(1000)) * (size // 1000 + 1)
    data = data[:size]
    blobs = in_process.emulator.blobs

    async def pieces() -> tuple[object, bytes, bytes]:
        async with blobs.writer() as writer:
            for start in range(0, size, 70_000):
                await writer.write(data[start : start + 70_000])
            blob = await writer.finish()
        whole = await blobs.read(blob.id)
        streamed = b"".join([chunk async for chunk in blobs.stream(blob.id, size // 3, size // 2)])
        return blob, whole, streamed

    blob, whole, streamed = in_process.run(pieces())
    at_once = in_process.run(blobs.put(data))
    assert whole == data
    assert streamed == data[size // 3 : size // 2]
    md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    for made in (blob, at_once):
        assert (made.size, made.md5, made.crc32c) == (size, md5, crc32c(data))  # type: ignore[attr-defined]


def test_a_file_goes_with_its_last_reference(in_process: InProcess) -> None:
    blobs = in_process.emulator.blobs
    blob = in_process.run(blobs.put(b"x"))
    in_process.write(lambda tx: blobs.add_ref(tx, blob))
    in_process.write(lambda tx: blobs.add_ref(tx, blob.id))
    in_process.write(lambda tx: blobs.drop_ref(tx, blob.id))
    assert blobs.path(blob.id).exists()
    in_process.write(lambda tx: blobs.drop_ref(tx, blob.id))
    assert not blobs.path(blob.id).exists()


def test_what_nobody_refers_to_is_swept(in_process: InProcess) -> None:
    blobs = in_process.emulator.blobs
    kept, lost = in_process.run(blobs.put(b"kept")), in_process.run(blobs.put(b"lost"))
    in_process.write(lambda tx: blobs.add_ref(tx, kept))
    assert blobs.sweep(time.time() + 60) == 1
    assert blobs.path(kept.id).exists()
    assert not blobs.path(lost.id).exists()


def test_an_unfinished_file_leaves_nothing(in_process: InProcess) -> None:
    blobs = in_process.emulator.blobs

    async def interrupted() -> None:
        async with blobs.writer() as writer:
            await writer.write(b"x" * (2 << 20))
            raise ConnectionError

    with pytest.raises(ConnectionError):
        in_process.run(interrupted())
    assert not [path for path in (in_process.settings.state / "blobs").rglob("*") if path.is_file()]


def test_md5_is_calculated_later_where_it_was_left_out(in_process: InProcess) -> None:
    blobs = in_process.emulator.blobs

    async def write(size: int) -> tuple[Blob, bytes | None]:
        async with blobs.writer(1000, md5=False) as writer:
            await writer.write(b"a" * (size // 2))
            await writer.write(b"b" * (size // 2))
            content = writer.content()
            return await writer.finish(), content

    small, content = in_process.run(write(600))
    assert content == b"a" * 300 + b"b" * 300
    assert small.md5 == ""
    large, content = in_process.run(write(2000))
    assert content is None, "what has gone to the file is no longer kept in memory"
    for blob, data in ((small, b"a" * 300 + b"b" * 300), (large, b"a" * 1000 + b"b" * 1000)):
        complete = in_process.run(blobs.with_md5(blob))
        md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        assert (complete.md5, complete.crc32c) == (md5, crc32c(data))
        in_process.write(lambda tx, blob=blob: blobs.add_ref(tx, blob))
        in_process.write(lambda tx, blob=complete: blobs.add_ref(tx, blob))
        row = in_process.emulator.db.one("SELECT md5, refs FROM blobs WHERE id = ?", (blob.id,))
        assert row is not None
        assert tuple(row) == (md5, 2)
