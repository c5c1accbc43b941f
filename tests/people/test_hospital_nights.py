"""A hospital's nights, by the program's own accounts: what is new gets its twin once, researchers see twins and nothing
else, `leaks` is the proof.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import pytest

from infra.output_parts import ResearchOutputs
from scripts.access.matrix import accounts
from scripts.credentials import ACT_AS
from scripts.stack import OUTPUTS_VARIABLE
from tests.people.standing import Standing, emulating, stand
from tests.people.things import of_research
from tests.scripts.conftest import Finished, Run, run
from tests.scripts.files import write_films

__all__ = ["run"]

PROJECT = "hospital-project"
STAFF = [f"serviceAccount:emulator@{PROJECT}.iam.gserviceaccount.com", f"user:owner@{PROJECT}.example"]
"""Who may act as the program's accounts: those of the emulator's key file and of the owner's token."""
PERSONAS = ("loader", "steward", "researcher")
HOSPITAL = {
    "fhirStores": json.dumps({"fhir": {"version": "R4", "enableUpdateCreate": True}}),
    "research": "true",
    "crosswalk": "true",
    "deletionProtection": "false",
    **{f"{persona}s": json.dumps(STAFF) for persona in PERSONAS},
}
PATIENT = {
    "resourceType": "Patient",
    "id": "kowalski-1",
    "name": [{"family": "Kowalski", "given": ["Maria"]}],
    "birthDate": "1960-02-29",
}
NOTE = {
    "resourceType": "Observation",
    "id": "note-1",
    "status": "final",
    "code": {"text": "note"},
    "subject": {"reference": "Patient/kowalski-1"},
    "valueString": "Mrs. Kowalski feels well.",
}


@dataclass(frozen=True)
class Hospital:
    """A stack with a research side, and commands that its accounts run."""

    standing: Standing
    key: Path
    run: Run
    monkeypatch: pytest.MonkeyPatch

    @property
    def side(self) -> ResearchOutputs:
        """The research side."""
        assert self.standing.outputs.research is not None
        return self.standing.outputs.research

    def by(self, who: str, *arguments: object) -> Finished:
        """What a command says that one of the accounts runs, the researcher with the research side's outputs."""
        outputs = self.standing.outputs if who != "researcher" else of_research(self.standing.outputs)
        self.monkeypatch.setenv(OUTPUTS_VARIABLE, outputs.to_json())
        self.monkeypatch.setenv(ACT_AS, accounts(self.standing.outputs)[who])
        return self.run(*arguments)

    def done(self, who: str, *arguments: object) -> Finished:
        """The same of a command that has to succeed."""
        ended = self.by(who, *arguments)
        assert ended.code == 0, ended.err
        return ended

    def ask(self, path: str, who: str) -> tuple[int, Any]:
        """What a request of one of the program's accounts is answered."""
        token = self.standing.token(accounts(self.standing.outputs)[who])
        return self.standing.emulator.request("GET", path, token=token)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The hospital's stack, on an emulator of its own."""
    with emulating(tmp_path_factory.mktemp("hospital"), PROJECT) as emulator:
        yield stand(emulator, HOSPITAL)


@pytest.fixture
def hospital(standing: Standing, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hospital:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(standing.emulator.credentials_file))
    (tmp_path / "key").write_bytes(bytes(range(32)))
    return Hospital(standing, tmp_path / "key", run, monkeypatch)


def fill(hospital: Hospital, folder: Path, patient: str) -> None:
    """Have the loader store a study of two films."""
    for path in write_films(folder, patient, 2):
        film = pydicom.dcmread(path)
        film.PatientName, film.PatientBirthDate, film.PatientAge = f"{patient}^Maria", "19600229", "066Y"
        film.StudyDescription = f"follow-up of {patient}"
        film.save_as(path)
    hospital.done("loader", "store", folder)


def night(hospital: Hospital) -> str:
    """What the steward's nightly command says."""
    arguments = ("--new", "--key", hospital.key, "--recipe", "nih-chest-xrays")
    return hospital.done("steward", "deidentify", "store", *arguments).err


def told(hospital: Hospital, number: int) -> set[str]:
    """The instances that the research side's subscription tells the researcher of next."""
    found: set[str] = set()
    token = hospital.standing.token(accounts(hospital.standing.outputs)["researcher"])
    subscription = f"/v1/{hospital.side.subscription}"
    while len(found) < number:
        status, answer = hospital.standing.emulator.request(
            "POST", f"{subscription}:pull", {"maxMessages": 100}, token=token
        )
        assert status == 200, answer
        messages = answer.get("receivedMessages", [])
        found |= {base64.b64decode(each["message"]["data"]).decode() for each in messages}
        ids = {"ackIds": [each["ackId"] for each in messages]}
        if messages:
            hospital.standing.emulator.request("POST", f"{subscription}:acknowledge", ids, token=token)
    return found


def twins(hospital: Hospital) -> set[str]:
    """The instances that the researcher finds."""
    found = json.loads(hospital.done("researcher", "search", "instances", "--json").out)
    return {each["00080018"]["Value"][0] for each in found}


def leaks(hospital: Hospital, *options: str) -> dict[str, Any]:
    """What the steward's proof says."""
    ended = hospital.by("steward", "leaks", "--key", hospital.key, "--json", *options)
    report: dict[str, Any] = json.loads(ended.out)
    assert ended.code == (3 if report["leaks"] else 0), ended.err
    return report


def test_nights_of_a_hospital(hospital: Hospital, tmp_path: Path) -> None:
    emulator, outputs, side = hospital.standing.emulator, hospital.standing.outputs, hospital.side
    fill(hospital, tmp_path / "one", "Kowalski")
    assert "2 instances de-identified" in night(hospital)
    first = twins(hospital)
    assert {name.rpartition("/")[2] for name in told(hospital, 2)} == first

    assert "nothing is new" in night(hospital)
    fill(hospital, tmp_path / "two", "Nakamura")
    assert "2 instances de-identified" in night(hospital)
    assert len(told(hospital, 2)) == 2
    assert (len(twins(hospital)), first < twins(hospital)) == (4, True)

    source, twin = outputs.fhir_stores["fhir"].name, side.fhir_stores["fhir"]
    for each in (PATIENT, NOTE):
        path = f"/v1/{source}/fhir/{each['resourceType']}/{each['id']}"
        assert emulator.request("PUT", path, each)[0] == 201
    hospital.done("steward", "deidentify", "fhir", "--key", hospital.key)

    read = {
        f"/v1/{twin}/fhir/Patient": 200,
        f"/v1/{source}/fhir/Patient": 403,
        f"/v1/{side.dicom_store_name}/dicomWeb/instances": 200,
        f"/v1/{outputs.dicom_store_name}/dicomWeb/instances": 403,
        f"/storage/v1/b/{side.crosswalk_bucket}/o": 403,
    }
    assert {path: hospital.ask(path, "researcher")[0] for path in read} == read
    assert hospital.ask(f"/v1/{outputs.dicom_store_name}/dicomWeb/instances", "steward")[0] == 200

    report = leaks(hospital)
    assert (report["leaks"], report["unseen"], report["compared"]) == ([], [], 4)
    assert report["uids"]["contradictions"] == 0
    assert report["validity"]["missingMore"] == {}
    assert {"FHIR", "U", "Z"} <= {each["action"] for each in report["actions"]}

    smuggled = {**NOTE, "id": "smuggled", "valueString": "asked Nakamura, Maria"}
    del smuggled["subject"]
    assert emulator.request("PUT", f"/v1/{twin}/fhir/Observation/smuggled", smuggled)[0] == 201
    assert {each["from"] for each in leaks(hospital, "--no-pictures")["leaks"]} >= {"PatientName"}
