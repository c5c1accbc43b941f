"""A set in Kaggle's layout from end to end: bucket, store, labels; chosen in part; and what is odd about it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from google.cloud import storage
from PIL import Image
from pydicom import dcmread

from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.films import uids_of
from scripts.chestxrays.rehearsal import write_set
from tests.scripts.conftest import Live, Run

FILMS = 60
SIDE = 64


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set with all its oddities: RGBA files, impossible ages, names without a file and the reverse."""
    folder = tmp_path_factory.mktemp("kaggle") / "data"
    write_set(folder, FILMS, SIDE)
    return folder


@pytest.fixture
def live(own_live: Live, monkeypatch: pytest.MonkeyPatch) -> Live:
    """An environment of this module's, with its credentials in this process's environment."""
    for name, value in own_live.variables.items():
        monkeypatch.setenv(name, value)
    return own_live


def printed(run: Run, live: Live, *arguments: object) -> dict[str, object]:
    ended = run(*arguments, "--json", "--outputs", live.path)
    assert ended.code == 0, ended.err + ended.out
    found: dict[str, object] = json.loads(ended.out)
    return found


def test_the_set_arrives_whole(run: Run, live: Live, landing: storage.Bucket, archive: Path) -> None:
    opened = open_archive(archive)
    assert opened.imageless
    assert opened.unlabelled
    loaded = printed(run, live, "load", archive, "--source", "kaggle", "--import", "--prefix", "whole")
    assert loaded["loaded"] == len(opened) == FILMS - len(opened.imageless)
    assert loaded["labels"] == FILMS
    ended = run("verify", archive, "--source", "kaggle", "--prefix", "whole", "--outputs", live.path)
    assert ended.code == 0, ended.out
    assert ended.out == ""
    assert f"{len(opened)} files compared: {len(opened)} in the bucket, {len(opened)} in the store" in ended.err
    for record, image in opened:
        blob = landing.get_blob(f"whole/{record.patient_id[3:5]}/{record.index[:-4]}.dcm")
        assert blob is not None
        film = dcmread(io.BytesIO(blob.download_as_bytes()))
        grey = np.asarray(Image.open(io.BytesIO(image.read())).convert("L"))
        assert np.array_equal(film.pixel_array, grey), record.index
        assert film.SOPInstanceUID == uids_of(record).instance
        assert film.PatientID == record.patient_id


def test_the_labels_are_those_of_the_list(run: Run, live: Live, archive: Path) -> None:
    printed(run, live, "load", archive, "--source", "kaggle", "--prefix", "labels")
    sql = "SELECT image_index, findings, age, sop_instance_uid FROM chest_xray_labels WHERE label_version = 'v2020'"
    ended = run("query", sql, "--json", "--outputs", live.path)
    held = {row["image_index"]: row for row in json.loads(ended.out)}
    with (archive / "Data_Entry_2017_v2020.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == FILMS
    for row in rows:
        findings = [] if row["Finding Labels"] == "No Finding" else row["Finding Labels"].split("|")
        assert held[row["Image Index"]]["findings"] == findings
        age = int(row["Patient Age"])
        assert held[row["Image Index"]]["age"] == (age if age <= 130 else None)
    imageless = {record.index for record in open_archive(archive).imageless}
    assert {index for index, row in held.items() if row["sop_instance_uid"] is None} == imageless


def test_running_again_does_nothing_twice(run: Run, live: Live, landing: storage.Bucket, archive: Path) -> None:
    arguments = ("load", archive, "--source", "kaggle", "--import", "--prefix", "again")
    first = printed(run, live, *arguments)
    before = {blob.name: blob.generation for blob in landing.list_blobs(prefix="again/")}
    again = printed(run, live, *arguments)
    assert (again["loaded"], again["skipped"], again["imported_before"]) == (0, first["loaded"], first["loaded"])
    assert "imports" not in again
    assert {blob.name: blob.generation for blob in landing.list_blobs(prefix="again/")} == before


def test_a_part_of_the_set(run: Run, live: Live, landing: storage.Bucket, archive: Path) -> None:
    wanted = [record for record, _ in open_archive(archive) if record.view == "PA" and record.sex == "F"][:3]
    options = ("--view", "pa", "--sex", "F", "--first", 3, "--prefix", "part")
    assert printed(run, live, "load", archive, "--source", "kaggle", "--import", *options)["loaded"] == len(wanted) == 3
    names = {blob.name.rsplit("/", 1)[-1] for blob in landing.list_blobs(prefix="part/")}
    assert names == {record.index.replace(".png", ".dcm") for record in wanted}
    found = printed(run, live, "verify", archive, "--source", "kaggle", *options)
    assert (found["files"], found["bucket"]) == (3, 3)


def test_a_dry_run_changes_nothing(run: Run, live: Live, landing: storage.Bucket, archive: Path) -> None:
    arguments = ("load", archive, "--source", "kaggle", "--prefix", "dry", "--dry-run")
    planned = printed(run, live, *arguments)
    opened = open_archive(archive)
    assert (planned["files"], planned["already"]) == (len(opened), 0)
    assert planned["without_image"] == len(opened.imageless)
    assert not list(landing.list_blobs(prefix="dry/"))
    assert not list(landing.list_blobs(prefix=".load/dry/"))
    loaded = printed(run, live, "load", archive, "--source", "kaggle", "--prefix", "dry")
    assert isinstance(planned["bytes"], int)
    assert abs(planned["bytes"] / loaded["bytes"] - 1) < 0.1  # type: ignore[operator]
    assert printed(run, live, *arguments)["already"] == len(opened)
    ended = run(*arguments, "--outputs", live.path)
    assert "to load: 0, about 0 bytes" in ended.out


def test_a_damaged_image_is_named_and_the_rest_is_loaded(run: Run, live: Live, tmp_path: Path) -> None:
    write_set(tmp_path / "damaged", 12, SIDE)
    images = sorted((tmp_path / "damaged").glob("images_*/images/*.png"))
    listed = {record.index for record, _ in open_archive(tmp_path / "damaged")}
    victim = next(image for image in images if image.name in listed)
    victim.write_bytes(victim.read_bytes()[:200])
    ended = run(
        "load", tmp_path / "damaged", "--source", "kaggle", "--prefix", "damaged", "--import", "--outputs", live.path
    )
    assert ended.code == 3
    (failed,) = [line for line in ended.err.splitlines() if line.startswith("failed: ")]
    assert failed.startswith(f"failed: {victim.name}: ")
    assert f"{len(listed) - 1} files loaded" in ended.err
    ended = run("verify", tmp_path / "damaged", "--source", "kaggle", "--prefix", "damaged", "--outputs", live.path)
    assert ended.code == 1
    assert ended.out.splitlines()[0] == f"missing in the bucket: {victim.name}"


def test_images_with_a_csv_of_ones_own(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    folder.mkdir()
    for name in ("one.png", "two.jpg"):
        Image.new("L", (32, 24), 90).save(folder / name)
    (folder / "list.csv").write_text(
        "Image Index,Patient ID,Patient Age,View Position\none.png,A-7,40,PA\ntwo.jpg,B,,\n"
    )
    assert printed(run, live, "load", folder, "--import")["loaded"] == 2
    blob = landing.get_blob("clinic/one.dcm")
    assert blob is not None
    film = dcmread(io.BytesIO(blob.download_as_bytes()))
    assert (film.PatientID, film.PatientAge, film.ViewPosition, film.Rows) == ("A-7", "040Y", "PA", 24)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "kaggle"), "Nothing to load"),
        (("--source", "kaggle", "--sample"), "needs the folder or the zip of the set"),
        (("{archive}", "--source", "kaggle", "--finding", "Efusion"), "did you mean Effusion?"),
        (("{archive}", "--source", "kaggle", "--age", "old"), "--age old is no age"),
        (("{archive}", "--source", "kaggle", "--patient", "99999999"), "what the filters ask for"),
        (("{archive}", "--source", "kaggle", "--labels", "2011.csv"), "holds no 2011.csv"),
        (("--sample", "--finding", "Mass"), "need a list of films"),
    ],
)
def test_wrong_use_is_one_sentence(run: Run, live: Live, archive: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = run("load", *(each.format(archive=archive) for each in arguments), "--outputs", live.path)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
