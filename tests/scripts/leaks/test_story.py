"""A hospital's nights: what is new gets its twin once, researchers see twins and nothing else, `leaks` is the proof."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.scripts.conftest import Run
from tests.scripts.deidentify.conftest import Place, place
from tests.scripts.files import write_films
from tests.support.accounts import Account, make_account

__all__ = ["place"]

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


@pytest.fixture
def researcher(place: Place, unique: Callable[[str], str]) -> Account:
    """Somebody who may read the twins, as the program's researcher account."""
    emulator = place.live.emulator
    account = make_account(emulator, unique("researcher"))
    twins = {place.research.dicom_store_name: "roles/healthcare.dicomViewer"}
    twins |= dict.fromkeys(place.research.fhir_stores.values(), "roles/healthcare.fhirResourceReader")
    for store, role in twins.items():
        policy = {"bindings": [{"role": role, "members": [account.member]}]}
        assert emulator.request("POST", f"/v1/{store}:setIamPolicy", {"policy": policy})[0] == 200
    return account


@pytest.fixture
def subscription(place: Place, unique: Callable[[str], str]) -> str:
    """A subscription of what is told of the twin."""
    emulator, topic = place.live.emulator, place.live.outputs.dicom_topic
    name = f"projects/{emulator.project}/subscriptions/{unique('told')}"
    assert emulator.request("PUT", f"/v1/{name}", {"topic": topic})[0] == 200
    twin = place.research.dicom_store_name
    body = {"notificationConfig": {"pubsubTopic": topic}}
    assert emulator.request("PATCH", f"/v1/{twin}?updateMask=notificationConfig", body)[0] == 200
    return name


def told(place: Place, subscription: str, number: int) -> list[str]:
    """The next instances of the twin that a subscription hears of."""
    found: list[str] = []
    while len(found) < number:
        body = {"maxMessages": 100}
        _, answer = place.live.emulator.request("POST", f"/v1/{subscription}:pull", body)
        messages = answer.get("receivedMessages", [])
        names = (base64.b64decode(each["message"]["data"]).decode() for each in messages)
        found += [name for name in names if name.startswith(place.research.dicom_store_name)]
        if messages:
            body = {"ackIds": [each["ackId"] for each in messages]}  # type: ignore[dict-item]
            place.live.emulator.request("POST", f"/v1/{subscription}:acknowledge", body)
    return found


def fill(run: Run, place: Place, folder: Path, patient: str) -> None:
    """Store a study of two films."""
    for path in write_films(folder, patient, 2):
        film = pydicom.dcmread(path)
        film.PatientName, film.PatientBirthDate, film.PatientAge = f"{patient}^Maria", "19600229", "066Y"
        film.StudyDescription = f"follow-up of {patient}"
        film.save_as(path)
    assert run("store", folder, "--outputs", place.path).code == 0


def night(run: Run, place: Place) -> str:
    ended = run(
        *("deidentify", "store", "--new", "--key", place.key),
        *("--recipe", "nih-chest-xrays", "--outputs", place.path),
    )
    assert ended.code == 0, ended.err
    return ended.err


def seen(place: Place, store: str, who: Account | None = None) -> tuple[int, set[str]]:
    """The status and the instances of a search."""
    token = {} if who is None else {"token": who.token}
    status, found = place.live.emulator.request("GET", f"/v1/{store}/dicomWeb/instances", **token)
    return status, {each["00080018"]["Value"][0] for each in found or []} if status == 200 else set()


def leaks(run: Run, place: Place) -> dict[str, Any]:
    ended = run("leaks", "--key", place.key, "--json", "--outputs", place.path)
    report: dict[str, Any] = json.loads(ended.out)
    assert ended.code == (3 if report["leaks"] else 0), ended.err
    return report


def test_nights_of_a_hospital(run: Run, place: Place, researcher: Account, subscription: str, tmp_path: Path) -> None:
    twin = place.research.dicom_store_name
    fill(run, place, tmp_path / "one", "Kowalski")
    assert "2 instances de-identified" in night(run, place)
    first = seen(place, twin)[1]
    assert {name.rpartition("/")[2] for name in told(place, subscription, 2)} == first

    assert "nothing is new" in night(run, place)
    fill(run, place, tmp_path / "two", "Nakamura")
    assert "2 instances de-identified" in night(run, place)
    assert len(told(place, subscription, 2)) == 2
    assert (len(seen(place, twin)[1]), first < seen(place, twin)[1]) == (4, True)

    (identified,) = place.research.fhir_stores
    source = f"{place.dicom.rpartition('/dicomStores/')[0]}/fhirStores/{identified}"
    for each in (PATIENT, NOTE):
        path = f"/v1/{source}/fhir/{each['resourceType']}/{each['id']}"
        assert place.live.emulator.request("PUT", path, each)[0] == 201
    assert run("deidentify", "fhir", "--key", place.key, "--outputs", place.path).code == 0

    fhir_twin = place.research.fhir_stores[identified]
    assert seen(place, twin, researcher) == (200, seen(place, twin)[1])
    assert seen(place, place.dicom, researcher)[0] == 403
    for store, status in ((fhir_twin, 200), (source, 403)):
        assert place.live.emulator.request("GET", f"/v1/{store}/fhir/Patient", token=researcher.token)[0] == status
    crosswalk = f"/storage/v1/b/{place.research.crosswalk_bucket}/o"
    assert place.live.emulator.request("GET", crosswalk, token=researcher.token)[0] == 403

    report = leaks(run, place)
    assert (report["leaks"], report["unseen"], report["compared"]) == ([], [], 4)
    assert report["uids"]["contradictions"] == 0
    assert report["validity"]["missingMore"] == {}
    assert {"FHIR", "U", "Z"} <= {each["action"] for each in report["actions"]}

    smuggled = {**NOTE, "id": "smuggled", "subject": None, "valueString": "asked Nakamura, Maria"}
    del smuggled["subject"]
    assert place.live.emulator.request("PUT", f"/v1/{fhir_twin}/fhir/Observation/smuggled", smuggled)[0] == 201
    assert {each["from"] for each in leaks(run, place)["leaks"]} >= {"PatientName"}
