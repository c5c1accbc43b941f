"""The engine process's threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulator.services.bigquery.process.frames import Call
from emulator.services.bigquery.process.worker import hand
from tests.support.patience import PATIENCE


def test_what_has_no_thread_of_its_own_waits_for_one_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, free, done = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        busy.set()
        free.wait(PATIENCE)

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")  # CPython's words where the system has no memory for a stack

    with ThreadPoolExecutor(2) as pool:
        pool.submit(hold)
        assert busy.wait(PATIENCE)
        monkeypatch.setattr(threading.Thread, "start", start)
        hand(pool, lambda _: done.set(), Call(1, print, (), short=False))
        assert not done.is_set()
        free.set()
        assert done.wait(PATIENCE)
