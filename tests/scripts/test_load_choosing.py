"""What `load` takes a folder for: a set of images, or DICOM files; and options that do not fit what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.cloud import storage
from PIL import Image

from tests.scripts.conftest import Live, Run
from tests.scripts.files import small_film, write_films


def mixed(folder: Path, header: str) -> Path:
    """Three DICOM files, one of them without an ending, an image, and a CSV."""
    write_films(folder, folder.name, 2)
    (folder / "IM0003").write_bytes(small_film(folder.name, 3))
    Image.new("L", (32, 24), 90).save(folder / "thumb.jpg")
    (folder / "notes.csv").write_text(f"{header}\nthumb.jpg,fine\n")
    return folder


@pytest.mark.parametrize("header", ["when,what", "image,findings"])
def test_dicom_files_beside_an_image_and_a_csv_are_loaded(
    run: Run, live: Live, landing: storage.Bucket, tmp_path: Path, header: str
) -> None:
    name = f"mixed-{header.partition(',')[0]}"
    ended = run("load", mixed(tmp_path / name, header), "--outputs", live.path)
    assert ended.code == 3
    assert ended.err.startswith(
        f"{name} holds DICOM files, so these are loaded, and its images are not made into DICOM"
    )
    assert "failed: thumb.jpg: The file is not DICOM" in ended.err
    assert "3 files loaded" in ended.err
    names = {blob.name for blob in landing.list_blobs(prefix=f"{name}/")}
    assert names == {f"{name}/{each}.dcm" for each in ("0001", "0002", "IM0003")}


def test_dicom_files_beside_a_set_that_is_asked_for_are_counted(
    run: Run, live: Live, landing: storage.Bucket, tmp_path: Path
) -> None:
    folder = mixed(tmp_path / "asked", "image,findings")
    ended = run("load", folder, "--source", "kaggle", "--outputs", live.path)
    assert ended.code == 0, ended.err
    assert "asked also holds 3 DICOM files, left out here" in ended.err
    assert [blob.name for blob in landing.list_blobs(prefix="asked/")] == ["asked/thumb.dcm"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--syntax", "jpeg-ls"), "--syntax is for films that become DICOM on the way"),
        (("--syntax", "uncompressed"), "--syntax is for films that become DICOM on the way"),
        (("--format", "png"), "--format is for --source public"),
        (("--finding", "Mass"), "need a list of films"),
    ],
)
@pytest.mark.parametrize("command", ["load", "verify"])
def test_an_option_that_does_not_fit_dicom_files_is_refused(
    run: Run, live: Live, tmp_path: Path, command: str, options: tuple[str, ...], said: str
) -> None:
    write_films(tmp_path / "plain", "plain", 1)
    ended = run(command, tmp_path / "plain", *options, "--outputs", live.path)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("command", ["load", "pipeline"])
def test_format_does_not_fit_a_set_on_disk(run: Run, live: Live, tmp_path: Path, command: str) -> None:
    Image.new("L", (32, 24), 90).save(tmp_path / "one.png")
    (tmp_path / "list.csv").write_text("image\none.png\n")
    ended = run(command, tmp_path, "--source", "kaggle", "--format", "png", "--outputs", live.path)
    assert ended.code == 2
    assert "--format is for --source public" in ended.err
    assert json.loads(run("load", tmp_path, "--syntax", "jpeg-ls", "--dry-run", "--json", "--outputs", live.path).out)
