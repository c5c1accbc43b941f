"""`--help` answers at once: nothing heavy is imported for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.version import VERSION
from tests.scripts.conftest import Live, Run
from tests.scripts.files import write_films

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


ALL = [*COMMANDS, "verify", "rehearse", "tags", "operations list", "operations get", "operations cancel"]


@pytest.mark.parametrize("command", ALL)
def test_help_is_in_plain_words_and_short_options_work(run: Run, command: str) -> None:
    shown = run(*command.split(), "-h")
    assert shown.code == 0
    assert shown.out == run(*command.split(), "--help").out
    assert not re.search(r"<[a-z]|list\[|\[\[|\bstr\b", shown.out), shown.out
    assert "-q, --quiet" in shown.out


def test_the_version_is_said(run: Run) -> None:
    shown = run("--version")
    assert (shown.code, shown.out) == (0, f"Healthcare Cloud POC {VERSION}\n")


def test_quiet_leaves_results_and_failures(run: Run, live: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "quiet", "quiet", 2)
    store = ("store", tmp_path / "quiet", "--outputs", live.path)
    assert "2 instances stored" in run(*store).err
    done = run(*store, "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    (tmp_path / "quiet" / "broken.dcm").write_bytes(b"no DICOM")
    done = run(*store, "-q")
    assert done.code == 3
    assert done.err.startswith("failed: ")
    assert done.err.count("\n") == 1
    found = run("search", "studies", "PatientID=quiet", "--limit", 1, "--quiet", "--outputs", live.path)
    assert (found.code, found.err) == (0, "")
    assert found.out


def test_unknown_command_is_wrong_use(run: Run) -> None:
    assert run("frobnicate").code == 2
