"""`store`: sources, what is there already, conflicts, a busy service, and what ends a run."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pydicom
import pytest

from scripts import dicomweb, patience
from scripts.dicomweb import value
from scripts.errors import UsageError
from scripts.storing.candidates import find_candidates
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.files import small_film, write_films
from tests.scripts.outputs import STORE

WEB = f"/v1/{STORE}/dicomWeb"
CONFLICT = {"00081198": {"Value": [{"00081197": {"Value": [272]}, "00091097": {"Value": ["already exists"]}}]}}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.001)


def counts(printed: str) -> dict[str, Any]:
    """The document of --json, with the labels of what failed."""
    document: dict[str, Any] = json.loads(printed)
    return {**document, "failed": [each["file"] for each in document["failed"]]}


def in_store(run: Run, live: Live, patient: str) -> list[str]:
    found = run("search", "instances", f"PatientID={patient}", "--limit", 0, "--json", "--outputs", live.path)
    return [value(each, "00080018") for each in json.loads(found.out)]


def test_files_folders_and_wildcards_are_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/1.dcm", "a/b/2.dcm", "a/b/.hidden", "a/.git/3.dcm", "c/4.DCM", "5.dcm"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)

    def labels(*words: str) -> list[str]:
        return [each.label for each in find_candidates(words)]

    assert labels("a") == ["1.dcm", "b/2.dcm"]
    assert labels("a/b/2.dcm") == ["2.dcm"]
    assert labels("a", "5.dcm") == ["a/1.dcm", "a/b/2.dcm", "5.dcm"]
    assert labels("**/*.dcm") == ["5.dcm", "a/1.dcm", "a/b/2.dcm"]
    assert labels("a/**", str(tmp_path / "a")) == ["a/1.dcm", "a/b/2.dcm"]
    assert labels("[ac]/*.[dD]*") == ["a/1.dcm", "c/4.DCM"]
    assert labels("?") == ["a/1.dcm", "a/b/2.dcm", "c/4.DCM"]


@pytest.mark.parametrize("word", ["nothing", "*.dcm", "empty"])
def test_a_word_that_gives_no_file_is_wrong_use(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"does not exist|matches no file|holds no files"):
        find_candidates([word])


def test_stored_again_is_counted_as_there_already(run: Run, live: Live, tmp_path: Path) -> None:
    write_films(tmp_path / "twice", "twice", 3)
    arguments = ("store", tmp_path / "twice", "--json", "--outputs", live.path)
    first = run(*arguments)
    assert first.code == 0
    printed = counts(first.out)
    assert (printed["stored"], printed["already"], printed["left"], printed["failed"]) == (3, 0, 0, [])
    assert printed["bytes"] == sum(path.stat().st_size for path in (tmp_path / "twice").iterdir())
    write_films(tmp_path / "twice", "twice", 5)
    again = run(*arguments)
    assert again.code == 0
    printed = counts(again.out)
    assert (printed["stored"], printed["already"]) == (2, 3)
    assert again.err.startswith("2 instances stored (")
    assert "; 3 there already" in again.err


def test_one_instance_in_two_files(run: Run, live: Live, tmp_path: Path) -> None:
    film = small_film("double", 1)
    other = film[:-1] + bytes([film[-1] ^ 0xFF])
    for name, data in (("1.dcm", film), ("2.dcm", film), ("3.dcm", other)):
        (tmp_path / name).write_bytes(data)
    ended = run("store", tmp_path, "--json", "--outputs", live.path)
    printed = counts(ended.out)
    # Which of the files goes first is a matter of threads; never do two of them fight for the instance.
    assert printed["stored"] == 1
    assert printed["already"] + len(printed["failed"]) == 2
    assert ended.code == 3
    assert "It has the UIDs of" in ended.err
    assert len(in_store(run, live, "double")) == 1


def test_a_file_twice_that_is_refused_has_failed_twice(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path
) -> None:
    for name in ("1.dcm", "2.dcm"):
        (tmp_path / name).write_bytes(small_film("refused-twice"))
    google.answers("GET", f"{WEB}/instances", [])
    google.refuses("POST", f"{WEB}/studies", 400, "not today")
    ended = run("store", tmp_path / "1.dcm", tmp_path / "2.dcm", "--json", "--outputs", outputs_file)
    assert ended.code == 1
    assert len(counts(ended.out)["failed"]) == 2


def test_a_file_that_vanishes_does_not_stop_the_rest(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_films(tmp_path / "films", "vanishing", 2)
    google.answers("GET", f"{WEB}/instances", [])
    google.answers("POST", f"{WEB}/studies")
    original = dicomweb.DicomWeb.store

    def vanish(web: dicomweb.DicomWeb, content: Path | bytes, *rest: Any) -> None:
        if isinstance(content, Path) and content.name == "0001.dcm":
            content.unlink()
        original(web, content, *rest)

    monkeypatch.setattr(dicomweb.DicomWeb, "store", vanish)
    ended = run("store", tmp_path / "films", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    assert json.loads(ended.out)["stored"] == 1
    assert "failed: 0001.dcm: The file cannot be read: No such file or directory." in ended.err


def test_what_the_store_refuses_is_named(run: Run, live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "refused"
    write_films(folder, "refused", 2)
    assert run("store", folder, "--outputs", live.path).code == 0
    other = bytearray(small_film("refused", 1))
    other[-1] ^= 0xFF
    (folder / "0001.dcm").write_bytes(other)
    (folder / "notes.dcm").write_text("not a film")
    (folder / "set.zip").write_bytes(b"PK\x03\x04rest")
    ended = run("store", folder, "--json", "--outputs", live.path)
    assert ended.code == 3
    printed = json.loads(ended.out)
    assert (printed["stored"], printed["already"]) == (0, 1)
    assert [(each["file"], each["conflict"]) for each in printed["failed"]] == [
        ("0001.dcm", True),
        ("notes.dcm", False),
        ("set.zip", False),
    ]
    assert "already exists" in printed["failed"][0]["reason"]
    assert "unpack it" in printed["failed"][2]["reason"]
    assert "only with --overwrite" in ended.err


def test_overwrite_replaces_what_conflicts(run: Run, live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    write_films(folder, "changed", 3)
    assert run("store", folder, "--outputs", live.path).code == 0
    other = bytearray(small_film("changed", 2))
    other[-1] ^= 0xFF
    (folder / "0002.dcm").write_bytes(other)
    arguments = ("store", folder, "--overwrite", "--outputs", live.path)
    refused = run(*arguments)
    assert refused.code == 2
    assert "use --yes" in refused.err
    ended = run(*arguments, "--yes", "--json")
    assert ended.code == 0
    printed = counts(ended.out)
    assert (printed["stored"], printed["already"], printed["replaced"], printed["failed"]) == (0, 2, 1, [])
    study = pydicom.dcmread(folder / "0001.dcm").StudyInstanceUID
    assert run("retrieve", study, "--to", tmp_path / "out", "--outputs", live.path).code == 0
    uid = pydicom.dcmread(folder / "0002.dcm").SOPInstanceUID
    (retrieved,) = (tmp_path / "out").rglob(f"{uid}.dcm")
    assert retrieved.read_bytes() == bytes(other)
    assert counts(run(*arguments, "--yes", "--json").out)["already"] == 3


@pytest.mark.parametrize(("answer", "code", "replaced"), [(True, 0, 1), (False, 1, 0)])
def test_overwrite_asks_once(
    run: Run, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, answer: bool, code: int, replaced: int
) -> None:
    patient = f"asked-{code}"
    write_films(tmp_path / "films", patient, 1)
    assert run("store", tmp_path / "films", "--outputs", live.path).code == 0
    film = small_film(patient, 1)
    (tmp_path / "films" / "0001.dcm").write_bytes(film[:-1] + b"\x77")
    asked: list[str] = []
    monkeypatch.setattr("scripts.commands.store.interactive", lambda: True)

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr("typer.confirm", confirm)
    ended = run("store", tmp_path / "films", "--overwrite", "--json", "--outputs", live.path)
    assert ended.code == code
    assert json.loads(ended.out)["replaced"] == replaced
    assert len(asked) == 1
    assert asked[0].startswith("Replace 1 instance of DICOM store")


def test_a_file_that_is_not_stored_after_its_instance_was_deleted_is_said(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "1.dcm").write_bytes(small_film("lost"))
    film = pydicom.dcmread(tmp_path / "1.dcm")
    google.answers("GET", f"{WEB}/instances", [])
    google.answers("POST", f"{WEB}/studies", CONFLICT, 409)
    google.refuses("POST", f"{WEB}/studies", 400, "no room")
    series = f"{WEB}/studies/{film.StudyInstanceUID}/series/{film.SeriesInstanceUID}"
    google.answers("DELETE", f"{series}/instances/{film.SOPInstanceUID}")
    ended = run("store", tmp_path / "1.dcm", "--overwrite", "--yes", "--outputs", outputs_file)
    assert ended.code == 1
    assert "failed: 1.dcm: Its instance was deleted, and the file was not stored: no room." in ended.err


def test_into_one_study(run: Run, live: Live, tmp_path: Path) -> None:
    (tmp_path / "right.dcm").write_bytes(small_film("into", 1))
    (tmp_path / "wrong.dcm").write_bytes(small_film("into", 2, study="another"))
    study = pydicom.dcmread(tmp_path / "right.dcm").StudyInstanceUID
    ended = run("store", tmp_path, "--study", study, "--json", "--outputs", live.path)
    assert ended.code == 3
    (failed,) = json.loads(ended.out)["failed"]
    assert failed["file"] == "wrong.dcm"
    assert "another study" in failed["reason"]
    assert not failed["conflict"]
    assert len(in_store(run, live, "into")) == 1


def test_dicom_json_with_and_without_its_bulk_file(run: Run, live: Live, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(_written(tmp_path / "film.dcm", small_film("as-json")))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    document = {**dataset.file_meta.to_json_dict(), **dataset.to_json_dict()}
    document["7FE00010"] = {"vr": "OW", "BulkDataURI": "film.raw"}
    (tmp_path / "film.json").write_text(json.dumps(document))
    (tmp_path / "film.raw").write_bytes(dataset.PixelData)
    ended = run("store", tmp_path / "film.json", "--json", "--outputs", live.path)
    assert ended.code == 0, ended.err
    assert counts(ended.out)["stored"] == 1
    run("retrieve", dataset.StudyInstanceUID, "--to", tmp_path / "out", "--outputs", live.path)
    (file,) = (tmp_path / "out").rglob("*.dcm")
    assert pydicom.dcmread(file).PixelData == dataset.PixelData
    assert counts(run("store", tmp_path / "film.json", "--json", "--outputs", live.path).out)["already"] == 1

    document["7FE00010"]["BulkDataURI"] = "../film.raw"
    for name, text in (
        ("outside.json", json.dumps(document)),
        ("list.json", json.dumps([document, document])),
        ("labels.json", '{"label": 1}'),
        ("broken.json", "{"),
    ):
        (tmp_path / name).write_text(text)
    words = [tmp_path / f"{name}.json" for name in ("outside", "list", "labels", "broken")]
    ended = run("store", *words, "--json", "--outputs", live.path)
    assert ended.code == 1
    reasons = {Path(each["file"]).stem: each["reason"] for each in json.loads(ended.out)["failed"]}
    assert reasons["outside"] == "The DICOM JSON refers to bulk data that is no file beside it"
    assert "one instance a file" in reasons["list"]
    assert reasons["labels"].startswith("The DICOM JSON lacks a UID")
    assert reasons["broken"] == "The file is not JSON"


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_store_is_asked_again(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path, status: int
) -> None:
    film = small_film("busy")
    (tmp_path / "1.dcm").write_bytes(film)
    google.answers("GET", f"{WEB}/instances", [])
    google.refuses("POST", f"{WEB}/studies", status, "quota")
    google.refuses("POST", f"{WEB}/studies", status, "quota")
    google.answers("POST", f"{WEB}/studies")
    ended = run("store", tmp_path / "1.dcm", "--json", "--outputs", outputs_file)
    assert ended.code == 0
    assert counts(ended.out)["stored"] == 1
    sent = google.made("POST", f"{WEB}/studies")
    assert [call.body for call in sent] == [film] * 3


def test_a_store_that_stays_busy_fails_at_last(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "1.dcm").write_bytes(small_film("busy"))
    google.answers("GET", f"{WEB}/instances", [])
    google.refuses("POST", f"{WEB}/studies", 429, "quota exceeded")
    ended = run("store", tmp_path / "1.dcm", "--json", "--outputs", outputs_file)
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("error: quota exceeded. Wait a minute")
    assert len(google.made("POST", f"{WEB}/studies")) == patience.TRIES
    assert counts(ended.out)["left"] == 1


def test_what_was_stored_is_counted_before_the_error_that_ends_the_run(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.parallel.WORKERS", 1)
    write_films(tmp_path / "films", "half", 3)
    google.answers("GET", f"{WEB}/instances", [])
    google.answers("POST", f"{WEB}/studies")
    google.refuses("POST", f"{WEB}/studies", 403, "Permission healthcare.dicomStores.dicomWebWrite denied")
    ended = run("store", tmp_path / "films", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    printed = counts(ended.out)
    assert (printed["stored"], printed["left"]) == (1, 2)
    assert ended.err.startswith("1 instance stored")
    assert "error: Permission healthcare.dicomStores.dicomWebWrite denied" in ended.err


def test_who_may_not_read_can_store(run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(small_film("writer"))
    google.refuses("GET", f"{WEB}/instances", 403, "denied")
    google.answers("POST", f"{WEB}/studies")
    assert counts(run("store", tmp_path / "1.dcm", "--json", "--outputs", outputs_file).out)["stored"] == 1


def test_ctrl_c_finishes_what_has_begun_and_counts_the_rest(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.parallel.WORKERS", 1)
    write_films(tmp_path / "films", "stopped", 20)
    google.answers("GET", f"{WEB}/instances", [])
    google.answers("POST", f"{WEB}/studies")
    original = dicomweb.DicomWeb.store
    pressed: list[bool] = []

    def press(*arguments: Any) -> None:
        if not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)
        original(*arguments)

    monkeypatch.setattr(dicomweb.DicomWeb, "store", press)
    ended = run("store", tmp_path / "films", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    printed = counts(ended.out)
    assert printed["stored"] == len(google.made("POST", f"{WEB}/studies"))
    assert printed["left"] == 20 - printed["stored"]
    assert printed["left"] > 0
    assert "not tried: run the same command again" in ended.err
