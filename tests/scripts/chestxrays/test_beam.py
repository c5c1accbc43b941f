"""The load as a Beam pipeline, on this machine: it leaves what a local load leaves, and each goes on from the other."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage
from pydicom import dcmread

from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.beam.carrying import BeamCarry
from scripts.chestxrays.beam.direct import DirectRunner
from scripts.chestxrays.films import Converter
from scripts.chestxrays.rehearsal import write_set
from scripts.chestxrays.selection import Selection
from scripts.connection import connect
from scripts.loading.choosing import choose
from scripts.loading.running import run_load
from scripts.loading.wish import SourceKind, Wish
from tests.scripts.conftest import Live, Run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

FILMS = 16
SIDE = 32


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with all its oddities."""
    folder = tmp_path_factory.mktemp("beam") / "data"
    write_set(folder, FILMS, SIDE)
    return folder


@pytest.fixture
def live(own_live: Live, monkeypatch: pytest.MonkeyPatch) -> Live:
    """An environment of this module's, with its credentials in this process's environment."""
    for name, value in own_live.variables.items():
        monkeypatch.setenv(name, value)
    return own_live


def printed(run: Run, live: Live, *arguments: object) -> dict[str, Any]:
    ended = run(*arguments, "--json", "--outputs", live.path)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def objects(landing: storage.Bucket, prefix: str) -> dict[str, tuple[Any, ...]]:
    """What the bucket holds below a folder: bytes, checksums, types and marks by name."""
    return {
        blob.name.removeprefix(prefix): (blob.size, blob.crc32c, blob.content_type, blob.metadata)
        for blob in landing.list_blobs(prefix=f"{prefix}/")
    }


def labels(run: Run, live: Live) -> list[dict[str, Any]]:
    """The rows of the label table, which has none afterwards."""
    sql = "SELECT * FROM chest_xray_labels ORDER BY image_index"
    ended = run("query", sql, "--json", "--outputs", live.path)
    assert run("query", "DELETE FROM chest_xray_labels WHERE TRUE", "--outputs", live.path).code == 0
    rows: list[dict[str, Any]] = json.loads(ended.out)
    return rows


def test_a_pipeline_leaves_what_a_local_load_leaves(
    run: Run, live: Live, landing: storage.Bucket, archive: Path
) -> None:
    films = len(open_archive(archive))
    local = printed(run, live, "load", archive, "--source", "kaggle", "--import", "--prefix", "local")
    rows = labels(run, live)
    beam = printed(run, live, "pipeline", archive, "--import", "--prefix", "beam")
    assert labels(run, live) == rows
    assert len(rows) == FILMS
    assert objects(landing, "beam") == objects(landing, "local")
    assert (beam["loaded"], beam["bytes"], beam["labels"]) == (local["loaded"], local["bytes"], local["labels"])
    assert beam["loaded"] == films
    assert [each["success"] for each in beam["imports"]] == [each["success"] for each in local["imports"]]
    for again in (("load", archive, "--source", "kaggle"), ("pipeline", archive)):
        done = printed(run, live, *again, "--import", "--prefix", "beam")
        assert (done["loaded"], done["skipped"], done["imported_before"]) == (0, films, films)
    ended = run("verify", archive, "--source", "kaggle", "--prefix", "beam", "--outputs", live.path)
    assert (ended.code, ended.out) == (0, "")
    blob = next(iter(landing.list_blobs(prefix="beam/")))
    assert dcmread(io.BytesIO(blob.download_as_bytes())).Rows == SIDE


def test_a_damaged_film_is_named_and_the_rest_is_loaded(
    run: Run, live: Live, landing: storage.Bucket, tmp_path: Path
) -> None:
    write_set(tmp_path / "damaged", 8, SIDE)
    victim, *rest = [image for _, image in open_archive(tmp_path / "damaged")]
    path = Path(victim.place, victim.path)
    path.write_bytes(path.read_bytes()[:100])
    ended = run("pipeline", tmp_path / "damaged", "--prefix", "beam-damaged", "--outputs", live.path)
    assert ended.code == 3
    (failed,) = [line for line in ended.err.splitlines() if line.startswith("failed: ")]
    assert failed.startswith(f"failed: {victim.name}: The PNG is damaged")
    assert f"{len(rest)} files loaded" in ended.err
    assert len(objects(landing, "beam-damaged")) == len(rest)


def test_bundles_that_are_tried_again_send_nothing_twice(live: Live, landing: storage.Bucket, archive: Path) -> None:
    """And a film counts as loaded by this run even where only the second attempt at its bundle was heard."""
    films = len(open_archive(archive))
    with connect(None, live.path) as target, Converter() as converter:
        wish = Wish(SourceKind.KAGGLE, archive, Selection(), prefix="repeated")
        chosen = choose(target, wish, converter)
        carry = BeamCarry(target, converter.syntax, DirectRunner(direct_runner_bundle_repeat=1))
        done = run_load(target, chosen.sources, then_import=False, carry=carry)
    assert (done.report.loaded, done.report.skipped, done.report.failed) == (films, 0, [])
    versions = list(landing.list_blobs(prefix="repeated/", versions=True))
    assert len(versions) == films
    assert done.report.bytes_sent == sum(blob.size for blob in versions)


def test_a_busy_service_is_asked_again(run: Run, live: Live, landing: storage.Bucket, archive: Path) -> None:
    try:
        for code, call in ((429, 1), (503, 3)):
            fault = {"method": "storage.objects.insert", "code": code, "call": call}
            assert live.emulator.request("POST", "/_emulator/faults", fault)[0] == 200
        loaded = printed(run, live, "pipeline", archive, "--first", 3, "--prefix", "busy")
    finally:
        live.emulator.request("DELETE", "/_emulator/faults")
    assert loaded["loaded"] == len(objects(landing, "busy")) == 3


def test_what_stops_all_is_one_sentence(run: Run, live: Live, archive: Path) -> None:
    fault = {"method": "storage.objects.insert", "code": 403, "count": 1000, "message": "No writing today."}
    try:
        assert live.emulator.request("POST", "/_emulator/faults", fault)[0] == 200
        ended = run("pipeline", archive, "--first", 2, "--prefix", "refused", "--outputs", live.path)
    finally:
        live.emulator.request("DELETE", "/_emulator/faults")
    assert ended.code == 1
    (error,) = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert "No writing today." in error
    assert "while running" not in error


@pytest.mark.parametrize("packed", [False, True])
def test_a_set_in_cloud_storage(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path, *, packed: bool) -> None:
    """As folders or in a zip: what is on disk here and what lies in a bucket become the same objects."""
    write_set(tmp_path / "set", 12, SIDE, zips="one" if packed else "none")
    bucket = landing.client.create_bucket(f"set-{packed}-films".lower())
    for path in (tmp_path / "set").rglob("*"):
        if path.is_file():
            bucket.blob(f"nih/{path.relative_to(tmp_path / 'set').as_posix()}").upload_from_filename(str(path))
    films = len(open_archive(tmp_path / "set"))
    place = f"gs://{bucket.name}/nih" + ("/archive.zip" if packed else "")
    assert printed(run, live, "pipeline", place, "--prefix", f"cloud-{packed}")["loaded"] == films
    there = objects(landing, f"cloud-{packed}")
    again = printed(run, live, "load", place, "--source", "kaggle", "--prefix", f"cloud-{packed}")
    assert (again["loaded"], again["skipped"]) == (0, films)
    local = printed(run, live, "load", tmp_path / "set", "--source", "kaggle", "--prefix", f"disk-{packed}")
    assert local["loaded"] == films
    here = objects(landing, f"disk-{packed}")
    assert {name: each[:3] for name, each in there.items()} == {name: each[:3] for name, each in here.items()}
    if packed:  # a zip's own checksums are the same everywhere; a file on disk has only its time
        assert there == here


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Nothing to load"),
        (("{archive}", "--machine", "e2-standard-4"), 2, "are for --runner dataflow only"),
        (("{archive}", "--workers", "4"), 2, "are for --runner dataflow only"),
        (("{archive}", "--no-wait"), 2, "are for --runner dataflow only"),
        (("{archive}", "--runner", "dataflow"), 2, "The emulator has no Dataflow: take --runner direct"),
        (("gs://no-such-bucket-here/nih",), 1, "The specified bucket does not exist"),
    ],
)
def test_wrong_use_is_one_sentence(
    run: Run, live: Live, archive: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = run("pipeline", *(each.format(archive=archive) for each in arguments), "--outputs", live.path)
    assert ended.code == code
    assert said in ended.err
    assert ended.err.count("\n") == 1
