"""`delete`: paths, wildcards and filters; the question; operations; what is refused; Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pydicom
import pytest

from scripts import deleting, dicomweb, patience, waiting
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.files import small_film
from tests.scripts.outputs import STORE

WEB = f"/v1/{STORE}/dicomWeb"
OPERATIONS = f"{STORE.rsplit('/', 2)[0]}/operations"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (waiting, "_FIRST_PAUSE_SECONDS"),
        (deleting, "_FIRST_PAUSE_SECONDS"),
        (patience, "FIRST_PAUSE_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0.001)


def stored(run: Run, live: Live, folder: Path, patient: str, studies: str) -> list[pydicom.Dataset]:
    """One film for each letter of `studies`, which names its study; in the store."""
    folder.mkdir()
    for number, study in enumerate(studies, start=1):
        (folder / f"{number}.dcm").write_bytes(small_film(patient, number, study=f"{patient}-{study}"))
    assert run("store", folder, "--outputs", live.path).code == 0
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def left(run: Run, live: Live, patient: str) -> int:
    found = run("search", "instances", f"PatientID={patient}", "--limit", 0, "--json", "--outputs", live.path)
    return len(json.loads(found.out))


def test_it_asks_first(run: Run, live: Live) -> None:
    ended = run("delete", "1.2.3", "--outputs", live.path)
    assert ended.code == 2
    assert "use --yes" in ended.err


@pytest.mark.parametrize("words", [("--where", "PatientID=nobody"), ("1.2.3.404",)], ids=["filter", "study"])
def test_it_asks_nothing_where_nothing_is_found(
    run: Run, live: Live, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("scripts.commands.delete.interactive", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: pytest.fail("it asks"))
    ended = run("delete", *words, "--outputs", live.path)
    assert (ended.code, ended.out, ended.err) == (0, "", "Nothing was deleted.\n")


def test_without_a_terminal_a_filter_that_finds_nothing_needs_no_yes(run: Run, live: Live) -> None:
    ended = run("delete", "--where", "PatientID=nobody", "--outputs", live.path)
    assert (ended.code, ended.err) == (0, "Nothing was deleted.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["1", "--where", "PatientID=1"],
        ["1", "2", "3", "4"],
        ["series/1"],
        ["--where", "PatientID"],
        ["--where", "PatientID="],
        ["1", ""],
    ],
)
def test_wrong_use(run: Run, live: Live, arguments: list[str]) -> None:
    assert run("delete", *arguments, "--yes", "--outputs", live.path).code == 2


def test_an_instance_a_series_and_a_study(run: Run, live: Live, tmp_path: Path) -> None:
    films = stored(run, live, tmp_path / "gone", "gone", "aabbc")
    assert left(run, live, "gone") == 5
    first = (films[0].StudyInstanceUID, films[0].SeriesInstanceUID, films[0].SOPInstanceUID)
    assert run("delete", *first, "--yes", "--outputs", live.path).err == "1 instance deleted.\n"
    assert left(run, live, "gone") == 4
    assert run("delete", *first[:2], "--yes", "--outputs", live.path).err == "1 series deleted.\n"
    assert left(run, live, "gone") == 3
    assert run("delete", films[2].StudyInstanceUID, "--yes", "--outputs", live.path).err == "1 study deleted.\n"
    assert left(run, live, "gone") == 1


def test_a_dry_run_lists_and_deletes_nothing(run: Run, live: Live, tmp_path: Path) -> None:
    films = stored(run, live, tmp_path / "dry", "dry", "ab")
    studies = sorted(film.StudyInstanceUID for film in films)
    listed = run("delete", "--where", "PatientID=dry", "--dry-run", "--outputs", live.path)
    assert (listed.code, listed.err) == (0, "2 studies would be deleted.\n")
    assert sorted(line.split("\t")[0] for line in listed.out.splitlines()[1:]) == studies
    one = run("delete", studies[0], "*", "--dry-run", "--json", "--outputs", live.path)
    (path,) = json.loads(one.out)["would_delete"]
    assert path.startswith(f"/studies/{studies[0]}/series/")
    nothing = run("delete", "1.2.3", "--dry-run", "--json", "--outputs", live.path)
    assert (nothing.code, json.loads(nothing.out)) == (0, {"would_delete": []})
    assert left(run, live, "dry") == 2


def test_wildcards_paths_and_filters(run: Run, live: Live, tmp_path: Path) -> None:
    films = stored(run, live, tmp_path / "some", "some", "abcd")
    studies = [film.StudyInstanceUID for film in films]

    def deleted(*arguments: str) -> list[str]:
        ended = run("delete", *arguments, "--yes", "--json", "--outputs", live.path)
        assert ended.code == 0, ended.err
        found: list[str] = json.loads(ended.out)["deleted"]
        return found

    assert deleted(f"studies/{studies[0]}", f"studies/{studies[0]}/series/9") == [f"/studies/{studies[0]}"]
    assert deleted(f"{studies[1][:-2]}*") == [f"/studies/{studies[1]}"]
    series = f"/studies/{studies[2]}/series/{films[2].SeriesInstanceUID}"
    assert deleted("--where", f"StudyInstanceUID={studies[2]}", "--where", "Modality=CR") == [series]
    assert left(run, live, "some") == 1
    instance = f"/instances/{films[3].SOPInstanceUID}"
    assert deleted("*", "*", films[3].SOPInstanceUID)[0].endswith(instance)
    assert left(run, live, "some") == 0
    assert deleted("--where", "PatientID=some") == []


def test_everything(run: Run, live: Live, tmp_path: Path) -> None:
    stored(run, live, tmp_path / "all", "all", "ab")
    assert run("delete", "*", "--yes", "--outputs", live.path).code == 0
    assert run("search", "studies", "--json", "--outputs", live.path).out == "[]\n"


@pytest.mark.parametrize(("answer", "code", "there"), [(True, 0, 0), (False, 1, 2)])
def test_the_question_names_the_number(
    run: Run, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, answer: bool, code: int, there: int
) -> None:
    patient = f"question-{code}"
    stored(run, live, tmp_path / "films", patient, "ab")
    asked: list[str] = []
    monkeypatch.setattr("scripts.commands.delete.interactive", lambda: True)

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr("typer.confirm", confirm)
    assert run("delete", "--where", f"PatientID={patient}", "--outputs", live.path).code == code
    assert len(asked) == 1
    assert asked[0].startswith("Delete 2 studies from DICOM store")
    assert left(run, live, patient) == there


def test_what_is_not_there_is_named_and_the_rest_is_deleted(run: Run, live: Live, tmp_path: Path) -> None:
    (film,) = stored(run, live, tmp_path / "one", "one", "a")
    words = ("studies/1.2.3", f"studies/{film.StudyInstanceUID}")
    ended = run("delete", *words, "--yes", "--json", "--outputs", live.path)
    assert ended.code == 3
    printed = json.loads(ended.out)
    assert printed["deleted"] == [f"/{words[1]}"]
    assert [each["path"] for each in printed["failed"]] == ["/studies/1.2.3"]
    assert "failed: /studies/1.2.3: " in ended.err
    assert run("delete", *words, "--yes", "--outputs", live.path).code == 1


def operation(number: int, *, done: bool, error: str = "") -> dict[str, Any]:
    name = f"{OPERATIONS}/{number}"
    ended = {"error": {"code": 9, "message": error}} if error else {"response": {}}
    return {"name": name, "metadata": {}} | ({"done": True} | ended if done else {})


def test_operations_are_waited_for(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    for number in (1, 2, 3):
        google.answers("DELETE", f"{WEB}/studies/{number}", operation(number, done=False))
        google.answers("GET", f"/v1/{OPERATIONS}/{number}", operation(number, done=False))
        error = "the study is being written" if number == 2 else ""
        google.answers("GET", f"/v1/{OPERATIONS}/{number}", operation(number, done=True, error=error))
    words = [f"studies/{number}" for number in (1, 2, 3)]
    ended = run("delete", *words, "--yes", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    printed = json.loads(ended.out)
    assert sorted(printed["deleted"]) == ["/studies/1", "/studies/3"]
    assert printed["failed"] == [{"path": "/studies/2", "reason": "the study is being written"}]
    assert all(len(google.made("GET", f"/v1/{OPERATIONS}/{number}")) == 2 for number in (1, 2, 3))


def test_one_operation_that_fails(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers("DELETE", f"{WEB}/studies/1", operation(1, done=False))
    google.answers("GET", f"/v1/{OPERATIONS}/1", operation(1, done=True, error="no"))
    ended = run("delete", "1", "--yes", "--outputs", outputs_file)
    assert (ended.code, ended.err) == (1, "failed: /studies/1: no.\nNothing was deleted; 1 failed.\n")


def test_a_busy_store_is_asked_again(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.refuses("DELETE", f"{WEB}/studies/1", 429, "quota")
    google.answers("DELETE", f"{WEB}/studies/1", operation(1, done=True))
    assert run("delete", "1", "--yes", "--outputs", outputs_file).code == 0


def test_what_was_deleted_is_said_before_the_error_that_ends_the_run(
    run: Run, google: FakeGoogle, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.parallel.WORKERS", 1)
    google.answers("DELETE", f"{WEB}/studies/1", operation(1, done=True))
    google.refuses("DELETE", f"{WEB}/studies/2", 403, "denied")
    ended = run("delete", "studies/1", "studies/2", "studies/3", "--yes", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    printed = json.loads(ended.out)
    assert printed["deleted"] == ["/studies/1"]
    assert printed["left"] == 2
    assert "error: denied" in ended.err


def test_ctrl_c_finishes_what_has_begun(
    run: Run, google: FakeGoogle, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.parallel.WORKERS", 1)
    words = [f"studies/{number}" for number in range(1, 21)]
    for number in range(1, 21):
        google.answers("DELETE", f"{WEB}/studies/{number}", operation(number, done=False))
        google.answers("GET", f"/v1/{OPERATIONS}/{number}", operation(number, done=True))
    original = dicomweb.DicomWeb.delete
    pressed: list[bool] = []

    def press(*arguments: Any) -> Any:
        if not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)
        return original(*arguments)

    monkeypatch.setattr(dicomweb.DicomWeb, "delete", press)
    ended = run("delete", *words, "--yes", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    printed = json.loads(ended.out)
    begun = [call.path for call in google.calls if call.method == "DELETE"]
    assert sorted(f"{WEB}{path}" for path in printed["deleted"]) == sorted(begun)
    assert printed["left"] == 20 - len(begun)
    assert printed["left"] > 0


def test_ctrl_c_while_waiting_leaves_the_operations_running(
    run: Run, google: FakeGoogle, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        google.answers("DELETE", f"{WEB}/studies/{number}", operation(number, done=False))
        google.answers("GET", f"/v1/{OPERATIONS}/{number}", operation(number, done=number == 1))

    def press(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scripts.deleting.time.sleep", press)
    ended = run("delete", "studies/1", "studies/2", "--yes", "--json", "--outputs", outputs_file)
    assert ended.code == 3
    printed = json.loads(ended.out)
    assert printed["deleted"] == ["/studies/1"]
    assert printed["running"] == [{"path": "/studies/2", "operation": f"{OPERATIONS}/2"}]
    assert "1 go on without this command: `python -m scripts operations list --running`" in ended.err
