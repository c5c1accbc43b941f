"""What stops a job: a cancellation, or a limit on its time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

from emulator.services.bigquery.sql.errors import Interrupted

T = TypeVar("T")


class Ticket:
    """Held by a job while it runs. `cancel` stops whatever it waits for."""

    def __init__(self) -> None:
        self.problem: Interrupted | None = None
        self._stops: list[Callable[[], object]] = []

    def cancel(self, problem: Interrupted | None = None) -> None:
        """Stop what runs under this ticket, and keep the rest from starting; a second time changes nothing."""
        if self.problem is None:
            self.problem = problem or Interrupted()
            for stop in list(self._stops):
                stop()

    def check(self) -> None:
        """Raise Interrupted where the ticket was cancelled."""
        if self.problem is not None:
            raise self.problem

    @contextlib.contextmanager
    def hold(self, stop: Callable[[], object]) -> Iterator[None]:
        """While inside, `cancel` calls stop. Raises Interrupted where it came earlier; its reason also if stopped."""
        self.check()
        self._stops.append(stop)
        try:
            yield
        except Interrupted:
            raise self.problem or Interrupted() from None
        finally:
            self._stops.remove(stop)

    @contextlib.asynccontextmanager
    async def locked(self, lock: asyncio.Lock) -> AsyncIterator[None]:
        """Hold a lock. Raises Interrupted where `cancel` comes while it is waited for."""
        await self.guard(lock.acquire())
        try:
            yield
        finally:
            lock.release()

    async def guard(self, awaitable: Awaitable[T]) -> T:
        """Wait for what takes no ticket itself, such as a lock. Raises Interrupted as soon as `cancel` comes."""
        task = asyncio.ensure_future(awaitable)
        try:
            with self.hold(task.cancel):
                return await task
        except asyncio.CancelledError:
            self.check()
            raise
        finally:
            task.cancel()
