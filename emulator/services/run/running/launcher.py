"""Started as a script: becomes the command that follows, which the kernel ends with the emulator (prctl(2)).

It is no module of the emulator, so that it starts in no time and imports nothing of the folder that it runs in.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process; 127 where there is no such command, as a shell says."""
    parent = int(sys.argv[1])
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  the words of --run-image, and no shell between them
    except OSError as problem:
        sys.stderr.write(f"{sys.argv[2]} can't be run: {problem.strerror}\n")
        sys.stderr.flush()
        os._exit(127)


if __name__ == "__main__":
    main()
