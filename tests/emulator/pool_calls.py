"""What the tests of the pool have called in its processes."""

import ctypes
import os
import signal


def crash() -> None:
    """End this process, as a codec's fault in memory would."""
    os.kill(os.getpid(), signal.SIGSEGV)


def keep_the_lock() -> None:
    """Print this process's id, then never come back, nor let any other thread of the process run."""
    os.write(1, b"%d\n" % os.getpid())
    ctypes.PyDLL(None).pause()


def take(size: int) -> int:
    """Take that many bytes of memory; give how many there are."""
    return len(bytearray(size))


KNOWN: list[str] = []
"""What a test tells this process before others are made."""


def known() -> list[str]:
    """What this process was told."""
    return KNOWN


class Unpicklable(Exception):
    """An error that can't be sent to another process."""

    def __init__(self, first: str, second: str) -> None:
        """Keep less than what a copy would be made of."""
        super().__init__(first + second)


def fail() -> None:
    """Raise what can't be sent as it is."""
    raise Unpicklable("a", "b")
