"""Stores of several sizes: how quickly selective searches answer in each, and what memory the emulators take."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count

import requests

from benchmarks import wire
from benchmarks.fhir import searches
from benchmarks.fhir.resources import parts
from benchmarks.fhir.server import bring, emulator_server
from benchmarks.figures import Figure, rates
from benchmarks.peers.waiting import free_port
from benchmarks.running import running_emulator
from scripts.demonstration.places import Places

SIZES = (10_000, 100_000, 1_000_000)
_ROUNDS = 5
_SECONDS = 1.0
_OBSERVATIONS = 9
"""Of each patient that is searched for, in every store: a patient has so many on average."""
_FLAT, _MEGABYTES = 0.95, 400


def growing(sizes: Sequence[int] = SIZES) -> Callable[[Places], list[Figure]]:
    """The benchmark for stores of so many resources."""
    return partial(_growth, sorted(sizes))


def _growth(sizes: Sequence[int], places: Places) -> list[Figure]:
    with ExitStack() as stack:
        stores = [_Store(stack, places, size) for size in sizes]
        found = [_found(stores, family) for family in searches.FAMILIES]
        return [*(figure for figures in found for figure in figures), *(each.memory() for each in stores)]


class _Store:
    """An emulator of its own, filled by imports."""

    def __init__(self, stack: ExitStack, places: Places, size: int) -> None:
        self.size = size
        own = Places(places.layout, free_port(), free_port(), places.folder)
        self._running = stack.enter_context(running_emulator(own, f"fhir-{size}"))
        self._server = emulator_server(self._running)
        bucket = self._running.bucket_for_imports()
        for number, (some, lines) in enumerate(parts(size)):
            bucket.blob(f"{number}.ndjson").upload_from_string(lines)
            rate = bring(self._running, bucket, f"{number}.ndjson", some)
            print(f"  {size:,} resources, part {number + 1}: {rate:,.0f}/s", file=sys.stderr, flush=True)
            bucket.blob(f"{number}.ndjson").delete()
        self._patients = self._with_as_many()

    def _with_as_many(self) -> list[int]:
        """Patients far from each other with so many observations each: all stores are asked for as much."""
        with requests.Session() as session:
            session.headers.update(self._server.headers)
            url = f"{self._running.url}{self._server.root}/Observation"

            def has(patient: int) -> bool:
                asked = {"subject": f"Patient/p{patient}", "_count": "0", "_total": "accurate"}
                return bool(session.get(url, params=asked).json()["total"] == _OBSERVATIONS)

            return [next(filter(has, count(first))) for first in searches.spread(self.size // 10 - self.size // 100)]

    def searched(self, family: str) -> tuple[float, float]:
        """Searches of a family, about patients of all the store: seconds for 95 of 100; how many a processor second."""
        sent = [self._server.get(path) for path in searches.paths(family, self._patients)]
        before = self._running.processor_seconds()
        load = wire.for_seconds(self._server.port, sent, 1, _SECONDS)
        return load.percentile(0.95), len(load.latencies) / (self._running.processor_seconds() - before)

    def memory(self) -> Figure:
        """What the emulator holds after all that."""
        label = f"fhir: memory at {self.size:,} resources"
        held = (self._running.resident_megabytes(),)
        peak = f"at most {self._running.peak_megabytes():.0f} MB"
        return Figure(label, held, _MEGABYTES, more_is_better=False, unit="MB", note=peak)


def _found(stores: Sequence[_Store], family: str) -> list[Figure]:
    """A family of searches in each store, and by processor time beside the smallest one; measured in turn."""
    found = [[each.searched(family) for each in stores] for _ in range(_ROUNDS)]
    smallest = tuple(rate for (_, rate), *_ in found)
    beside = f"by processor time beside {stores[0].size:,}"
    figures = []
    for place, store in enumerate(stores):
        label = f"fhir: {family} in {store.size:,} resources"
        waits = tuple(each[place][0] * 1000 for each in found)
        figures.append(Figure(f"{label}, p95", waits, more_is_better=False, unit="ms"))
        if place:
            reached = tuple(each[place][1] for each in found)
            figures.append(rates(f"{label}, {beside}", reached, smallest, goal=_FLAT))
    return figures
