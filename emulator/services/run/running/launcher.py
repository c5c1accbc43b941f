"""Started as a script: becomes the command that follows, beside a guard that ends its session with the emulator.

The standard input is a pipe of which the emulator holds the other end and into which nothing is written: it ends when
the emulator does, however that ends. The script is no module of the emulator, so that it starts in no time and imports
nothing of the folder that it runs in.
"""

import os
import signal
import sys


def main() -> None:
    """Replace this process, the first of its session; 127 where there is no such command, as a shell says."""
    _leave_guard()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  the words of --run-image, and no shell between them
    except OSError as problem:
        sys.stderr.write(f"{sys.argv[1]} can't be run: {problem.strerror}\n")
        sys.stderr.flush()
        os._exit(127)


def _leave_guard() -> None:
    """Leave a process in this session that is no child of this one, so that the command may wait for all of its own."""
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    if os.fork() == 0:
        _guard()
    os._exit(0)


def _guard() -> None:
    """Kill every process of this session, this one among them, once the standard input ends."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(1, 3)  # the task's lines end when the task does
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
