"""The project's wheel, built of a copy, so that nothing is left in the clone."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.emulator import ROOT

PACKAGES = ("emulator", "engine", "infra", "scripts")
_BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def build(folder: Path) -> Path:
    """The wheel, in that folder, which also holds the copy that it was built of: `copy`."""
    copy = folder / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    built = subprocess.run(
        [sys.executable, "-c", _BUILD, folder], cwd=copy, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder / built.stdout.split()[-1]
