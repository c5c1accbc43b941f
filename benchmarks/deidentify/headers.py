"""DICOM headers de-identified file to file, beside other packages on the same files, and in how much memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from pydicom.data import get_testdata_file

from benchmarks.figures import Figure, absent, rates
from benchmarks.peers import deidentifiers
from benchmarks.peers.missing import PeerMissing
from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import DicomRules, Profile
from emulator.deidentify.keys import Secret
from engine.layout import Layout
from scripts.demonstration.places import Places

_KINDS = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "693_J2KI.dcm")
_OF_EACH, _ROUNDS = 50, 3
_MANY, _FEW = 10_000, 200
_GOAL, _MOST_GROWTH = 5.0, 1.2


def deidentify_headers(places: Places) -> list[Figure]:
    """Files a second, by each one's own processor time in turn; memory for 10,000 files to that for 100."""
    source, target = (places.results / f"headers-{side}" for side in ("source", "target"))
    _write(source)
    target.mkdir()
    figures = [_beside(name, source, target) for name in deidentifiers.VERSIONS]
    few, many = (_megabytes(source, target, number) for number in (_FEW, _MANY))
    note = f"{many:.0f} to {few:.0f} MB"
    name = f"memory for {_MANY:,} files, to that for {_FEW}"
    return [*figures, Figure(name, (many / few,), _MOST_GROWTH, more_is_better=False, note=note)]


def _beside(name: str, source: Path, target: Path) -> Figure:
    title, goal = f"headers of DICOM files, de-identified; {name}", _GOAL
    number = len(list(source.iterdir()))
    try:
        peer = deidentifiers.installed(name)
        pairs = [(number / seconds(source, target), number / peer.seconds(source, target)) for _ in range(_ROUNDS)]
    except PeerMissing as missing:
        return absent(title, str(missing), goal)
    return rates(title, *map(tuple, zip(*pairs, strict=True)), goal=goal)


def seconds(source: Path, target: Path, times: int = 1) -> float:
    """Seconds of this process's processor time to de-identify all files of a folder, so many times."""
    rules, secret = DicomRules(Profile.BASIC), Secret(bytes(32))
    began = time.process_time()
    for _ in range(times):
        for file in sorted(source.iterdir()):
            (target / file.name).write_bytes(deidentify(file.read_bytes(), rules, secret).content())
    return time.process_time() - began


def _write(folder: Path) -> None:
    """Small files of four kinds: two images, a plan of radiation, an image in JPEG 2000."""
    folder.mkdir()
    for kind in _KINDS:
        found = get_testdata_file(kind)
        if not isinstance(found, str):
            raise FileNotFoundError(kind)
        for number in range(_OF_EACH):
            shutil.copy(found, folder / f"{number:03}-{kind}")


def _megabytes(source: Path, target: Path, number: int) -> float:
    """The most memory that a process of its own holds while it de-identifies that many files (Linux: VmHWM)."""
    times = max(1, number // (_OF_EACH * len(_KINDS)))
    code = (
        "import sys, resource; from pathlib import Path; from benchmarks.deidentify.headers import seconds;"
        " seconds(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]));"
        " print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    command = [sys.executable, "-c", code, str(source), str(target), str(times)]
    done = subprocess.run(command, cwd=Layout().root, capture_output=True, text=True, check=True)
    return float(done.stdout)
