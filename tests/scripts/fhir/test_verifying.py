"""`fhir verify`: every difference between files or tables and a store is named, by id and never by a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.scripts.conftest import Run
from tests.scripts.fhir.conftest import Place
from tests.scripts.fhir.test_load import OBSERVATION, PATIENT, write


def verified(run: Run, place: Place, *arguments: object) -> tuple[int, int, list[tuple[str, str]]]:
    shown = run("fhir", "verify", *arguments, "--json", "--outputs", place.path)
    assert shown.out, shown.err
    found = json.loads(shown.out)
    return shown.code, found["compared"], [(each["what"], each["name"]) for each in found["differences"]]


def put(place: Place, resource: dict[str, Any]) -> None:
    path = f"/v1/{place.name}/fhir/{resource['resourceType']}/{resource['id']}"
    assert place.live.emulator.request("PUT", path, resource)[0] in (200, 201)


def test_what_was_loaded_is_there(run: Run, store: Place, tmp_path: Path) -> None:
    file = write(tmp_path / "some.ndjson", PATIENT, OBSERVATION, {"resourceType": "Basic", "code": {"text": "no id"}})
    assert run("fhir", "load", file, "--outputs", store.path).code == 0
    assert verified(run, store, file, "--whole") == (0, 3, [])


def test_each_difference_is_named_without_a_value(run: Run, store: Place, tmp_path: Path) -> None:
    name = [{"family": "Secretname"}]
    file = write(tmp_path / "some.ndjson", {**PATIENT, "name": name}, {**PATIENT, "id": "p2"}, OBSERVATION)
    put(store, PATIENT)
    put(store, OBSERVATION)
    put(store, {**PATIENT, "id": "p3"})
    assert verified(run, store, file, "--whole") == (
        1,
        3,
        [
            ("missing in the store", f"{file.name}, line 2: Patient/p2"),
            ("other content in the store", f"{file.name}, line 1: Patient/p1"),
            ("only in the store", "Patient/p3"),
        ],
    )
    assert "Secretname" not in run("fhir", "verify", file, "--outputs", store.path).out


def test_an_export_is_compared_with_the_store_it_was_made_of(run: Run, store: Place, tmp_path: Path) -> None:
    file = write(tmp_path / "some.ndjson", PATIENT, OBSERVATION)
    run("fhir", "load", file, "--outputs", store.path)
    to = f"gs://{store.live.outputs.export_bucket}/{store.name.rpartition('/')[2]}/"
    assert run("fhir", "export", "--to", to, "--outputs", store.path).code == 0
    assert verified(run, store, to, "--whole") == (0, 2, [])


def test_tables_are_compared_by_version(run: Run, store: Place, tmp_path: Path) -> None:
    live = store.live
    dataset = store.name.rpartition("/")[2].replace("-", "_")
    access = [
        {"role": "OWNER", "specialGroup": "projectOwners"},
        {"role": "WRITER", "userByEmail": live.outputs.healthcare_agent_email},
    ]
    made = {"datasetReference": {"datasetId": dataset, "projectId": live.outputs.project}, "access": access}
    assert live.emulator.request("POST", f"/bigquery/v2/projects/{live.outputs.project}/datasets", made)[0] == 200
    to = f"bq://{live.outputs.project}.{dataset}"
    file = write(tmp_path / "some.ndjson", PATIENT, {**PATIENT, "id": "p2"}, {**PATIENT, "id": "p3"})
    run("fhir", "load", file, "--outputs", store.path)
    assert run("fhir", "export", "--to", to, "--outputs", store.path).code == 0
    assert verified(run, store, "--table", to) == (0, 3, [])
    put(store, {**PATIENT, "gender": "male"})
    put(store, {**PATIENT, "id": "p4"})
    put(store, {"resourceType": "Basic", "id": "b1", "code": {"text": "x"}})
    assert live.emulator.request("DELETE", f"/v1/{store.name}/fhir/Patient/p3")[0] == 200
    assert verified(run, store, "--table", to) == (
        1,
        3,
        [
            ("no table", "Basic"),
            ("missing in table Patient", "Patient/p4"),
            ("another version in table Patient", "Patient/p1"),
            ("only in table Patient", "Patient/p3"),
        ],
    )


def test_wrong_use_is_one_sentence(run: Run, store: Place) -> None:
    shown = run("fhir", "verify", "--outputs", store.path)
    assert shown.code == 2
    assert "Give either files to compare with the store, or --table." in shown.err
