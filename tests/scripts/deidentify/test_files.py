"""`deidentify files`: twins, dry runs, previews, crosswalks; no stack is asked for."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pydicom
import pytest
from PIL import Image, ImageDraw
from pydicom.dataset import FileDataset

from tests.scripts.conftest import Run
from tests.scripts.files import small_film, write_films

RECIPE = ("--recipe", "ps315-headers")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two films of a patient."""
    made = tmp_path / "films"
    write_films(made, "Wall", 2)
    return made


def twins(folder: Path) -> list[FileDataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def test_files_have_twins_without_the_patient(run: Run, folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    ended = run("deidentify", "files", folder, "--to", to, *RECIPE)
    assert (ended.code, "2 files de-identified" in ended.err) == (0, True), ended.err
    found = twins(to)
    assert len({each.SOPInstanceUID for each in found}) == 2
    assert len({each.StudyInstanceUID for each in found}) == 1
    assert all(b"Wall" not in path.read_bytes() for path in to.rglob("*.dcm"))
    assert {path.relative_to(to).parts[0] for path in to.rglob("*.dcm")} == {found[0].StudyInstanceUID}
    assert not list(to.glob(".*"))


def test_the_same_key_makes_the_same_of_the_same(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(16))
    for to in ("one", "two"):
        run("deidentify", "files", folder, "--to", tmp_path / to, "--key", tmp_path / "key", *RECIPE)
    run("deidentify", "files", folder, "--to", tmp_path / "three", *RECIPE)
    one, two, three = ({each.SOPInstanceUID for each in twins(tmp_path / to)} for to in ("one", "two", "three"))
    assert one == two
    assert not one & three


def test_a_crosswalk_is_its_owner_s_alone(run: Run, folder: Path, tmp_path: Path) -> None:
    to, file = tmp_path / "out", tmp_path / "kept" / "crosswalk.csv"
    assert run("deidentify", "files", folder, "--to", to, "--crosswalk", file, *RECIPE).code == 0
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {row["oldPatientID"] for row in rows} == {"Wall"}
    assert {row["newSOPInstanceUID"] for row in rows} == {each.SOPInstanceUID for each in twins(to)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_can_t_be_followed_is_named_and_leaves_nothing(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "0001.dcm").write_bytes(small_film("Wall", 1)[:-40])
    (folder / "0003.dcm").write_bytes(b"")
    to = tmp_path / "out"
    ended = run("deidentify", "files", folder, "--to", to, "--json", *RECIPE)
    assert ended.code == 3
    assert {each["file"] for each in json.loads(ended.out)["failed"]} == {"0001.dcm", "0003.dcm"}
    assert len([path for path in to.rglob("*") if path.is_file()]) == 1


def test_a_dry_run_shows_what_would_change_and_writes_nothing(run: Run, folder: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    shown = run("deidentify", "files", folder / "0001.dcm", "--dry-run", *RECIPE)
    assert shown.code == 0
    # PS3.15 Table E.1-1: PatientName Z, PatientID Z; type 2 in the module, so that both are emptied.
    assert "PatientName\tTest^Wall\t(empty)\tE.1-1" in shown.out
    assert "Modality" not in shown.out
    assert sorted(tmp_path.rglob("*")) == before
    rows = json.loads(run("deidentify", "files", folder, "--dry-run", "--json", *RECIPE).out)
    assert {row["keyword"] for row in rows["0002.dcm"]} >= {"PatientName", "Modality", "PixelData"}


def test_a_preview_shows_both_sides_of_each_picture(run: Run, tmp_path: Path) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(with_text("WALL EDWARD", 256))
    to = tmp_path / "pictures"
    shown = run("deidentify", "files", film, "--preview", to)
    assert (shown.code, shown.out) == (0, "film.dcm: 1 box\n"), shown.err
    picture = Image.open(to / "0001-1.png")
    assert picture.size == (2 * 256 + 8, 256)
    left, right = (max(picture.crop((x, 0, x + 256, 256)).convert("L").tobytes()) for x in (0, 264))
    assert left == 255
    assert right < 128


def with_text(text: str, side: int) -> bytes:
    """A grey film with a text in it."""
    from io import BytesIO

    picture = Image.new("L", (side, side), 60)
    ImageDraw.Draw(picture).text((20, 100), text, fill=255, font_size=28)
    film = pydicom.dcmread(BytesIO(small_film("Wall")))
    film.Rows = film.Columns = side
    film.PixelData = picture.tobytes()
    target = BytesIO()
    film.save_as(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "--to FOLDER, --dry-run or --preview FOLDER"),
        (("--dry-run", "--to", "out"), "--to FOLDER, --dry-run or --preview FOLDER"),
        (("--dry-run", "--crosswalk", "file"), "--crosswalk goes with --to"),
        (("--dry-run", "--recipe", "none"), "There is no recipe none: there are google-basic"),
        (("--dry-run", "--recipe", "google-basic", "--config", "file"), "exclude each other"),
        (("--dry-run", "--config", "nothing.json"), "nothing.json cannot be read"),
        (("--dry-run", "--key", "nothing"), "The key file nothing cannot be read"),
        (("--preview", "pictures", "--recipe", "google-basic"), "leaves pixels alone"),
    ],
)
def test_wrong_use_is_one_sentence(run: Run, folder: Path, options: tuple[str, ...], sentence: str) -> None:
    shown = run("deidentify", "files", folder, *options)
    assert shown.code == 2
    assert sentence in shown.err


def test_a_model_that_is_not_here_is_said(run: Run, folder: Path, tmp_path: Path) -> None:
    ended = run("deidentify", "files", folder, "--to", tmp_path / "out", "--model", "no_such_model")
    assert ended.code == 2
    assert "The model no_such_model" in ended.err
    assert not (tmp_path / "out").exists()
