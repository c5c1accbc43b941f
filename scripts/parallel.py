"""Many small pieces of work at once, stopped in good order by Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from scripts.connection import WORKERS
from scripts.console import remark

Item = TypeVar("Item")
Result = TypeVar("Result")

_WAITING_PER_WORKER = 4


threads_left = threading.Event()
"""Set where work was left to threads that nobody waits for: the process is to be ended without them."""


def run_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], stop: threading.Event | None = None
) -> Generator[tuple[Item, Result], None, None]:
    """Call `work` on each of `items` in WORKERS threads; gives each item with its result as it is done.

    Ctrl-C: what has begun is finished and given, nothing else is begun, and the iteration ends; `stop` is set, by which
    the caller sees it. A second one raises KeyboardInterrupt, and nothing is waited for. An exception of `work` ends
    everything and is raised.
    """
    remaining = iter(items)
    pending: dict[Future[Result], Item] = {}
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="work")
    with _interrupt_flag(stop or threading.Event()) as interrupted:
        try:
            while True:
                if interrupted.is_set():
                    pending = {future: item for future, item in pending.items() if not future.cancel()}
                else:
                    _fill(pool, work, remaining, pending)
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(future), future.result()
        except KeyboardInterrupt:
            threads_left.set()
            raise
        finally:
            pool.shutdown(wait=not threads_left.is_set(), cancel_futures=True)


def _fill(
    pool: ThreadPoolExecutor,
    work: Callable[[Item], Result],
    remaining: Iterator[Item],
    pending: dict[Future[Result], Item],
) -> None:
    """Keep the workers busy without queueing the whole set."""
    while len(pending) < WORKERS * _WAITING_PER_WORKER:
        try:
            item = next(remaining)
        except StopIteration:
            return
        pending[pool.submit(work, item)] = item


@contextmanager
def _interrupt_flag(flag: threading.Event) -> Iterator[threading.Event]:
    """The event, which the first Ctrl-C sets; the next is a KeyboardInterrupt again."""
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = signal.getsignal(signal.SIGINT)

    def handle(_number: int, _frame: FrameType | None) -> None:
        flag.set()
        signal.signal(signal.SIGINT, before)
        remark("")  # the line where the terminal shows ^C ends
        remark("Stopping after what is under way; Ctrl-C again to stop at once.")

    signal.signal(signal.SIGINT, handle)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
