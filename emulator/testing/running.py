"""An emulator in a process of its own, for the tests of another program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from emulator import environment
from emulator.state.folder import RUN_FILE

PROJECT = "test-project"
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_REQUEST_SECONDS = 300.0


class EmulatorError(Exception):
    """What the emulator answered instead of what was wanted: the status, and its words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Emulator:
    """A running emulator as a test sees it."""

    folder: Path
    process: subprocess.Popen[bytes]
    running: dict[str, Any]

    @property
    def url(self) -> str:
        """Scheme, host and port of the REST APIs, without a slash at the end."""
        return str(self.running["url"])

    @property
    def project(self) -> str:
        """The id of the project that is there."""
        return str(self.running["project"])

    @property
    def token(self) -> str:
        """The owner's access token."""
        return (self.folder / "owner-token").read_text().strip()

    def variables(self) -> dict[str, str]:
        """The variables of the environment that point Google's clients at it."""
        return environment.variables(self.folder, self.running, self.token)

    def request(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """The JSON that a request is answered with, as the owner or with another token; raises EmulatorError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 our own URL
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_REQUEST_SECONDS) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise EmulatorError(error.code, _words(error.read())) from None

    def save(self, name: str) -> None:
        """Save its state under a name."""
        self.request("POST", "/_emulator/snapshots", {"name": name})

    def restore(self, name: str) -> None:
        """Give it the state of that name; faults are gone, and its clock is the wall's."""
        self.request("POST", f"/_emulator/snapshots/{name}:restore", {})

    def requests(self, **filters: str) -> list[dict[str, Any]]:
        """What was asked of it since the state was restored, oldest first; filters as of /_emulator/requests."""
        found: list[dict[str, Any]] = self.request("GET", f"/_emulator/requests?{urlencode(filters)}")["requests"]
        return found

    def stop(self) -> None:
        """Stop the process and wait for its end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(folder: Path, project: str = PROJECT, *options: str) -> Emulator:
    """Start one on a folder, on free ports; options are those of `python -m emulator start`."""
    command = [sys.executable, "-m", "emulator", "start", "--port", "0", "--grpc-port", "0", "--state", str(folder)]
    above = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, (above, os.environ.get("PYTHONPATH", ""))))
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, "--project", project, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": paths},
        )
        deadline = time.monotonic() + _START_SECONDS
        while (running := _running(folder, process.pid)) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                log.seek(0)
                said = log.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
                raise RuntimeError(f"The emulator did not start: {said[-1]}")
            time.sleep(0.01)
    return Emulator(folder, process, running)


def _running(folder: Path, pid: int) -> dict[str, Any] | None:
    """Where it answers, once it does."""
    try:
        record: dict[str, Any] = json.loads((folder / RUN_FILE).read_text())
    except (OSError, ValueError):
        return None
    return record if record["pid"] == pid else None


def _words(raw: bytes) -> str:
    try:
        return str(json.loads(raw)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return raw.decode(errors="replace")[:500]
