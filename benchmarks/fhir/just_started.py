"""The emulator beside HAPI FHIR as the goals were set by it: both just started, the first requests of each kind.

What fills the store, 20 transactions, is all that warms them. HAPI FHIR's Java compiles quickly and no further, and its
database is in memory, so that nothing is written to the disk; the emulator syncs what it acknowledges here, too.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from benchmarks import wire
from benchmarks.fhir import work
from benchmarks.fhir.goals import BUNDLE, CREATE, GOALS, IMPORT, NOTED, READ
from benchmarks.fhir.resources import IN_BUNDLE
from benchmarks.fhir.server import Server, emulator_server
from benchmarks.figures import Figure, absent, rates
from benchmarks.peers.hapi import IN_MEMORY, running_hapi
from benchmarks.peers.missing import PeerMissing
from benchmarks.peers.waiting import free_port
from benchmarks.running import running_emulator
from scripts.demonstration.places import Places

_FIRST = {CREATE: 200, READ: 500, BUNDLE: 10}
_FIRST_SEARCHES = 100
"""Requests of each kind of work that are sent and counted; more than there are of a kind begin again."""
_Rates = dict[tuple[str, int], float]
"""A second, of each kind of work and number of connections."""


def just_started(places: Places) -> Iterator[Figure]:
    """Each kind of work once, beside HAPI FHIR's first requests, and beside the most that was noted of HAPI FHIR."""
    print("  just started", file=sys.stderr, flush=True)
    ours = _ours(places)
    try:
        theirs, missing = _theirs(), ""
    except PeerMissing as problem:
        theirs, missing = {}, str(problem)
    for (label, connections), goal in GOALS.items():
        name, reached = f"fhir: {label}, c={connections}, beside", (ours[label, connections],)
        other = f"{'transactions of ' if label == IMPORT else ''}HAPI FHIR just started"
        if missing:
            yield absent(f"{name} {other}", missing, goal)
        else:
            first = theirs[BUNDLE if label == IMPORT else label, connections]
            yield rates(f"{name} {other}", reached, (first,), goal=goal)
        yield rates(f"{name} the most that was noted of HAPI FHIR, c=1", reached, (NOTED[label],), goal=goal)


def _ours(places: Places) -> _Rates:
    own = Places(places.layout, free_port(), free_port(), places.folder)
    with ExitStack() as stack:
        running = stack.enter_context(running_emulator(own, "fhir-just-started"))
        server, bucket = emulator_server(running), running.bucket_for_imports()
        found = _first(server)
        return {each: work.imported(running, bucket, 0) if each[0] == IMPORT else found[each] for each in GOALS}


def _theirs() -> _Rates:
    with running_hapi(IN_MEMORY) as hapi:
        return _first(Server(hapi.port, "/fhir", hapi.pid))


def _first(server: Server) -> _Rates:
    """Fill the store and send the first requests of each kind of work."""
    work.fill(server)
    return {each: _rate(server, *each) for each in GOALS if each[0] != IMPORT}


def _rate(server: Server, label: str, connections: int) -> float:
    """Pieces of work a second; of bundles, resources."""
    some = work.requests(server, label)
    count = _FIRST.get(label, _FIRST_SEARCHES)
    sent: list[Callable[[], wire.Sent]] = [partial(list, some[number % len(some)]) for number in range(count)]
    rate = wire.each_once(server.port, sent, connections).rate
    return rate * IN_BUNDLE if label == BUNDLE else rate
