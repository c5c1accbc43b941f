"""Packages that de-identify DICOM files, each in an environment of its own, made once by pip."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.missing import PeerMissing
from engine.console import step
from engine.layout import Layout, digest
from engine.run import CommandFailed, run

VERSIONS = {"dicognito": "0.19.0", "deid": "0.4.13", "dicom-anonymizer": "2.1.0"}
_SECONDS = 900.0
_PROGRAM = Path(__file__).with_name("run.py")


@dataclass(frozen=True)
class Deidentifier:
    """A package that is installed in an environment."""

    name: str
    python: Path

    def seconds(self, source: Path, target: Path) -> float:
        """Seconds of the processor that it takes for all files of a folder. Raises PeerMissing where it fails."""
        target.mkdir(exist_ok=True)
        log = Layout().logs / f"{self.name}.log"
        try:
            said = run([self.python, _PROGRAM, self.name, source, target], log, timeout=_SECONDS)
        except CommandFailed as failure:
            raise PeerMissing(f"{self.name} ended with an error: {failure}") from None
        return float(said.split()[-1])


def installed(name: str) -> Deidentifier:
    """The package of that name, installed the first time. Raises PeerMissing where that can't be done."""
    layout, wanted = Layout(), f"{name}=={VERSIONS[name]}"
    folder = layout.tools / "peers" / f"{name}-{digest((), wanted, sys.version)}"
    python = folder / "bin" / "python"
    if folder.exists():
        return Deidentifier(name, python)
    log = layout.logs / f"{name}.log"
    try:
        with step(name):
            run([sys.executable, "-m", "venv", folder], log, timeout=_SECONDS)
            run([python, "-m", "pip", "install", "--quiet", wanted], log, timeout=_SECONDS)
    except CommandFailed as failure:
        shutil.rmtree(folder, ignore_errors=True)
        raise PeerMissing(f"{name} can't be installed: {failure}") from None
    return Deidentifier(name, python)
