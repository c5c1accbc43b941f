"""The emulator beside Orthanc and beside the limit: the same films, the same requests, round by round in turn.

Both servers sync the files that they acknowledge; the emulator syncs its index too, where Orthanc's SQLite has
synchronous=NORMAL. The emulator authenticates, authorises and audits (data reads and writes included) each request;
Orthanc and nginx have no users.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from benchmarks import wire
from benchmarks.corpus import Corpus
from benchmarks.dicomweb import drawing, reading, storing
from benchmarks.dicomweb.goals import (
    ANSWER,
    COMMIT,
    CONNECTIONS,
    ENCODER,
    GOALS,
    NGINX,
    ORTHANC,
    RECEIVE,
    WRITE_AND_SYNC,
)
from benchmarks.dicomweb.server import Server, emulator_server
from benchmarks.figures import Figure, absent, rates
from benchmarks.peers.bare_server import running_bare_server
from benchmarks.peers.missing import PeerMissing
from benchmarks.peers.nginx import running_nginx
from benchmarks.peers.orthanc import running_orthanc
from benchmarks.running import memory_peak, running_emulator
from scripts.demonstration.places import Places

_ROUNDS, _FULL_ROUNDS = 3, 5
_FILMS, _FULL_FILMS = 120, 1000
_SECONDS = 0.7
_PICTURES = 24
_OURS = "the emulator"

Run = Callable[[int, int], float]
"""What one of them reaches, a second: called with the number of connections and that of the round."""


@dataclass(frozen=True)
class Work:
    """One kind of work, and who does it."""

    label: str
    runs: dict[str, Run]


def dicomweb(places: Places) -> list[Figure]:
    """A store of a few hundred films, three rounds: takes some minutes."""
    return _side_by_side(places, _FILMS, _ROUNDS)


def dicomweb_full(places: Places) -> list[Figure]:
    """1,000 films in each round of storing, five rounds."""
    return _side_by_side(places, _FULL_FILMS, _FULL_ROUNDS)


def _side_by_side(places: Places, number: int, rounds: int) -> list[Figure]:
    with ExitStack() as stack:
        contest = _Contest(stack, places, number)
        found: dict[tuple[str, str, int], list[float]] = {}
        for turn in range(rounds):
            print(f"  round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
            for work in contest.works(turn):
                for connections in CONNECTIONS:
                    # Who begins changes, so that what one leaves to the disk is not always the other's to bear.
                    names = list(work.runs) if turn % 2 == 0 else list(work.runs)[::-1]
                    for name in names:
                        rate = work.runs[name](connections, turn)
                        found.setdefault((work.label, name, connections), []).append(rate)
        return [*_compared(found, contest.missing), *contest.memory()]


class _Contest:
    """The servers and loops of one run, and what each has to do."""

    def __init__(self, stack: ExitStack, places: Places, number: int) -> None:
        self.missing: dict[str, str] = {}
        self._stack = stack
        self._number = number
        self._corpus = Corpus(pixels=True)
        self._bare = places.results / "bare"
        self._content = places.results / "content"
        self._folder = places.results / "nginx"
        for folder in (self._bare, self._content):
            folder.mkdir(parents=True)
        self._running = stack.enter_context(running_emulator(places, "dicomweb"))
        self._servers = {_OURS: emulator_server(self._running)}
        self._nginx = 0
        self._bare_servers = {
            RECEIVE: self._bare_server("receive", self._bare / "received"),
            COMMIT: self._bare_server("commit", self._bare / "committed"),
        }
        self._drawn = drawing.pictures(self._corpus, _PICTURES)
        try:
            rival = stack.enter_context(running_orthanc(places.results / "orthanc"))
            self._servers[ORTHANC] = Server(f"Orthanc {rival.version}", rival.port, "/dicom-web", rival.pid)
        except PeerMissing as problem:
            self.missing[ORTHANC] = str(problem)

    def works(self, turn: int) -> Iterator[Work]:
        """What is done in a round, in order: in the first one the films are stored that are read from then on."""
        yield Work("STOW", {**self._storing(), WRITE_AND_SYNC: self._write_and_sync, **self._bare_storing()})
        kinds = list(reading.kinds(self._number * len(CONNECTIONS)))
        if turn == 0:
            self._serve_files(kinds)
        for kind in kinds:
            runs: dict[str, Run] = {
                name: partial(_read, server.port, kind.requests(server)) for name, server in self._servers.items()
            }
            if kind.static and self._nginx:
                targets = [f"/{kind.static}/{each}" for each in range(len(kind.paths))]
                requests = [wire.request(self._nginx, target, {}) for target in targets]
                runs[NGINX] = partial(_read, self._nginx, requests)
                if kind.static == "metadata":
                    runs[ANSWER] = partial(_read, self._bare_servers[ANSWER].port, requests)
            if kind.picture:
                runs[ENCODER] = partial(self._encode, kind.picture)
            yield Work(kind.label, runs)

    def _bare_server(self, mode: str, path: Path) -> Server:
        return Server(mode, self._stack.enter_context(running_bare_server(mode, path)), "", 0)

    def memory(self) -> list[Figure]:
        """The emulator's peak memory to Orthanc's."""
        rival = self._servers.get(ORTHANC)
        name = f"peak memory with its processes, to {ORTHANC}'s"
        if rival is None:
            return [absent(name, self.missing[ORTHANC])]
        ours, theirs = memory_peak(self._running.pid), memory_peak(rival.pid)
        return [Figure(name, (ours / theirs,), more_is_better=False, note=f"{ours:.0f} to {theirs:.0f} MB")]

    def _storing(self) -> dict[str, Run]:
        return {name: partial(self._store, server) for name, server in self._servers.items()}

    def _bare_storing(self) -> dict[str, Run]:
        return {name: partial(self._store, self._bare_servers[name]) for name in (RECEIVE, COMMIT)}

    def _store(self, server: Server, connections: int, turn: int) -> float:
        return storing.store(self._corpus, self._number, server, self._first(connections, turn), connections)

    def _write_and_sync(self, connections: int, turn: int) -> float:
        first = self._first(connections, turn)
        return storing.write_and_sync(self._corpus, self._number, self._bare, first, connections)

    def _first(self, connections: int, turn: int) -> int:
        return (turn * len(CONNECTIONS) + CONNECTIONS.index(connections)) * self._number

    def _encode(self, media: str, connections: int, _: int) -> float:
        return drawing.encode(self._drawn, media, _SECONDS, connections)

    def _serve_files(self, kinds: list[reading.Kind]) -> None:
        """Let nginx serve what the emulator answers, byte for byte."""
        for kind in kinds:
            if kind.static:
                _save(self._servers[_OURS], kind, self._content / kind.static)
        self._bare_servers[ANSWER] = self._bare_server("answer", self._content / "metadata" / "0")
        try:
            self._nginx = self._stack.enter_context(running_nginx(self._folder, self._content))
        except PeerMissing as problem:
            self.missing[NGINX] = str(problem)


def _save(server: Server, kind: reading.Kind, folder: Path) -> None:
    folder.mkdir()
    connection = HTTPConnection("127.0.0.1", server.port)
    for number, path in enumerate(kind.paths):
        connection.request("GET", f"{server.root}{path}", headers={**server.headers, **kind.headers})
        (folder / str(number)).write_bytes(connection.getresponse().read())
    connection.close()


def _read(port: int, requests: list[wire.Sent], connections: int, _: int) -> float:
    return wire.for_seconds(port, requests, connections, _SECONDS).rate


def _compared(found: dict[tuple[str, str, int], list[float]], missing: dict[str, str]) -> list[Figure]:
    """The ratio of each round to each of the others, in the order of the goals."""
    figures = []
    for (peer, label), goals in GOALS.items():
        for connections, goal in zip(CONNECTIONS, goals, strict=True):
            name = f"{label}, c={connections}, beside {peer}"
            if peer in missing:
                figures.append(absent(name, missing[peer], goal))
                continue
            ours, theirs = (tuple(found[label, who, connections]) for who in (_OURS, peer))
            figures.append(rates(name, ours, theirs, goal=goal))
    return figures
