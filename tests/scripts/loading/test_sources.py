"""What `load` finds to bring, and what the objects are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.dicom.header import read_header
from scripts.errors import UsageError
from scripts.loading.sources import clashes, folder_sources, sample_sources, synthetic_sources


def names(folder: Path, prefix: str | None = None) -> dict[str, str]:
    return {source.label: source.object_name for source in folder_sources(folder, prefix)}


def test_a_folder_with_everything_in_it(tmp_path: Path) -> None:
    films = tmp_path / "films"
    for name in ("b.dcm", "a.DCM", "plain", "deep/er/c.dcm", ".hidden", ".git/d.dcm"):
        (films / name).parent.mkdir(parents=True, exist_ok=True)
        (films / name).write_bytes(b"x")
    (films / "circle").symlink_to(films)
    assert names(films) == {
        "a.DCM": "films/a.dcm",
        "b.dcm": "films/b.dcm",
        "plain": "films/plain.dcm",
        "deep/er/c.dcm": "films/deep/er/c.dcm",
    }
    assert names(films, "2026/november/")["b.dcm"] == "2026/november/b.dcm"
    assert names(films, "")["b.dcm"] == "b.dcm"
    assert names(films / "b.dcm") == {"b.dcm": "films/b.dcm"}


def test_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        folder_sources(tmp_path / "none")
    with pytest.raises(UsageError, match="holds no files"):
        folder_sources(tmp_path)


def test_two_files_for_one_object(tmp_path: Path) -> None:
    for name in ("a.DCM", "a.dcm", "b.dcm"):
        (tmp_path / name).write_bytes(b"x")
    assert clashes(folder_sources(tmp_path)) == {"a.dcm": "a.DCM"}


def test_the_sample_is_real_radiographs_chests_first() -> None:
    sources = sample_sources(None)
    headers = [read_header(source.path.read_bytes()) for source in sources]
    assert len(sources) >= 9
    assert {header.text("00080060") for header in headers} <= {"CR", "DX"}
    assert headers[0].text("00180015") == "CHEST"
    uids = [header.text("00080018") for header in headers]
    assert len(set(uids)) == len(uids)
    assert all(source.problem() is None for source in sources)
    assert not clashes(sources)


def test_the_sample_can_be_cut(tmp_path: Path) -> None:
    assert len(sample_sources(2)) == 2
    assert len(list(tmp_path.iterdir())) == 0


def test_synthetic_films_are_named_like_nihs() -> None:
    sources = synthetic_sources(3)
    assert [source.object_name for source in sources] == [
        "synthetic/00000001_000.dcm",
        "synthetic/00000001_001.dcm",
        "synthetic/00000001_002.dcm",
    ]
    assert sources[0].content() != sources[1].content()
