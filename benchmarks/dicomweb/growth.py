"""A store that grows to as many instances as NIH's set has: its rate, searches and memory beside a small one's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from benchmarks import wire
from benchmarks.corpus import IN_PATIENT, IN_STUDY, Corpus, Film
from benchmarks.dicomweb.server import JSON, Server, emulator_server
from benchmarks.figures import Figure, rates, waits
from benchmarks.running import running_emulator
from scripts.demonstration.places import Places

_GROWN = 112_120
_SMALL = 1000
_BATCH = 20
_STEP = 1000
_CONNECTIONS = 4
_ROUNDS = 5
_SEARCHES_SECONDS = 1.0
_RATE_GOAL, _SEARCH_GOAL, _MEMORY_GOAL = 0.95, 1.5, 3


def dicomweb_growth(places: Places) -> list[Figure]:
    """Storing and searching at 112,120 instances without pixels beside the same at a few thousand; the memory."""
    corpus = Corpus(pixels=False)
    with ExitStack() as stack:
        running = stack.enter_context(running_emulator(places, "growing"))
        large, at_rest = emulator_server(running), running.resident_megabytes()
        for first in range(0, _GROWN, _STEP):
            _grow(large, corpus, first)
        other = Places(places.layout, places.grpc_port + 1, places.grpc_port + 2, places.folder)
        small = emulator_server(stack.enter_context(running_emulator(other, "small")))
        _grow(small, corpus, 0)
        storing = [
            (
                _grow(large, corpus, _GROWN + _STEP * (turn + 1)),
                _grow(small, corpus, _SMALL + _STEP * turn),
            )
            for turn in range(_ROUNDS)
        ]
        searching = list(_searched(large, small))
        resident = running.resident_megabytes()
    ours, theirs = zip(*storing, strict=True)
    label = f"{_GROWN} instances beside a few thousand"
    memory = Figure(
        f"memory at {_GROWN} instances to that at rest",
        (resident / at_rest,),
        _MEMORY_GOAL,
        more_is_better=False,
        note=f"{resident:.0f} to {at_rest:.0f} MB",
    )
    return [rates(f"STOW, {label}", ours, theirs, goal=_RATE_GOAL), *searching, memory]


def _searched(large: Server, small: Server) -> Iterator[Figure]:
    """How long 95 of 100 searches take at most."""
    for (label, there), (_, here) in zip(_searches(_GROWN), _searches(_SMALL), strict=True):
        both = [(_p95(large, there), _p95(small, here)) for _ in range(_ROUNDS)]
        ours, theirs = zip(*both, strict=True)
        yield waits(f"{label}, p95 at {_GROWN} instances to that at a few thousand", ours, theirs, goal=_SEARCH_GOAL)


def _grow(server: Server, corpus: Corpus, first: int) -> float:
    """Store the next thousand, twenty to a request; instances a second."""
    batches = [range(each, each + _BATCH) for each in range(first, first + _STEP, _BATCH)]
    bodies = [server.store(corpus, batch) for batch in batches]  # before the clock runs
    making: list[Callable[[], wire.Sent]] = [partial(list, body) for body in bodies]
    return wire.each_once(server.port, making, _CONNECTIONS).rate * _BATCH


def _searches(number: int) -> Iterator[tuple[str, list[str]]]:
    """Paths of searches in a store of so many instances."""
    films = [Film(each) for each in range(0, number - IN_PATIENT, number // 200)]
    yield "QIDO by PatientID", [f"/studies?PatientID={film.patient}" for film in films]
    yield "QIDO of a study's instances", [f"/studies/{film.study}/instances" for film in films]
    yield "QIDO, 100 studies", [f"/studies?limit=100&offset={IN_STUDY * each}" for each in range(200)]
    yield "QIDO, 100 instances", ["/instances?limit=100"]


def _p95(server: Server, paths: list[str]) -> float:
    requests = [server.get(path, JSON) for path in paths]
    return wire.for_seconds(server.port, requests, 1, _SEARCHES_SECONDS).percentile(0.95)
