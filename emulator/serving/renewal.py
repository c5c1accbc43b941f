"""The emulator that answers, and putting an empty one in its place while the server goes on."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulator.app import Emulator
from emulator.state.folder import empty

# How long calls that are under way may take to end by themselves: most take milliseconds.
_GRACE_SECONDS = 0.5
# How long cancelled calls may take to tidy up; what is left then works on a state that is gone.
_CANCEL_SECONDS = 5.0
_log = logging.getLogger("emulator")


class Current:
    """The emulator that answers, with the calls that it has under way."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.resetting = False
        self._calls: set[asyncio.Task[Any]] = set()
        self._lock = asyncio.Lock()

    async def ready(self) -> None:
        """Wait while a reset is under way."""
        while self.resetting:
            async with self._lock:
                pass

    @contextmanager
    def call(self) -> Iterator[Emulator]:
        """The emulator for one call, which a reset ends by cancelling its task."""
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            yield self.emulator
        finally:
            self._calls.discard(task)

    async def stop(self) -> None:
        """Stop the emulator, at the server's end."""
        async with self._lock:
            await self.emulator.stop()

    async def reset(self) -> None:
        """Stop the emulator, empty its state, start another; calls that come meanwhile wait.

        Its address, token and key stay. An emulator that can't start anew (a full disk) ends, with its log.
        """
        task = asyncio.current_task()
        self._calls = {call for call in self._calls if call is not task}
        async with self._lock:
            self.resetting = True
            try:
                await self._end_calls()
                settings = self.emulator.settings
                await self.emulator.stop()
                await asyncio.to_thread(empty, settings.state)
                self.emulator = Emulator(settings)
                await self.emulator.start()
            except Exception:
                _log.exception("the emulator could not start anew")
                signal.raise_signal(signal.SIGTERM)
                raise
            finally:
                self.resetting = False

    async def _end_calls(self) -> None:
        """Let calls end by themselves, then cancel those that wait for something: messages, a delay, a query."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=_GRACE_SECONDS)
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls, timeout=_CANCEL_SECONDS)
