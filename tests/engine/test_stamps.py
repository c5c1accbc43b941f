"""Set-up notices when something that it made no longer fits, and otherwise does nothing."""

import json
import shutil
from pathlib import Path

import pytest

from engine import environment, setup, stamps
from engine.layout import Layout, SetupError


@pytest.fixture
def clone(tmp_path: Path) -> Layout:
    """A clone that is set up, without its gigabyte of packages."""
    layout = Layout(tmp_path / "clone")
    here = Layout()
    for file in (here.lock, here.root / "requirements.txt", *here.engine_files):
        target = layout.root / file.relative_to(here.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    layout.python.parent.mkdir(parents=True)
    layout.python.write_text("")
    (layout.venv / ".setup").write_text(stamps.packages_key(layout))
    tools = layout.tools / "bin"
    tools.mkdir(parents=True)
    (tools / "pulumi").write_text("#!/bin/sh\n")
    (tools / "pulumi").chmod(0o755)
    shutil.copy(here.root / "Pulumi.local.yaml", layout.root)
    (layout.tools / "engine.json").write_text(json.dumps(stamps.engine_stamp(layout, tools)))
    stamps.plugin_folder(layout).mkdir(parents=True)
    (stamps.plugin_folder(layout) / "pulumi-resource-gcp").write_text(stamps.LAUNCHER)
    layout.backend.mkdir()
    return layout


def test_ready(clone: Layout, capfd: pytest.CaptureFixture[str]) -> None:
    assert stamps.ready(clone)
    assert setup.main([], clone) == 0
    assert capfd.readouterr() == ("", "")


def test_changed_lock(clone: Layout) -> None:
    clone.lock.write_text("pulumi==3.259.1\n")
    assert not stamps.packages_ready(clone)
    assert stamps.engine_ready(clone)


def test_moved_clone(clone: Layout) -> None:
    moved = Layout(clone.root.with_name("moved"))
    clone.root.rename(moved.root)
    assert not stamps.packages_ready(moved)
    assert not stamps.engine_ready(moved)
    assert stamps.plugin_ready(moved), "the launcher finds its clone by itself"


def test_changed_engine_pin(clone: Layout) -> None:
    (clone.engine_module / "go.sum").write_text("")
    assert not stamps.engine_ready(clone)


def test_replaced_engine(clone: Layout) -> None:
    (clone.tools / "bin" / "pulumi").write_text("another engine")
    assert not stamps.engine_ready(clone)


def test_removed_engine(clone: Layout) -> None:
    (clone.tools / "bin" / "pulumi").unlink()
    assert not stamps.engine_ready(clone)


def test_damaged_stamp(clone: Layout) -> None:
    (clone.tools / "engine.json").write_text("{")
    assert not stamps.engine_ready(clone)
    with pytest.raises(SetupError, match="run scripts/setup"):
        environment.engine_folder(clone)


def test_older_stand_in_is_written_again_but_the_official_plugin_is_kept(clone: Layout) -> None:
    program = stamps.plugin_folder(clone) / "pulumi-resource-gcp"
    program.write_text("#!/bin/sh\nexec something older\n")
    assert not stamps.plugin_ready(clone)
    program.write_bytes(b"\x7fELF official")
    assert stamps.plugin_ready(clone)


def test_env_prints_lines_for_eval(clone: Layout, capfd: pytest.CaptureFixture[str]) -> None:
    assert setup.main(["--env", "local"], clone) == 0
    lines = capfd.readouterr().out.splitlines()
    assert all(line.startswith("export ") for line in lines)
    assert f"export PULUMI_HOME={clone.pulumi_home}" in lines


def test_wrong_option(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        setup.main(["--wrong"])
    assert stopped.value.code == 2
    assert "unrecognized arguments: --wrong" in capfd.readouterr().err
