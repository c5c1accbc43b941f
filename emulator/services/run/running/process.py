"""One attempt of a task: a process in a folder of its own, whose lines are logged, ended with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from emulator.services.run.running import launcher

GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL, as Cloud Run gives (Container runtime contract)
LONGEST_LINE = 256 << 10  # bytes; Cloud Logging's limit of an entry
Line = Callable[[str, str], None]  # called with "stdout" or "stderr" and a line


async def run(command: Sequence[str], environment: Mapping[str, str], line: Line) -> int:
    """Run a command until it ends, and give its exit code, negative for the signal that ended it.

    Cancelled, it ends the process and what that started before it raises.
    """
    with tempfile.TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(Path(launcher.__file__))),
            *command,
            cwd=folder,
            env={"HOME": folder, "TMPDIR": folder, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=LONGEST_LINE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            asyncio.create_task(_read(stream, name, line))
            for stream, name in ((process.stdout, "stdout"), (process.stderr, "stderr"))
        ]
        try:
            code = await process.wait()
        finally:
            await _end(process)
            await _last_lines(readers)
        return code


async def _read(stream: asyncio.StreamReader, name: str, line: Line) -> None:
    """Hand over the lines of a stream; one that is too long in parts."""
    while True:
        try:
            raw = await stream.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            raw = end.partial
            if not raw:
                return
        except asyncio.LimitOverrunError as over:
            raw = await stream.readexactly(over.consumed)
        if text := raw.decode("utf-8", "replace").rstrip("\r\n"):
            line(name, text)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process and the others of its session, which may outlive it."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(process.wait()), GRACE_SECONDS)
    _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(session: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, number)


async def _last_lines(readers: list[asyncio.Task[None]]) -> None:
    """Wait for what is still in the pipes, a second at most: somebody else may hold their other end."""
    _, late = await asyncio.wait(readers, timeout=1.0)
    for reader in late:
        reader.cancel()
