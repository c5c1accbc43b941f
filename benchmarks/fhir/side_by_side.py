"""The emulator beside a warm HAPI FHIR and the bare limits: the same requests, round by round in turn.

Both have what they acknowledged in their files: the emulator syncs them, H2 does not. Both check references. The
emulator authenticates, authorises and audits each request, data reads and writes included, and validates what it
stores; HAPI FHIR, with its defaults, does none of these.
"""

import sys
from contextlib import ExitStack

from benchmarks import wire
from benchmarks.fhir import work
from benchmarks.fhir.bare import Bare
from benchmarks.fhir.goals import BUNDLE, CREATE, GOALS, IMPORT, MANY, ONE, READ
from benchmarks.fhir.just_started import just_started
from benchmarks.fhir.resources import IN_BUNDLE
from benchmarks.fhir.server import Server, emulator_server
from benchmarks.figures import Figure, absent, rates
from benchmarks.peers.hapi import in_file, running_hapi
from benchmarks.peers.missing import PeerMissing
from benchmarks.running import memory_peak, running_emulator
from scripts.demonstration.places import Places

_ROUNDS = 3
_SECONDS = 2.0
_OURS, _HAPI = "the emulator", "HAPI FHIR"


def fhir(places: Places) -> list[Figure]:
    """A store of 2,000 resources, and what is created on the way: servers just started, then warm ones."""
    return [*just_started(places), *_warm(places)]


def _warm(places: Places) -> list[Figure]:
    with ExitStack() as stack:
        contest = _Contest(stack, places)
        for turn in range(_ROUNDS):
            print(f"  round {turn + 1} of {_ROUNDS}", file=sys.stderr, flush=True)
            contest.round(turn)
        return [*contest.compared(), *contest.limits(), contest.memory()]


class _Contest:
    """The servers of one run and what they reached."""

    def __init__(self, stack: ExitStack, places: Places) -> None:
        self._missing = ""
        self._running = stack.enter_context(running_emulator(places, "fhir"))
        self._servers = {_OURS: emulator_server(self._running)}
        self._bucket = self._running.bucket_for_imports()
        try:
            rival = stack.enter_context(running_hapi(in_file(places.results / "hapi")))
            self._servers[_HAPI] = Server(rival.port, "/fhir", rival.pid)
        except PeerMissing as problem:
            self._missing = str(problem)
        self._bare = Bare(places.results / "bare.sqlite", work.bodies())
        self._found: dict[tuple[str, str, int], list[float]] = {}
        self._limits: dict[str, list[float]] = {}
        for server in self._servers.values():
            work.fill(server)
            self._warm_up(server)

    def round(self, turn: int) -> None:
        """Each kind of work by each server. Who begins changes."""
        names = list(self._servers) if turn % 2 == 0 else list(self._servers)[::-1]
        for label, connections in GOALS:
            for name in names:
                if (rate := self._reached(label, self._servers[name], connections, turn)) is not None:
                    self._found.setdefault((label, name, connections), []).append(rate)
        for limit in ("parse", "write", "write_many", "read"):
            self._limits.setdefault(limit, []).append(getattr(self._bare, limit)())

    def _warm_up(self, server: Server) -> None:
        """Java compiles what it has run often."""
        for label, connections in GOALS:
            if label != IMPORT:
                wire.for_seconds(server.port, work.requests(server, label), connections, _SECONDS)

    def _reached(self, label: str, server: Server, connections: int, turn: int) -> float | None:
        if label == IMPORT:
            return work.imported(self._running, self._bucket, turn) if server is self._servers[_OURS] else None
        rate = wire.for_seconds(server.port, work.requests(server, label), connections, _SECONDS).rate
        return rate * IN_BUNDLE if label == BUNDLE else rate

    def compared(self) -> list[Figure]:
        """The ratio of each round to the warm HAPI FHIR's."""
        return [self._beside(label, connections, goal) for (label, connections), goal in GOALS.items()]

    def _beside(self, label: str, connections: int, goal: float | None) -> Figure:
        other = BUNDLE if label == IMPORT else label
        peer = "transactions of a warm HAPI FHIR" if label == IMPORT else "a warm HAPI FHIR"
        name = f"fhir: {label}, c={connections}, beside {peer}"
        if self._missing:
            return absent(name, self._missing, goal)
        ours, theirs = self._found[label, _OURS, connections], self._found[other, _HAPI, connections]
        return rates(name, tuple(ours), tuple(theirs), goal=goal)

    def limits(self) -> list[Figure]:
        """What is reached of the bare limits."""
        pairs = [
            (CREATE, ONE, "write", "inserting and committing the same JSON"),
            (CREATE, MANY, "write", "inserting and committing the same JSON"),
            (BUNDLE, ONE, "write_many", "inserting the same JSON in one transaction"),
            (IMPORT, ONE, "write_many", "inserting the same JSON in one transaction"),
            (IMPORT, ONE, "parse", "json.loads of it"),
            (READ, ONE, "read", "reading a row"),
        ]
        return [
            rates(
                f"fhir: {label}, c={connections}, beside bare {words}",
                tuple(self._found[label, _OURS, connections]),
                tuple(self._limits[limit]),
            )
            for label, connections, limit, words in pairs
        ]

    def memory(self) -> Figure:
        """The emulator's peak memory to HAPI FHIR's."""
        name = "fhir: peak memory beside HAPI FHIR"
        if self._missing:
            return absent(name, self._missing)
        ours, theirs = (memory_peak(each.pid) for each in self._servers.values())
        return Figure(name, (ours / theirs,), more_is_better=False, note=f"{ours:.0f} to {theirs:.0f} MB")
