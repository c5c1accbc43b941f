"""What tests wait for: states saved, restored and emptied, the first test's start, the log of requests."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import partial

from benchmarks import wire
from benchmarks.corpus import Corpus
from benchmarks.dicomweb.server import Server, emulator_server
from benchmarks.figures import Figure, in_turn, timed
from benchmarks.running import LOCATION, PROJECT, Running, running_emulator
from emulator.state.calls import Calls
from emulator.state.clock import Clock
from emulator.state.request_log import RequestLog
from scripts.demonstration.places import Places

_SMALL, _LARGE = 1000, 100_000
_BATCH, _CONNECTIONS = 50, 2
_ROUNDS = 5
_PATIENTS, _HOSPITAL_GOAL = 1000, 60  # seconds
_GOALS = {_SMALL: 0.1, _LARGE: 1.0}  # seconds
_LOG_GOAL = 3  # per cent
_READS = 2000
_CALLS, _TOGETHER = 200_000, 300
_FIRST = "def test_first(gcp_emulator):\n    assert gcp_emulator.project\n"
_NONE = "def test_none():\n    assert True\n"


def testing(places: Places) -> list[Figure]:
    """With 1,000 instances; the first test's start; the log of requests; a hospital of 1,000 patients."""
    return [*_states(places, _SMALL), _first_test(places), *_log(places), *_hospital(places)]


def testing_large(places: Places) -> list[Figure]:
    """States of 100,000 instances without pixels."""
    return _states(places, _LARGE)


def _states(places: Places, number: int) -> list[Figure]:
    with running_emulator(places, f"states-{number}") as running:
        _fill(emulator_server(running), number)
        ask = partial(_ask, running)
        saved = [timed(partial(ask, "POST", "", f'{{"name": "s{each}"}}'.encode())) for each in range(_ROUNDS)]
        restored = [timed(partial(ask, "POST", "/s0:restore")) for _ in range(_ROUNDS)]
        emptied = []
        for _ in range(_ROUNDS):
            emptied.append(timed(partial(_reset, running)))
            ask("POST", "/s0:restore")
        size = sum(path.stat().st_size for path in (running.state / "snapshots" / "s0").rglob("*")) / 1e6
    goal, note = _GOALS[number], f"{size:.0f} MB of databases"
    return [
        _seconds(f"a state of {number:,} instances, saved", saved, None, note),
        _seconds(f"a state of {number:,} instances, restored", restored, goal, note),
        _seconds(f"a state of {number:,} instances, emptied", emptied, goal),
    ]


def _hospital(places: Places) -> list[Figure]:
    """1,000 patients with films, FHIR resources, HL7v2 messages, consents and tables, from nothing, and once more."""
    with running_emulator(places, "hospital") as running:
        command = [sys.executable, "-m", "emulator", "seed", "hospital", "--patients", str(_PATIENTS)]
        command += ["--state", str(running.state)]
        environment = {**os.environ, "PYTHONPATH": str(places.layout.root)}
        run = partial(subprocess.run, command, env=environment, check=True, stdout=subprocess.DEVNULL)
        before = running.processor_seconds()
        whole = timed(run)
        note = f"{running.processor_seconds() - before:.0f} s of the server's processor"
        return [
            _seconds(f"a hospital of {_PATIENTS:,} patients", [whole], _HOSPITAL_GOAL, note),
            _seconds("the same once more, when all is there", [timed(run)], None),
        ]


def _fill(server: Server, number: int) -> None:
    corpus = Corpus(pixels=False)
    batches: list[Callable[[], wire.Sent]] = [
        partial(server.store, corpus, range(first, min(first + _BATCH, number))) for first in range(0, number, _BATCH)
    ]
    wire.each_once(server.port, batches, _CONNECTIONS)


def _first_test(places: Places) -> Figure:
    """How much longer a session with one test takes that uses the emulator than one with a test that does not."""
    folder = places.results / "first-test"
    folder.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, text in (("test_first.py", _FIRST), ("test_none.py", _NONE)):
        (folder / name).write_text(text)

    def run(name: str) -> None:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "emulator.testing.plugin",
            "-p",
            "no:cacheprovider",
            name,
        ]
        environment = {**os.environ, "PYTHONPATH": str(places.layout.root)}
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)

    first, none = in_turn(_ROUNDS, partial(run, "test_first.py"), partial(run, "test_none.py"))
    return _seconds("the first test's start, and the end", [a - b for a, b in zip(first, none, strict=True)], None)


def _log(places: Places) -> list[Figure]:
    """What is kept of a request, and told to a file, as shares of the processor's time for one that reads metadata."""
    path = places.results / "requests.jsonl"
    kept, told = _cost(Calls(Clock())), _cost(Calls(Clock(), log=RequestLog(path)))
    path.unlink()
    with running_emulator(places, "log") as running:
        server = emulator_server(running)
        dataset = f"/v1/projects/{PROJECT}/locations/{LOCATION}/datasets/benchmark"
        read = partial(wire.request, server.port, dataset, server.headers)
        wire.each_once(server.port, [read] * _READS, 1)
        before = running.processor_seconds()
        wire.each_once(server.port, [read] * _READS, 1)
        whole = (running.processor_seconds() - before) / _READS
    return [_share("the log of requests", kept, whole), _share("the log of requests, in a file, too", told, whole)]


def _cost(calls: Calls) -> float:
    """Seconds of the processor for each call, with the lines in the file where there is one."""
    began = time.process_time()
    for number in range(_CALLS):
        at = time.perf_counter()
        calls.add("method", "user:owner", "permission", "granted", 200, time.perf_counter() - at)
        if calls.log is not None and number % _TOGETHER == 0:
            calls.log.flush()
    return (time.process_time() - began) / _CALLS


def _share(name: str, part: float, whole: float) -> Figure:
    note = f"{part * 1e6:.2g} of {whole * 1e6:.3g} us"
    return Figure(name, (100 * part / whole,), _LOG_GOAL, more_is_better=False, unit="%", note=note)


def _seconds(name: str, values: list[float], goal: float | None, note: str = "") -> Figure:
    return Figure(name, tuple(values), goal, more_is_better=False, unit="s", note=note)


def _ask(running: Running, method: str, path: str, body: bytes = b"{}") -> None:
    _send(running, method, f"/_emulator/snapshots{path}", body)


def _reset(running: Running) -> None:
    _send(running, "POST", "/_emulator/reset", b"")


def _send(running: Running, method: str, path: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {running.credentials.token}"}
    request = urllib.request.Request(running.url + path, body, headers, method=method)  # noqa: S310 our own URL
    urllib.request.urlopen(request, timeout=600).close()  # noqa: S310
