"""`load --source public`: copied by the stack's project, after saying what it costs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from google.cloud import storage
from pydicom import dcmread

from scripts.chestxrays import labelling
from scripts.chestxrays.public import BUCKET
from scripts.loading.heads import uids_in
from tests.scripts.chestxrays.conftest import public_objects
from tests.scripts.chestxrays.labelled import small_set
from tests.scripts.conftest import Live, Run

HEADER = [
    *("Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age", "Patient Gender", "View Position"),
    *("OriginalImage[Width", "Height]", "OriginalImagePixelSpacing[x", "y]"),
]


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A folder with NIH's list of the films in the bucket."""
    folder = tmp_path / "lists"
    folder.mkdir()
    with (folder / "Data_Entry_2017_v2020.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for film in small_set():
            findings = "|".join(film.findings) or "No Finding"
            rest = [film.age or 999, film.sex or "M", film.view or "PA", 2500, 2048, 0.168, 0.168]
            writer.writerow([film.index, findings, film.follow_up, int(film.patient_id), *rest])
    return folder


@pytest.mark.usefixtures("public_bucket")
def test_googles_dicom_files_are_copied_as_they_are(run: Run, live: Live, landing: storage.Bucket) -> None:
    arguments = ("load", "--source", "public", "--prefix", "copied", "--yes", "--json", "--outputs", live.path)
    ended = run(*arguments, "--import")
    assert ended.code == 0, ended.err
    films = {name: content for name, content in public_objects().items() if name.startswith("dicom/")}
    assert json.loads(ended.out)["loaded"] == len(films)
    assert f"{len(films)} films, " in ended.err
    assert f"from gs://{BUCKET}, which the reader pays for: about $" in ended.err
    assert f"billed to {live.outputs.project}" in ended.err
    for name, content in films.items():
        blob = landing.blob(f"copied/00/{name.removeprefix('dicom/')}")
        assert blob.download_as_bytes() == content
    done = run(*arguments)
    again = json.loads(done.out)
    assert (again["loaded"], again["skipped"]) == (0, len(films))
    assert "$" not in done.err
    ended = run("verify", "--source", "public", "--prefix", "copied", "--outputs", live.path)
    assert (ended.code, ended.out) == (0, "")


@pytest.mark.usefixtures("public_bucket")
def test_googles_dicom_files_get_their_labels_by_their_own_uids(run: Run, live: Live, lists: Path) -> None:
    options = ("--source", "public", "--prefix", "labelled", "--yes", "--outputs", live.path)
    ended = run("load", lists, "--finding", "Cardiomegaly", *options, "--json")
    assert ended.code == 0, ended.err
    chosen = [film for film in small_set() if "Cardiomegaly" in film.findings]
    assert (json.loads(ended.out)["loaded"], json.loads(ended.out)["labels"]) == (len(chosen), len(chosen))
    names = ", ".join(f"'{film.index}'" for film in chosen)
    sql = f"SELECT image_index, sop_instance_uid FROM chest_xray_labels WHERE image_index IN ({names})"
    rows = json.loads(run("query", sql, "--json", "--outputs", live.path).out)
    held = {row["image_index"]: row["sop_instance_uid"] for row in rows}
    for film in chosen:
        content = public_objects()[f"dicom/{film.index.removesuffix('.png')}.dcm"]
        assert held[film.index] == dcmread(io.BytesIO(content)).SOPInstanceUID


@pytest.mark.usefixtures("public_bucket")
def test_the_heads_of_googles_files_are_read_only_where_the_table_lacks_their_uids(
    run: Run, stack: Live, lists: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def reading(bucket: storage.Bucket, name: str) -> tuple[str, str, str] | None:
        read.append(name)
        return uids_in(bucket, name)

    def load(*options: object) -> tuple[int, list[str]]:
        read.clear()
        ended = run("load", lists, "--source", "public", "--yes", *options, "--outputs", stack.path)
        assert ended.code == 0, ended.err
        sql = "SELECT sop_instance_uid FROM chest_xray_labels ORDER BY image_index"
        rows = json.loads(run("query", sql, "--json", "--outputs", stack.path).out)
        return len(read), [row["sop_instance_uid"] for row in rows]

    monkeypatch.setattr(labelling, "uids_in", reading)
    films = {name: content for name, content in public_objects().items() if name.startswith("dicom/")}
    googles = [dcmread(io.BytesIO(films[name])).SOPInstanceUID for name in sorted(films)]
    assert load("--first", 2, "--prefix", "heads") == (2, googles[:2])
    assert load("--prefix", "heads") == (3, googles)
    assert load("--prefix", "heads") == (0, googles)
    # Under our own UIDs meanwhile: they must not be taken for Google's.
    number, ours = load("--format", "png", "--prefix", "heads-png")
    assert (number, set(ours) & set(googles)) == (0, set())
    assert load("--prefix", "heads") == (5, googles)


@pytest.mark.usefixtures("public_bucket")
def test_png_files_are_converted_by_the_lists(run: Run, live: Live, landing: storage.Bucket, lists: Path) -> None:
    options = ("--source", "public", "--format", "png", "--prefix", "png", "--outputs", live.path)
    ended = run("load", lists, *options, "--yes", "--json", "--import")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["loaded"] == len(small_set())
    film = dcmread(io.BytesIO(landing.blob("png/00/00000001_001.dcm").download_as_bytes()))
    assert (film.PatientID, film.PatientAge, film.Rows) == ("00000001", "058Y", 16)
    assert film.pixel_array[0, 0] == 1
    assert run("verify", lists, *options).code == 0


@pytest.mark.usefixtures("public_bucket")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nobody can agree to that here: use --yes"),
        (("--format", "png"), "give the folder with NIH's lists"),
        (("--view", "PA"), "give the folder with NIH's lists"),
        (("--sample",), "load them without --source public"),
    ],
)
def test_wrong_use(run: Run, live: Live, arguments: tuple[str, ...], said: str) -> None:
    ended = run("load", "--source", "public", *arguments, "--outputs", live.path)
    assert ended.code == 2
    assert said in ended.err.splitlines()[-1]


@pytest.mark.usefixtures("public_bucket")
@pytest.mark.parametrize("format_", ["dicom", "png"])
def test_only_what_is_left_to_fetch_has_a_price(run: Run, live: Live, lists: Path, format_: str) -> None:
    prefix = f"priced-{format_}"
    options = ("load", lists, "--source", "public", "--format", format_, "--prefix", prefix, "--outputs", live.path)
    assert run(*options, "--first", 3, "--yes").code == 0
    planned = json.loads(run(*options, "--dry-run", "--json").out)
    assert (planned["already"], planned["to_load"]) == (3, 2)
    rest = run(*options)
    assert (rest.code, rest.err.splitlines()[0].partition(" films, ")[0]) == (2, "2")
    rest = run(*options, "--yes")
    assert (rest.code, rest.err.partition(" films, ")[0]) == (0, "2")
    finished = run(*options)  # nobody need agree to what costs nothing
    assert (finished.code, "$" in finished.err) == (0, False)
    assert "dollars" not in json.loads(run(*options, "--dry-run", "--json").out)


def test_a_dry_run_fetches_only_a_few(run: Run, live: Live, landing: storage.Bucket, public_bucket: str) -> None:
    assert public_bucket == BUCKET
    ended = run("load", "--source", "public", "--dry-run", "--prefix", "none", "--json", "--outputs", live.path)
    assert ended.code == 0
    printed = json.loads(ended.out)
    assert printed["to_load"] == len(small_set())
    assert 0 < printed["dollars"][0] < printed["dollars"][1] < 0.01
    assert not list(landing.list_blobs(prefix="none/"))
