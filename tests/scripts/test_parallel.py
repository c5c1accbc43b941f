"""Work in parallel: bounded, and stopped in good order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from scripts.connection import WORKERS
from scripts.parallel import run_parallel
from tests.support.patience import PATIENCE


def test_all_results_come_with_their_items() -> None:
    assert sorted(run_parallel(lambda number: number * 2, range(200))) == [(n, n * 2) for n in range(200)]


def test_nothing_to_do() -> None:
    assert list(run_parallel(lambda item: item, [])) == []


def test_an_exception_ends_it() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise KeyError(number)
        return number

    with pytest.raises(KeyError):
        list(run_parallel(work, range(1000)))


def test_items_are_taken_as_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10_000):
            taken.append(number)
            yield number

    assert next(run_parallel(lambda number: number, items())) is not None
    assert len(taken) <= WORKERS * 8


def test_ctrl_c_finishes_what_has_begun_and_nothing_else() -> None:
    begun: list[int] = []
    go = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def work(number: int) -> int:
        begun.append(number)
        if number == WORKERS - 1:
            os.kill(os.getpid(), signal.SIGINT)
            go.set()
        go.wait(PATIENCE)
        return number

    finished = [number for number, _ in run_parallel(work, range(10_000))]
    assert sorted(finished) == sorted(begun)
    assert len(finished) < 10_000
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_stops_at_once() -> None:
    go = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(0.1)
            os.kill(os.getpid(), signal.SIGINT)
            go.set()
        go.wait(PATIENCE)
        return number

    with pytest.raises(KeyboardInterrupt):
        list(run_parallel(work, range(10_000)))
