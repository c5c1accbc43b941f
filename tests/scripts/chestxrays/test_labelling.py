"""The labels of what `load` brought: of a set that comes part by part, and of a set of one's own."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.films import uids_of
from scripts.chestxrays.rehearsal import write_set
from tests.scripts.chestxrays.films import png
from tests.scripts.conftest import Live, Run


def uids(run: Run, stack: Live) -> dict[str, list[str | None]]:
    """The three UIDs of each film's row."""
    sql = "SELECT image_index, study_instance_uid, series_instance_uid, sop_instance_uid FROM chest_xray_labels"
    rows = json.loads(run("query", sql, "--json", "--outputs", stack.path).out)
    return {index: found for index, *found in (row.values() for row in rows)}


def test_films_that_were_loaded_before_keep_their_uids(run: Run, stack: Live, tmp_path: Path) -> None:
    """Part by part, as where there is no room for all: what is gone from the disk is in bucket and store."""
    folder, away = tmp_path / "parts", tmp_path / "away"
    write_set(folder, 12, 32)
    away.mkdir()
    films = {record.index: list(uids_of(record)) for record, _ in open_archive(folder)}
    images = {path.name: path for path in folder.glob("images_*/images/*.png") if path.name in films}
    first, second = sorted(images)[:4], sorted(images)[4:]

    def load() -> int:
        command = ("load", folder, "--source", "kaggle", "--prefix", "parts", "--outputs", stack.path)
        return run(*command).code

    for name in second:
        images[name].rename(away / name)
    assert load() == 0
    assert {index for index, found in uids(run, stack).items() if found != [None] * 3} == set(first)
    for name in second:
        (away / name).rename(images[name])
    for name in first:
        images[name].unlink()
    images[second[0]].write_bytes(b"no image any more")
    assert load() == 3
    expected = films | {second[0]: [None] * 3}
    assert {index: found for index, found in uids(run, stack).items() if index in films} == expected
    images[second[1]].write_bytes(b"no image any more")
    assert load() == 3
    assert {index: found for index, found in uids(run, stack).items() if index in films} == expected


def test_of_a_set_of_ones_own_it_is_said_that_its_patients_are_in_bigquery(
    run: Run, stack: Live, tmp_path: Path
) -> None:
    own, nih = tmp_path / "some-clinic", tmp_path / "nih"
    own.mkdir()
    (own / "one.png").write_bytes(png())
    (own / "list.csv").write_text("Image Index,Patient ID,Patient Age\none.png,A-7,40\n")
    write_set(nih, 3, 32)
    said = "; patients' ids, ages and sexes of some-clinic are in BigQuery now"
    assert said in run("load", own, "--outputs", stack.path).err
    assert "in BigQuery" not in run("load", nih, "--source", "kaggle", "--outputs", stack.path).err
