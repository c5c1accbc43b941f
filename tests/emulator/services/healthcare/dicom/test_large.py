"""A multi-frame instance of a gigabyte: stored, cut into frames, retrieved and changed, none of it held in memory."""

import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.instances import made
from tests.support.patience import PATIENCE

FRAME = 1 << 20
MOST_GROWTH = 100 << 20
INSTANCE = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"


def processes(pid: int) -> list[int]:
    """Give a process and those that it started."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += processes(int(child))
    return found


def peak(pid: int) -> int:
    """Give the largest resident memory of a process in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def frame(number: int) -> bytes:
    """Give frame `number`, from 1."""
    return struct.pack("<I", number) * (FRAME // 4)


def native(frames: int) -> Iterator[bytes]:
    """Give the file in pieces, uncompressed."""
    yield made(Rows=1024, Columns=1024, NumberOfFrames=frames, PixelData=b"")[:-12]
    yield b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", FRAME * frames)
    for number in range(1, frames + 1):
        yield frame(number)


def encapsulated(frames: int) -> Iterator[bytes]:
    """Give the file in pieces, as if compressed: a fragment for each frame, and no offset table."""
    head = made(Rows=1024, Columns=1024, NumberOfFrames=frames, PixelData=b"")[:-12]
    at = head.index(b"1.2.840.10008.1.2.1\0")
    # A UID of the same even length, so that the group's length stays right.
    yield head[:at] + b"1.2.840.10008.1.2.5\0" + head[at + 20 :]
    yield b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    for number in range(1, frames + 1):
        yield struct.pack("<HHI", 0xFFFE, 0xE000, FRAME) + frame(number)
    yield struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


@dataclass(frozen=True)
class Large:
    """An emulator for one test, with a store for one instance."""

    pid: int
    url: str
    session: requests.Session

    def peak(self) -> int:
        """Give the largest memory of the emulator's process so far."""
        return peak(self.pid)

    def store(self, body: Iterator[bytes]) -> None:
        """Store an instance, in chunks."""
        headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
        answer = self.session.post(f"{self.url}/studies", data=body, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text

    def read(self, path: str, accept: str) -> Iterator[bytes]:
        """Give an answer in pieces."""
        with self.session.get(
            f"{self.url}/{path}", headers={"Accept": accept}, stream=True, timeout=PATIENCE
        ) as stream:
            assert stream.status_code == 200, stream.text
            yield from stream.iter_content(1 << 20)


@pytest.fixture
def large(start_emulator: StartEmulator) -> Iterator[Large]:
    """The emulator, after a first small instance, which brings in what every request needs."""
    emulator = start_emulator()
    assert emulator.process is not None
    parent = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    assert emulator.request("POST", f"{parent}?datasetId=d", {})[0] == 200
    assert emulator.request("POST", f"{parent}/d/dicomStores?dicomStoreId=s", {})[0] == 200
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {emulator.owner_token}"
    made_large = Large(emulator.process.pid, f"{emulator.base_url}{parent}/d/dicomStores/s/dicomWeb", session)
    made_large.store(iter([made(study="1.2", uid="1.2")]))
    yield made_large
    session.close()
    emulator.stop()
    shutil.rmtree(emulator.state)  # pytest would keep the gigabyte


AS_STORED = "transfer-syntax=*"
FRAME_TYPE = f"application/octet-stream; {AS_STORED}"


def test_gigabyte_multi_frame_at_constant_memory(large: Large) -> None:
    frames = 1024
    before = large.peak()
    large.store(native(frames))
    for number in (1, frames // 2, frames):
        assert b"".join(large.read(f"{INSTANCE}/frames/{number}", FRAME_TYPE)) == frame(number)
    every = f"{INSTANCE}/frames/{','.join(map(str, range(1, frames + 1)))}"
    for path, kind in (("studies/1.2.1", "application/dicom"), (every, "application/octet-stream")):
        read = large.read(path, f'multipart/related; type="{kind}"; {AS_STORED}')
        assert sum(map(len, read)) > FRAME * frames, path
    assert large.peak() - before < MOST_GROWTH


def test_compressed_multi_frame_at_constant_memory(large: Large) -> None:
    frames = 320
    before = large.peak()
    large.store(encapsulated(frames))
    assert b"".join(large.read(f"{INSTANCE}/frames/{frames}", FRAME_TYPE)) == frame(frames)
    assert sum(map(len, large.read(INSTANCE, f"application/dicom; {AS_STORED}"))) > FRAME * frames
    bulk = large.read(f"{INSTANCE}/bulkdata/7FE00010", f"multipart/related; type=application/octet-stream; {AS_STORED}")
    assert sum(map(len, bulk)) > FRAME * frames
    assert large.peak() - before < MOST_GROWTH

    change = [{"op": "replace", "path": "/00100020/Value/0", "value": "P2"}]
    url = f"{large.url.replace('/v1/', '/v1beta1/', 1)}/{INSTANCE}/metadata"
    answer = large.session.patch(url, json=change, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    assert answer.json()[0]["00100020"]["Value"] == ["P2"]
    assert b"".join(large.read(f"{INSTANCE}/frames/{frames}", FRAME_TYPE)) == frame(frames)
    # The process that changed it has the codecs besides.
    assert all(peak(each) - before < 2 * MOST_GROWTH for each in processes(large.pid))
