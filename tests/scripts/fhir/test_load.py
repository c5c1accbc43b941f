"""`fhir load`: everything gets in that the store takes, once, in whatever order and however often it is sent."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from emulator.fhir import references
from scripts.fhir import loading
from tests.scripts.conftest import Run
from tests.scripts.fhir.conftest import MakeStore, Place
from tests.support.fhir_data import DATA, synthea_resources

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "gender": "female"}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"text": "x"},
    "subject": {"reference": "Patient/p1"},
}


def write(file: Path, *resources: Any) -> Path:
    """A file of NDJSON."""
    file.write_text("".join(json.dumps(each) + "\n" for each in resources))
    return file


def counts(shown: Any) -> tuple[int, int, list[dict[str, str]]]:
    found = json.loads(shown.out)
    return found["stored"], found["already"], found["refused"]


def held(run: Run, place: Place, query: str) -> list[dict[str, Any]]:
    shown = run("fhir", "search", query, "--limit", "0", "--json", "--outputs", place.path)
    assert shown.code == 0, shown.err
    found: list[dict[str, Any]] = json.loads(shown.out)
    return found


def test_what_others_refer_to_is_loaded_first_whatever_the_order(run: Run, store: Place, tmp_path: Path) -> None:
    write(tmp_path / "a-observations.ndjson", OBSERVATION)
    write(tmp_path / "b-patients.ndjson", PATIENT)
    shown = run("fhir", "load", tmp_path, "--json", "--outputs", store.path)
    assert shown.code == 0, shown.err
    assert counts(shown) == (2, 0, [])
    (found,) = held(run, store, "Observation?patient=p1")
    assert {key: found[key] for key in OBSERVATION} == OBSERVATION


def test_references_within_one_file_may_lead_to_later_lines(run: Run, store: Place, tmp_path: Path) -> None:
    panel = {**OBSERVATION, "id": "o0", "hasMember": [{"reference": "Observation/o1"}]}
    file = write(tmp_path / "some.ndjson", panel, OBSERVATION, PATIENT)
    assert counts(run("fhir", "load", file, "--json", "--outputs", store.path)) == (3, 0, [])


def test_a_second_load_changes_nothing(run: Run, store: Place, tmp_path: Path) -> None:
    nameless = {key: value for key, value in OBSERVATION.items() if key != "id"} | {"valueQuantity": {"value": 1.5}}
    file = write(tmp_path / "some.ndjson", PATIENT, OBSERVATION, nameless)
    assert counts(run("fhir", "load", file, "--json", "--outputs", store.path)) == (3, 0, [])
    before = {each["id"]: each["meta"]["versionId"] for each in held(run, store, "Observation")}
    assert counts(run("fhir", "load", file, "--json", "--outputs", store.path)) == (0, 3, [])
    assert {each["id"]: each["meta"]["versionId"] for each in held(run, store, "Observation")} == before


def test_only_what_changed_is_stored_again(run: Run, store: Place, tmp_path: Path) -> None:
    run("fhir", "load", write(tmp_path / "some.ndjson", PATIENT, OBSERVATION), "--outputs", store.path)
    file = write(tmp_path / "some.ndjson", PATIENT | {"gender": "male"}, OBSERVATION)
    assert counts(run("fhir", "load", file, "--json", "--outputs", store.path)) == (1, 1, [])


def providers(version: str) -> list[dict[str, Any]]:
    """What the bundles of Synthea's patients find by its identifier: organizations, practitioners, places."""
    found = {text for each in synthea_resources(version) for text in references.texts(each) if "?identifier=" in text}
    made = []
    for number, text in enumerate(sorted(found)):
        kind, _, identifier = text.partition("?identifier=")
        system, _, value = identifier.partition("|")
        made.append({"resourceType": kind, "id": f"x{number}", "identifier": [{"system": system, "value": value}]})
    return made


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_bundles_of_synthea_load_whole_and_only_once(
    run: Run, make_store: MakeStore, tmp_path: Path, version: str
) -> None:
    place = make_store(version=version)
    files = sorted(DATA.glob(f"synthea.{version.lower()}.*"))
    if version == "STU3":  # whose set has patients only
        run("fhir", "load", write(tmp_path / "providers.ndjson", *providers(version)), "--outputs", place.path)
    stored, already, refused = counts(run("fhir", "load", *files, "--json", "--outputs", place.path))
    assert refused == []
    assert stored + already > 600
    again = counts(run("fhir", "load", *files, "--json", "--outputs", place.path))
    assert again[0] == 0


def test_what_is_refused_is_named_with_its_reason_and_the_rest_is_loaded(
    run: Run, store: Place, tmp_path: Path
) -> None:
    lost = OBSERVATION | {"id": "o2", "subject": {"reference": "Patient/nobody"}}
    file = write(tmp_path / "some.ndjson", PATIENT, PATIENT | {"id": "p2", "foo": "Doe"}, OBSERVATION, lost)
    file.write_text(file.read_text() + '{"resourceType": "Pat')
    shown = run("fhir", "load", file, "--outputs", store.path)
    assert shown.code == 3
    refused = sorted(line for line in shown.err.splitlines() if line.startswith("refused: "))
    assert [line.split(":")[1].strip() for line in refused] == [f"some.ndjson, line {number}" for number in (2, 4, 5)]
    assert refused[0].endswith('unparseable_resource: at Patient: unknown field "foo"')  # no place in our own bundle
    assert "invalid_references" in refused[1]
    assert "invalid JSON" in refused[2]
    assert "2 resources stored; 3 refused" in shown.err
    assert "Doe" not in shown.err
    assert "nobody" not in shown.err


def test_a_transaction_is_refused_as_a_whole(run: Run, store: Place, tmp_path: Path) -> None:
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in (PATIENT, OBSERVATION | {"status": "never"})
    ]
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    shown = run("fhir", "load", file, "--json", "--outputs", store.path)
    assert shown.code == 1
    (refused,) = json.loads(shown.out)["refused"]
    assert refused["file"] == "bundle.json"
    assert held(run, store, "Patient") == []


def test_a_transaction_s_refusal_names_the_entry_of_the_file_though_others_are_there(
    run: Run, store: Place, tmp_path: Path
) -> None:
    there = [{**PATIENT, "id": f"there{number}"} for number in range(3)]
    write(tmp_path / "there.ndjson", *there)
    assert run("fhir", "load", tmp_path / "there.ndjson", "--outputs", store.path).code == 0
    wanted = [*there, {**PATIENT, "id": "new"}, {**PATIENT, "id": "bad", "gender": "none"}]
    entries = [{"request": {"method": "PUT", "url": f"Patient/{each['id']}"}, "resource": each} for each in wanted]
    (tmp_path / "bundle.json").write_text(
        json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    )
    shown = run("fhir", "load", tmp_path / "bundle.json", "--outputs", store.path)
    assert "at Bundle.entry[4].resource.Patient.gender: code type mismatch" in shown.err


def test_a_store_that_chooses_ids_is_one_sentence(run: Run, make_store: MakeStore, tmp_path: Path) -> None:
    place = make_store(enableUpdateCreate=False)
    shown = run("fhir", "load", write(tmp_path / "some.ndjson", PATIENT), "--outputs", place.path)
    assert shown.code == 1
    assert "does not let resources keep their ids" in shown.err
    assert "enableUpdateCreate" in shown.err


def test_ctrl_c_ends_after_what_is_under_way_and_the_next_run_goes_on(
    run: Run, store: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "many.ndjson", *(PATIENT | {"id": f"p{number}"} for number in range(6000)))
    original, pressed = loading.send, threading.Event()

    def press(*arguments: Any) -> Any:
        done = original(*arguments)
        if not pressed.is_set():
            pressed.set()
            signal.raise_signal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return done

    monkeypatch.setattr(loading, "send", press)
    shown = run("fhir", "load", file, "--json", "--outputs", store.path)
    assert shown.code == 3
    first = counts(shown)[0]
    assert 0 < first < 6000
    assert "run the same command again to go on" in shown.err
    monkeypatch.setattr(loading, "send", original)
    assert counts(run("fhir", "load", file, "--json", "--outputs", store.path)) == (6000 - first, first, [])


def test_loading_by_the_bucket_and_an_import(run: Run, store: Place, tmp_path: Path) -> None:
    write(tmp_path / "a.ndjson", OBSERVATION, {key: PATIENT[key] for key in ("resourceType", "gender")})
    write(tmp_path / "b.ndjson", PATIENT, PATIENT | {"id": "p2", "foo": "Doe"})
    shown = run("fhir", "load", tmp_path, "--import", "--json", "--outputs", store.path)
    assert shown.code == 3, shown.err
    found = json.loads(shown.out)
    assert (found["success"], found["failure"]) == (3, 1)
    assert [each["file"] for each in found["failed"]] == ["b.ndjson, line 2"]
    assert len(held(run, store, "Patient")) == 2
    assert run("fhir", "load", tmp_path, "--import", "--outputs", store.path).code == 3
    assert len(held(run, store, "Patient")) == 2


def test_what_an_import_refuses_is_named_by_the_line_or_entry_of_the_file(
    run: Run, store: Place, tmp_path: Path
) -> None:
    lines = ["not json", "", json.dumps(PATIENT | {"gender": "none"}), json.dumps(PATIENT | {"foo": 1})]
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    entries = [
        {"request": {"method": "POST", "url": "Patient"}, "resource": each} for each in (PATIENT, {**PATIENT, "foo": 1})
    ]
    (tmp_path / "b.json").write_text(
        json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {}}, *entries]})
    )
    shown = run("fhir", "load", tmp_path / "a.ndjson", "--import", "--json", "--outputs", store.path)
    assert shown.code == 1  # all of it
    found = json.loads(shown.out)["failed"]
    assert [each["file"] for each in found] == [f"a.ndjson, line {number}" for number in (1, 3, 4)]
    assert found[2]["reason"] == 'unparseable_resource: error at "Patient": unknown field'
    shown = run("fhir", "load", tmp_path, "--import", "--json", "--outputs", store.path)
    assert shown.code == 3
    assert [each["file"] for each in json.loads(shown.out)["failed"]][3:] == ["b.json, entry 3"]


def test_a_bucket_with_nothing_to_import(run: Run, store: Place, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    shown = run("fhir", "load", tmp_path / "bad.json", "--import", "--outputs", store.path)
    assert shown.code == 1
    assert "no file holds a resource" in shown.err


def test_a_stack_without_a_fhir_store_says_how_to_get_one(run: Run, outputs_file: Path, tmp_path: Path) -> None:
    values = json.loads(outputs_file.read_text()) | {"fhir_stores": {}}
    outputs_file.write_text(json.dumps(values))
    shown = run("fhir", "load", write(tmp_path / "some.ndjson", PATIENT), "--outputs", outputs_file)
    assert shown.code == 1
    assert "Stack local has no FHIR store: set one with `pulumi config set" in shown.err
