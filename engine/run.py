"""Runs the programs that set-up needs, with their output in a log file and a short reason when they fail."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class CommandFailed(Exception):
    """A program ended with an error; `reason` is the line of its output that says why."""

    def __init__(self, reason: str, log: Path) -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program to its end and give back what it printed, output and errors together.

    Args:
        command: the program and its arguments.
        log: the file that keeps the output, over what was there.
        environment: all its variables; default those of this process.
        folder: where it runs.
        timeout: seconds after which it is stopped.
        on_line: called with every line as it comes.

    Raises:
        CommandFailed: it could not be started, ended with an error, or took too long.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    try:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(f"{command[0]}: {error.strerror}", log) from None
    with process, log.open("w") as file:
        watch = threading.Timer(timeout or threading.TIMEOUT_MAX, _stop, [process])
        watch.daemon = True
        watch.start()
        try:
            for line in process.stdout or ():
                file.write(line)
                lines.append(line.rstrip())
                if on_line:
                    on_line(line.rstrip())
            code = process.wait()
        except BaseException:
            _stop(process)
            raise
        finally:
            watch.cancel()
    if code:
        raise CommandFailed(failure_line(lines) or f"{command[0]} ended with exit code {code}", log)
    return "\n".join(lines)


def failure_line(lines: Sequence[str]) -> str:
    """The line of a program's output that most likely says what went wrong; empty if there is none."""
    said = [line.strip() for line in lines if line.strip()]
    blamed = [line for line in said if line.lower().startswith(("error", "fatal", "go: ", "warning: retrying"))]
    return (blamed or said or [""])[-1][:300]


def _stop(process: "subprocess.Popen[str]") -> None:
    """End a process with everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
    except ProcessLookupError:
        return
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
