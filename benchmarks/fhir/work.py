"""The work that servers are given: a store of 2,000 resources, and what is read, searched and created of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks import wire
from benchmarks.fhir import resources, searches
from benchmarks.fhir.goals import BUNDLE, CREATE, READ
from benchmarks.fhir.server import Server, bring
from benchmarks.running import Running

_HELD = 2_000
"""Resources that are read and searched."""
_IMPORTED = 10_000
_PATIENTS = _HELD // 10
_BUNDLES = 10
_NEW = 300_000
"""Where the numbers of resources begin that are created on the way, and that no search is about."""


def fill(server: Server) -> None:
    """Store what is read and searched, in 20 transactions of 100."""
    bundles: list[Callable[[], wire.Sent]] = [
        partial(list, server.post("", each)) for each in resources.named_bundles(_HELD)
    ]
    wire.each_once(server.port, bundles, 1)


def bodies() -> list[bytes]:
    """What is created one by one."""
    return list(resources.new_observations(_HELD // 2, range(_PATIENTS // 2, _PATIENTS)))


def requests(server: Server, label: str) -> list[wire.Sent]:
    """The requests of a kind of work (a label of `goals`)."""
    if label == CREATE:
        return [server.post("/Observation", each) for each in bodies()]
    if label == READ:
        return [server.get(f"/Observation/o{number}") for number in range(_HELD - _PATIENTS)]
    if label == BUNDLE:
        return [server.post("", resources.new_bundle(_NEW + each * resources.IN_BUNDLE)) for each in range(_BUNDLES)]
    return [server.get(path) for path in searches.paths(label, searches.spread(_PATIENTS // 2))]


def imported(running: Running, bucket: Any, turn: int) -> float:
    """Import 10,000 resources that no other turn imports; resources a second."""
    name = f"{turn}.ndjson"
    lines = resources.lines(resources.resources(_IMPORTED, _NEW + _IMPORTED * (turn + 1)))
    bucket.blob(name).upload_from_string(lines)
    return bring(running, bucket, name, _IMPORTED)
