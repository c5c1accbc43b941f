"""Cloud Storage: many small objects and one large one, up and down, with google-cloud-storage."""

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks.figures import Figure, timed
from benchmarks.running import LOCATION, Running, running_emulator
from scripts.demonstration.places import Places

SMALL, SMALL_BYTES = 200, 200_000
LARGE_BYTES = 200_000_000
_CHUNK_BYTES = 8 << 20
_THREADS = 8
_ROUNDS = 3

# What throw-away experiments reached, without IAM, versions or durable blobs.
_GOALS = {"up": 0.6, "down": 0.5, "large up": 1.3, "large down": 0.5, "memory": 41}


def storage(places: Places) -> list[Figure]:
    """200 objects of 200 kB, one of 200 MB, and the server's peak memory for each."""
    with running_emulator(places, "storage") as emulator:
        client = emulator.storage()
        bucket = client.create_bucket("benchmark", location=LOCATION)
        figures = [*_small(emulator, bucket), *_large(emulator, bucket)]
        client.close()
    return figures


def _small(emulator: Running, bucket: Any) -> list[Figure]:
    data = os.urandom(SMALL_BYTES)
    names = [f"small/{number}" for number in range(SMALL)]

    def up(name: str) -> None:
        bucket.blob(name).upload_from_string(data, content_type="application/dicom")

    def down(name: str) -> None:
        bucket.blob(name).download_as_bytes()

    emulator.forget_peak()
    label = f"{SMALL} x {SMALL_BYTES // 1000} kB"
    figures = []
    for way, work in (("up", up), ("down", down)):
        alone = tuple(timed(partial(_one_by_one, work, names)) for _ in range(_ROUNDS))
        together = tuple(timed(partial(_parallel, work, names)) for _ in range(_ROUNDS))
        figures.append(Figure(f"{label} {way}, one after the other", "s", alone, _GOALS[way]))
        figures.append(Figure(f"{label} {way}, {_THREADS} at once", "s", together, _GOALS[way]))
    figures.append(Figure(f"{label}, the server's peak memory", "MB", (emulator.peak_megabytes(),)))
    return figures


def _one_by_one(work: Callable[[str], None], names: list[str]) -> None:
    for name in names:
        work(name)


def _parallel(work: Callable[[str], None], names: list[str]) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, names))


def _large(emulator: Running, bucket: Any) -> list[Figure]:
    data = os.urandom(1 << 20) * (LARGE_BYTES >> 20)
    blob = bucket.blob("large", chunk_size=_CHUNK_BYTES)
    whole = bucket.blob("large")
    emulator.forget_peak()
    up = tuple(timed(lambda: blob.upload_from_file(io.BytesIO(data))) for _ in range(_ROUNDS))
    down = tuple(timed(lambda: whole.download_to_file(io.BytesIO())) for _ in range(_ROUNDS))
    return [
        Figure("200 MB up, resumable in 8 MB chunks", "s", up, _GOALS["large up"]),
        Figure("200 MB down", "s", down, _GOALS["large down"]),
        Figure("200 MB, the server's peak memory", "MB", (emulator.peak_megabytes(),), _GOALS["memory"]),
    ]
