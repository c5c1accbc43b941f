"""Validation of FHIR resources and `fhir check`: what they add to parsing JSON, and beside Google's own parser."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, absent, in_turn, speeds
from benchmarks.peers.google_fhir import google_fhir
from benchmarks.peers.missing import PeerMissing
from emulator.fhir import parsing
from emulator.fhir.validation.validator import ALL, Checks, validate
from engine.layout import Layout
from scripts.demonstration.places import Places
from tests.support.fhir_data import synthea, synthea_resources

_LINES, _ROUNDS = 10_000, 5
_CHECKED = 30_000
"""Resources in the file that is checked."""
_BESIDE_GOOGLE = 5.0
_ONLY_PARSED = Checks(invariants=False)
"""What Google's parser checks: invariants are another part of its library."""


def fhir_validation(places: Places) -> list[Figure]:
    """Resources that Synthea made, of STU3 and R4: in memory, by one processor's time; and a file, by the clock."""
    return [
        figure for version in ("STU3", "R4") for figure in (*_of_version(version), _of_command(version, places.results))
    ]


def _of_version(version: str) -> list[Figure]:
    kinds = [parsing.serialize(each) for each in synthea_resources(version)]
    lines = [kinds[number % len(kinds)] for number in range(_LINES)]
    ours, all_ours, bare = (
        partial(_each, lines, partial(_valid, version, _ONLY_PARSED)),
        partial(_each, lines, partial(_valid, version, ALL)),
        partial(_each, lines, json.loads),
    )
    all_ours()  # makes the rules
    ours()
    name = f"FHIR {version}, validating"
    figures = [speeds(f"{name} with invariants, beside json.loads", *_rounds(all_ours, bare))]
    try:
        program = google_fhir()
    except PeerMissing as missing:
        return [*figures, absent(f"{name}, beside Google's parser", str(missing), _BESIDE_GOOGLE)]
    theirs = partial(_google, program, version, b"\n".join(lines))
    return [*figures, speeds(f"{name}, beside Google's parser", *_rounds(ours, theirs), goal=_BESIDE_GOOGLE)]


def _of_command(version: str, folder: Path) -> Figure:
    """`fhir check` of a file of bundles, all its checks made and on all cores, beside Google's parser of the same."""
    bundles = synthea(version)
    times = _CHECKED // sum(len(each["entry"]) for each in bundles) + 1
    file = folder / f"{version}.ndjson"
    file.write_bytes(b"\n".join([*map(parsing.serialize, bundles)] * times))
    name = f"FHIR {version}, fhir check of a file of {file.stat().st_size >> 20} MB, beside Google's parser"
    try:
        program = google_fhir()
    except PeerMissing as missing:
        return absent(name, str(missing), _BESIDE_GOOGLE)
    command = [sys.executable, "-m", "scripts", "fhir", "check", str(file), "--fhir-version", version]
    ours = partial(subprocess.run, command, cwd=Layout().root, capture_output=True, check=True)
    theirs = partial(_google, program, version, file.read_bytes())
    return speeds(name, *in_turn(_ROUNDS, ours, theirs), goal=_BESIDE_GOOGLE)


def _each(lines: list[bytes], work: Callable[[bytes], object]) -> float:
    """Seconds of the processor for all lines."""
    started = time.process_time()
    for line in lines:
        work(line)
    return time.process_time() - started


def _valid(version: str, checks: Checks, line: bytes) -> None:
    assert not validate(parsing.parse(line), version, checks)


def _google(program: Path, version: str, text: bytes) -> float:
    """Seconds of the processor that Google's program takes, its start counted."""
    started = _children()
    subprocess.run([program, version, "verdict"], input=text, capture_output=True, check=True)
    return _children() - started


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rounds(one: Callable[[], float], other: Callable[[], float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    pairs = [(one(), other()) for _ in range(_ROUNDS)]
    return tuple(each for each, _ in pairs), tuple(each for _, each in pairs)
