"""Processes for CPU work. They end with the one that started them, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.forkserver import ensure_running

WORKERS = 2


def make_pool(workers: int = WORKERS) -> ProcessPoolExecutor:
    """Give a pool whose processes start when they are first needed.

    Ctrl-C, which a terminal sends to them too, is their parent's to act on: they inherit that it is blocked, so that
    not even one that is just starting is hit.
    """
    resource_tracker.ensure_running()  # which would leave the signal unblocked, if it were started below
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let this process end as soon as its parent has: a worker of one that was killed would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()
