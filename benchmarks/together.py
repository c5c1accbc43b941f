"""Work in processes of their own that begin together: what clients do, or what bare loops do instead of a server."""

import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

_FORK = multiprocessing.get_context("fork")  # what they work on is shared with the children, not copied to them
_WARM_UP = 2

Make = Callable[[], Any]


@dataclass(frozen=True)
class Load:
    """What one run of a load gave: pieces of work a second, and the seconds that each took."""

    rate: float
    latencies: tuple[float, ...]

    def percentile(self, share: float) -> float:
        """The seconds within which that share of the work was done."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Failed(Exception):
    """A process could not do its work."""


@dataclass(frozen=True)
class Worker:
    """One process: `begin` gives what is done with each piece; pieces are made when their turn comes, untimed."""

    begin: Callable[[], Callable[[Any], object]]
    pieces: Sequence[Make]


def together(workers: Sequence[Worker], seconds: float | None = None) -> Load:
    """Run the workers, each in a process: every piece once, or again and again until the time is over."""
    start = _FORK.Event()
    pipes = [_FORK.Pipe(duplex=False) for _ in workers]
    ready = _FORK.Semaphore(0)
    children = [
        _FORK.Process(target=_child, args=(worker, seconds, ready, start, pipe[1]), daemon=True)
        for worker, pipe in zip(workers, pipes, strict=True)
    ]
    for child in children:
        child.start()
    for _ in children:
        ready.acquire()
    start.set()
    answers: list[Any] = []
    for receiving, sending in pipes:
        sending.close()
        try:
            answers.append(receiving.recv())
        except EOFError:
            raise Failed("a process ended early") from None
    for child in children:
        child.join()
    problems = [answer for answer in answers if isinstance(answer, str)]
    if problems:
        raise Failed(problems[0])
    latencies = tuple(latency for answer in answers for latency in answer[2])
    return Load(len(latencies) / (max(a[1] for a in answers) - min(a[0] for a in answers)), latencies)


def _child(worker: Worker, seconds: float | None, ready: Any, start: Any, pipe: Connection) -> None:
    latencies: list[float] = []
    try:
        work = worker.begin()
        if seconds is not None:
            for make in worker.pieces[:_WARM_UP]:
                work(make())
        ready.release()
        start.wait()
        began = time.perf_counter()
        for make in worker.pieces if seconds is None else _until(began + seconds, worker.pieces):
            piece = make()
            sent = time.perf_counter()
            work(piece)
            latencies.append(time.perf_counter() - sent)
        pipe.send((began, time.perf_counter(), latencies))
    except (Failed, OSError) as problem:
        ready.release()
        pipe.send(f"{type(problem).__name__}: {problem}")


def _until(deadline: float, pieces: Sequence[Make]) -> Iterable[Make]:
    for make in itertools.cycle(pieces):
        yield make
        if time.perf_counter() >= deadline:
            return
