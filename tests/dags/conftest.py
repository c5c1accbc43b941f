"""Airflow itself, in the environments that tests.clients.prepare makes, and a stack on an emulator for its DAGs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.prepare import Client, airflows
from tests.scripts.conftest import live, shared_live
from tests.scripts.deidentify.conftest import place
from tests.scripts.nightly.conftest import night, parameters_file
from tests.support.emulator import ROOT
from tests.support.patience import PATIENCE

__all__ = ["live", "night", "parameters_file", "place", "shared_live"]


_DAYS = Path(__file__).with_name("days.py")


class Days:
    """Airflow that waits for days, and runs a DAG for each."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, day: str) -> tuple[int, str]:
        """Run `airflow dags test` for a day: its exit code, and what it said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{day}\n")
        self._process.stdin.flush()
        said = []
        for line in self._process.stdout:
            said.append(line)
            if line.startswith(f"@@ {day} ended with "):
                return int(line.split()[-1]), "".join(said)
        raise AssertionError("".join(said)[-20_000:])


@dataclass(frozen=True)
class Airflow:
    """One version of Airflow with a home of its own, whose database is there."""

    client: Client
    variables: dict[str, str]

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start `airflow` with arguments in a process group of its own; what it says is one stream."""
        return self.python("-m", "airflow", *arguments, **more)

    def python(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start its Python in such a group, with an input to write to."""
        return subprocess.Popen(
            [str(self.client.folder / "bin" / "python"), *arguments],
            env={**self.variables, **more},
            cwd=self.variables["HOME"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @contextmanager
    def days(self, dag: str, **more: str) -> Iterator[Days]:
        """One process that runs a DAG for days, until the end of the context."""
        with self.python(str(_DAYS), dag, **more) as process:
            try:
                yield Days(process)
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    def run(self, *arguments: str, **more: str) -> str:
        """What `airflow` said; its failure fails the test with its words."""
        process = self.start(*arguments, **more)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said[-20_000:]
        return said


def _bring_database(airflow: Airflow) -> None:
    """Give Airflow its database: a copy of the one that is made once for its version, which takes a while."""
    kept, own = airflow.client.folder / "airflow.db", Path(airflow.variables["AIRFLOW_HOME"]) / "airflow.db"
    if kept.exists():
        shutil.copy(kept, own)
        return
    airflow.run("db", "migrate")
    made = Path(shutil.copy(own, kept.with_suffix(f".{os.getpid()}")))
    made.replace(kept)


@pytest.fixture(scope="session", params=airflows(), ids=lambda client: client.name)
def airflow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Each version that is tried, without DAGs."""
    client: Client = request.param
    if not client.is_there():
        pytest.skip(client.missing())
    home = tmp_path_factory.mktemp(client.name)
    (home / "dags").mkdir()
    variables = {
        **{name: value for name, value in os.environ.items() if "proxy" in name.lower()},
        "PATH": f"{client.folder / 'bin'}:/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": str(ROOT / "airflow_provider"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
    }
    made = Airflow(client, variables)
    _bring_database(made)
    yield made
    shutil.rmtree(home)
