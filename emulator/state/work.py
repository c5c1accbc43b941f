"""Work that goes on after its call was answered: tasks by name that can be waited for, cancelled and interrupted.

Long-running operations (AIP-151) and jobs of BigQuery are two views of it: each keeps rows of its own form, since they
show other things and are taken up differently after a crash; what runs, and how it is stopped, is here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Handle(Protocol):
    """What a piece of work looks at, or is stopped by: told once, by whoever asked to cancel it."""

    def cancel(self) -> object:
        """Ask it to end."""


K = TypeVar("K", bound=Hashable)
H = TypeVar("H", bound=Handle)


@dataclass(frozen=True)
class _Running(Generic[H]):
    handle: H
    task: asyncio.Task[None]


class Work(Generic[K, H]):
    """The tasks of one kind that are under way, by name."""

    def __init__(self) -> None:
        self._running: dict[K, _Running[H]] = {}
        self.closing = False

    def __contains__(self, name: K) -> bool:
        return name in self._running

    def spawn(self, name: K, handle: H, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in a task; it is forgotten when it ends."""
        task = asyncio.get_running_loop().create_task(work, name=str(name))
        self._running[name] = _Running(handle, task)
        task.add_done_callback(lambda _: self._running.pop(name, None))

    def handle(self, name: K) -> H | None:
        """The handle of work that is under way, or None."""
        found = self._running.get(name)
        return None if found is None else found.handle

    async def wait(self, name: K, seconds: float) -> None:
        """Wait until the work has ended, or for that long; at once for work that is not under way."""
        found = self._running.get(name)
        if found is not None and seconds > 0:
            await asyncio.wait([found.task], timeout=seconds)

    async def stop(self, *, tell: bool = False) -> None:
        """Interrupt everything, as the emulator stops; `tell` cancels the handles first."""
        self.closing = True
        running = list(self._running.values())
        for each in running:
            if tell:
                each.handle.cancel()
            each.task.cancel()
        await asyncio.gather(*(each.task for each in running), return_exceptions=True)
