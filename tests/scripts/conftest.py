"""Fixtures of the commands' tests: outputs of a stack, a Google made of canned answers, and a way to run a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from google.cloud import storage
from google.oauth2.credentials import Credentials

from infra.outputs import Outputs
from scripts.__main__ import main
from tests.conftest import StartEmulator
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.outputs import outputs_for
from tests.scripts.provisioning import Provisioner
from tests.support.emulator import RunningEmulator


@dataclass(frozen=True)
class Finished:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Finished]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `python -m scripts` with arguments, in this process."""

    def call(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["scripts", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        captured = capsys.readouterr()
        return Finished(code, captured.out, captured.err)

    return call


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    """A server on this machine that gives canned answers, with a token for it in the environment."""
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "a-token")
    with FakeGoogle() as fake:
        yield fake


@pytest.fixture
def outputs_file(google: FakeGoogle, tmp_path: Path) -> Path:
    """A file with the outputs of a stack that `google` answers for."""
    path = tmp_path / "outputs.json"
    path.write_text(outputs_for(google.root).to_json())
    return path


@dataclass(frozen=True)
class Live:
    """An environment on a running emulator."""

    outputs: Outputs
    path: Path
    """The outputs as a file."""
    emulator: RunningEmulator

    @property
    def variables(self) -> dict[str, str]:
        """What a shell has after `eval "$(python -m emulator env)"`, as far as the commands read it."""
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(self.emulator.credentials_file)}


def live_on(emulator: RunningEmulator, folder: Path) -> Live:
    """Provision an environment on `emulator`, and write its outputs to `folder`."""
    provisioner = Provisioner(emulator)
    try:
        outputs = provisioner.provision()
    finally:
        provisioner.close()
    path = folder / "outputs.json"
    path.write_text(outputs.to_json())
    return Live(outputs, path, emulator)


@pytest.fixture(scope="session")
def shared_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One environment on an emulator of its own, for all tests of the commands."""
    folder = tmp_path_factory.mktemp("scripts")
    emulator = RunningEmulator(folder / "state", "scripts-project").start()
    try:
        yield live_on(emulator, folder)
    finally:
        emulator.stop()


@pytest.fixture
def live(shared_live: Live, monkeypatch: pytest.MonkeyPatch) -> Live:
    """The shared environment, with its credentials in this process's environment."""
    for name, value in shared_live.variables.items():
        monkeypatch.setenv(name, value)
    return shared_live


@pytest.fixture(scope="module")
def own_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """An environment for one module that loads chest X-rays: sets of another size have the same UIDs."""
    folder = tmp_path_factory.mktemp("own")
    emulator = RunningEmulator(folder / "state", "own-project").start()
    try:
        yield live_on(emulator, folder)
    finally:
        emulator.stop()


@pytest.fixture
def landing(live: Live) -> Iterator[storage.Bucket]:
    """The landing bucket, as the owner sees it."""
    credentials = Credentials(token=live.emulator.owner_token)
    options = {"api_endpoint": live.emulator.base_url}
    client = storage.Client(live.outputs.project, credentials, client_options=options)
    yield client.bucket(live.outputs.landing_bucket)
    client.close()


class StartLive(Protocol):
    """Starts an emulator for one test, with an environment on it and its credentials in this process's environment."""

    def __call__(self, *options: str) -> Live:
        """Start it with more options of `python -m emulator start`."""


@pytest.fixture
def start_live(start_emulator: StartEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StartLive:
    """For tests that need an environment for themselves."""

    def start(*options: str) -> Live:
        started = live_on(start_emulator(*options, project="own-project"), tmp_path)
        for name, value in started.variables.items():
            monkeypatch.setenv(name, value)
        return started

    return start
