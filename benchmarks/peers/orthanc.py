"""Orthanc with its DICOMweb plugin, as Debian packages them: the release's, or else what is installed here."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import debian
from benchmarks.peers.missing import PeerMissing
from benchmarks.peers.waiting import free_port, until_ready

_PLUGIN = "usr/share/orthanc/plugins/libOrthancDicomWeb.so"


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    port: int
    pid: int
    version: str


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """Orthanc with an empty store on a free port: its defaults (SQLite, files synced), only local, no users.

    Raises PeerMissing where it can't be had.
    """
    program = _program()
    folder.mkdir(parents=True)
    port = free_port()
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [str(program.plugin)],
        "Locale": "C.UTF-8",
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "SyncStorageArea": True,
        "KeepAlive": True,
        "TcpNoDelay": True,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(settings))
    started, variables = [*program.command, str(file)], {**os.environ, **program.variables}
    process = subprocess.Popen(started, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Orthanc(port, process.pid, until_ready(process, "Orthanc", lambda: _version(port)))
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class _Program:
    """How to run it: the beginning of its command line, its plugin, and the variables that it needs."""

    command: list[str]
    plugin: Path
    variables: dict[str, str]


def _program() -> _Program:
    """The release's program, else the installed one. Raises PeerMissing."""
    try:
        release = debian.release()
    except PeerMissing:
        installed, plugin = shutil.which("Orthanc"), Path("/") / _PLUGIN
        if installed is None or not plugin.exists():
            raise
        return _Program([installed], plugin, {})
    dictionary, locales = release.root / "usr/share/dcmtk/dicom.dic", release.root / "usr/lib/locale"
    variables = {"DCMDICTPATH": str(dictionary), "LOCPATH": str(locales)}
    return _Program(release.command("usr/sbin/Orthanc"), release.root / _PLUGIN, variables)


def _version(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/system", timeout=5) as answer:
        return str(json.load(answer)["Version"])
