"""A terminal for commands under test, which keeps all that they write to it."""

import os
import pty
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class OnTerminal:
    """What a command wrote to its terminal, both streams, and how it ended."""

    code: int
    shown: str


def run_on_terminal(command: Sequence[str], variables: Mapping[str, str], columns: int = 200) -> OnTerminal:
    """Run a command whose output and errors are a terminal of that width; its input is empty."""
    ours, theirs = pty.openpty()
    pieces: list[bytes] = []

    def read() -> None:
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end is closed
                return
            if not piece:
                return
            pieces.append(piece)

    environment = {**os.environ, **variables, "COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    reader = threading.Thread(target=read)
    reader.start()
    code = process.wait()
    reader.join()
    os.close(ours)
    return OnTerminal(code, b"".join(pieces).decode("utf-8", errors="surrogateescape"))
