"""The file to which every request is told, a line of JSON each, as GET /_emulator/requests shows them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import orjson

FLUSH_SECONDS = 0.5


class RequestLog:
    """Lines at the end of a file that is its owner's alone; they reach it within half a second, and at the end."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where the file can't be written."""
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=1 << 16)

    def add(self, call: dict[str, Any]) -> None:
        """Tell one request."""
        self._file.write(orjson.dumps(call, option=orjson.OPT_APPEND_NEWLINE))

    async def run(self) -> None:
        """Write what is buffered, now and then, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._file.flush()

    def close(self) -> None:
        """Write what is buffered and let go of the file."""
        self._file.close()
