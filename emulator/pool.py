"""Processes for CPU work. They end with the one that started them, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor

WORKERS = 2


def make_pool(workers: int = WORKERS) -> ProcessPoolExecutor:
    """Give a pool whose processes start when they are first needed."""
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let this process end as soon as its parent has: a worker of one that was killed would wait for ever.

    Ctrl-C, which a terminal sends to workers too, is the parent's to act on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()
