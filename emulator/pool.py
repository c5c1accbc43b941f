"""Processes for CPU work, each held by a thread: one that crashes, or takes too long, costs the call that it was on.

The processes end with the one that started them, however it ends.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

WORKERS = 2
_PR_SET_PDEATHSIG = 1  # prctl(2)
_END_SECONDS = 10.0
_Result = TypeVar("_Result")


class WorkerLost(BrokenProcessPool):
    """The process that did a call ended before it was done, or was ended because it took too long; says which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may take: bytes of memory of its own, and seconds for a call; 0 means as much as there is."""

    memory: int = 0
    seconds: float = 0


NO_LIMITS = Limits()
LIMITS = Limits(memory=4 << 30, seconds=300)
"""The emulator's: enough to read, decode, encode and write a gibibyte of pixels."""


class Pool(Executor):
    """Calls functions in processes, as a ProcessPoolExecutor does, but for what becomes of a process that is lost."""

    def __init__(self, workers: int, limits: Limits) -> None:
        """Start nothing yet: a process starts with the first call that needs it."""
        self._limits = limits
        self._copies = deque[_Worker]()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="pool")
        self._own = threading.local()
        self._workers: set[_Worker] = set()

    def copy_this_process(self, number: int) -> None:
        """Start so many processes now, as copies of this one, which know at once all that it has imported and made."""
        gc.freeze()  # or the copies' collections would write to every page that they share
        for _ in range(number):
            self._copies.append(_Worker(self._limits, [each.pipe for each in self._copies]))
        self._workers.update(self._copies)

    def submit(self, fn: Callable[..., _Result], /, *args: Any, **kwargs: Any) -> Future[_Result]:
        """Have a function called that can be imported; the future raises what it raised, or WorkerLost."""
        return self._threads.submit(self._call, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes after their calls; at once, with the calls, where there is no wait."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for worker in list(self._workers):
            if wait:
                worker.end()
            else:
                worker.kill()

    def _call(self, fn: Callable[..., _Result], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Result:
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is not None and not worker.process.is_alive():
            self._forget(worker)
            worker = None
        if worker is None:
            worker = self._own.worker = self._copies.popleft() if self._copies else _Worker(self._limits)
            self._workers.add(worker)
        try:
            done, value = worker.call(fn, args, kwargs)
        except WorkerLost:
            self._forget(worker)
            raise
        if done:
            result: _Result = value
            return result
        raise value

    def _forget(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        self._own.worker = None


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, limits: Limits, beside: Iterable[Connection] | None = None) -> None:
        """Start the process: a new one, or a copy of this one, which is then told of the pipes to copies before it."""
        self._limits = limits
        self._ending = threading.Lock()
        context = multiprocessing.get_context("spawn") if beside is None else multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        inherited = () if beside is None else (self.pipe, *beside)
        self.process = context.Process(target=_serve, args=(theirs, limits.memory, inherited), daemon=True)
        # Ctrl-C, which a terminal sends to this process too, is the parent's to act on: the process inherits that the
        # signal is blocked, so that not even one that is just starting is hit.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def call(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bool, Any]:
        """Whether the function returned, and what it returned or raised; WorkerLost if it did neither."""
        try:
            self.pipe.send((fn, args, kwargs))
            if not self.pipe.poll(self._limits.seconds or None):
                self.kill()
                raise WorkerLost(f"it took more than {self._limits.seconds:g} seconds and was stopped")
            done, value = self.pipe.recv()
            return done, value
        except (EOFError, ConnectionError):
            self.kill()
            raise WorkerLost("the process that worked on it crashed, or ran out of memory") from None

    def kill(self) -> None:
        """End the process at once."""
        with self._ending:  # of two that wait for it, one would be told that it is still there
            self.process.kill()
            self.process.join()

    def end(self) -> None:
        """Let the process end, which happens where nobody can send it any more; kill it where it does not."""
        self.pipe.close()
        self.process.join(_END_SECONDS)
        self.kill()


def make_pool(workers: int = WORKERS, limits: Limits = NO_LIMITS) -> Pool:
    """A pool whose processes start when they are first needed, and end with this one."""
    resource_tracker.ensure_running()  # which leaves Ctrl-C unblocked, if it is started with a process
    return Pool(workers, limits)


def make_pool_of_copies(workers: int) -> Pool:
    """A pool whose processes are copies of this one; new ones where it has threads, with which none can be copied."""
    pool = make_pool(workers)
    if sys.platform == "linux" and threading.active_count() == 1:
        pool.copy_this_process(workers)
    return pool


def _serve(pipe: Connection, memory: int, inherited: Iterable[Connection]) -> None:
    """Do one call after another until the pipe is closed. Runs in the process; closes what is none of its business."""
    for other in inherited:
        other.close()
    _end_with_parent()
    if memory:
        _limit_memory(memory)
    while True:
        try:
            fn, args, kwargs = pipe.recv()
        except (EOFError, ConnectionError):
            return
        answer: tuple[bool, Any]
        try:
            answer = True, fn(*args, **kwargs)
        except Exception as problem:  # noqa: BLE001 (it is raised again where the call came from)
            answer = False, _sendable(problem)
        try:
            pipe.send(answer)
        except ConnectionError:
            return


def _sendable(problem: Exception) -> Exception:
    """An error as it is if a copy can be made of it elsewhere, else one that names its type."""
    try:
        copy: Exception = pickle.loads(pickle.dumps(problem))  # noqa: S301 (made by the line itself)
    except Exception:  # noqa: BLE001 (whatever its class does)
        return RuntimeError(type(problem).__name__)
    return copy


def _limit_memory(limit: int) -> None:
    """Let an allocation fail that would give this process more memory of its own; files it maps do not count."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _end_with_parent() -> None:
    """Let this process end as soon as its parent has: a worker of one that was killed would wait for ever.

    The thread does so on every system, but not while a codec keeps Python's lock. On Linux the kernel does, for a
    process that is a child of the one that asked: one of a fork server would keep the server alive, and it the process.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if wait([parent.sentinel], 0):
        os._exit(0)

    def end() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=end, daemon=True, name="end-with-parent").start()
