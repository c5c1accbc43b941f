"""The generated set: Kaggle's shapes, deterministic, marked as what it is."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.convert import to_dicom
from scripts.chestxrays.records import FINDINGS
from scripts.chestxrays.rehearsal import NO_QUIRKS, write_set
from scripts.chestxrays.uids import instance_uid
from scripts.loading.synthetic import Film, pixels
from tests.scripts.chestxrays.films import read, verdict


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal")
    write_set(folder, 1500, 16)
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_is_the_same_on_every_run(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_set(tmp_path / name, 30, 16)
        write_set(tmp_path / name / "zipped", 30, 16, zips="one")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_files_and_headers_are_kaggles(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        *("Data_Entry_2017.csv", "Data_Entry_2017_v2020.csv", "BBox_List_2017.csv"),
        *("train_val_list.txt", "test_list.txt", "images_001"),
    }
    heads = {path.name: path.read_text().splitlines()[0] for path in folder.glob("*.csv")}
    common = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient {},View Position,"
    original = "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
    assert heads == {
        "Data_Entry_2017.csv": common.format("Gender") + original + ",",
        "Data_Entry_2017_v2020.csv": common.format("Sex") + original,
        "BBox_List_2017.csv": "Image Index,Finding Label,Bbox [x,y,w,h],,,",
    }


def test_folders_are_filled_as_kaggles(tmp_path: Path) -> None:
    write_set(tmp_path, 5010, 8, quirks=NO_QUIRKS)
    assert len(list((tmp_path / "images_001/images").iterdir())) == 4999
    assert len(list((tmp_path / "images_002/images").iterdir())) == 11


def test_every_line_is_read(folder: Path) -> None:
    for labels in ("2017", "v2020"):
        archive = open_archive(folder, labels)
        assert archive.problems == ()
        assert len(archive) + len(archive.missing) == 1500


def test_all_findings_both_views_and_boxes_occur(folder: Path) -> None:
    films = open_archive(folder).films
    assert {finding for record in films for finding in record.findings} == set(FINDINGS)
    assert {record.view for record in films} == {"PA", "AP"}
    assert any(record.boxes for record in films)
    assert all(box.finding in record.findings for record in films for box in record.boxes)


def test_a_patient_is_in_one_split(folder: Path) -> None:
    of_patient: dict[str, set[str]] = {}
    for record in open_archive(folder).films:
        of_patient.setdefault(record.patient_id, set()).add(record.split)
    assert all(len(splits) == 1 for splits in of_patient.values())
    assert {"train_val", "test"} == set.union(*of_patient.values())


def test_its_patients_are_none_of_nihs(folder: Path) -> None:
    assert min(int(record.patient_id) for record in open_archive(folder).films) == 50_001


def test_the_quirks_are_there(folder: Path) -> None:
    assert ",411," in (folder / "Data_Entry_2017.csv").read_text()
    archive = open_archive(folder, "2017")
    assert any(record.age is None for record in archive.films)
    assert len(archive.missing) == len(archive.unlabelled) == 3
    modes = {record.index: Image.open(io.BytesIO(file.read())).mode for record, file in archive}
    assert list(modes.values()).count("RGBA") == 7
    assert "00099999_000.png,Infiltrate" in (folder / "BBox_List_2017.csv").read_text()


def test_the_list_of_2020_numbers_some_follow_ups_anew(folder: Path) -> None:
    old, new = (open_archive(folder, labels).films for labels in ("2017", "v2020"))
    changed = [(a, b) for a, b in zip(old, new, strict=True) if a.follow_up != b.follow_up]
    assert changed
    assert all(instance_uid(a) == instance_uid(b) for a, b in changed)


def test_without_quirks_all_is_in_order(tmp_path: Path) -> None:
    written = write_set(tmp_path, 20, 16, quirks=NO_QUIRKS)
    archive = open_archive(tmp_path)
    assert (written.films, written.files, len(archive)) == (20, 20, 20)
    assert (archive.missing, archive.unlabelled) == ((), ())
    assert written.size == archive.size


def test_small_films_differ(folder: Path) -> None:
    archive = open_archive(folder)
    assert len({file.read() for _, file in archive}) > 0.99 * len(archive)


def test_in_full_size_the_pixels_are_the_synthetic_films(tmp_path: Path) -> None:
    write_set(tmp_path, 4, quirks=NO_QUIRKS)
    (record, file), *_ = open_archive(tmp_path)
    dicom = to_dicom(file.read(), record)
    np.testing.assert_array_equal(read(dicom).pixel_array, pixels(Film(1, 0)))
    assert verdict(dicom, tmp_path)[0] == []


def test_every_film_passes_dciodvfy_and_keeps_its_pixels(tmp_path: Path) -> None:
    write_set(tmp_path, 120, 16)
    for record, file in open_archive(tmp_path):
        dicom = to_dicom(file.read(), record)
        assert verdict(dicom, tmp_path)[0] == []
        grey = np.asarray(Image.open(io.BytesIO(file.read())).convert("L"))
        np.testing.assert_array_equal(read(dicom).pixel_array, grey)


def test_a_set_of_nothing_is_refused(tmp_path: Path) -> None:
    for number, side in ((0, 64), (3, 7), (3, 1025)):
        with pytest.raises(ValueError, match="at least one film"):
            write_set(tmp_path, number, side)
