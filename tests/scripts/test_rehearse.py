"""`rehearse` makes what `load --source kaggle` takes."""

from __future__ import annotations

from pathlib import Path

from scripts.chestxrays.archive import open_archive
from tests.scripts.conftest import Run


def test_a_set_is_made(run: Run, tmp_path: Path) -> None:
    ended = run("rehearse", tmp_path / "set", "--films", 20, "--side", 32)
    assert ended.code == 0
    assert ended.err.startswith("20 films in the lists, ")
    archive = open_archive(tmp_path / "set")
    assert len(archive) + len(archive.imageless) == 20


def test_a_set_in_a_zip_without_oddities(run: Run, tmp_path: Path) -> None:
    assert run("rehearse", tmp_path / "set", "--films", 20, "--side", 32, "--zip", "--clean").code == 0
    (zipped,) = (tmp_path / "set").glob("*.zip")
    archive = open_archive(zipped)
    assert (len(archive), archive.imageless, archive.unlabelled, archive.problems) == (20, (), (), ())


def test_a_folder_that_is_used_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ended = run("rehearse", tmp_path, "--films", 1)
    assert ended.code == 2
    assert "not an empty folder" in ended.err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
