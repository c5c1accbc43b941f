"""Chest X-rays as FHIR, and back: a search in FHIR finds the studies whose images are retrieved."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage
from pydicom import dcmread

from scripts.chestxrays.rehearsal import NO_QUIRKS, write_set
from scripts.fhir.checking.resources import Rules, examine
from tests.conftest import StartEmulator
from tests.scripts.conftest import Live, Run, live_on

FILMS = 40
EFFUSION = "http://snomed.info/sct|60046008"


@dataclasses.dataclass(frozen=True)
class Loaded:
    """An environment with a loaded set: its outputs, and the set's list."""

    live: Live
    rows: list[dict[str, str]]

    @property
    def path(self) -> Path:
        return self.live.path

    def films(self, **wanted: str) -> set[str]:
        """The names of films whose row has these words."""
        return {row["Image Index"] for row in self.rows if all(word in row[key] for key, word in wanted.items())}


@pytest.fixture
def loaded(start_emulator: StartEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Loaded:
    """A small set in Kaggle's layout, with its labels, on an emulator of its own."""
    live = live_on(start_emulator(project="own-project"), tmp_path)
    for name, value in live.variables.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "set"
    write_set(folder, FILMS, 32, quirks=NO_QUIRKS)
    ended = run("load", folder, "--source", "kaggle", "--import", "--outputs", live.path)
    assert ended.code == 0, ended.err
    with (folder / "Data_Entry_2017.csv").open(newline="") as file:
        return Loaded(live, list(csv.DictReader(file)))


def printed(run: Run, loaded: Loaded, *arguments: object) -> Any:
    ended = run(*arguments, "--json", "--outputs", loaded.path)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def in_store(run: Run, loaded: Loaded, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = printed(run, loaded, "fhir", "search", query, "--limit", "0")
    return found


def files(folder: Path) -> Iterator[Path]:
    return folder.rglob("*.dcm")


def test_what_a_search_in_fhir_finds_is_what_the_list_says(run: Run, loaded: Loaded, tmp_path: Path) -> None:
    described = printed(run, loaded, "fhir", "images")
    patients = {row["Patient ID"] for row in loaded.rows}
    assert (described["patients"], described["labelled"]) == (len(patients), FILMS)
    assert described["refused"] == []

    wanted = loaded.films(**{"Finding Labels": "Effusion", "Patient Gender": "F"})
    assert 0 < len(wanted) < FILMS
    query = f"Observation?code={EFFUSION}&patient.gender=female"
    found = printed(run, loaded, "cohort", query, "--images", tmp_path / "films")
    assert len(found["studies"]) == len(wanted)
    films = [dcmread(file, stop_before_pixels=True) for file in files(tmp_path / "films")]
    assert len(films) == len(wanted)
    assert {film.StudyInstanceUID for film in films} == set(found["studies"])
    assert {film.PatientSex for film in films} == {"F"}

    second = printed(run, loaded, "fhir", "images")
    assert (second["stored"], second["already"]) == (0, described["stored"])

    by_report = printed(run, loaded, "cohort", "DiagnosticReport", f"conclusion={EFFUSION}", "patient.gender=female")
    sql = "SELECT study_instance_uid FROM chest_xray_labels WHERE 'Effusion' IN UNNEST(findings) AND sex = 'F'"
    by_table = printed(run, loaded, "cohort", "--sql", sql)
    assert set(by_report["studies"]) == set(by_table["studies"]) == set(found["studies"])

    old = printed(run, loaded, "cohort", "Observation?code=http://loinc.org|30525-0&value-quantity=gt60")
    assert len(old["studies"]) == sum(int(row["Patient Age"].rstrip("Y")) > 60 for row in loaded.rows)

    check_the_resources(run, loaded)
    check_the_filter(run, loaded, found["studies"], query)


def check_the_resources(run: Run, loaded: Loaded) -> None:
    """Each is right by FHIR's definitions, leads to the images, and names nobody."""
    studies = in_store(run, loaded, "ImagingStudy")
    assert len(studies) == FILMS
    (endpoint,) = in_store(run, loaded, "Endpoint")
    assert endpoint["address"] == loaded.live.outputs.dicomweb_url
    assert {each["endpoint"][0]["reference"] for each in studies} == {f"Endpoint/{endpoint['id']}"}
    assert {each["series"][0]["modality"]["code"] for each in studies} == {"DX"}
    everything = [*studies, endpoint]
    for kind in ("Patient", "Observation", "DiagnosticReport"):
        everything += in_store(run, loaded, kind)
    assert [examine(each, Rules("R4")).findings for each in everything] == [[]] * len(everything)
    assert not any("name" in each for each in everything if each["resourceType"] == "Patient")


def check_the_filter(run: Run, loaded: Loaded, studies: list[str], query: str) -> None:
    """An export by the filter file holds the cohort and nothing else."""
    bucket = loaded.live.outputs.export_bucket
    place = f"gs://{bucket}/cohorts/women.txt"
    written = run("cohort", query, "--filter", place, "--outputs", loaded.path)
    assert written.code == 0, written.err
    exported = printed(run, loaded, "export", "--to", f"gs://{bucket}/women", "--filter", place)
    assert exported["success"] == len(studies)


def test_a_search_of_what_leads_to_no_study(run: Run, live: Live) -> None:
    for words, says in (
        (["Organization", "name=x"], "Organization leads to no study: search for"),
        ([], "a search in FHIR, or --sql"),
        (["Patient", "--rendered", "png"], "--rendered goes with --images"),
        (["--sql", "SELECT 1 AS one"], "The query has no column StudyInstanceUID"),
    ):
        ended = run("cohort", *words, "--outputs", live.path)
        assert (ended.code, says in ended.err) == (2, True), ended.err


def test_nothing_found_is_no_filter(run: Run, live: Live, landing: storage.Bucket) -> None:
    ended = run("cohort", "Patient", "gender=other", "--filter", f"gs://{landing.name}/f.txt", "--outputs", live.path)
    assert ended.code == 1
    assert "nothing to filter by" in ended.err


def test_images_are_described_in_r4_only(run: Run, live: Live, tmp_path: Path) -> None:
    store = dataclasses.replace(live.outputs.fhir_stores["fhir"], version="STU3")
    path = tmp_path / "outputs.json"
    path.write_text(dataclasses.replace(live.outputs, fhir_stores={"fhir": store}).to_json())
    ended = run("fhir", "images", "--outputs", path)
    assert ended.code == 1
    assert "Images are described in FHIR R4, and this store holds STU3." in ended.err


def test_an_export_s_filter_must_be_an_object(run: Run, live: Live) -> None:
    ended = run("export", "--filter", "women.txt", "--outputs", live.path)
    assert ended.code == 2
    assert "is no object of a bucket" in ended.err
