"""The provider package: its own tests, run by each version of Airflow, with an emulator for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.prepare import AIRFLOWS, GOOGLES_PROVIDER, airflows
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


def run_its_tests(airflow: Airflow, emulator: RunningEmulator, *beside: Path) -> None:
    """Run the package's own tests with folders of other packages beside it."""
    told = {
        "PYTHONPATH": os.pathsep.join((airflow.variables["PYTHONPATH"], *map(str, beside))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PROVIDER_EMULATOR": emulator.base_url,
        "PROVIDER_TOKEN": emulator.owner_token,
        "PROVIDER_PROJECT": PROJECT,
        "GOOGLE_APPLICATION_CREDENTIALS": str(emulator.credentials_file),
    }
    python = airflow.client.folder / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pyproject.toml"],
        cwd=FOLDER,
        env={**airflow.variables, **told},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr


def test_its_own_tests_pass(airflow: Airflow, emulator: RunningEmulator) -> None:
    run_its_tests(airflow, emulator)


@pytest.mark.skipif(len(airflows()) == 1, reason="AIRFLOW_VERSIONS=all has it tried with Google's provider, too.")
def test_its_own_tests_pass_where_googles_provider_signs_in(airflow: Airflow, emulator: RunningEmulator) -> None:
    if airflow.client is not AIRFLOWS[0]:
        pytest.skip("What Google's provider needs is brought for the newest Airflow alone.")
    if missing := GOOGLES_PROVIDER.missing():
        pytest.skip(missing)
    run_its_tests(airflow, emulator, GOOGLES_PROVIDER.folder)
