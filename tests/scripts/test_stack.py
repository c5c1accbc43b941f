"""Which stack is meant, and what Pulumi's failures say."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import stack
from scripts.errors import CommandError, UsageError
from scripts.stack import read_outputs
from tests.scripts.conftest import Run
from tests.scripts.outputs import outputs_for

FakePulumi = Callable[[str], Path]


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    """Puts a `pulumi` on the path that runs the given shell lines; gives the file where it notes its arguments."""
    folder, noted = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    noted.touch()
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr("engine.environment.stack_environment", lambda _: dict(os.environ))

    def make(lines: str) -> Path:
        script = folder / "pulumi"
        script.write_text(f'#!/bin/sh\necho "$@" >> {noted}\n{lines}\n')
        script.chmod(0o755)
        return noted

    return make


def test_outputs_of_the_named_stack(pulumi: FakePulumi, tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text(outputs_for(None).to_json())
    calls = pulumi(f"cat {tmp_path / 'outputs.json'}")
    assert read_outputs("dev") == outputs_for(None)
    assert "stack output --json --stack dev" in calls.read_text()


def test_the_selected_stack_is_the_default(pulumi: FakePulumi, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "outputs.json").write_text(outputs_for(None).to_json())
    calls = pulumi(f'case "$*" in *--show-name*) echo chosen;; *) cat {tmp_path / "outputs.json"};; esac')
    read_outputs()
    assert "--stack chosen" in calls.read_text()


def test_the_variable_goes_before_the_selected_stack(
    pulumi: FakePulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs.json").write_text(outputs_for(None).to_json())
    calls = pulumi(f"cat {tmp_path / 'outputs.json'}")
    monkeypatch.setenv("PULUMI_STACK", "test")
    read_outputs()
    assert calls.read_text().splitlines() == [
        "stack output --json --stack test --non-interactive --color never",
    ]


def test_stack_and_outputs_exclude_each_other(run: Run, tmp_path: Path) -> None:
    ended = run("search", "studies", "--stack", "dev", "--outputs", tmp_path / "outputs.json")
    assert ended.code == 2
    assert "exclude each other" in ended.err


def test_an_outputs_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    ended = run("search", "studies", "--outputs", tmp_path / "none.json")
    assert ended.code == 1
    assert "Cannot read the outputs file" in ended.err


def test_outputs_of_a_stack_that_was_never_brought_up(pulumi: FakePulumi, run: Run) -> None:
    pulumi("echo '{}'")
    ended = run("search", "studies", "--stack", "dev")
    assert ended.code == 1
    assert "run `pulumi up`" in ended.err


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        ("error: no stack named 'local' found", 'run `eval "$(scripts/setup --env local)"` and `pulumi up'),
        ("error: PULUMI_ACCESS_TOKEN must be set for login", "run `pulumi login`"),
        ("error: incorrect passphrase", "set PULUMI_CONFIG_PASSPHRASE"),
        ("warning: x\nerror: something else broke", "something else broke"),
    ],
)
def test_failures_of_pulumi_are_one_sentence(pulumi: FakePulumi, stderr: str, said: str) -> None:
    pulumi(f"cat >&2 <<'END'\n{stderr}\nEND\nexit 255")
    with pytest.raises(CommandError) as caught:
        read_outputs("local")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_stack_at_all(pulumi: FakePulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi("exit 255")
    monkeypatch.setattr("engine.layout.Layout.backend", tmp_path / "no-backend")
    with pytest.raises(UsageError, match="No stack is selected"):
        read_outputs()


def test_the_local_stack_is_taken_where_nothing_is_selected(
    pulumi: FakePulumi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs.json").write_text(outputs_for("http://127.0.0.1:9470").to_json())
    calls = pulumi(f"cat {tmp_path / 'outputs.json'}")
    monkeypatch.setattr("engine.layout.Layout.backend", tmp_path)
    assert read_outputs().stack == stack.LOCAL_STACK
    assert "--stack local" in calls.read_text()
