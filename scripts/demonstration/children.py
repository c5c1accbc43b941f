"""Runs the programs of a demonstration, so that Ctrl-C ends them in order and their failures are told once."""

import contextlib
import signal
import subprocess
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
    lines: list[str] = []
    interrupted = False
    with process:
        while True:
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    if on_line:
                        on_line(line.rstrip("\n"))
                process.wait()
                break
            except KeyboardInterrupt:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM if interrupted else signal.SIGINT)
                interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return process.returncode, "".join(lines)
