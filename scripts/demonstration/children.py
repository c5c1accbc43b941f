"""Runs the programs of a demonstration, so that Ctrl-C ends them in order and their failures are told once."""

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class StepFailed(Exception):
    """A step could not be done: one sentence that says what to do, empty if the program has said it already."""


def run_child(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    folder: Path,
    on_line: Callable[[str], None] | None = None,
) -> tuple[int, str]:
    """Run a program; give its exit code and what it printed to standard output.

    Its errors and progress go where ours go, unless `on_line` wants every line of both. It is kept out of the
    terminal's process group: on Ctrl-C it gets one interrupt from here and the time to finish in order, on a second
    Ctrl-C it is ended.

    Raises:
        KeyboardInterrupt: after the program has ended.
    """
    interrupts = 0
    process: subprocess.Popen[str] | None = None

    def interrupt(*_: object) -> None:
        nonlocal interrupts
        interrupts += 1
        if process:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT if interrupts == 1 else signal.SIGTERM)

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if on_line else None,
            env=dict(environment),
            cwd=folder,
            text=True,
            errors="replace",
            process_group=0,
        )
        said = _read(process, on_line)
    finally:
        signal.signal(signal.SIGINT, previous)
    if interrupts:
        raise KeyboardInterrupt
    return process.returncode, said


def _read(process: "subprocess.Popen[str]", on_line: Callable[[str], None] | None) -> str:
    """All that a program prints, until it ends."""
    lines: list[str] = []

    def read() -> None:
        for line in process.stdout or ():
            lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))

    # A signal that comes just before a blocking read is handled only after it: so another thread reads.
    reader = threading.Thread(target=read)
    reader.start()
    with process:
        while reader.is_alive():
            reader.join(0.2)
    return "".join(lines)
