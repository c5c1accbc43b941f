"""`deidentify store` and `fhir` on a stack with a research side."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest

from infra.outputs import Outputs
from tests.scripts.conftest import Finished, Run
from tests.scripts.deidentify.conftest import Place
from tests.scripts.files import write_films

RECIPE = ("--recipe", "ps315-headers")


def fill(run: Run, place: Place, folder: Path, patient: str, number: int = 1) -> None:
    write_films(folder / patient, patient, number)
    assert run("store", folder / patient, "--outputs", place.path).code == 0


def deidentify(run: Run, place: Place, *options: object) -> Finished:
    return run("deidentify", "store", *RECIPE, *options, "--outputs", place.path)


def instances(place: Place, store: str) -> list[dict[str, str]]:
    path = f"/v1/{store}/dicomWeb/instances?includefield=00100010"
    status, found = place.live.emulator.request("GET", path)
    assert status in (200, 204)
    return [{tag: str((each.get(tag, {}).get("Value") or [""])[0]) for tag in each} for each in found or []]


def twins(place: Place) -> set[str]:
    return {each["00080018"] for each in instances(place, place.research.dicom_store_name)}


def test_a_store_gets_its_twin_without_patients(run: Run, place: Place, tmp_path: Path) -> None:
    fill(run, place, tmp_path, "Wall", 2)
    ended = deidentify(run, place)
    assert (ended.code, "2 instances de-identified" in ended.err) == (0, True), ended.err
    found = instances(place, place.research.dicom_store_name)
    assert len(found) == 2
    assert not [each for each in found if "Wall" in json.dumps(each)]


def test_only_a_study_or_what_a_filter_lists(run: Run, place: Place, tmp_path: Path) -> None:
    for patient in ("one", "two", "three"):
        fill(run, place, tmp_path, patient)
    studies = sorted({each["0020000D"] for each in instances(place, place.dicom)})
    assert deidentify(run, place, "--study", studies[0]).code == 0
    assert len(twins(place)) == 1


def test_new_takes_what_has_no_twin_and_the_same_study_gets_the_same_twin(
    run: Run, place: Place, tmp_path: Path
) -> None:
    keyed = ("--new", "--key", place.key)
    fill(run, place, tmp_path, "one")
    assert "1 instance de-identified" in deidentify(run, place, *keyed).err
    first = twins(place)
    again = deidentify(run, place, *keyed)
    assert (again.code, "nothing is new" in again.err) == (0, True)
    fill(run, place, tmp_path, "two")
    assert "1 instance de-identified" in deidentify(run, place, *keyed).err
    fill(run, place, tmp_path, "one", 2)  # another instance of the first study
    assert deidentify(run, place, *keyed).code == 0
    found = twins(place)
    assert first < found
    assert len(found) == 3
    assert deidentify(run, place, "--key", place.key).code == 0  # all of it anew: the same
    assert twins(place) == found


def test_another_recipe_or_key_starts_anew(run: Run, place: Place, tmp_path: Path) -> None:
    fill(run, place, tmp_path, "one")
    assert deidentify(run, place, "--new", "--key", place.key).code == 0
    other = tmp_path / "other"
    other.write_bytes(bytes(32))
    assert "1 instance de-identified" in deidentify(run, place, "--new", "--key", other).err
    assert len(twins(place)) == 2


def test_the_crosswalk_goes_to_its_bucket(run: Run, place: Place, tmp_path: Path) -> None:
    fill(run, place, tmp_path, "Wall", 2)
    ended = deidentify(run, place, "--key", place.key, "--crosswalk")
    assert (ended.code, "Crosswalk of 2 instances" in ended.err) == (0, True), ended.err
    emulator, bucket = place.live.emulator, place.research.crosswalk_bucket
    (item,) = emulator.request("GET", f"/storage/v1/b/{bucket}/o")[1]["items"]
    rows = list(csv.DictReader(io.StringIO(download(place, f"/storage/v1/b/{bucket}/o/{item['name']}?alt=media"))))
    assert {row["oldSOPInstanceUID"] for row in rows} == {each["00080018"] for each in instances(place, place.dicom)}
    assert {row["newSOPInstanceUID"] for row in rows} == twins(place)
    assert {row["oldPatientID"] for row in rows} == {"Wall"}


def download(place: Place, path: str) -> str:
    import urllib.request

    emulator = place.live.emulator
    headers = {"Authorization": f"Bearer {emulator.owner_token}"}
    with urllib.request.urlopen(urllib.request.Request(emulator.base_url + path, headers=headers)) as answer:
        text: str = answer.read().decode()
        return text


def test_a_dry_run_shows_a_study_and_changes_nothing(run: Run, place: Place, tmp_path: Path) -> None:
    fill(run, place, tmp_path, "Wall", 2)
    study = instances(place, place.dicom)[0]["0020000D"]
    shown = deidentify(run, place, "--study", study, "--dry-run")
    assert shown.code == 0, shown.err
    assert "PatientName\tTest^Wall\t(empty)" in shown.out
    assert twins(place) == set()
    missing = deidentify(run, place, "--study", "1.2.3", "--dry-run")
    assert (missing.code, "has no study 1.2.3" in missing.err) == (1, True)


def test_a_fhir_store_gets_its_twin(run: Run, place: Place, tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Wall"}], "birthDate": "1970-01-02"}
    (tmp_path / "patient.json").write_text(json.dumps(patient))
    assert run("fhir", "load", tmp_path / "patient.json", "--outputs", place.path).code == 0
    ended = run("deidentify", "fhir", "--key", place.key, "--outputs", place.path)
    assert (ended.code, "1 resource de-identified" in ended.err) == (0, True), ended.err
    (twin,) = place.research.fhir_stores.values()
    found = place.live.emulator.request("GET", f"/v1/{twin}/fhir/Patient")[1]
    assert found["total"] == 1
    assert "Wall" not in json.dumps(found)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--new",), "--new needs --key"),
        (("--new", "--study", "1.2"), "--new, --study and --filter exclude each other"),
        (("--dry-run",), "--dry-run and --preview need --study"),
        (("--crosswalk",), "--crosswalk needs --key"),
    ],
)
def test_wrong_use_is_one_sentence(run: Run, place: Place, options: tuple[str, ...], sentence: str) -> None:
    shown = deidentify(run, place, *options)
    assert shown.code == 2
    assert sentence in shown.err


def test_a_stack_without_a_research_side_says_what_makes_one(run: Run, place: Place) -> None:
    outputs = Outputs.from_file(place.path)
    place.path.write_text(dataclasses.replace(outputs, research=None).to_json())
    shown = deidentify(run, place)
    assert shown.code == 1
    assert "has no research side: set `pulumi config set healthcare-cloud-poc:research true`" in shown.err
