"""`leaks` finds what a target still says of its source, wherever it stands, and shows no values unasked."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.scripts.conftest import Finished, Run
from tests.scripts.files import write_films

Change = Callable[[Dataset], None]
NAME = "KOWALSKI^MARIA"


def put(keyword: str, value: object) -> Change:
    return lambda dataset: setattr(dataset, keyword, value)


def private(vr: str, value: object) -> Change:
    def change(dataset: Dataset) -> None:
        dataset.private_block(0x0009, "SOMEBODY", create=True).add_new(1, vr, value)

    return change


def nested(dataset: Dataset) -> None:
    inner, outer = Dataset(), Dataset()
    inner.DisplaySetLabel = "seen by Kowalski"
    outer.PixelMeasuresSequence = Sequence([inner])
    dataset.SharedFunctionalGroupsSequence = Sequence([outer])


@pytest.fixture
def look(run: Run, tmp_path: Path) -> Callable[..., Finished]:
    """Make a film, de-identify it, change the twin, and look."""

    def call(*changes: Change, options: tuple[object, ...] = ("--json",)) -> Finished:
        source, target, key = tmp_path / "in", tmp_path / "out", tmp_path / "key"
        key.write_bytes(bytes(32))
        (film,) = write_films(source, "8123456", 1)
        dataset = pydicom.dcmread(film)
        dataset.PatientName, dataset.PatientBirthDate = NAME, "19600229"
        dataset.ReferringPhysicianName = "Rhee^Ann"
        dataset.save_as(film)
        made = run("deidentify", "files", source, "--to", target, "--key", key, "--recipe", "ps315-headers")
        assert made.code == 0, made.err
        (twin,) = target.rglob("*.dcm")
        changed = pydicom.dcmread(twin)
        for change in changes:
            change(changed)
        changed.save_as(twin)
        return run("leaks", source, target, "--key", key, "--no-pictures", *options)

    return call


def found(ended: Finished) -> set[tuple[str, str]]:
    return {(each["place"], each["from"]) for each in json.loads(ended.out)["leaks"]}


def test_a_sound_twin_has_no_leak(look: Callable[..., Finished]) -> None:
    ended = look()
    assert ended.code == 0, ended.out
    report = json.loads(ended.out)
    assert (report["leaks"], report["compared"], report["target"]["unpaired"]) == ([], 1, 0)
    assert report["uids"]["contradictions"] == 0
    assert report["overRedaction"]["gone"] == {}
    assert {each["recall"] for each in report["actions"]} == {1.0}


@pytest.mark.parametrize(
    ("change", "place", "origin"),
    [
        (put("PatientName", "Kowalski^M"), "PatientName", "PatientName"),
        (put("ContentLabel", "KOWALSKI MARIA"), "ContentLabel", "PatientName"),
        (put("DisplaySetLabel", "of Maria Kowalski"), "DisplaySetLabel", "PatientName"),
        (put("DisplaySetLabel", "id 812-3456"), "DisplaySetLabel", "PatientID"),
        (put("PatientBirthDate", "19600229"), "PatientBirthDate", "PatientBirthDate"),
        (put("DisplaySetLabel", "born Feb 29th, 1960"), "DisplaySetLabel", "PatientBirthDate"),
        (nested, "SharedFunctionalGroupsSequence.PixelMeasuresSequence.DisplaySetLabel", "PatientName"),
        (private("LO", "Dr. Rhee"), "(0009,1001)", "ReferringPhysicianName"),
        (
            put("DisplaySetLabel", base64.b64encode(b"Kowalski, Maria").decode()),
            "DisplaySetLabel (base64)",
            "PatientName",
        ),
    ],
)
def test_values_are_found_in_attributes(look: Callable[..., Finished], change: Change, place: str, origin: str) -> None:
    ended = look(change)
    assert ended.code == 3
    assert (place, origin) in found(ended)


@pytest.mark.parametrize(
    "raw",
    [
        b"\1\2" + NAME.lower().encode() + b"\3",
        NAME.encode("utf-16-le"),
        b"xx" + base64.b64encode(b"?" + NAME.encode() + b"!!"),
        b"%PDF-1.4\nstream\n" + zlib.compress(b"of " + NAME.encode()) + b"\nendstream",
    ],
    ids=["small letters", "utf-16", "base64 within", "packed in a document"],
)
def test_values_are_found_in_bytes(look: Callable[..., Finished], raw: bytes) -> None:
    ended = look(private("OB", raw + b"\0" * (len(raw) % 2)))
    assert ended.code == 3
    assert {source for _, source in found(ended)} >= {"PatientName"}


def test_the_values_themselves_are_shown_only_where_somebody_asks(look: Callable[..., Finished]) -> None:
    change = put("DisplaySetLabel", NAME)
    for options, shown in (((), False), (("--json",), False), (("--values",), True), (("--json", "--values"), True)):
        ended = look(change, options=options)
        assert ended.code == 3
        assert ("KOWALSKI" in ended.out.upper()) == shown
        assert "KOWALSKI" not in ended.err.upper()


def test_what_stays_on_purpose_is_not_looked_for(look: Callable[..., Finished]) -> None:
    change = put("PatientName", NAME)
    assert look(change).code == 3
    assert look(change, options=("--json", "--kept", "PatientName")).code == 0


def test_what_is_gone_without_need_and_what_the_iod_misses_is_told(look: Callable[..., Finished]) -> None:
    def change(dataset: Dataset) -> None:
        del dataset.Rows, dataset.PatientSex

    report = json.loads(look(put("PatientSex", "F"), change).out)
    assert report["overRedaction"]["gone"] == {"Rows": 1}
    # PS3.3 C.7.6.3: Rows is of type 1 in the Image Pixel module.
    assert [each for each in report["validity"]["missingMore"] if each.startswith("Rows")]


def test_a_name_of_a_file_that_tells_something_is_found_and_not_shown(run: Run, tmp_path: Path) -> None:
    write_films(tmp_path / "in", "8123456", 1)
    target = tmp_path / "out" / "film of 8123456.txt"
    target.parent.mkdir()
    target.write_text("nothing")
    ended = run("leaks", tmp_path / "in", tmp_path / "out", "--no-pictures")
    assert ended.code == 3
    assert "8123456" not in ended.out + ended.err
    assert "file 1: name of the file: MEDICAL_RECORD_NUMBER of PatientID" in ended.out


def test_files_that_cannot_be_looked_at_are_no_proof(run: Run, tmp_path: Path) -> None:
    write_films(tmp_path / "in", "8123456", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "broken.dcm").write_bytes(bytes(128) + b"DICM")
    ended = run("leaks", tmp_path / "in", tmp_path / "out", "--no-pictures")
    assert ended.code == 3
    assert "not looked at: broken.dcm: " in ended.err


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "5c1f0b0e-0000-4000-8000-0000000000aa",
    "name": [{"family": "Kowalski", "given": ["Maria"]}],
    "telecom": [{"system": "phone", "value": "(617) 555-0142"}],
    "address": [{"line": ["12 Elm Street"], "city": "Springfield"}],
    "birthDate": "1960-02-29",
}


def note_with(text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {"resourceType": "DocumentReference", "content": [{"attachment": {"data": data}}]}


@pytest.mark.parametrize(
    "left",
    [
        {"resourceType": "Observation", "note": [{"text": "called 617.555.0142"}]},
        {"resourceType": "Observation", "text": {"div": "<div>Mrs. Kow<b>alski</b></div>"}},
        {"resourceType": "Observation", "subject": {"reference": f"Patient/{PATIENT['id']}"}},
        {"resourceType": "Encounter", "note": [{"text": "lives at 12 Elm Street"}]},
        {"resourceType": "Encounter", "note": [{"text": "born 29 February 1960"}]},
        note_with("Seen today: Maria Kowalski."),
        note_with("{\\rtf1 Seen: Kow{\\b alski}}"),
        note_with(base64.b64encode(b"Seen by Mr. Kowalski").decode()),
        {"resourceType": "Encounter", "note": [{"text": "?name=K%6Fwalski"}]},
        {"resourceType": "Encounter", "note": [{"text": "scan of KowalskiCT"}]},
        {"resourceType": "Encounter", "note": [{"text": "born 29021960"}]},
    ],
    ids=[
        *("phone", "narrative", "reference", "address", "day", "attachment"),
        *("rtf", "base64 in base64", "escape", "glued", "day in one number"),
    ],
)
def test_values_of_patients_are_found_in_resources(run: Run, tmp_path: Path, left: dict[str, Any]) -> None:
    for folder, resources in (("in", [PATIENT]), ("clean", [{"resourceType": "Patient", "id": "x"}]), ("out", [left])):
        (tmp_path / folder).mkdir()
        lines = "".join(json.dumps(each) + "\n" for each in resources)
        (tmp_path / folder / "all.ndjson").write_text(lines)
    assert run("leaks", tmp_path / "in", tmp_path / "clean").code == 0
    ended = run("leaks", tmp_path / "in", tmp_path / "out", "--json")
    assert ended.code == 3
    assert json.loads(ended.out)["actions"][0]["action"] == "FHIR"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing", "nothing"), "nothing does not exist"),
        ((".", ".", "--key", "nothing"), "The key file nothing cannot be read"),
        ((".", ".", "--crosswalk", "nothing"), "The crosswalk nothing cannot be read"),
    ],
)
def test_wrong_use_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    shown = run("leaks", *arguments)
    assert shown.code == 2
    assert sentence in shown.err


def test_what_follows_the_last_frame_is_no_picture(look: Callable[..., Finished]) -> None:
    def change(dataset: Dataset) -> None:
        dataset.PixelData += NAME.encode()

    assert {source for _, source in found(look(change))} == {"PatientName"}
