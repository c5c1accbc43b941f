"""The file to which every request is told, a line of JSON each, as GET /_emulator/requests shows them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Protocol

import orjson

from emulator.state.clock import Clock

FLUSH_SECONDS = 0.1


class Told(Protocol):
    """A request that is told; ended is seconds since 1970."""

    @property
    def ended(self) -> float:
        """When it was answered."""

    def to_json(self, time: str) -> dict[str, Any]:
        """What is told of it, with that time in RFC 3339."""


class RequestLog:
    """Lines at the end of a file that is its owner's alone; they reach it within a tenth of a second, and at the end.

    Lines are made many at a time: one by one, between requests, they would cost each of these twice as much.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError where the file can't be written."""
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        self._waiting: list[Told] = []

    def add(self, call: Told) -> None:
        """Tell one request."""
        self._waiting.append(call)

    async def run(self) -> None:
        """Write what waits, now and then, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.flush()

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self.flush()
        self._file.close()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            stamp = Clock.stamp_of
            lines = [
                orjson.dumps(each.to_json(stamp(each.ended)), option=orjson.OPT_APPEND_NEWLINE) for each in waiting
            ]
            self._file.write(b"".join(lines))
            self._file.flush()


def _line(call: Told) -> bytes:
    return orjson.dumps(call.to_json(Clock.stamp_of(call.ended)), option=orjson.OPT_APPEND_NEWLINE)
