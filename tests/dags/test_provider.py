"""The provider package: its own tests, run by each version of Airflow, with an emulator for them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.dags.conftest import Airflow
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE

FOLDER = ROOT / "airflow_provider"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[RunningEmulator]:
    """An emulator with nothing in it."""
    running = RunningEmulator(tmp_path / "state", PROJECT).start()
    yield running
    running.stop()


def test_its_own_tests_pass(airflow: Airflow, emulator: RunningEmulator) -> None:
    told = {
        "PROVIDER_EMULATOR": emulator.base_url,
        "PROVIDER_TOKEN": emulator.owner_token,
        "PROVIDER_PROJECT": PROJECT,
        "GOOGLE_APPLICATION_CREDENTIALS": str(emulator.credentials_file),
    }
    done = subprocess.run(
        [
            airflow.client.folder / "bin" / "python",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            "pyproject.toml",
        ],
        cwd=FOLDER,
        env={**airflow.variables, **told, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
