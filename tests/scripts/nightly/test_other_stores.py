"""FHIR and HL7v2 stores in nightly runs: what is new is done, once, whatever ended the run before."""

from __future__ import annotations

import dataclasses
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from scripts.errors import CommandError
from scripts.exports import export
from scripts.nightly.parameters import Parameters
from scripts.nightly.running import do
from scripts.nightly.steps import STEPS
from tests.scripts.conftest import Run
from tests.scripts.nightly.conftest import Killed, Night, killing

FHIR = ("load-fhir", "deidentify-fhir", "export-fhir")


@pytest.fixture
def parameters(night: Night, tmp_path: Path) -> Parameters:
    """With a folder of resources, which holds a patient and what was observed of her."""
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Doe"}], "birthDate": "1961-04-05"}
    height = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
        "subject": {"reference": "Patient/p"},
    }
    folder = tmp_path / "resources"
    folder.mkdir()
    (folder / "monday.ndjson").write_text(f"{json.dumps(patient)}\n{json.dumps(height)}\n")
    return dataclasses.replace(night.parameters, resources=str(folder))


def send(night: Night, control_id: str) -> None:
    """Give the HL7v2 store a message."""
    (store,) = night.outputs.hl7v2_stores.values()
    raw = f"MSH|^~\\&|A|B|C|D|20260131120000||ADT^A01^ADT_A01|{control_id}|P|2.5.1\rPID|1||1^^^H^MR||DOE^JANE\r"
    body = {"message": {"data": b64encode(raw.encode()).decode()}}
    assert night.place.live.emulator.request("POST", f"/v1/{store.name}/messages:ingest", body)[0] == 200


def twins(night: Night, kind: str) -> list[Any]:
    """The resources of a type on the research side."""
    (twin,) = night.place.research.fhir_stores.values()
    _, found = night.place.live.emulator.request("GET", f"/v1/{twin}/fhir/{kind}")
    return [each["resource"] for each in found.get("entry", [])]


def test_resources_and_messages_go_all_the_way_and_the_next_night_brings_what_is_new(
    night: Night, parameters: Parameters
) -> None:
    send(night, "1")
    first = {step: do(step, parameters) for step in STEPS}
    assert {step: first[step] for step in (*FHIR, "export-hl7v2", "verify")} == {
        "load-fhir": {"loaded": 2, "already": 0, "failed": 0},
        "deidentify-fhir": {"deidentified": 2, "failed": 0},
        "export-fhir": {"table": 2, "bucket": 2, "failed": 0},
        "export-hl7v2": {"bucket": 1, "failed": 0},
        "verify": {"compared": 7, "failed": 0},
    }
    assert "Doe" not in json.dumps(twins(night, "Patient"))
    quiet = {step: do(step, parameters) for step in FHIR}
    assert quiet["load-fhir"] == {"loaded": 0, "already": 2, "failed": 0}
    assert quiet["deidentify-fhir"] == {"failed": 0}
    assert quiet["export-fhir"] == {"table": 2, "bucket": 0, "failed": 0}

    send(night, "2")
    (Path(parameters.resources) / "tuesday.ndjson").write_text('{"resourceType": "Patient", "id": "q"}\n')
    second = {step: do(step, parameters) for step in STEPS}
    assert second["load-fhir"] == {"loaded": 1, "already": 2, "failed": 0}
    assert second["deidentify-fhir"]["deidentified"] == 3
    assert second["export-fhir"] == {"table": 3, "bucket": 1, "failed": 0}
    assert second["export-hl7v2"] == {"bucket": 1, "failed": 0}
    assert second["verify"]["failed"] == 0
    assert len(twins(night, "Patient")) == 2


def test_an_export_of_resources_that_was_killed_is_made_again_in_its_folder(
    night: Night, parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    do("load-fhir", parameters)
    wanted = dataclasses.replace(parameters, exports=(parameters.exports[1],))
    killing(monkeypatch, export, "wait_for")
    with pytest.raises(Killed):
        do("export-fhir", wanted)
    assert do("export-fhir", wanted)["bucket"] == 2
    assert len(night.objects(night.outputs.export_bucket, "nightly/fhir/")) == 2
    assert do("verify", wanted)["failed"] == 0


def test_a_resource_that_the_store_refuses_is_told_of_and_the_rest_goes_on(parameters: Parameters) -> None:
    (Path(parameters.resources) / "bad.ndjson").write_text('{"resourceType": "Patient", "id": "r", "gender": "?"}\n')
    assert do("load-fhir", parameters) == {"loaded": 2, "already": 0, "failed": 1}


def test_stores_of_other_kinds_can_be_left_alone(run: Run, night: Night, tmp_path: Path) -> None:
    send(night, "1")
    (tmp_path / "outputs.json").write_text(night.outputs.to_json())
    shown = run("nightly", "parameters", "--only-dicom", "--outputs", tmp_path / "outputs.json")
    parameters = Parameters.from_json(shown.out, "it")
    assert [do(step, parameters) for step in (*FHIR, "export-hl7v2")] == [{"failed": 0}] * 4


def test_which_of_several_stores_resources_are_for_must_be_said(night: Night, parameters: Parameters) -> None:
    (store,) = night.outputs.fhir_stores.values()
    outputs = dataclasses.replace(night.outputs, fhir_stores={"one": store, "two": store})
    with pytest.raises(CommandError, match=r"has one, two: name one with `nightly parameters --fhir-store`"):
        do("load-fhir", dataclasses.replace(parameters, outputs=outputs))
