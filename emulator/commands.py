"""The commands that act on an emulator from outside: detach, stop, status, reset, env, seed."""

from __future__ import annotations

import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from emulator import environment, seeding
from emulator.hospital.filling.api import Api
from emulator.hospital.filling.hospital import bring
from emulator.hospital.filling.places import Wish
from emulator.serving.server import (
    StartError,
    arguments_of,
    is_locked,
    lock_folder,
    read_run_file,
    require_state,
)
from emulator.settings import Settings
from emulator.state.blobs import sweep
from emulator.state.folder import BLOBS, LOG_FILE, SNAPSHOTS, CorruptState, empty
from emulator.state.snapshots import Held

PATIENCE = 30.0
_AFTER_RESET = "What a stack had there comes again with: pulumi up --refresh"
ROOT = Path(__file__).resolve().parent.parent


def detach(settings: Settings) -> int:
    """Start in the background; returns once it answers. Raises StartError with the reason where it does not."""
    running = read_run_file(settings.state)
    if running is not None:
        raise StartError(
            f"An emulator already runs on {settings.state} (process {running['pid']}, {running['url']}); use it, "
            f"or stop it with: python -m emulator stop --state {settings.state}"
        )
    os.umask(0o077)
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = settings.state / LOG_FILE
    with log.open("ab") as output:
        before = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "start", *arguments_of(settings)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))),
            },
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            with log.open("rb") as file:
                file.seek(before)
                lines = file.read().decode(errors="replace").strip().splitlines()
            raise StartError(lines[-1] if lines else f"The emulator ended at once; see {log}.")
        running = read_run_file(settings.state)
        if running is not None and running["pid"] == process.pid:
            print(f"The emulator runs at {running['url']} (process {running['pid']}, state in {settings.state}).")
            return 0
        time.sleep(0.02)
    process.kill()
    raise StartError(f"The emulator did not answer within {PATIENCE:.0f} s; see {log}.")


def stop(state: Path) -> int:
    """Stop the emulator on that folder and wait until it has gone."""
    running = read_run_file(state)
    if running is None:
        print(f"No emulator runs on {state}.")
        return 0
    os.kill(running["pid"], signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while is_locked(state):
        if time.monotonic() > deadline:
            raise StartError(f"The emulator (process {running['pid']}) did not stop within {PATIENCE:.0f} s.")
        time.sleep(0.02)
    print("The emulator has stopped.")
    return 0


def status(state: Path) -> int:
    """Print whether one runs; exit code 1 where none does."""
    running = read_run_file(state)
    if running is None:
        print(f"No emulator runs on {state}. Start one with: python -m emulator start --detach --state {state}")
        return 1
    answer = call(running, "GET", "/_emulator/status")
    grpc = f"{running['host']}:{running['grpcPort']}"
    print(f"{answer['status']}: {running['url']}, gRPC {grpc}, project {running['project']}")
    if running["tlsUrl"]:
        print(f"over TLS: {running['tlsUrl']}")
    print(f"process {running['pid']}, state in {state}")
    return 0


def reset(state: Path) -> int:
    """Empty the state; a running emulator does so and goes on, at the same address with the same token."""
    running = read_run_file(state)
    if running is None:
        if not state.exists():
            print(f"There is no state in {state}.")
            return 0
        require_state(state)
        with locked(state):
            empty(state)
            with suppress(CorruptState):  # a snapshot's root key is needed: the next start has it, and sweeps
                if (state / BLOBS).exists():
                    sweep(state / BLOBS, Held(state / SNAPSHOTS).ids(), math.inf)
        print(f"The state in {state} is empty. {_AFTER_RESET}")
        return 0
    call(running, "POST", "/_emulator/reset", token=owner_token(state), timeout=PATIENCE)
    print(f"The state in {state} is empty, and the emulator answers at {running['url']}. {_AFTER_RESET}")
    return 0


def env(state: Path) -> int:
    """Print the variables that point Google's clients and the gcp provider at the running emulator."""
    for name, value in variables(state).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def variables(state: Path) -> dict[str, str]:
    """Name and value of each variable. Raises StartError where no emulator runs."""
    return environment.variables(state, require_running(state), owner_token(state))


def seed(state: Path, folder: Path) -> int:
    """Fill the running emulator from a folder."""
    if not folder.is_dir():
        raise StartError(f"{folder} is not a folder; give one with storage/, healthcare/ or bigquery/ inside.")
    running = require_running(state)
    counts = seeding.fill(running["url"], owner_token(state), running["project"], folder)
    print(", ".join(f"{number} {what}" for what, number in counts.items()) or "Nothing to load was found.")
    return 0


def seed_hospital(state: Path, patients: int, number: int, wish: Wish) -> int:
    """Bring a made-up hospital, by its seed, to the running emulator, and say what came."""
    running = require_running(state)
    api = Api(running["url"], owner_token(state))
    try:
        brought = bring(api, running["project"], str(running["projectNumber"]), patients, number, wish)
    finally:
        api.close()
    places = brought.places
    for store in (places.dicom, f"{places.fhir} ({places.fhir_version})", places.hl7v2, places.consent):
        print(store)
    print(f"{places.project}.{places.bigquery} ({'tables made' if brought.tables else 'tables as they were'})")
    stored = ", ".join(f"{count:,} {what}" for what, count in brought.stored.items())
    print(f"{patients:,} patients of seed {number}: {f'{stored} stored' if stored else 'all was there'}")
    return 0


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the folder of an emulator that does not run. Raises StartError where one does."""
    lock = lock_folder(state)
    try:
        yield
    finally:
        os.close(lock)


def owner_token(state: Path) -> str:
    """The owner's token of the emulator on that folder."""
    return (state / "owner-token").read_text().strip()


def require_running(state: Path) -> dict[str, Any]:
    """What the emulator on that folder says of itself. Raises StartError where none runs."""
    running = read_run_file(state)
    if running is None:
        raise StartError(
            f"No emulator runs on {state}; start one with: python -m emulator start --detach --state {state}"
        )
    return running


def call(
    running: dict[str, Any], method: str, path: str, token: str = "", timeout: float = 10, body: object = None
) -> Any:
    """The answer of a running emulator's own endpoint. Raises StartError with its words where it refuses."""
    data = json.dumps(body or {}).encode() if method == "POST" else None
    request = urllib.request.Request(running["url"] + path, method=method, data=data)  # noqa: S310 our own URL
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise StartError(json.loads(error.read())["error"]["message"]) from None
