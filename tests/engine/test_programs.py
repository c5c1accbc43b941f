"""The programs of the repository: in the virtual environment by name, and those of scripts/ that explain themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.version import VERSION
from engine.layout import COMMAND, PROGRAMS, ROOT, Layout
from engine.packages import write_programs
from engine.stamps import PROGRAM


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The folder of programs of a clone in a folder with a space, whose packages are this one's."""
    layout = Layout(tmp_path / "a clone")
    folder = layout.venv / "bin"
    folder.mkdir(parents=True)
    for each in ("emulator", "engine", "infra", "scripts"):
        (layout.root / each).symlink_to(ROOT / each)
    write_programs(layout)
    for name, module in PROGRAMS.items():
        text = PROGRAM.format(python=layout.python, root=str(layout.root), module=module)
        assert (folder / name).read_text() == text
        (folder / name).write_text(text.replace(str(layout.python), sys.executable))
    return folder


def run(program: Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [program, *arguments], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_runs_by_its_name(programs: Path, name: str) -> None:
    assert run(programs / name, "--version") == f"Healthcare Cloud POC {VERSION}\n"


def test_a_shell_completes_commands_and_options(programs: Path) -> None:
    # Without this the shell is looked for among the processes above, where a test may have another one, or none.
    script = run(programs / COMMAND, "--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_HEALTHCARE_CLOUD_COMPLETE=complete_bash" in script
    for words, completed in (("healthcare-cloud ret", "retrieve"), ("healthcare-cloud load --synth", "--synthetic")):
        shown = run(
            programs / COMMAND,
            _HEALTHCARE_CLOUD_COMPLETE="complete_bash",
            COMP_WORDS=words,
            COMP_CWORD=str(words.count(" ")),
        )
        assert shown.split() == [completed]


@pytest.mark.parametrize("script", ["setup", "demo", "test", "check"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_sets_nothing_up(tmp_path: Path, script: str, option: str) -> None:
    """In a clone where nothing has been set up, and nothing is afterwards."""
    for each in ("emulator", "engine", "infra", "scripts"):
        (tmp_path / each).symlink_to(ROOT / each)
    before = sorted(tmp_path.iterdir())
    assert "usage: scripts/" in run(tmp_path / "scripts" / script, option).lower()
    assert sorted(tmp_path.iterdir()) == before
