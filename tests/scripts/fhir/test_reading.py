"""`fhir get`, `search`, `history`, `everything`, `validate`, `delete`, `export` and `import` on a store."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage

from scripts.fhir import service
from tests.scripts.conftest import Live, Run
from tests.scripts.fhir.conftest import Place
from tests.scripts.fhir.test_load import OBSERVATION, PATIENT, counts, write


@pytest.fixture
def filled(run: Run, store: Place, tmp_path: Path) -> Place:
    """A store with a patient, twenty-five observations, and another patient."""
    many = [OBSERVATION | {"id": f"o{number}"} for number in range(25)]
    other = PATIENT | {"id": "p2", "gender": "male"}
    quantity = OBSERVATION | {"id": "exact", "valueQuantity": {"value": 1.5}}
    file = write(tmp_path / "filled.ndjson", PATIENT, other, *many, quantity)
    file.write_text(file.read_text().replace('"value": 1.5', '"value": 1.50'))
    assert counts(run("fhir", "load", file, "--json", "--outputs", store.path))[0] == 28
    return store


def read(run: Run, *arguments: object, place: Place, code: int = 0) -> Any:
    shown = run("fhir", *arguments, "--json", "--outputs", place.path)
    assert shown.code == code, shown.err
    return json.loads(shown.out)


def test_a_resource_is_shown_with_all_its_digits(run: Run, filled: Place) -> None:
    shown = run("fhir", "get", "Observation/exact", "--outputs", filled.path)
    assert '"value": 1.50' in shown.out
    assert json.loads(shown.out)["id"] == "exact"


def test_a_search_goes_through_all_pages(run: Run, filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PAGE", 10)
    found = read(run, "search", "Observation", "patient=p1", "--limit", "0", place=filled)
    assert {each["id"] for each in found} == {*(f"o{number}" for number in range(25)), "exact"}
    assert len(read(run, "search", "Observation?patient=p1", "--limit", "12", place=filled)) == 12


def test_a_search_that_ends_early_says_so(run: Run, filled: Place) -> None:
    shown = run("fhir", "search", "Observation", "--limit", "3", "--outputs", filled.path)
    assert len(shown.out.splitlines()) == 4
    assert "there may be more: --limit 0 shows all" in shown.err


def test_a_validation_that_is_stopped_says_so(
    run: Run, filled: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "many.ndjson", *(PATIENT | {"id": f"v{number}"} for number in range(3000)))
    original, pressed = service.FhirStore.validate, threading.Event()

    def press(*arguments: Any) -> Any:
        if not pressed.is_set():
            pressed.set()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return original(*arguments)

    monkeypatch.setattr(service.FhirStore, "validate", press)
    shown = run("fhir", "validate", file, "--json", "--outputs", filled.path)
    found = json.loads(shown.out)
    assert (shown.code, found["interrupted"], found["refused"]) == (3, True, 0)
    assert 0 < found["resources"] < 3000
    assert "Stopped before all were looked at" in shown.err


def test_a_search_goes_to_a_file(run: Run, filled: Place, tmp_path: Path) -> None:
    to = tmp_path / "found" / "some.ndjson"
    assert run("fhir", "search", "Observation", "--limit", "0", "--to", to, "--outputs", filled.path).code == 0
    assert len(to.read_text().splitlines()) == 26
    assert b'"value":1.50' in to.read_bytes()


def test_an_unknown_parameter_is_refused(run: Run, filled: Place) -> None:
    shown = run("fhir", "search", "Patient", "colour=red", "--outputs", filled.path)
    assert shown.code == 1
    assert "The FHIR store refuses it: " in shown.err


@pytest.mark.parametrize("words", [["patient"], ["Patient", "gender"], ["?gender=female"]])
def test_a_search_that_is_none(run: Run, filled: Place, words: list[str]) -> None:
    assert run("fhir", "search", *words, "--outputs", filled.path).code == 2


def test_the_versions_of_a_resource(run: Run, filled: Place, tmp_path: Path) -> None:
    file = write(tmp_path / "changed.ndjson", PATIENT | {"gender": "other"})
    run("fhir", "load", file, "--outputs", filled.path)
    shown = run("fhir", "history", "Patient/p1", "--outputs", filled.path)
    rows = [line.split("\t") for line in shown.out.splitlines()]
    assert rows[0] == ["version", "changed", "by"]
    assert len(rows) == 3
    old = json.loads(run("fhir", "get", "Patient/p1", "--version", rows[2][0], "--outputs", filled.path).out)
    assert old["gender"] == "female"


def test_everything_of_a_patient(run: Run, filled: Place) -> None:
    found = read(run, "everything", "p1", place=filled)
    assert len(found) == 27
    assert {each["resourceType"] for each in read(run, "everything", "Patient/p2", place=filled)} == {"Patient"}


def test_a_resource_that_is_not_there(run: Run, filled: Place) -> None:
    shown = run("fhir", "get", "Patient/nobody", "--outputs", filled.path)
    assert shown.code == 1
    assert "resource_not_found" in shown.err
    assert "nobody" not in shown.err
    assert run("fhir", "get", "nobody", "--outputs", filled.path).code == 2


def test_the_store_is_asked_about_files(run: Run, filled: Place, tmp_path: Path) -> None:
    file = write(tmp_path / "some.ndjson", PATIENT, PATIENT | {"foo": "Doe"})
    shown = run("fhir", "validate", file, "--outputs", filled.path)
    assert shown.code == 3
    assert shown.out.startswith("some.ndjson, line 2: unparseable_resource")
    assert 'unknown field "foo"' in shown.out
    assert "2 resources: 1 valid, 1 not" in shown.err
    assert run("fhir", "validate", write(file, PATIENT), "--outputs", filled.path).code == 0


def test_what_is_referred_to_is_deleted_last(run: Run, filled: Place) -> None:
    wanted = ["Patient/p1", *(f"Observation/o{number}" for number in range(25)), "Observation/exact"]
    found = read(run, "delete", *wanted, "--yes", place=filled)
    assert len(found["deleted"]) == 27
    assert found["failed"] == []
    assert [each["id"] for each in read(run, "search", "Patient", place=filled)] == ["p2"]


def test_deleting_what_a_search_finds(run: Run, filled: Place) -> None:
    listed = read(run, "delete", "--where", "Patient?gender=male", "--dry-run", place=filled)
    assert listed == {"would_delete": ["Patient/p2"]}
    assert read(run, "delete", "--where", "Patient?gender=male", "--yes", place=filled)["deleted"] == ["Patient/p2"]
    assert run("fhir", "delete", "--where", "Patient?", "--yes", "--outputs", filled.path).code == 2
    assert run("fhir", "delete", "Patient/p1", "--outputs", filled.path).code == 2


def test_a_patient_with_observations_is_not_deleted(run: Run, filled: Place) -> None:
    shown = run("fhir", "delete", "Patient/p1", "--yes", "--outputs", filled.path)
    assert shown.code == 1
    assert "failed: Patient/p1: The FHIR store refuses it" in shown.err


def test_out_to_a_bucket_and_in_again(run: Run, filled: Place, landing: storage.Bucket) -> None:
    bucket = filled.live.outputs.export_bucket
    prefix = f"gs://{bucket}/{filled.name.rpartition('/')[2]}/"
    assert read(run, "export", "--to", prefix, place=filled)["success"] == 28
    read(run, "delete", "--where", "Observation?status=final", "--yes", place=filled)
    names = [f"gs://{bucket}/{blob.name}" for blob in landing.client.list_blobs(bucket, prefix=prefix.split("/", 3)[3])]
    assert names
    shown = run("fhir", "load", *names, "--json", "--outputs", filled.path)
    assert counts(shown) == (26, 2, [])
    assert read(run, "import", f"{prefix}**", place=filled)["success"] == 28


def test_an_import_of_which_something_failed_is_partly_done(run: Run, filled: Place, landing: storage.Bucket) -> None:
    # Google ends such an import with an INVALID_ARGUMENT (synthetichealth/synthea, issue 1568)
    name = f"{filled.name.rpartition('/')[2]}/half.ndjson"
    good, bad = {"resourceType": "Patient", "id": "imported"}, {"resourceType": "Patient", "id": "x", "gender": "none"}
    landing.blob(name).upload_from_string(f"{json.dumps(good)}\n{json.dumps(bad)}")
    uri = f"gs://{landing.name}/{name}"
    shown = run("fhir", "import", uri, "--outputs", filled.path)
    assert shown.code == 3
    reason = 'line 2: unparseable_resource: error at "Patient.gender": code type mismatch'
    assert f"failed: {uri}: {reason}" in shown.err
    assert "1 resource imported; 1 failed" in shown.err
    again = run("fhir", "import", uri, "--json", "--outputs", filled.path)
    got = json.loads(again.out)
    assert (again.code, got["state"], got["failure"]) == (3, "done", 1)
    operation = got["name"].rpartition("/")[2]
    known = json.loads(run("operations", "get", operation, "--json", "--outputs", filled.path).out)
    assert known["failed"] == [{"file": uri, "reason": reason}]


def test_out_to_tables(run: Run, filled: Place) -> None:
    live = filled.live
    to = f"{live.outputs.project}.imaging_fhir"
    done = read(run, "export", "--to", "table", "--write-disposition", "truncate", place=filled)
    assert (done["success"], done["to"]) == (28, f"bq://{to}")
    asked = {"query": f"SELECT COUNT(*) FROM `{to}.Observation` WHERE subject.patientId = 'p1'", "useLegacySql": False}
    _, answer = live.emulator.request("POST", f"/bigquery/v2/projects/{live.outputs.project}/queries", asked)
    assert answer["rows"] == [{"f": [{"v": "26"}]}]
    again = run("fhir", "export", "--to", f"bq://{to}", "--outputs", filled.path)
    assert (again.code, "already exists" in again.err.lower()) == (1, True), again.err
    assert read(run, "export", "--to", "table", "--write-disposition", "append", place=filled)["success"] == 28


def test_destinations(run: Run, filled: Place) -> None:
    for to in ("nowhere", "bq://dataset", "gs:bucket"):
        shown = run("fhir", "export", "--to", to, "--outputs", filled.path)
        assert (shown.code, "is no destination" in shown.err) == (2, True)


def test_a_bucket_that_is_not_there_is_told_in_a_sentence(run: Run, live: Live) -> None:
    shown = run("fhir", "check", "gs://nobody-has-this-bucket/*.json", "--outputs", live.path)
    assert shown.code == 1
    assert "The specified bucket does not exist. Check the name; if stack local was changed" in shown.err
