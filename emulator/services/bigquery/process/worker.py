"""The engine process: opens the files, runs calls on threads, ends with the emulator.

Started as `python -m emulator.services.bigquery.process.worker DESCRIPTOR PARTS PARENT`, the descriptors being ends of
pairs of sockets, for messages and for what calls yield, and PARENT the emulator's process.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery.process import allocation
from emulator.services.bigquery.process.frames import LENGTH, Call, Cancel, Close, Open, Reply, pack, unpack
from emulator.services.bigquery.process.parts import END, Part, send, send_part
from emulator.services.bigquery.sql import keyed, messages, moment, places, storage
from emulator.services.bigquery.sql.engine import Engine
from emulator.services.bigquery.sql.errors import Interrupted, SqlError, StoreError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUERY_THREADS = 24  # more than there are slots: exports of other services run beside the jobs
SHORT_THREADS = 4
RECURSION_LIMIT = 20_000  # frames; a parenthesis takes about 20
STACK_BYTES = 32 << 20
PR_SET_PDEATHSIG = 1
ENGINE_LOST = 70  # the exit status after an error that closed the engine's files
_log = logging.getLogger("emulator.bigquery")


class Worker:
    """Serves one pair of sockets; what calls yield goes over another one, `parts`."""

    def __init__(self, channel: socket.socket, parts: socket.socket) -> None:
        self._channel, self._parts = channel, parts
        self._sending, self._sending_parts = threading.Lock(), threading.Lock()
        self._holding = threading.Lock()
        self._running: dict[int, DuckDBPyConnection] = {}
        self._cancelled: set[int] = set()
        self._queries = ThreadPoolExecutor(QUERY_THREADS, thread_name_prefix="query")
        self._short = ThreadPoolExecutor(SHORT_THREADS, thread_name_prefix="short")
        self._engine: Engine | None = None

    def serve(self) -> None:
        """Read messages until the emulator closes the socket or says so."""
        while (message := self._receive()) is not None:
            if isinstance(message, Call):
                hand(self._short if message.short else self._queries, self._answer, message)
            elif isinstance(message, Cancel):
                self._cancel(message.number)
            elif isinstance(message, Open):
                self._open(message)
            elif isinstance(message, Close):
                self._close()
                return
        os._exit(0)  # the emulator is gone: nobody waits for what runs, and what is committed is on disk

    def _receive(self) -> Any:
        head = self._read(LENGTH.size)
        if head is None:
            return None
        body = self._read(LENGTH.unpack(head)[0])
        return None if body is None else unpack(body)

    def _read(self, size: int) -> bytearray | None:
        data = bytearray(size)
        view, at = memoryview(data), 0
        while at < size:
            count = self._channel.recv_into(view[at:])
            if not count:
                return None
            at += count
        return data

    def _send(self, reply: Reply) -> None:
        pieces = pack(reply)
        with self._sending:
            send(self._channel, [*pieces])

    def _reply(self, call: Call, reply: Reply) -> None:
        if not call.yields:
            self._send(reply)
            return
        with self._sending_parts:
            send_part(self._parts, call.number, (pack(reply)[1:], END))

    def _open(self, message: Open) -> None:
        def tidy(connection: DuckDBPyConnection) -> None:
            if message.live is not None:
                storage.upgrade(connection, message.live)
                storage.sweep(connection, places.STORED, message.live, ())
                storage.sweep(connection, places.RESULTS, {}, message.results)
            for file in message.keyed:
                keyed.open_file(connection, file)

        try:
            limit_memory(message.memory)
            allocation.keep_freed(message.memory)
            self._engine = Engine(message.folder, message.readable, tidy, message.memory // 2, message.key)
            self._engine.connection()
            for pool in (self._queries, self._short):
                pool.submit(int).result()  # one thread at least, while there is memory for it
        except StoreError as problem:
            self._send(Reply(0, problem=problem))
        else:
            self._send(Reply(0))

    def _answer(self, call: Call) -> None:
        try:
            with self._held(call.number) as connection:
                reply = Reply(call.number, self._run(connection, call))
        except Interrupted as problem:
            reply = Reply(call.number, problem=problem)
        except Exception as problem:  # noqa: BLE001 whatever it is, the caller is told
            reply = Reply(call.number, problem=_described(problem))
        self._let_go(rolls_back=reply.problem is not None)
        try:
            self._reply(call, reply)
        except MemoryError:
            self._reply(call, Reply(call.number, problem=_described(MemoryError())))

    def _run(self, connection: DuckDBPyConnection, call: Call) -> Any:
        """What the work of a call gives. Raises Interrupted; where the engine fails for good this process ends."""
        import duckdb

        try:
            moment.set_now(connection, call.now)
            value = call.work(connection, *call.arguments)
            return self._send_parts(call.number, value) if call.yields else value
        except duckdb.InterruptException:
            raise Interrupted from None
        except duckdb.FatalException as problem:
            _log.error("the engine failed: %s", str(problem).partition("\n")[0])
            os._exit(ENGINE_LOST)  # DuckDB refuses all work after it; a new process reads what is on disk

    def _send_parts(self, number: int, parts: Iterator[Part]) -> None:
        for part in parts:
            if number in self._cancelled:
                raise Interrupted
            with self._sending_parts:
                send_part(self._parts, number, part)

    def _let_go(self, *, rolls_back: bool) -> None:
        """End a transaction whose own rollback was interrupted, and a result that was not read to its end.

        Such a result would hold the files that it is of open.
        """
        import duckdb

        assert self._engine is not None
        connection = self._engine.connection()
        if rolls_back:
            with contextlib.suppress(duckdb.TransactionException):
                connection.rollback()
        connection.execute("")

    @contextlib.contextmanager
    def _held(self, number: int) -> Iterator[DuckDBPyConnection]:
        """The thread's connection, which a Cancel interrupts. Raises Interrupted where that came first."""
        assert self._engine is not None
        connection = self._engine.connection()
        with self._holding:
            if number in self._cancelled:
                self._cancelled.discard(number)
                raise Interrupted
            self._running[number] = connection
        try:
            yield connection
        finally:
            with self._holding:
                del self._running[number]
                self._cancelled.discard(number)

    def _cancel(self, number: int) -> None:
        with self._holding:
            self._cancelled.add(number)
            if number in self._running:
                self._running[number].interrupt()

    def _close(self) -> None:
        with self._holding:
            for connection in self._running.values():
                connection.interrupt()
        self._queries.shutdown(wait=True, cancel_futures=True)
        self._short.shutdown(wait=True, cancel_futures=True)
        if self._engine is not None:
            self._engine.close()


def hand(pool: ThreadPoolExecutor, work: Callable[[Call], None], call: Call) -> None:
    """Have a pool's threads do something; where there is no memory for one more, those that are there do it."""
    with contextlib.suppress(RuntimeError):  # the pool has queued it before it starts a thread
        pool.submit(work, call)


def _described(problem: Exception) -> Exception:
    """A failure in words for the caller: errors of ours as they are."""
    import duckdb

    if isinstance(problem, (ApiError, SqlError, StoreError)):
        return problem
    if isinstance(problem, duckdb.Error):
        return messages.statement_error(problem)
    if isinstance(problem, MemoryError):
        return messages.out_of_memory()
    if isinstance(problem, RecursionError):
        return messages.too_complex()
    _log.error("work failed", exc_info=problem)
    return SqlError("An internal error occurred; the emulator's log has the details.", "internalError")


def end_with_parent(parent: int) -> None:
    """Die when the emulator does, even while a statement holds every thread (Linux; elsewhere the socket tells)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def limit_memory(wanted: int) -> None:
    """Set the limit of this process; where the whole machine runs out first, it goes before the emulator (Linux)."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def main(descriptor: int, parts: int, parent: int) -> None:
    """Serve the sockets of those descriptors."""
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the emulator's to act on
    sys.setrecursionlimit(RECURSION_LIMIT)
    threading.stack_size(STACK_BYTES)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    Worker(socket.socket(fileno=descriptor), socket.socket(fileno=parts)).serve()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
