"""`load` against the emulator: what arrives, what is refused, what is not sent twice, and Ctrl-C."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from google.cloud import storage

from scripts.loading.synthetic import Film, dicom_bytes
from tests.scripts.conftest import Live, Run
from tests.scripts.files import small_film, write_films
from tests.support.patience import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[2]


def test_a_folder_arrives_byte_for_byte(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    paths = write_films(tmp_path / "arrives", "arrives", 3)
    ended = run("load", tmp_path / "arrives", "--outputs", live.path)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("3 files loaded (")
    for path in paths:
        blob = landing.get_blob(f"arrives/{path.name}")
        assert blob is not None
        assert (
            blob.md5_hash == base64.b64encode(hashlib.md5(path.read_bytes(), usedforsecurity=False).digest()).decode()
        )
        assert blob.content_type == "application/dicom"


def test_running_again_sends_only_what_changed(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    paths = write_films(tmp_path / "again", "again", 3)
    run("load", tmp_path / "again", "--outputs", live.path)
    before = {blob.name: blob.generation for blob in landing.list_blobs(prefix="again/")}
    paths[1].write_bytes(small_film("again", 77))
    ended = run("load", tmp_path / "again", "--json", "--outputs", live.path)
    printed = json.loads(ended.out)
    assert (printed["loaded"], printed["skipped"], printed["failed"]) == (1, 2, [])
    assert printed["uris"] == [f"gs://{live.outputs.landing_bucket}/again/**.dcm"]
    after = {blob.name: blob.generation for blob in landing.list_blobs(prefix="again/")}
    assert [name for name in before if before[name] != after[name]] == ["again/0002.dcm"]


def test_one_truncated_file_among_a_thousand(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    paths = write_films(tmp_path / "thousand", "thousand", 1000)
    whole = paths[499].read_bytes()
    paths[499].write_bytes(whole[: len(whole) // 2])
    ended = run("load", tmp_path / "thousand", "--outputs", live.path)
    assert ended.code == 3
    assert ended.err.splitlines()[0].startswith("failed: 0500.dcm: The file is truncated")
    assert ended.err.splitlines()[1].startswith("999 files loaded (")
    assert ended.err.splitlines()[1].endswith("; 1 failed")
    assert sum(1 for _ in landing.list_blobs(prefix="thousand/")) == 999


def test_a_text_file_named_dcm(run: Run, live: Live, landing: storage.Bucket, tmp_path: Path) -> None:
    write_films(tmp_path / "text", "text", 1)
    (tmp_path / "text" / "notes.dcm").write_text("not a film\n")
    ended = run("load", tmp_path / "text", "--json", "--outputs", live.path)
    assert ended.code == 3
    printed = json.loads(ended.out)
    assert printed["loaded"] == 1
    assert [each["file"] for each in printed["failed"]] == ["notes.dcm"]
    assert printed["failed"][0]["reason"].startswith("The file is not DICOM")
    assert [blob.name for blob in landing.list_blobs(prefix="text/")] == ["text/0001.dcm"]


def test_nothing_but_bad_files_is_a_failure(run: Run, live: Live, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "empty.dcm").touch()
    ended = run("load", tmp_path / "bad", "--outputs", live.path)
    assert ended.code == 1
    assert "failed: empty.dcm: The file is empty." in ended.err


def test_two_files_that_want_the_same_name(run: Run, live: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "twice", "twice", 1)
    (tmp_path / "twice" / "0001.DCM").write_bytes(small_film("twice", 2))
    ended = run("load", tmp_path / "twice", "--outputs", live.path)
    assert ended.code == 3
    assert "failed: 0001.dcm: Its object would have the name that 0001.DCM has already." in ended.err


def test_load_needs_something(run: Run, live: Live, tmp_path: Path) -> None:
    assert run("load", "--outputs", live.path).code == 2
    assert run("load", tmp_path / "nowhere", "--outputs", live.path).code == 2


def test_a_bucket_that_is_not_there(run: Run, live: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "films", "no-bucket", 1)
    mapping = live.outputs.to_mapping() | {"landing_bucket": "no-such-bucket"}
    (tmp_path / "outputs.json").write_text(json.dumps(mapping))
    ended = run("load", tmp_path / "films", "--outputs", tmp_path / "outputs.json")
    assert ended.code == 1
    assert ended.err.startswith("error: The specified bucket does not exist. ")
    assert "pulumi up" in ended.err


def test_synthetic_films_are_made_and_not_made_twice(run: Run, live: Live, landing: storage.Bucket) -> None:
    arguments = ("load", "--synthetic", 3, "--prefix", "made", "--json", "--outputs", live.path)
    assert json.loads(run(*arguments).out)["loaded"] == 3
    assert json.loads(run(*arguments).out)["skipped"] == 3
    blob = landing.blob("made/00000001_001.dcm")
    assert blob.download_as_bytes() == dicom_bytes(Film(1, 1))


def test_a_sample_of_so_many_is_made(run: Run, live: Live) -> None:
    ended = run("load", "--sample", 2, "--prefix", "so-many", "--json", "--outputs", live.path)
    printed = json.loads(ended.out)
    assert (ended.code, printed["loaded"]) == (0, 2)
    ended = run("load", "--sample", "two", "--outputs", live.path)
    assert (ended.code, "two does not exist" in ended.err) == (2, True)


def test_real_samples_load_and_import_in_one_command(run: Run, live: Live) -> None:
    ended = run("load", "--sample", "--import", "--json", "--outputs", live.path)
    assert ended.code == 0
    printed = json.loads(ended.out)
    assert printed["loaded"] >= 9
    assert [each["success"] for each in printed["imports"]] == [printed["loaded"]]
    found = json.loads(run("search", "series", "Modality=CR", "--json", "--outputs", live.path).out)
    assert len(found) >= 3


def start_load(live: Live, prefix: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scripts", "load", "--synthetic", str(number), "--prefix", prefix]
    return subprocess.Popen(
        [*command, "--outputs", str(live.path)],
        cwd=ROOT,
        env={**os.environ, **live.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_objects(bucket: storage.Bucket, prefix: str, number: int) -> None:
    eventually(lambda: sum(1 for _ in bucket.list_blobs(prefix=f"{prefix}/")), lambda found: found >= number)


def test_ctrl_c_during_load_loses_nothing(run: Run, live: Live, landing: storage.Bucket) -> None:
    with start_load(live, "stopped", 400) as process:
        wait_for_objects(landing, "stopped", 5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert "not tried: run the same command again to go on" in said
    assert "Traceback" not in said
    objects = list(landing.list_blobs(prefix="stopped/"))
    assert 5 <= len(objects) < 400
    assert f"{len(objects)} files loaded" in said
    whole = len(dicom_bytes(Film(1, 0)))
    assert all(abs((blob.size or 0) - whole) < 100 for blob in objects)
    number = len(objects) + 2
    again = run("load", "--synthetic", number, "--prefix", "stopped", "--json", "--outputs", live.path)
    printed = json.loads(again.out)
    assert (again.code, printed["loaded"] + printed["skipped"]) == (0, number)
    assert printed["skipped"] >= len(objects) - 40
