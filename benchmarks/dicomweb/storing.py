"""Storing films: into a server, and by a bare loop that writes and syncs the same files."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import wire
from benchmarks.corpus import Corpus, Film
from benchmarks.dicomweb.server import Server
from benchmarks.together import Worker, together


def store(corpus: Corpus, number: int, server: Server, first: int, connections: int) -> float:
    """Store films that the server does not have; instances a second."""
    making: list[Callable[[], wire.Sent]] = [
        partial(server.store, corpus, range(each, each + 1)) for each in range(first, first + number)
    ]
    return wire.each_once(server.port, making, connections).rate


def write_and_sync(corpus: Corpus, number: int, folder: Path, first: int, loops: int) -> float:
    """Write the same films into new files of `folder` and sync each before the next; files a second.

    What a store that syncs every file must do at least; several loops are several processes.
    """
    making = [partial(_named, corpus, folder, each) for each in range(first, first + number)]
    return together([Worker(lambda: _write, making[loop::loops]) for loop in range(loops)]).rate


def _named(corpus: Corpus, folder: Path, number: int) -> tuple[Path, list[bytes]]:
    return folder / f"{number}-{os.getpid()}", corpus.file(Film(number))


def _write(named: tuple[Path, list[bytes]]) -> None:
    path, pieces = named
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if os.writev(descriptor, pieces) != sum(map(len, pieces)):
            raise OSError("a file was not written whole")
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
