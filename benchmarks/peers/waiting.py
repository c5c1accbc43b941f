"""Starting a server and waiting until it answers."""

import socket
import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

from benchmarks.peers.missing import PeerMissing

T = TypeVar("T")


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_ready(process: "subprocess.Popen[bytes]", name: str, ask: Callable[[], T]) -> T:
    """The first result of `ask` that is no OSError. Raises PeerMissing where the process ends instead."""
    while process.poll() is None:
        try:
            return ask()
        except OSError:
            time.sleep(0.005)
    raise PeerMissing(f"{name} ended instead of starting.")
