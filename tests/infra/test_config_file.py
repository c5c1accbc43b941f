"""The file with the configuration is found where the engine was told of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.config_file import config_file

ROOT = Path(__file__).parents[2]
PROGRAM = "import os; from infra.config_file import config_file; print(config_file('dev', os.environ))"
# As the engine is: it starts a language host, which starts the program.
HOST = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {PROGRAM!r}])"


def under_pulumi(folder: Path, *arguments: str) -> str:
    """What the program finds below a process that is called pulumi and has these arguments."""
    engine = folder / "pulumi"
    engine.symlink_to(sys.executable)
    command = [str(engine), "-c", HOST, "up", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="the command lines of other processes are read from /proc")
@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (("--config-file", "a b.yaml", "--yes"), "a b.yaml"),
        (("--config-file=other.yaml",), "other.yaml"),
        (("--yes",), "Pulumi.dev.yaml"),
    ],
    ids=["two words", "one word", "none"],
)
def test_the_flag_is_found(tmp_path: Path, arguments: tuple[str, ...], file: str) -> None:
    assert under_pulumi(tmp_path, *arguments) == file


def test_the_variable_is_read() -> None:
    assert config_file("dev", {"PULUMI_OPTION_CONFIG_FILE": "other.yaml"}) == "other.yaml"
    assert config_file("dev", {}) == "Pulumi.dev.yaml"
