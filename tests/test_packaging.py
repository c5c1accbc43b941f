"""What `pip install .` installs: all data, and packages of the same versions as in a clone that is set up."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from emulator.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("emulator", "engine", "infra", "scripts")
DATA = (".json", ".gz", ".sql", ".txt")
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The section [project] of pyproject.toml."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def imported(file: Path) -> Iterator[str]:
    """The names of packages that a file imports, its own project's left out."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_the_emulator_needs_no_package_that_only_the_commands_bring(project: dict[str, Any]) -> None:
    own = {each.split("==")[0] for each in project["dependencies"]}
    known = packages_distributions()
    provider = ROOT / "emulator" / "provider"  # it stands in for a plugin of Pulumi's, and runs only beside Pulumi
    for file in (ROOT / "emulator").rglob("*.py"):
        if file.is_relative_to(provider):
            continue
        for module in imported(file):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or top == "emulator":
                continue
            assert top in known, f"{file}: {module}"
            assert own & {each.lower().replace("_", "-") for each in known[top]}, f"{file}: {module}"


def test_a_wheel_holds_all_data(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    built = subprocess.run(
        [sys.executable, "-c", BUILD, tmp_path], cwd=copy, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    wheel = tmp_path / built.stdout.split()[-1]
    assert VERSION in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    files = {
        path.relative_to(copy).as_posix() for name in PACKAGES for path in (copy / name).rglob("*") if path.is_file()
    }
    wanted = {name for name in files if name.endswith((".py", *DATA))}
    assert wanted <= held
    assert {name.split("/")[0] for name in held if ".dist-info" not in name} == set(PACKAGES)
