"""An emulator that speaks TLS as well, and running one client on it."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from emulator.commands import variables
from tests.clients.prepare import Client
from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator, free_port
from tests.support.patience import PATIENCE


@pytest.fixture(scope="module")
def with_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator for the tests of one client."""
    state = tmp_path_factory.mktemp("clients") / "state"
    running = RunningEmulator(state, PROJECT, tls_port=free_port()).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shell(with_tls: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a shell that has evaluated `env`, whose home is empty and in which clients may write."""
    home = tmp_path_factory.mktemp("home")
    return {**os.environ, **variables(with_tls.state), "HOME": str(home), "CLOUDSDK_CONFIG": str(home / "gcloud")}


Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(shell: dict[str, str]) -> Run:
    """Runs a program in that shell and gives what it printed; a failure fails the test with its words."""

    def run(*command: str | Path, folder: Path | None = None, **more: str) -> str:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder or shell["HOME"],
            env={**shell, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def skip_without(*clients: Client) -> Sequence[pytest.MarkDecorator]:
    """Marks for a module whose clients may be missing."""
    return [pytest.mark.skipif(not client.is_there(), reason=client.missing()) for client in clients]
