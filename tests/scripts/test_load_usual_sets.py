"""Sets as people have them, that are not NIH's: what is taken, and what the sentence says where something is wrong."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest
from google.cloud import storage
from PIL import Image

from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.records import TEST, TRAIN
from scripts.errors import UsageError
from tests.scripts.conftest import Live, Run
from tests.scripts.files import small_film, write_films

CHEXPERT = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Pneumonia,"
    "Pleural Effusion,Support Devices"
)


def grey(shade: int, size: tuple[int, int] = (32, 24)) -> Image.Image:
    return Image.new("L", size, shade)


def images(folder: Path, *names: str, kind: str | None = None) -> None:
    """Images of different shades, so that no two files are the same."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        grey(10 + number).save(path, kind)


def names_in(landing: storage.Bucket, prefix: str) -> set[str]:
    return {blob.name.removeprefix(f"{prefix}/") for blob in landing.list_blobs(prefix=f"{prefix}/")}


@pytest.fixture
def chexpert(tmp_path: Path) -> Path:
    """As CheXpert-v1.0-small is laid out (Irvin et al. 2019)."""
    folder = tmp_path / "CheXpert-v1.0-small"
    paths = [
        "train/patient00001/study1/view1_frontal.jpg",
        "train/patient00002/study1/view1_frontal.jpg",
        "train/patient00002/study2/view1_frontal.jpg",
    ]
    images(folder, *paths)
    rows = [
        f"{folder.name}/{paths[0]},Female,68,Frontal,AP,1.0,,,,,0.0,1.0",
        f"{folder.name}/{paths[1]},Female,87,Frontal,AP,,,-1.0,1.0,,-1.0,",
        f"{folder.name}/{paths[2]},Male,83,Lateral,,,1.0,1.0,,1.0,1.0,0.0",
    ]
    (folder / "train.csv").write_text("\n".join([CHEXPERT, *rows]))
    return folder


def test_chexpert(run: Run, live: Live, landing: storage.Bucket, chexpert: Path) -> None:
    """Paths that begin with the set's own folder, a column for each finding, patients as folders."""
    films = open_archive(chexpert).films
    assert [film.findings for film in films] == [
        ("Support Devices",),
        ("Lung Opacity",),
        ("Enlarged Cardiomediastinum", "Cardiomegaly", "Pneumonia", "Pleural Effusion"),
    ]
    assert [film.patient_id for film in films] == ["patient00001", "patient00002", "patient00002"]
    assert [(film.sex, film.age, film.view) for film in films] == [("F", 68, "AP"), ("F", 87, "AP"), ("M", 83, "")]
    ended = run("load", chexpert, "--outputs", live.path)
    assert ended.code == 0, ended.err
    assert len(names_in(landing, chexpert.name)) == 3


def test_a_list_whose_paths_have_no_ending(tmp_path: Path) -> None:
    images(tmp_path, "train/p1/s1/a.jpg", "train/p1/s2/a.jpg", "train/1.2.840.png")
    (tmp_path / "list.csv").write_text("path,label\ntrain/p1/s1/a,Mass\np1/s2/a,Nodule\n1.2.840,\n")
    archive = open_archive(tmp_path)
    found = {record.index: file.path for record, file in archive}
    assert found == {
        "train/p1/s1/a": "train/p1/s1/a.jpg",
        "p1/s2/a": "train/p1/s2/a.jpg",
        "1.2.840": "train/1.2.840.png",
    }
    assert not archive.problems


def test_two_lists_are_named_with_the_option(run: Run, live: Live, chexpert: Path) -> None:
    (chexpert / "valid.csv").write_text((chexpert / "train.csv").read_text())
    ended = run("load", chexpert, "--outputs", live.path)
    assert ended.code == 2
    assert "holds several lists: name one of train.csv, valid.csv with --labels" in ended.err
    assert run("load", chexpert, "--labels", "train.csv", "--dry-run", "--outputs", live.path).code == 0


def test_lists_of_the_same_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    images(tmp_path, "train/a.png", "test/b.png")
    for part, name in (("train", "a"), ("test", "b")):
        (tmp_path / part / "labels.csv").write_text(f"image\n{name}.png\n")
    with pytest.raises(UsageError, match=r"name one of test/labels\.csv, train/labels\.csv"):
        open_archive(tmp_path)
    with pytest.raises(UsageError, match="several lists"):
        open_archive(tmp_path, "labels.csv")
    assert [film.index for film in open_archive(tmp_path, "test/labels.csv").films] == ["b.png"]


def test_kaggles_pneumonia_set(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    """Folders for labels, below folders for splits, and no list."""
    folder = tmp_path / "chest_xray"
    images(
        folder,
        "train/NORMAL/IM-0115-0001.jpeg",
        "train/PNEUMONIA/person1_bacteria_1.jpeg",
        "train/PNEUMONIA/person1_bacteria_2.jpeg",
        "val/PNEUMONIA/person1946_bacteria_4874.jpeg",
        "test/NORMAL/IM-0001-0001.jpeg",
    )
    (folder / "train" / ".DS_Store").write_bytes(b"x")
    films = {film.index: film for film in open_archive(folder).films}
    one = films["train/PNEUMONIA/person1_bacteria_1.jpeg"]
    assert (one.findings, one.patient_id, one.split) == (("Pneumonia",), "person1", TRAIN)
    other = films["test/NORMAL/IM-0001-0001.jpeg"]
    assert (other.findings, other.patient_id, other.split) == ((), "test/NORMAL/IM-0001-0001", TEST)
    ended = run("load", folder, "--outputs", live.path)
    assert ended.code == 0, ended.err
    assert "its folders' names are the findings (NORMAL, PNEUMONIA)" in ended.err
    assert len(names_in(landing, "chest_xray")) == 5


def test_images_alone_say_what_is_missing(run: Run, live: Live, tmp_path: Path) -> None:
    images(tmp_path / "plain", "a.png", "b.png")
    ended = run("load", tmp_path / "plain", "--outputs", live.path)
    assert ended.code == 2
    assert "plain holds images (2) and no list of films: put a CSV beside them" in ended.err
    assert "--labels folders" in ended.err
    taken = run("load", tmp_path / "plain", "--labels", "folders", "--dry-run", "--outputs", live.path)
    assert "2 files" in taken.out


def test_a_list_with_columns_of_other_names(run: Run, live: Live, tmp_path: Path) -> None:
    images(tmp_path, "a.png", "b.png")
    (tmp_path / "list.csv").write_text("Datei,Befund,Person\na.png,Mass,7\nb.png,,8\n")
    ended = run("load", tmp_path, "--outputs", live.path)
    assert ended.code == 2
    assert "list.csv, which has no column of image names that is known here (it has `Datei`, `Befund`" in ended.err
    assert "--column index=NAME" in ended.err
    columns = ("--column", "index=Datei", "--column", "findings=Befund", "--column", "patient=Person")
    assert "2 files" in run("load", tmp_path, *columns, "--dry-run", "--outputs", live.path).out
    found = open_archive(tmp_path, columns={"index": "Datei", "findings": "Befund", "patient": "Person"}).films
    assert [(film.findings, film.patient_id) for film in found] == [(("Mass",), "7"), ((), "8")]
    for wrong, said in (("index=Bild", "has no column"), ("file=Datei", "KEY=NAME"), ("index", "KEY=NAME")):
        ended = run("load", tmp_path, "--column", wrong, "--outputs", live.path)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert said in ended.err


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ";"), ("utf-8", "\t"), ("utf-16", ","), ("utf-16", "\t"), ("utf-8-sig", "|")]
)
def test_lists_as_spreadsheets_write_them(tmp_path: Path, encoding: str, delimiter: str) -> None:
    images(tmp_path, "a.png", "b.png")
    written = io.StringIO()
    rows: Sequence[Sequence[str]] = (("Image Index", "Finding Labels"), ("a.png", "Mass|Nodule"), ("b.png", "Ödem, x"))
    csv.writer(written, delimiter=delimiter).writerows(rows)
    (tmp_path / "list.csv").write_bytes(written.getvalue().encode(encoding))
    assert [film.findings for film in open_archive(tmp_path).films] == [("Mass", "Nodule"), ("Ödem, x",)]


def test_a_name_that_fits_two_different_images_is_named(
    run: Run, live: Live, landing: storage.Bucket, tmp_path: Path
) -> None:
    """Six images, a list of bare names: nothing is guessed, nothing vanishes."""
    folder = tmp_path / "ambiguous"
    images(folder, *(f"{part}/{number}.bmp" for part in ("train", "test") for number in range(3)))
    images(folder, "train/3.bmp")
    (folder / "list.csv").write_text("image\n0.bmp\n1.bmp\n2.bmp\n3.bmp\n")
    ended = run("load", folder, "--outputs", live.path)
    assert ended.code == 3
    assert "0.bmp is there more than once and differs (test/0.bmp, train/0.bmp)" in ended.err
    assert names_in(landing, "ambiguous") == {"3.dcm"}
    (folder / "list.csv").write_text("image\n" + "".join(f"{p}/{i}.bmp\n" for p in ("train", "test") for i in range(3)))
    assert run("load", folder, "--prefix", "told-apart", "--outputs", live.path).code == 0
    assert len(names_in(landing, "told-apart")) == 6


def test_lines_that_are_left_out_end_with_3(run: Run, live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "bad-line"
    images(folder, "a.png", "b.png")
    (folder / "list.csv").write_text("image,age\na.png,40\nb.png,old\n")
    ended = run("load", folder, "--outputs", live.path)
    assert ended.code == 3
    assert "list.csv, line 3" in ended.err


def test_tiff_bmp_and_grey_rgb_jpeg(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    folder = tmp_path / "kinds"
    images(folder, "a.tif", "b.bmp", "c.TIFF")
    grey(90).convert("RGB").save(folder / "d.jpg", keep_rgb=True)
    grey(90).convert("RGB").save(folder / "e.jpg")
    (folder / "list.csv").write_text("image\na.tif\nb.bmp\nc.TIFF\nd.jpg\ne.jpg\n")
    ended = run("load", folder, "--outputs", live.path)
    assert ended.code == 0, ended.err
    assert names_in(landing, "kinds") == {f"{name}.dcm" for name in "abcde"}


def test_zips_of_dicom_files(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    """Alone, and among the files of a folder."""
    folder = tmp_path / "zipped"
    write_films(folder, "unpacked", 1)
    with ZipFile(tmp_path / "alone.zip", "w") as packed:
        packed.writestr("DICOM/S1/IM0001", small_film("packed", 1))
        packed.writestr("DICOM/S1/2.dcm", small_film("packed", 2))
        packed.writestr("DICOMDIR", b"x")
        packed.writestr("README.TXT", b"x")
    (folder / "more.zip").write_bytes((tmp_path / "alone.zip").read_bytes())
    assert run("load", tmp_path / "alone.zip", "--outputs", live.path).code == 0
    assert names_in(landing, "alone") == {"DICOM/S1/IM0001.dcm", "DICOM/S1/2.dcm"}
    assert run("load", folder, "--outputs", live.path).code == 0
    assert names_in(landing, "zipped") == {"0001.dcm", "more/DICOM/S1/IM0001.dcm", "more/DICOM/S1/2.dcm"}
    compared = run("verify", folder, "--outputs", live.path)
    assert "3 files compared: 3 in the bucket, 0 in the store" in compared.err


def test_what_is_plainly_no_image_is_passed_over(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    """A disc as hospitals burn them, and a folder that a person has looked into."""
    folder = tmp_path / "disc"
    write_films(folder / "DICOM" / "P1" / "S1", "disc", 2)
    for name in ("DICOMDIR", "README.TXT", "Thumbs.db", "DICOM/Thumbs.db", "viewer.exe", "notes.pdf", "LICENSE"):
        (folder / name).write_bytes(b"no image")
    (folder / "text.txt").write_bytes(small_film("disc", 3))  # whatever it is called, it says that it is DICOM
    ended = run("load", folder, "--outputs", live.path)
    assert ended.code == 0, ended.err
    assert (
        "7 files passed over, plainly no image: DICOMDIR, LICENSE, README.TXT, Thumbs.db, notes.pdf, ..." in ended.err
    )
    assert len(names_in(landing, "disc")) == 3
    assert run("store", folder, "--outputs", live.path).code == 0


def test_a_file_name_that_no_object_can_have_stops_nothing(
    run: Run, live: Live, landing: storage.Bucket, tmp_path: Path
) -> None:
    folder = tmp_path / "names"
    write_films(folder, "names", 1)
    for number, name in enumerate((b"caf\xe9.dcm", b"two\nlines.dcm"), start=2):
        (folder / os.fsdecode(name)).write_bytes(small_film("names", number))
    for _ in range(2):
        ended = run("load", folder, "--import", "--outputs", live.path)
        assert ended.code == 3
        assert r"failed: caf\xe9.dcm: Its name is not UTF-8" in ended.err
        assert r"failed: two\nlines.dcm: Its name holds a line break" in ended.err
    assert names_in(landing, "names") == {"0001.dcm"}
