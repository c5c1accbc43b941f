"""`--help` answers at once: nothing heavy is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("apache_beam", "google", "googleapiclient", "grpc", "numpy", "pydicom", "requests", "rich")
COMMANDS = [
    "status",
    "load",
    "pipeline",
    "import",
    "search",
    "retrieve",
    "store",
    "delete",
    "view",
    "export",
    "query",
    "watch",
]


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, scripts.__main__; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help")
    assert shown.code == 0
    for command in [*COMMANDS, "tags", "operations"]:
        assert f"\n  {command} " in shown.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_a_stack_or_a_file_of_outputs(run: Run, command: str) -> None:
    shown = run(command, "--help")
    assert shown.code == 0
    assert "--stack" in shown.out
    assert "--outputs" in shown.out


def test_unknown_command_is_wrong_use(run: Run) -> None:
    assert run("frobnicate").code == 2
