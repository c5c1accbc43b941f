"""DICOMweb side by side with Orthanc: the same films, the same requests, round by round in turn.

Where Orthanc isn't installed the emulator runs alone. Both sync the files that they acknowledge; the emulator syncs its
index too, where Orthanc's SQLite has synchronous=NORMAL. The emulator authenticates, authorises and audits (data reads
and writes included) each request; Orthanc has no users.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import wire
from benchmarks.corpus import BOUNDARY, IN_PATIENT, IN_STUDY, Corpus, Film
from benchmarks.figures import Figure
from benchmarks.orthanc import is_installed, running_orthanc
from benchmarks.running import LOCATION, PROJECT, Running, memory_peak, running_emulator
from scripts.demonstration.places import Places

CONNECTIONS = (1, 4)
_ROUNDS, _FULL_ROUNDS = 3, 5
_FILMS, _FULL_FILMS = 120, 1000
_SECONDS = 0.7

# How many times Orthanc's rate is wanted.
GOALS = {
    "STOW": 1.5,
    "QIDO, 100 studies": 40,
    "QIDO, 100 instances": 60,
    "QIDO by PatientID": 8,
    "metadata of an instance": 15,
    "metadata of a study": 15,
    "WADO, an instance": 3,
    "WADO, a study": 3,
    "rendered as PNG": 8,
    "rendered as JPEG": 2.5,
}
_JSON = {"Accept": "application/dicom+json"}
_MULTIPART = {"Accept": 'multipart/related; type="application/dicom"'}


@dataclass(frozen=True)
class Server:
    """One of the two: where its DICOMweb root is, and what each request carries besides."""

    name: str
    port: int
    root: str
    pid: int
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: dict[str, str]) -> wire.Sent:
        """A GET below the root."""
        return wire.request(self.port, f"{self.root}{path}", {**self.headers, **headers})

    def store(self, corpus: Corpus, numbers: range) -> wire.Sent:
        """A STOW of films."""
        headers = {
            **self.headers,
            **_JSON,
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
        }
        return wire.request(self.port, f"{self.root}/studies", headers, corpus.multipart(numbers))


def dicomweb(places: Places) -> list[Figure]:
    """A store of a few hundred films, three rounds: takes some minutes."""
    return _side_by_side(places, _FILMS, _ROUNDS)


def dicomweb_full(places: Places) -> list[Figure]:
    """1,000 films in each round of storing, five rounds."""
    return _side_by_side(places, _FULL_FILMS, _FULL_ROUNDS)


def _side_by_side(places: Places, number: int, rounds: int) -> list[Figure]:
    corpus = Corpus(pixels=True)
    rates: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        servers = list(_servers(stack, places))
        storing = partial(_store, corpus, number)
        print(f"  {' and '.join(server.name for server in servers)}", file=sys.stderr)
        for turn in range(rounds):
            print(f"  round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
            # Who begins changes, so that what one leaves to the disk is not always the other's to bear.
            in_turn = servers if turn % 2 == 0 else servers[::-1]
            for place, connections in enumerate(CONNECTIONS):
                first = (turn * len(CONNECTIONS) + place) * number
                for server in in_turn:
                    rate = storing(server, first, connections)
                    rates.setdefault((server.name, f"STOW, c={connections}"), []).append(rate)
            for label, requests in _reads(number * len(CONNECTIONS)):
                for connections in CONNECTIONS:
                    for server in in_turn:
                        load = wire.for_seconds(server.port, requests(server), connections, _SECONDS)
                        rates.setdefault((server.name, f"{label}, c={connections}"), []).append(load.rate)
        peaks = [
            Figure(f"peak memory of {server.name}, with its processes", "MB", (memory_peak(server.pid),))
            for server in servers
        ]
    return [*_compared(rates, [server.name for server in servers]), *peaks]


def _servers(stack: ExitStack, places: Places) -> Iterator[Server]:
    running = stack.enter_context(running_emulator(places, "dicomweb"))
    yield emulator_server(running)
    if is_installed():
        rival = stack.enter_context(running_orthanc(places.results / "orthanc"))
        yield Server(f"Orthanc {rival.version}", rival.port, "/dicom-web", rival.pid)
    else:
        print("  Orthanc isn't installed (Debian: orthanc, orthanc-dicomweb): no comparison", file=sys.stderr)


def emulator_server(running: Running) -> Server:
    """An empty store in the emulator, with every kind of access audited."""
    _audit_everything(running)
    datasets = running.api("healthcare", "v1").projects().locations().datasets()
    parent = f"projects/{PROJECT}/locations/{LOCATION}"
    datasets.create(parent=parent, datasetId="benchmark", body={}).execute()
    made = datasets.dicomStores().create(parent=f"{parent}/datasets/benchmark", dicomStoreId="films", body={}).execute()
    headers = {"Authorization": f"Bearer {running.credentials.token}"}
    port = int(running.url.rpartition(":")[2])
    return Server("the emulator", port, f"/v1/{made['name']}/dicomWeb", running.pid, headers)


def _audit_everything(running: Running) -> None:
    projects = running.api("cloudresourcemanager", "v1").projects()
    policy = projects.getIamPolicy(resource=PROJECT, body={}).execute()
    kinds = [{"logType": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]
    policy["auditConfigs"] = [{"service": "allServices", "auditLogConfigs": kinds}]
    body = {"policy": policy, "updateMask": "auditConfigs,etag"}
    projects.setIamPolicy(resource=PROJECT, body=body).execute()


def _store(corpus: Corpus, number: int, server: Server, first: int, connections: int) -> float:
    """Store films that the server does not have; instances a second."""
    making: list[Callable[[], wire.Sent]] = [
        partial(server.store, corpus, range(each, each + 1)) for each in range(first, first + number)
    ]
    return wire.each_once(server.port, making, connections).rate


def _reads(number: int) -> Iterator[tuple[str, Callable[[Server], list[wire.Sent]]]]:
    """Each kind of reading, and the requests that one server gets: about every film of the first round, in turn.

    They are more than the 128 MB of files that Orthanc remembers.
    """
    films = [Film(each) for each in range(number)]
    studies = [f"/studies/{film.study}" for film in films]
    instances = [f"/studies/{film.study}/series/{film.series}/instances/{film.instance}" for film in films]

    def every(paths: Sequence[str], headers: dict[str, str]) -> Callable[[Server], list[wire.Sent]]:
        return lambda server: [server.get(path, headers) for path in paths]

    yield "QIDO, 100 studies", every(["/studies?limit=100"], _JSON)
    yield "QIDO, 100 instances", every(["/instances?limit=100"], _JSON)
    yield "QIDO by PatientID", every([f"/studies?PatientID={film.patient}" for film in films], _JSON)
    yield "metadata of an instance", every([f"{path}/metadata" for path in instances], _JSON)
    yield "metadata of a study", every([f"{path}/metadata" for path in studies], _JSON)
    yield "WADO, an instance", every(instances, _MULTIPART)
    yield "WADO, a study", every(studies, _MULTIPART)
    yield "rendered as PNG", every([f"{path}/rendered" for path in instances], {"Accept": "image/png"})
    yield "rendered as JPEG", every([f"{path}/rendered" for path in instances], {"Accept": "image/jpeg"})


def _compared(rates: dict[tuple[str, str], list[float]], names: list[str]) -> list[Figure]:
    """The ratio of each round with what both servers reached, or the rates of one that runs alone."""
    figures = []
    for label in dict.fromkeys(label for _, label in rates):
        found = [tuple(rates[name, label]) for name in names]
        if len(found) == 1:
            figures.append(Figure(label, "/s", found[0], more_is_better=True))
            continue
        ratios = tuple(mine / other for mine, other in zip(*found, strict=True))
        reached = " against ".join(f"{median(values):.3g}" for values in found)
        goal = GOALS[label.rpartition(", ")[0]]
        figures.append(Figure(label, "x", ratios, goal, more_is_better=True, note=f"{reached} /s"))
    return figures


_GROWN = 112_120
_BATCH = 20
_STEP = 1000
_COMPARED_ROUNDS = 5
_SEARCHES_SECONDS = 3.0
_SMALLEST_RATIO, _SLOWEST_SEARCH_MS, _MOST_MEMORY_MB = 0.95, 5, 250


def dicomweb_growth(places: Places) -> list[Figure]:
    """A store that grows to 112,120 instances without pixels, as many as NIH's set has; the emulator alone."""
    corpus = Corpus(pixels=False)
    with ExitStack() as stack:
        large = stack.enter_context(running_emulator(places, "growing"))
        server = emulator_server(large)
        rates = [_grow(server, corpus, first) for first in range(0, _GROWN, _STEP)]
        other = Places(places.layout, places.grpc_port + 1, places.grpc_port + 2, places.folder)
        small = emulator_server(stack.enter_context(running_emulator(other, "small")))
        ratios = []
        for turn in range(_COMPARED_ROUNDS):
            # The small store too has 1,000 instances and more before its turn counts.
            fresh = _grow(small, corpus, turn * 2 * _STEP) and _grow(small, corpus, (turn * 2 + 1) * _STEP)
            ratios.append(_grow(server, corpus, _GROWN + _STEP * (turn + 1)) / fresh)
        figures = [_search_figure(server, label, paths) for label, paths in _searches()]
        resident, peak = _resident(large.pid), memory_peak(large.pid)
    return [
        Figure(f"storing, {_STEP} at a time from 0 to {_GROWN}", "/s", tuple(rates), more_is_better=True),
        Figure("rate of a large store against a small one's", "x", tuple(ratios), _SMALLEST_RATIO, more_is_better=True),
        *figures,
        Figure(f"resident memory at {_GROWN} instances", "MB", (resident,), _MOST_MEMORY_MB),
        Figure("peak memory", "MB", (peak,), note="with its processes"),
    ]


def _grow(server: Server, corpus: Corpus, first: int) -> float:
    """Store the next thousand, twenty to a request; instances a second."""
    batches = [range(each, each + _BATCH) for each in range(first, first + _STEP, _BATCH)]
    bodies = [server.store(corpus, batch) for batch in batches]  # before the clock runs
    making: list[Callable[[], wire.Sent]] = [partial(list, body) for body in bodies]
    return wire.each_once(server.port, making, CONNECTIONS[-1]).rate * _BATCH


def _searches() -> Iterator[tuple[str, list[str]]]:
    films = [Film(number) for number in range(0, _GROWN - IN_PATIENT, _GROWN // 200)]
    yield "QIDO by PatientID", [f"/studies?PatientID={film.patient}" for film in films]
    yield "QIDO of a study's instances", [f"/studies/{film.study}/instances" for film in films]
    yield "QIDO, 100 studies", [f"/studies?limit=100&offset={IN_STUDY * number}" for number in range(200)]
    yield "QIDO, 100 instances", ["/instances?limit=100"]


def _search_figure(server: Server, label: str, paths: list[str]) -> Figure:
    requests = [server.get(path, _JSON) for path in paths]
    load = wire.for_seconds(server.port, requests, 1, _SEARCHES_SECONDS)
    p95 = load.percentile(0.95) * 1000
    return Figure(f"{label} at {_GROWN} instances, p95", "ms", (p95,), _SLOWEST_SEARCH_MS, note=f"{load.rate:.0f}/s")


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6
