"""HL7v2 over MLLP: messages through the adapter into a store, each acknowledged before its sender sends the next."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.running import Running
from emulator.mllp.frames import Frames, wrap

_SECONDS = 600
_ACCEPTED = b"\rMSA|AA|"


@contextmanager
def adapter(emulator: Running, store: str) -> Iterator[int]:
    """The adapter in a process of its own; gives its port."""
    command = [
        sys.executable,
        "-m",
        "emulator",
        "mllp",
        "--store",
        store,
        "--port",
        "0",
        "--state",
        str(emulator.state),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+) for ", process.stdout.readline())
            assert found is not None
            yield int(found[1])
        finally:
            process.terminate()
            process.communicate()


def rate(port: int, messages: Sequence[bytes], connections: int) -> float:
    """Messages a second that are acknowledged over so many connections at once."""
    threads = [
        threading.Thread(target=_send, args=(port, messages[number::connections])) for number in range(connections)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(messages) / (time.perf_counter() - started)


def _send(port: int, messages: Sequence[bytes]) -> None:
    frames = Frames()
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection:
        for message in messages:
            connection.sendall(wrap(message))
            answers: list[bytes] = []
            while not answers:
                answers = frames.feed(connection.recv(65536))
            if _ACCEPTED not in answers[0]:
                raise RuntimeError("The store did not accept a message.")
