"""The emulator's side of the engine process: started at first use, called, interrupted, started anew if it dies.

A call is one function of ours with plain arguments. Calls that were under way when the process died are made again, if
they may be: one that was there at two deaths is the likely cause, and fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from emulator.services.bigquery.process.connection import Connection
from emulator.services.bigquery.process.frames import Call, Cancel, Close, Open, Reply, pack, unpack
from emulator.services.bigquery.process.parts import END, Receiver
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql.errors import Interrupted, OutOfMemory, SqlError

T = TypeVar("T")
Take = Callable[[bytes, int], None]
ROOT = Path(__file__).resolve().parents[4]  # what holds the package `emulator`
HEED_SECONDS = 5.0  # a statement that does not end this long after its interruption is ended with the process
INTERRUPT_SECONDS = 0.05  # between two interruptions of a statement
CLOSE_SECONDS = 10.0
LARGE = 256 << 10  # answers above this are unpickled by a thread
SHORT_TRIES, QUERY_TRIES = 3, 2  # of calls that were under way when the process died
# How long a statement that found no memory while others ran waits for one of them to end, before each further try.
SHORTAGE_SECONDS = (1.0, 4.0, 10.0)
_log = logging.getLogger("emulator.bigquery")


class Ended(Exception):
    """The engine process is not there any more."""


class Process:
    """One engine process and the calls that it has not answered."""

    def __init__(self, popen: subprocess.Popen[bytes], connection: Connection, parts: socket.socket) -> None:
        self._popen = popen
        self._connection = connection
        self._parts = Receiver(parts, self._take)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._takers: dict[int, Take] = {}  # of the calls under way, who takes what they yield
        self._queries: set[int] = set()  # numbers of the calls under way that are not short
        self._ended = asyncio.Event()  # set, and replaced, when one of them ends
        self._worn = False
        self.alive = True
        self._task = asyncio.create_task(self._read())

    @staticmethod
    async def start() -> Process:
        """Start a process. The event loop's own thread does it: Linux ends a child with the thread that made it."""
        ours, theirs = socket.socketpair()
        our_parts, their_parts = socket.socketpair()
        given = (theirs.fileno(), their_parts.fileno())
        paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, "-m", f"{__package__}.worker", *map(str, given), str(os.getpid())]
        try:
            popen = subprocess.Popen(  # noqa: ASYNC220 see above
                command, pass_fds=given, stdin=subprocess.DEVNULL, env=environment
            )
        finally:
            theirs.close()
            their_parts.close()
        return Process(popen, await Connection.over(ours), our_parts)

    async def open(self, message: Open) -> None:
        """Let it open its files. Raises StoreError where they cannot be read, Ended."""
        await self._ask(0, message)

    async def call(
        self,
        work: Callable[..., T],
        arguments: tuple[Any, ...],
        ticket: Ticket,
        *,
        short: bool,
        now: float | None = None,
        take: Take | None = None,
    ) -> T:
        """Run work there. Raises what it raises, Interrupted, or Ended where the process dies meanwhile."""
        number = next(self._numbers)
        if take is not None:
            self._takers[number] = take
        if not short:
            self._queries.add(number)
        try:
            with ticket.hold(lambda: self._interrupt(number)):
                result: T = await self._ask(number, Call(number, work, arguments, short, now, take is not None))
                return result
        except Ended:
            ticket.check()  # it was ended because it did not heed
            raise
        except asyncio.CancelledError:
            self._interrupt(number)
            raise
        except OutOfMemory:
            self._worn = True
            raise
        finally:
            self._queries.discard(number)
            self._takers.pop(number, None)
            self._ended.set()
            self._ended = asyncio.Event()

    @property
    def is_crowded(self) -> bool:
        """Whether a query runs."""
        return bool(self._queries)

    async def one_ends(self, seconds: float) -> None:
        """Wait until a call ends, or for that long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    @property
    def is_spent(self) -> bool:
        """Whether nothing runs in it, and a shortage has left its memory in pieces: a new one starts afresh."""
        return self._worn and not self._waiting

    async def _ask(self, number: int, message: Open | Call) -> Any:
        if not self.alive:
            raise Ended
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._connection.write(pack(message))
        await self._connection.drain()
        return await future

    def _interrupt(self, number: int, since: float | None = None) -> None:
        """Interrupt a call until it ends: what comes between two statements of it is lost on the engine."""
        if not self.alive or number not in self._waiting:
            return
        loop = asyncio.get_running_loop()
        since = since or loop.time()
        if loop.time() - since > HEED_SECONDS:
            _log.warning("a cancelled statement did not end; the engine process is started anew")
            self._popen.kill()
            return
        self._connection.write(pack(Cancel(number)))
        loop.call_later(INTERRUPT_SECONDS, self._interrupt, number, since)

    async def _read(self) -> None:
        try:
            async for body in self._connection.frames():
                is_large = len(body) > LARGE
                reply: Reply = await asyncio.to_thread(unpack, body) if is_large else unpack(body)
                self._settle(reply)
        finally:
            self.alive = False
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(Ended())
            self._waiting.clear()
            self._connection.close()

    def _take(self, number: int, data: bytes, count: int) -> None:
        """Give a part to who takes those of its call, which ends behind the last one."""
        if count == END:
            self._settle(unpack(data))
        elif number in self._takers:
            self._takers[number](data, count)

    def _settle(self, reply: Reply) -> None:
        future = self._waiting.pop(reply.number, None)
        if future is None or future.done():
            return
        if reply.problem is not None:
            future.set_exception(reply.problem)
        else:
            future.set_result(reply.value)

    async def wait(self) -> int:
        """Its exit status once it has ended; it is killed where it keeps the socket closed and lives on."""
        await asyncio.wait([self._task])
        try:
            status = await asyncio.to_thread(self._popen.wait, CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            status = await asyncio.to_thread(self._popen.wait)
        await self._parts.wait()
        return status

    async def close(self) -> None:
        """Let it close its files and end; kill it where that takes too long: what is committed is on disk."""
        if self.alive:
            self._connection.write(pack(Close()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._task), CLOSE_SECONDS)
        if self._popen.poll() is None and not self._task.done():
            self._popen.kill()
        await self.wait()


class _Taking:
    """Gives the parts of a call to `take`, and passes over those that it has already where the call is made again."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._given = 0

    def begin(self) -> Take:
        """Who takes the parts of the call that is made now."""
        come = itertools.count()

        def one(data: bytes, count: int) -> None:
            if next(come) == self._given:
                self._given += 1
                self._take(data, count)

        return one


class Client:
    """The engine of one emulator. opening gives what the process is to open; True asks for a sweep.

    clock gives the emulator's time where that is not the machine's, else None.
    """

    def __init__(self, opening: Callable[[bool], Open], clock: Callable[[], float | None] = lambda: None) -> None:
        self._opening = opening
        self._clock = clock
        self._process: Process | None = None
        self._starting = asyncio.Lock()
        self._suspects = asyncio.Lock()
        self._swept = False
        self.closing = False

    async def run(
        self,
        work: Callable[..., T],
        *arguments: Any,
        short: bool = False,
        ticket: Ticket | None = None,
        again: bool = True,
        take: Take | None = None,
    ) -> T:
        """Run `work(connection, *arguments)` in the engine process and give its result.

        short is for what is known to be quick (inserts, pages of results): it has threads of its own. again says that
        it may be run once more where the process dies meanwhile. With take, work is a generator of parts (parts.py):
        take is called with the bytes of each and how many things are in them, once, though it is run again: it has to
        yield the same then. Raises SqlError, StoreError, ApiError as the work does, Interrupted for a cancelled ticket.
        """
        ticket = ticket or Ticket()
        taking = _Taking(take) if take is not None else None
        deaths = shortages = 0
        while True:
            async with self._alone(suspect=deaths + shortages > 0 and not short, ticket=ticket):
                process = await self._ready()
                one = taking.begin() if taking is not None else None
                try:
                    return await process.call(work, arguments, ticket, short=short, now=self._clock(), take=one)
                except Ended:
                    self._check_open()
                    deaths += 1
                    if not again or deaths == (SHORT_TRIES if short else QUERY_TRIES):
                        raise _lost(undone=again) from None
                except OutOfMemory:
                    # Who took the memory is not known: those that ran beside others get another try, one by one.
                    if shortages == len(SHORTAGE_SECONDS) or not process.is_crowded:
                        raise
                    await ticket.guard(process.one_ends(SHORTAGE_SECONDS[shortages]))
                    shortages += 1

    def _check_open(self) -> None:
        if self.closing:
            raise Interrupted

    @contextlib.asynccontextmanager
    async def _alone(self, *, suspect: bool, ticket: Ticket) -> AsyncIterator[None]:
        """Statements that have failed beside others are tried again one at a time."""
        if not suspect:
            yield
            return
        async with ticket.locked(self._suspects):
            yield

    async def _ready(self) -> Process:
        async with self._starting:
            self._check_open()
            if self._process is not None and not self._process.alive:
                status = await self._process.wait()
                _log.warning("the BigQuery engine process ended (status %d); it is started anew", status)
                self._process = None
            elif self._process is not None and self._process.is_spent:
                await self._process.close()
                self._process = None
            if self._process is None:
                process = await Process.start()
                try:
                    await process.open(self._opening(not self._swept))
                except Ended:
                    raise _lost(undone=True) from None
                except BaseException:
                    await process.close()
                    raise
                self._process, self._swept = process, True
            return self._process

    async def close(self) -> None:
        """End the process, its files closed, for good."""
        self.closing = True
        await self.end()

    async def end(self) -> None:
        """End the process, its files closed; the next call starts another."""
        async with self._starting:
            if self._process is not None:
                await self._process.close()
                self._process = None


def _lost(*, undone: bool) -> SqlError:
    if undone:
        message = (
            "Resources exceeded during query execution: the process that runs statements ended while this one ran; "
            "what it had done was undone. Run it again, or with less data at once."
        )
        return SqlError(message, "resourcesExceeded")
    return SqlError("The backend ended before it answered; whether the rows were stored is not known.", "backendError")
