"""The file of a resumable upload when the disk refuses to write."""

import base64
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import google_crc32c
import pytest

from emulator.services.storage.objects.partial import BUFFER, PartialFile
from tests.emulator.conftest import InProcess

DATA = os.urandom(2 * BUFFER + 1000)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The kernel takes what fits, then refuses: as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def finish(in_process: InProcess, file: PartialFile) -> None:
    """Send what comes after `received`, as a client does; the object must be whole."""
    in_process.run(file.write(DATA[file.received :]))
    blob = in_process.run(file.link())
    assert in_process.emulator.blobs.path(blob.id).read_bytes() == DATA
    assert base64.b64decode(blob.crc32c) == google_crc32c.value(DATA).to_bytes(4, "big")


def test_a_torn_write_leaves_nothing(in_process: InProcess, tmp_path: Path) -> None:
    file = PartialFile(in_process.emulator.blobs, tmp_path / "upload", 0)
    in_process.run(file.write(DATA[:BUFFER]))
    with file_size_limit(BUFFER + BUFFER // 2), pytest.raises(OSError, match="too large"):
        in_process.run(file.write(DATA[BUFFER : 2 * BUFFER]))
    assert in_process.run(file.sync()) == file.path.stat().st_size == BUFFER
    finish(in_process, file)


def test_what_a_failed_sync_leaves_is_sent_again(
    in_process: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = PartialFile(in_process.emulator.blobs, tmp_path / "upload", 0)
    in_process.run(file.write(DATA[:BUFFER]))

    def refuse(_descriptor: int) -> None:
        raise OSError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        with pytest.raises(OSError, match="refused"):
            in_process.run(file.sync())
    assert file.received == 0
    finish(in_process, file)
