"""The hospital in an emulator, read back over its APIs: all forms agree, and a second run changes nothing.

HOSPITAL_PATIENTS (default 5) says how many patients are brought: HOSPITAL_PATIENTS=1000 for a large round.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from emulator.hl7v2.message import Message
from emulator.hospital.filling.api import Api, Refusal
from emulator.hospital.filling.hospital import Brought, bring
from emulator.hospital.filling.places import Places, Wish
from emulator.hospital.story import Story, stories
from emulator.serving.server import StartError
from tests.conftest import PROJECT, StartEmulator
from tests.emulator.hospital.test_fhir import references
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE

PATIENTS = int(os.environ.get("HOSPITAL_PATIENTS", "5"))
SEED = 3
JOIN = (ROOT / "emulator" / "hospital" / "join.sql").read_text()
Json = dict[str, Any]


@dataclass(frozen=True)
class Filled:
    """An emulator with the hospital, and what bringing it said."""

    running: RunningEmulator
    api: Api
    brought: Brought

    @property
    def places(self) -> Places:
        """Where it is."""
        return self.brought.places

    def bring(self, patients: int = PATIENTS, seed: int = SEED, wish: Wish | None = None) -> Brought:
        """Bring a hospital there."""
        number = self.api.call("GET", f"/v1/projects/{PROJECT}")["projectNumber"]
        return bring(self.api, PROJECT, number, patients, seed, wish)

    def instances(self) -> list[Json]:
        """The films, with what studies and instances are searched by."""
        return list(pages(self, "instances", "includefield=00380010"))

    def resources(self, kind: str) -> list[Json]:
        """All resources of a type."""
        path, found = f"/v1/{self.places.fhir}/fhir/{kind}?_count=1000", list[Json]()
        while path:
            page = self.api.call("GET", path)
            found += [each["resource"] for each in page.get("entry", ())]
            links = {each["relation"]: each["url"] for each in page["link"]}
            path = links.get("next", "").removeprefix(self.api.url)
        return found

    def messages(self) -> list[Message]:
        """All HL7v2 messages."""
        listed = self.api.pages(f"/v1/{self.places.hl7v2}/messages?view=RAW_ONLY", "hl7V2Messages")
        return [Message.parse(base64.b64decode(each["data"])) for each in listed]

    def of_consent(self, collection: str) -> list[Json]:
        """All consents, or all of another collection of the consent store."""
        return list(self.api.pages(f"/v1/{self.places.consent}/{collection}", collection))

    def rows(self, sql: str) -> list[Json]:
        """The rows of a query of the hospital's dataset."""
        dataset = {"projectId": PROJECT, "datasetId": self.places.bigquery}
        asked = {"query": sql, "useLegacySql": False, "defaultDataset": dataset, "maxResults": 10_000}
        answer = self.api.call("POST", f"/bigquery/v2/projects/{PROJECT}/queries", asked)
        job = answer["jobReference"]["jobId"]
        while not answer["jobComplete"]:
            path = f"/bigquery/v2/projects/{PROJECT}/queries/{job}?location=us-central1&maxResults=10000"
            answer = self.api.call("GET", path)
        names = [field["name"] for field in answer["schema"]["fields"]]
        return [dict(zip(names, (each["v"] for each in row["f"]), strict=True)) for row in answer.get("rows", ())]


def pages(filled: Filled, level: str, fields: str) -> Iterator[Json]:
    """The results of a search (PS3.18 10.6), all pages of it."""
    for offset in count(0, 1000):
        path = f"/v1/{filled.places.dicomweb}/{level}?limit=1000&offset={offset}&{fields}"
        page = filled.api.call("GET", path) or []
        yield from page
        if len(page) < 1000:
            return


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The hospital in an emulator of its own, whose project's policy it changes."""
    running = RunningEmulator(tmp_path_factory.mktemp("hospital") / "state", PROJECT).start()
    api = Api(running.base_url, running.owner_token)
    try:
        number = api.call("GET", f"/v1/projects/{PROJECT}")["projectNumber"]
        yield Filled(running, api, bring(api, PROJECT, number, PATIENTS, SEED))
    finally:
        api.close()
        running.stop()


def values(instances: list[Json], tag: str) -> set[str]:
    return {each[tag]["Value"][0] for each in instances}


def identifiers(resources: list[Json], kind: str) -> set[str]:
    """The values of a type of identifier."""
    found = [each for resource in resources for each in resource["identifier"]]
    return {each["value"] for each in found if each.get("type", {}).get("coding", [{}])[0].get("code") == kind}


TOLD: list[Story] = list(stories(SEED, 1, PATIENTS))
KINDS = (
    *("Organization", "Endpoint", "Practitioner", "Patient", "Consent", "Encounter", "ServiceRequest"),
    *("Observation", "ImagingStudy", "DiagnosticReport"),
)
VISITS = [visit for told in TOLD for visit in told.visits]


def test_patients_are_the_same_in_all_forms(filled: Filled) -> None:
    wanted = {told.patient.id for told in TOLD}
    assert values(filled.instances(), "00100020") == wanted
    assert identifiers(filled.resources("Patient"), "MR") == wanted
    assert {who for each in filled.messages() for who, _ in each.patient_ids()} == wanted
    assert {each["userId"] for each in filled.of_consent("consents")} == wanted
    assert {each["userId"] for each in filled.of_consent("userDataMappings")} == wanted


def test_orders_studies_reports_and_results_have_the_same_accession_numbers(filled: Filled) -> None:
    wanted = {visit.accession for visit in VISITS}
    assert values(filled.instances(), "00080050") == wanted
    for kind, of in (("ServiceRequest", "ACSN"), ("ImagingStudy", "ACSN"), ("DiagnosticReport", "FILL")):
        assert identifiers(filled.resources(kind), of) == wanted
    sent = filled.messages()
    assert {each.field("IPC", 1) for each in sent if each.message_type == "OMI"} == wanted
    assert {each.component("OBR", 3) for each in sent if each.message_type == "ORU"} == wanted


def test_visits_have_the_same_numbers(filled: Filled) -> None:
    wanted = {visit.id for visit in VISITS}
    assert values(filled.instances(), "00380010") == wanted
    assert identifiers(filled.resources("Encounter"), "VN") == wanted
    assert {each.component("PV1", 19) for each in filled.messages()} == wanted


def test_films_and_imaging_studies_name_each_other(filled: Filled) -> None:
    films = {(v.study, f.series, f.instance) for v in VISITS for f in v.films}
    tags = "0020000D", "0020000E", "00080018"
    of_dicom = {tuple(each[tag]["Value"][0] for tag in tags) for each in filled.instances()}
    of_fhir = {
        (study["identifier"][0]["value"].removeprefix("urn:oid:"), series["uid"], instance["uid"])
        for study in filled.resources("ImagingStudy")
        for series in study["series"]
        for instance in series["instance"]
    }
    assert of_dicom == of_fhir == films
    (endpoint,) = filled.resources("Endpoint")
    assert endpoint["address"] == f"{filled.api.url}/v1/{filled.places.dicomweb}"
    mapped = {each["dataId"] for each in filled.of_consent("userDataMappings")}
    assert mapped == {f"{filled.places.dicomweb}/studies/{study}" for study, _, _ in films}


def test_no_reference_dangles(filled: Filled) -> None:
    found = [each for kind in KINDS for each in filled.resources(kind)]
    there = {f"{each['resourceType']}/{each['id']}" for each in found}
    assert len(there) == filled.brought.resources
    assert {to for each in found for to in references(each)} <= there


def test_consents_are_what_patients_agreed_to(filled: Filled) -> None:
    states = {each["userId"]: each["state"] for each in filled.of_consent("consents")}
    assert states == {t.patient.id: "REVOKED" if t.agreement.withdrawn else "ACTIVE" for t in TOLD}
    for told in TOLD:
        for purpose in ("care", "research", "teaching"):
            asked = {"dataId": filled.places.data_id(told.visits[0].study), "requestAttributes": {"purpose": purpose}}
            answer = filled.api.call("POST", f"/v1/{filled.places.consent}:checkDataAccess", asked)
            permitted = purpose in told.agreement.purposes and not told.agreement.withdrawn
            assert answer.get("consented", False) is permitted


def test_one_query_joins_films_resources_messages_and_consents(filled: Filled) -> None:
    wanted = [
        {
            "accession": visit.accession,
            "patient_id": told.patient.id,
            "gender": {"F": "female", "M": "male"}[told.patient.sex],
            "modality": visit.modality,
            "films": str(len(visit.films)),
            "ordered": visit.ordered.timestamp() + 1,  # the message is sent a second later
            "taken": visit.films[0].taken.timestamp(),
            "reported": visit.reported.timestamp() + 1,
            "finding": visit.finding.name,
            "research": str("research" in told.agreement.purposes and not told.agreement.withdrawn).lower(),
        }
        for told in TOLD
        for visit in told.visits
    ]
    rows = [each | {name: float(each[name]) for name in ("ordered", "taken", "reported")} for each in filled.rows(JOIN)]
    assert rows == sorted(wanted, key=lambda each: str(each["accession"]))


def test_a_second_run_changes_nothing(filled: Filled) -> None:
    def state() -> list[object]:
        datasets = f"/bigquery/v2/projects/{PROJECT}/datasets/{filled.places.bigquery}"
        objects = filled.api.call("GET", f"/storage/v1/b/{filled.places.bucket}/o")
        versions = [each["meta"] for kind in ("Patient", "ImagingStudy") for each in filled.resources(kind)]
        policy = filled.api.call("POST", f"/v1/projects/{PROJECT}:getIamPolicy", {})
        consents = filled.of_consent("consents"), filled.of_consent("consentArtifacts")
        return [filled.api.call("GET", datasets), objects, versions, policy, consents, len(filled.messages())]

    before = state()
    again = filled.bring()
    assert again.stored == {}
    assert not again.tables
    assert state() == before


def test_the_command_says_what_came_and_goes_on_where_it_was_interrupted(
    start_emulator: StartEmulator,
) -> None:
    running = start_emulator()
    fault = {"method": "healthcare.projects.locations.datasets.consentStores.consents.create", "code": 503, "call": 2}
    assert running.request("POST", "/_emulator/faults", fault)[0] == 200
    ended = seed(running, "--patients", "3", "--fhir-version", "STU3", "--no-tables")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "/consents was refused" in ended.stderr
    done = seed(running, "--patients", "3", "--fhir-version", "STU3", "--no-tables")
    assert done.returncode == 0, done.stderr
    *stores, tables, last = done.stdout.splitlines()
    assert [each.rpartition("/")[2] for each in stores] == ["dicom", "fhir (STU3)", "hl7v2", "consents"]
    assert tables == f"{PROJECT}.hospital (tables as they were)"
    studies = sum(len(told.visits) for told in stories(1, 1, 3))
    assert last.startswith("3 patients of seed 1: ")
    assert f"{studies} studies mapped to patients" in last
    assert "films" not in last
    again = seed(running, "--patients", "2", "--fhir-version", "STU3", "--no-tables")
    assert again.stdout.splitlines()[-1] == "2 patients of seed 1: all was there"


def seed(running: RunningEmulator, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "emulator", "seed", "hospital", "--state", str(running.state), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_stores_that_are_there_are_used_or_said_not_to_do(filled: Filled) -> None:
    stores = f"/v1/{filled.places.fhir.rpartition('/')[0]}"
    filled.api.call("POST", f"{stores}?fhirStoreId=own-ids", {"version": "R4"})
    filled.api.call("POST", f"{stores}?fhirStoreId=fifth", {"version": "R5", "enableUpdateCreate": True})
    for store, words in (("own-ids", "set enableUpdateCreate"), ("fifth", "R4 and STU3")):
        with pytest.raises(StartError, match=words):
            filled.bring(wish=Wish(fhir_store=store))
    names = f"/v1/{filled.places.consent.rpartition('/')[0]}"
    filled.api.call("POST", f"{names}?consentStoreId=other-words", {})
    purpose = {"category": "REQUEST", "allowedValues": ["fun"]}
    path = f"{names}/other-words/attributeDefinitions?attributeDefinitionId=purpose"
    filled.api.call("POST", path, purpose)
    with pytest.raises(StartError, match="--consent-store"):
        filled.bring(wish=Wish(consent_store="other-words"))


@pytest.mark.parametrize(("patients", "number"), [(0, 1), (1_000_000, 1), (1, 0), (1, 10_000)])
def test_numbers_that_ids_have_no_room_for_are_refused(filled: Filled, patients: int, number: int) -> None:
    with pytest.raises(StartError, match="must be from 1 to"):
        filled.bring(patients, number)


def test_a_refusal_says_which_call_and_why(filled: Filled) -> None:
    with pytest.raises(Refusal, match="datasets/none was refused: ") as refused:
        filled.api.call("GET", f"/v1/projects/{PROJECT}/locations/us-central1/datasets/none")
    assert refused.value.status == 404
