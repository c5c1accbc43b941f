"""`nightly pack`: what Airflow gets is enough to run the steps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.nightly import packing
from tests.scripts.conftest import Run

IMPORTS = "import infra.outputs, scripts, scripts.nightly.running, scripts.nightly.reporting; print(scripts.__file__)"


def test_the_steps_run_from_what_was_packed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    assert run("nightly", "pack", folder).code == 0
    assert run("nightly", "pack", folder).code == 0  # a second time renews it
    said = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.strip() == str(folder / "scripts" / "__init__.py")
    assert {path.name for path in (folder / "infra").glob("*.py")} == {
        "__init__.py",
        "output_parts.py",
        "output_reading.py",
        "outputs.py",
    }


def test_airflow_looks_for_dags_in_the_one_file_only(run: Run, tmp_path: Path) -> None:
    run("nightly", "pack", tmp_path)
    at_top = {path.name for path in tmp_path.iterdir()}
    ignored = set((tmp_path / ".airflowignore").read_text().split())
    assert at_top - ignored == {".airflowignore", "healthcare_nightly.py"}


def test_without_a_clone_it_says_what_is_missing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "ROOT", tmp_path)
    ended = run("nightly", "pack", tmp_path / "packed")
    assert (ended.code, "pack in a clone of the repository" in ended.err) == (1, True)
