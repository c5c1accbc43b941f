"""The lists of packages are made of pyproject.toml and one lock, and a list that drifts from them is named."""

import re
import shutil
from pathlib import Path

import pytest

from engine import lock
from engine.layout import Layout, SetupError

LISTS = (
    *("requirements.txt", "requirements-dataflow.txt", "requirements-ocr.txt", "requirements-encryption.txt"),
    *("requirements-orc.txt", "requirements-dev.txt", "constraints.txt"),
)
HOSTS = re.compile(r"://|--(extra-)?index|--find-links")


@pytest.fixture
def clone(tmp_path: Path) -> Layout:
    """A folder with this repository's lists of packages, to be changed."""
    for name in (*LISTS, "pyproject.toml", "requirements.lock"):
        shutil.copy(Layout().root / name, tmp_path)
    return Layout(tmp_path)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_all_lists_of_this_repository_fit_together() -> None:
    assert lock.problems(Layout()) == []


def test_every_package_of_the_lock_has_hashes_and_no_index_is_named() -> None:
    text = Layout().lock.read_text()
    entries = [each for each in re.split(r"\n(?=[a-z0-9])", text) if not each.startswith("#")]
    assert len(entries) == len(lock.locked(text)) > 100
    assert all("--hash=sha256:" in each for each in entries)
    assert not any(HOSTS.search((Layout().root / name).read_text()) for name in (*LISTS, "requirements.lock"))


def test_the_lock_has_the_versions_that_pyproject_names() -> None:
    locked = {line.split(" ")[0] for line in lock.locked(Layout().lock.read_text()).values()}
    assert {each.split(";")[0].strip() for each in lock.named(Layout()).all} <= locked


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_was_changed_by_hand_is_named(clone: Layout, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (clone.root / name).write_text("numpy==1.0\n")
    assert lock.main(["--check"], clone) == 1
    assert capsys.readouterr().err.startswith(f"{name} is not what pyproject.toml and requirements.lock say")
    assert lock.main([], clone) == 0
    assert (clone.root / name).read_text() == (Layout().root / name).read_text()


def test_a_lock_of_other_packages_is_named(clone: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    change(clone.root / "pyproject.toml", "numpy==", "numpy==1")
    assert lock.main(["--check"], clone) == 1
    assert "python -m engine.lock --resolve" in capsys.readouterr().err


def test_a_package_without_a_version_is_named(clone: Layout) -> None:
    change(clone.root / "pyproject.toml", '"ruff==', '"ruff>=')
    with pytest.raises(SetupError, match=r"ruff>=.* has no exact version"):
        lock.named(clone)


def test_resolving_needs_uv(clone: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(clone.root))
    assert lock.main(["--resolve"], clone) == 1
    assert "uv, which finds the versions, is not on PATH" in capsys.readouterr().err


def test_resolving_writes_what_it_is_of(clone: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the place of uv writes a lock of one package."""
    change(clone.root / "pyproject.toml", "numpy==", "numpy==1")
    program = clone.root / "uv"
    entry = "a==1 \\\\\\n    --hash=sha256:00\\n"
    program.write_text(f"#!/bin/sh\nprintf '{entry}' > requirements.lock\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(clone.root), prepend=":")
    assert lock.main(["--resolve"], clone) == 0
    assert (clone.root / "constraints.txt").read_text().splitlines()[1:] == ["a==1"]
    assert lock.problems(clone) == []


def test_a_marker_stays_with_its_package() -> None:
    lines = lock.locked("a==1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\nb-c==2.0 \\\n    --hash=sha256:11\n")
    assert lines == {"a": "a==1 ; sys_platform == 'win32'", "b-c": "b-c==2.0"}
