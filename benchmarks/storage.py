"""Cloud Storage beside fake-gcs-server: many small objects and large ones, up and down, with google-cloud-storage.

fake-gcs-server keeps objects in files too, and syncs them; it asks for no credentials, checks no rights, and keeps no
audit and no index.
"""

import io
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from benchmarks.figures import Figure, absent, in_turn, speeds, timed
from benchmarks.peers.fake_gcs import running_fake_gcs
from benchmarks.peers.missing import PeerMissing
from benchmarks.running import LOCATION, PROJECT, Running, running_emulator
from scripts.demonstration.places import Places

SMALL, SMALL_BYTES = 200, 200_000
LARGE_BYTES, LARGEST_BYTES = 200_000_000, 1_000_000_000
_CHUNK_BYTES = 8 << 20
_THREADS = 8
_ROUNDS = 5
_GOAL, _MEMORY_GOAL_MB = 1.5, 30
_NAMES = [f"small/{number}" for number in range(SMALL)]


@dataclass(frozen=True)
class Work:
    """A piece of work on a bucket, with the name under which its figure is shown."""

    name: str
    do: Callable[[Any], object]


def storage(places: Places) -> list[Figure]:
    """Each kind of work on both in turn, then how much memory 1 GB costs."""
    with ExitStack() as stack:
        emulator = stack.enter_context(running_emulator(places, "storage"))
        bucket = _bucket(stack, emulator.storage())
        try:
            url = stack.enter_context(running_fake_gcs(places.results / "fake-gcs"))
            client = Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": url})
            other, missing = _bucket(stack, client), ""
        except PeerMissing as problem:
            other, missing = None, str(problem)
        memory = _memory(emulator, bucket)
        return [*(figure for work in _works() for figure in _compared(work, bucket, other, missing)), memory]


def _bucket(stack: ExitStack, client: Any) -> Any:
    stack.callback(client.close)
    return client.create_bucket("benchmark", location=LOCATION)


def _compared(work: Work, ours: Any, theirs: Any, missing: str) -> Iterator[Figure]:
    """The speed beside the other server's, and the part of the time that the client itself takes, as a bound of it."""
    name = f"{work.name}, beside fake-gcs-server"
    work.do(ours)  # what is read later must be there
    if missing:
        yield absent(name, missing, _GOAL)
    else:
        yield speeds(name, *in_turn(_ROUNDS, partial(work.do, ours), partial(work.do, theirs)), goal=_GOAL)
    shares = tuple(_client_share(work, ours) for _ in range(_ROUNDS))
    yield Figure(f"{work.name}, the client's own processor time to all of it", shares, more_is_better=False)


def _client_share(work: Work, bucket: Any) -> float:
    """The processor's time that this process, which is the client, takes for a second of the work."""
    before = time.process_time()
    seconds = timed(partial(work.do, bucket))
    return (time.process_time() - before) / seconds


def _works() -> Iterator[Work]:
    small, large = os.urandom(SMALL_BYTES), os.urandom(1 << 20) * (LARGE_BYTES >> 20)

    def up(bucket: Any, name: str) -> None:
        bucket.blob(name).upload_from_string(small, content_type="application/dicom")

    def down(bucket: Any, name: str) -> None:
        bucket.blob(name).download_as_bytes()

    label = f"{SMALL} x {SMALL_BYTES // 1000} kB"
    for way, work in (("up", up), ("down", down)):
        yield Work(f"{label} {way}, one after the other", partial(_one_by_one, work))
        yield Work(f"{label} {way}, {_THREADS} at once", partial(_parallel, work))
    size = f"{LARGE_BYTES // 1_000_000} MB"
    yield Work(f"{size} up, in chunks of 8 MB", lambda bucket: _send(bucket, io.BytesIO(large)))
    yield Work(f"{size} down", _receive)


def _one_by_one(work: Callable[[Any, str], None], bucket: Any) -> None:
    for name in _NAMES:
        work(bucket, name)


def _parallel(work: Callable[[Any, str], None], bucket: Any) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(partial(work, bucket), _NAMES))


def _send(bucket: Any, source: Any) -> None:
    bucket.blob("large", chunk_size=_CHUNK_BYTES).upload_from_file(source)


def _receive(bucket: Any) -> None:
    bucket.blob("large").download_to_file(_Nowhere())


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Take the bytes."""
        return len(data)


class _Repeated(io.RawIOBase):
    """A file of so many bytes that holds only one block of them."""

    def __init__(self, size: int) -> None:
        self._block, self._size, self._at = os.urandom(1 << 20), size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The bytes that were read."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        size = min(len(buffer), len(self._block), self._size - self._at)
        buffer[:size] = self._block[:size]
        self._at += size
        return size


def _memory(emulator: Running, bucket: Any) -> Figure:
    """What the server holds at most while 1 GB comes and goes, over what it held before."""
    before = emulator.resident_megabytes()
    emulator.forget_peak()
    _send(bucket, io.BufferedReader(_Repeated(LARGEST_BYTES), _CHUNK_BYTES))
    _receive(bucket)
    more = emulator.peak_megabytes() - before
    name = "1 GB up and down, the server's peak memory over that before"
    return Figure(name, (more,), _MEMORY_GOAL_MB, more_is_better=False, unit="MB", note=f"{before:.0f} MB before")
