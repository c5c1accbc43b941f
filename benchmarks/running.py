"""An emulator of its own for a benchmark, with Google's clients on it, and how much memory it took."""

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud import storage
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from engine.layout import Layout
from scripts.demonstration.places import Places

PROJECT = "benchmark-project"
LOCATION = "us-central1"


@dataclass(frozen=True)
class Running:
    """A running emulator."""

    url: str
    state: Path
    pid: int

    @property
    def credentials(self) -> Any:
        """The owner's."""
        return Credentials(token=(self.state / "owner-token").read_text().strip())

    def storage(self) -> Any:
        """Cloud Storage's client."""
        return storage.Client(PROJECT, self.credentials, client_options={"api_endpoint": self.url})

    def api(self, name: str, version: str) -> Any:
        """A discovery client."""
        options = {"api_endpoint": self.url}
        return build(name, version, credentials=self.credentials, client_options=options, static_discovery=True)

    def peak_megabytes(self) -> float:
        """The most memory that the server's process has held since the last `forget_peak` (Linux: VmHWM)."""
        return memory_peak(self.pid, children=False)

    def resident_megabytes(self) -> float:
        """The memory that the server's process holds now (Linux: VmRSS)."""
        return _megabytes(self.pid, "VmRSS")

    def forget_peak(self) -> None:
        """Measure the peak from now on (Linux: proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@contextmanager
def running_emulator(places: Places, name: str) -> Iterator[Running]:
    """An emulator with an empty state; stopped at the end."""
    state = places.results / name
    command = [sys.executable, "-m", "emulator", "start", "--state", str(state), "--project", PROJECT]
    command += ["--port", str(places.port), "--grpc-port", str(places.grpc_port)]
    process = subprocess.Popen(command, cwd=Layout().root, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{places.port}/_emulator/status", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("The emulator ended instead of starting.") from None
                time.sleep(0.01)
        yield Running(f"http://127.0.0.1:{places.port}", state, process.pid)
    finally:
        process.terminate()
        process.wait()


def memory_peak(pid: int, *, children: bool = True) -> float:
    """The most memory that a process has held, in MB; with its children each one's peak is added (Linux: VmHWM)."""
    peak = _megabytes(pid, "VmHWM")
    if children:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        peak += sum(memory_peak(int(child)) for child in below)
    return peak


def _megabytes(pid: int, name: str) -> float:
    """A line of a process's status (Linux: proc(5)), 0 where there is none."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0
