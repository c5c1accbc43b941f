"""The emulator that answers, and putting one with another state in its place while the server goes on."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from emulator.app import Emulator
from emulator.serving.recorder import Recorder

T = TypeVar("T")
# How long calls that are under way may take to end by themselves: most take milliseconds.
_GRACE_SECONDS = 0.5
# How long cancelled calls may take to tidy up; what is left then works on a state that is gone.
_CANCEL_SECONDS = 5.0
_log = logging.getLogger("emulator")


class Current:
    """The emulator that answers, with the calls that it has under way."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.recorder: Recorder | None = None
        self.renewing = False
        self._calls: set[asyncio.Task[Any]] = set()
        self._lock = asyncio.Lock()

    async def ready(self) -> None:
        """Wait while the emulator is being renewed."""
        while self.renewing:
            async with self._lock:
                pass

    def begin_call(self) -> asyncio.Task[Any]:
        """The task of a call that begins, which a renewal ends by cancelling it."""
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        return task

    def end_call(self, task: asyncio.Task[Any]) -> None:
        """Forget the task of a call that has ended."""
        self._calls.discard(task)

    async def stop(self) -> None:
        """Stop the emulator, at the server's end."""
        if self.recorder is not None:
            self.recorder.close()
        async with self._lock:
            await self.emulator.stop()

    async def renew(self, change: Callable[[Path], T]) -> T:
        """Stop the emulator, change the folder of its state on a thread, start another; calls that come meanwhile wait.

        Its address, token and key stay. Gives what `change` gives and raises what it raises, after the start. An
        emulator that can't start anew (a full disk) ends, with its log.
        """
        task = asyncio.current_task()
        self._calls = {call for call in self._calls if call is not task}
        async with self._lock:
            self.renewing = True
            try:
                await self._end_calls()
                await self._stop()
                try:
                    return await asyncio.to_thread(change, self.emulator.settings.state)
                finally:
                    await self._start()
            finally:
                self.renewing = False

    async def _stop(self) -> None:
        with _ending("stop"):
            await self.emulator.stop()

    async def _start(self) -> None:
        with _ending("start anew"):
            self.emulator = Emulator(self.emulator.settings)
            await self.emulator.start()

    async def _end_calls(self) -> None:
        """Let calls end by themselves, then cancel those that wait for something: messages, a delay, a query."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=_GRACE_SECONDS)
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls, timeout=_CANCEL_SECONDS)


@contextmanager
def _ending(what: str) -> Iterator[None]:
    """End the process where the emulator can't go on."""
    try:
        yield
    except Exception:
        _log.exception("the emulator could not %s", what)
        signal.raise_signal(signal.SIGTERM)
        raise
