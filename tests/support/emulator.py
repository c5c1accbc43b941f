"""Starts the emulator as its own process, on free ports, with a state folder of its own."""

import contextlib
import itertools
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.state import encrypted_sqlite, root_key
from emulator.state.folder import DATABASE
from tests.support.patience import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent


_PORTS = 900
"""How many ports a process of the tests has for itself; below 32768, whence systems take those of connections."""
_numbers = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """A port of this machine that nothing listens on, and that no other process of the tests is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 12000 + worker % 20 * _PORTS
    for _ in range(_PORTS):
        port = first + next(_numbers) % _PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"All ports from {first} to {first + _PORTS - 1} are taken.")


@dataclass
class RunningEmulator:
    """An emulator under test. Its state outlives `kill` and `stop`, so that it can be started again."""

    state: Path
    project: str
    options: tuple[str, ...] = ()
    module: str = "emulator"
    port: int = field(default_factory=free_port)
    grpc_port: int = field(default_factory=free_port)
    tls_port: int | None = None
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port of the REST APIs, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def grpc_address(self) -> str:
        """Host and port of Pub/Sub's gRPC API."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def owner_token(self) -> str:
        """The access token of the owner, to whom everything is allowed."""
        return (self.state / "owner-token").read_text().strip()

    @property
    def credentials_file(self) -> Path:
        """The service-account key that the emulator wrote."""
        return self.state / "credentials.json"

    @property
    def root_key(self) -> Path | None:
        """The file of the root key, where this emulator encrypts at rest."""
        if "--encrypt-at-rest" in self.options:
            return Path(self.options[self.options.index("--encrypt-at-rest") + 1])
        return self.state.with_name(self.state.name + ".key") if os.environ.get("ENCRYPT_AT_REST") else None

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """The database of the state, encrypted or not; what is changed in it is kept."""
        root = None if self.root_key is None else root_key.read(self.root_key)
        connection = encrypted_sqlite.connect(self.state / DATABASE, root)
        connection.row_factory = None
        with contextlib.closing(connection), connection:
            yield connection

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.state.with_name(self.state.name + ".log")

    def start(self) -> "RunningEmulator":
        """Start the process and wait until it answers."""
        command = [
            sys.executable,
            "-m",
            self.module,
            "start",
            "--port",
            str(self.port),
            "--grpc-port",
            str(self.grpc_port),
        ]
        if self.tls_port is not None:
            command += ["--tls", str(self.tls_port)]
        if self.root_key is not None and "--encrypt-at-rest" not in self.options:
            command += ["--encrypt-at-rest", str(self.root_key)]
        command += ["--state", str(self.state), "--project", self.project, *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"The emulator did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """Stop it as `python -m emulator stop` or Ctrl-C would, and give its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """Kill it without warning, as `kill -9` does."""
        return self._end(signal.SIGKILL)

    def restart(self) -> "RunningEmulator":
        """Start it again on the same state and ports, after `stop` or `kill`."""
        self.stop()
        return self.start()

    def environment(self) -> dict[str, str]:
        """All variables of this process, with those that lead Google's clients to this emulator."""
        return {
            **os.environ,
            "STORAGE_EMULATOR_HOST": self.base_url,
            "PUBSUB_EMULATOR_HOST": self.grpc_address,
            "BIGQUERY_EMULATOR_HOST": self.base_url,
            "BIGQUERY_STORAGE_EMULATOR_HOST": self.grpc_address,
            "HEALTHCARE_EMULATOR_HOST": self.base_url,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.credentials_file),
            "GOOGLE_OAUTH_ACCESS_TOKEN": self.owner_token,
        }

    def request(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, Any]:
        """Send one request with plain HTTP: status and decoded JSON (None if the answer is empty).

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            path: path and query, with the slash.
            body: sent as JSON, unless None.
            token: the access token; default the owner's, "" for none.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        if token != "":
            headers["Authorization"] = f"Bearer {self.owner_token if token is None else token}"
        request = urllib.request.Request(self.base_url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                status, raw = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, raw = error.code, error.read()
        return status, json.loads(raw) if raw else None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.base_url + "/_emulator/status", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"The emulator did not stop within {PATIENCE} s of {how.name}.") from None
