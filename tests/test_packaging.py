"""What `pip install .` installs: all data, and packages of the same versions as in a clone that is set up."""

from __future__ import annotations

import ast
import os
import re
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
from tests.support.patience import PATIENCE
from tests.support.wheel import PACKAGES, build

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "emulator/testing/plugin.py"  # which pytest imports, and nobody else
EXAMPLE = ROOT / "examples" / "pytest"
DATA = (".json", ".gz", ".sql", ".txt")


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


@pytest.mark.parametrize(
    ("folder", "extras", "left_out"),
    [
        # The provider stands in for a plugin of Pulumi's, and runs only beside Pulumi.
        ("emulator", ("encryption", "orc"), ("emulator/provider", "emulator/deidentify/image/rapid.py", PLUGIN)),
        ("emulator/deidentify/image", ("ocr",), ()),
        ("infra", ("program",), ()),
        ("scripts", ("commands",), ("scripts/chestxrays/beam",)),
        ("scripts/chestxrays/beam", ("commands", "beam"), ()),
    ],
)
def test_each_part_imports_only_what_its_extra_brings(
    project: dict[str, Any], folder: str, extras: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    own = {each.split("==")[0] for names in lists for each in names}
    known = packages_distributions()
    for file in (ROOT / folder).rglob("*.py"):
        if any(file.is_relative_to(ROOT / each) for each in left_out):
            continue
        for module in imported(file):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or top in PACKAGES:
                continue
            assert top in known, f"{file}: {module}"
            assert own & {each.lower().replace("_", "-") for each in known[top]}, f"{file}: {module}"


def test_a_wheel_holds_all_data(tmp_path: Path) -> None:
    wheel = build(tmp_path)
    copy = tmp_path / "copy"
    assert VERSION in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    files = {
        path.relative_to(copy).as_posix() for name in PACKAGES for path in (copy / name).rglob("*") if path.is_file()
    }
    wanted = {name for name in files if name.endswith((".py", *DATA))}
    assert wanted <= held
    assert {name.split("/")[0] for name in held if ".dist-info" not in name} == set(PACKAGES)


def test_pytest_finds_the_fixtures_of_a_wheel(tmp_path: Path) -> None:
    """Installed, they need no option: the example project's tests pass beside the wheel, outside this clone."""
    site, project = tmp_path / "site", tmp_path / "project"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps")
    subprocess.run([*pip, "--target", site, build(tmp_path)], check=True)
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env={**variables, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("8 passed")


def test_the_changelog_is_ready_for_a_tag(project: dict[str, Any]) -> None:
    """Sections as Keep a Changelog has them; the newest that was released is no newer than the code says it is."""
    assert project["dynamic"] == ["version"], "emulator/version.py says it"
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    first, *released = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert first == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", each) for each in released)
    versions = [tuple(map(int, each.split(" ")[0].split("."))) for each in released]
    assert versions == sorted(set(versions), reverse=True)
    assert tuple(map(int, VERSION.split("."))) >= max(versions, default=(0, 0, 0))
    kinds = {line.removeprefix("### ") for line in lines if line.startswith("### ")}
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
