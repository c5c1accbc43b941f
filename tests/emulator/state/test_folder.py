"""A state in the place of another one: a crash at any step leaves one of them, whole."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from emulator.state.folder import DATABASE, FOLDERS, empty, finish, replace


class Crash(Exception):
    """Stands for the end of the process."""


def write(folder: Path, text: str) -> None:
    (folder / DATABASE).write_text(text)
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "file").write_text(text)


def texts(folder: Path) -> set[str]:
    return {(folder / DATABASE).read_text(), *((folder / name / "file").read_text() for name in FOLDERS)}


@pytest.mark.parametrize("step", ["rename", "unlink"])
def test_a_crash_at_each_step_leaves_the_old_state_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = getattr(Path, step)
    seen = set()
    for last in count():
        state = tmp_path / str(last)
        state.mkdir()
        write(state, "old")
        (state / f"{DATABASE}-wal").write_text("old")
        calls = count()

        def crash(path: Path, *args: object, last: int = last, calls: count[int] = calls, **options: object) -> object:
            if next(calls) == last:
                raise Crash
            return real(path, *args, **options)

        with monkeypatch.context() as patch:
            patch.setattr(Path, step, crash)
            try:
                replace(state, lambda folder: write(folder, "new"))
                break
            except Crash:
                pass
        finish(state)
        left = texts(state)
        assert left in ({"old"}, {"new"})
        assert (state / f"{DATABASE}-wal").exists() == (left == {"old"})
        assert {path.name for path in state.iterdir()} <= {DATABASE, f"{DATABASE}-wal", *FOLDERS}
        seen |= left
    assert texts(state) == {"new"}
    assert last > 2
    assert "new" in seen


def test_what_fails_to_be_written_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, "old")

    def fail(folder: Path) -> None:
        (folder / DATABASE).write_text("new")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        replace(tmp_path, fail)
    finish(tmp_path)
    assert texts(tmp_path) == {"old"}


def test_emptied_it_holds_secrets_and_snapshots(tmp_path: Path) -> None:
    write(tmp_path, "old")
    for name in ("owner-token", "left-over"):
        (tmp_path / name).write_text(name)
    (tmp_path / "snapshots" / "base").mkdir(parents=True)
    empty(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {DATABASE, *FOLDERS, "owner-token", "snapshots"}
    assert (tmp_path / DATABASE).read_bytes() == b""
