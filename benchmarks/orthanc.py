"""Orthanc with its DICOMweb plugin, as Debian packages it, for comparison; used only where it is installed."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PLUGIN = "libOrthancDicomWeb.so"
_PLUGIN_FOLDERS = (Path("/usr/share/orthanc/plugins"), Path("/usr/lib/orthanc"))


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    port: int
    pid: int
    version: str


def is_installed() -> bool:
    """Whether Orthanc and its DICOMweb plugin are there (Debian: orthanc, orthanc-dicomweb)."""
    return shutil.which("Orthanc") is not None and _plugin() is not None


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """Orthanc with an empty store on a free port: its defaults (SQLite, files synced), only local, no users."""
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [str(_plugin())],
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
    program = shutil.which("Orthanc") or "Orthanc"
    process = subprocess.Popen([program, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Orthanc(port, process.pid, _wait(process, port))
    finally:
        process.terminate()
        process.wait()


def _plugin() -> Path | None:
    return next((folder / _PLUGIN for folder in _PLUGIN_FOLDERS if (folder / _PLUGIN).exists()), None)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> str:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/system", timeout=5) as answer:
                return str(json.load(answer)["Version"])
        except OSError:
            time.sleep(0.02)
    raise SystemExit("Orthanc ended instead of starting.")
