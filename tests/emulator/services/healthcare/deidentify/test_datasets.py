"""datasets.deidentify: a whole dataset, DICOM and FHIR by one key."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from googleapiclient.errors import HttpError

from emulator.deidentify.dates import shift_fhir
from emulator.deidentify.image import available
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.deidentify.test_fhir import BARE, KEY, SECRET
from tests.emulator.services.healthcare.fhir.bulk.test_crash import kill_midway
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json
from tests.emulator.services.healthcare.instances import made
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

LOCATION = "us-central1"
KINDS = ("dicomStores", "fhirStores", "hl7V2Stores", "consentStores")
STUDY: Json = {
    "resourceType": "ImagingStudy",
    "id": "study",
    "status": "available",
    "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.1"}],
    "subject": {"reference": "Patient/darcy"},
    "series": [{"uid": "1.2.1.1", "modality": {"code": "DX"}, "instance": [{"uid": "1.2.1.1.1", "sopClass": {}}]}],
}


@dataclass(frozen=True)
class Dataset:
    """A dataset of a test's own."""

    emulator: RunningEmulator
    name: str

    def add(self, collection: str, name: str, body: Json) -> str:
        """Create a store."""
        path = f"/v1/{self.name}/{collection}?{collection[:-1]}Id={name}"
        code, answer = self.emulator.request("POST", path, body)
        assert code == 200, answer
        return str(answer["name"])

    def fhir(self, name: str) -> FhirStore:
        """A FHIR store of it."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.emulator.owner_token}"
        return FhirStore(f"{self.name}/fhirStores/{name}", self.emulator.base_url, session)

    def stores(self) -> dict[str, list[Json]]:
        """Its stores by collection."""
        found = {}
        for collection in KINDS:
            _, answer = self.emulator.request("GET", f"/v1/{self.name}/{collection}")
            found[collection] = answer.get(collection, [])
        return found

    def deidentify(self, to: str, **body: Any) -> Json:
        """De-identify it into another dataset, and wait for the end."""
        return transfers.run(self.emulator, self.name, "deidentify", {"destinationDataset": to, **body})


@pytest.fixture
def make_dataset(emulator: RunningEmulator, unique: Callable[[str], str]) -> Iterator[Callable[[], Dataset]]:
    """Creates datasets, and deletes them with what became of them."""
    names = []

    def make() -> Dataset:
        parent = f"projects/{emulator.project}/locations/{LOCATION}/datasets"
        names.append(f"{parent}/{unique('deid')}")
        code, answer = emulator.request("POST", f"/v1/{parent}?datasetId={names[-1].rpartition('/')[2]}", {})
        assert code == 200, answer
        return Dataset(emulator, names[-1])

    yield make
    for name in names:
        for each in (name, f"{name}-new"):
            emulator.request("DELETE", f"/v1/{each}")


@pytest.fixture
def source(make_dataset: Callable[[], Dataset]) -> Dataset:
    """A dataset with a store of each kind, a patient, an image, and what FHIR says of it."""
    dataset = make_dataset()
    fill(dataset)
    return dataset


def fill(dataset: Dataset) -> None:
    images = dataset.add("dicomStores", "images", {"labels": {"a": "b"}})
    dataset.add("fhirStores", "records", {"version": "R4", "enableUpdateCreate": True})
    dataset.add("hl7V2Stores", "messages", {})
    dataset.add("consentStores", "consents", {})
    stored = requests.post(
        f"{dataset.emulator.base_url}/v1/{images}/dicomWeb/studies",
        data=made(uid="1.2.1.1.1", study="1.2.1", series="1.2.1.1"),
        headers={
            "Content-Type": "application/dicom",
            "Authorization": f"Bearer {dataset.emulator.owner_token}",
        },
        timeout=PATIENCE,
    )
    assert stored.status_code == 200, stored.text
    records = dataset.fhir("records")
    records.put(BARE)
    records.put(STUDY)


def uids(dataset: Dataset) -> tuple[str, str, str]:
    """Of the only instance of the DICOM store."""
    code, found = dataset.emulator.request("GET", f"/v1/{dataset.name}/dicomStores/images/dicomWeb/instances")
    assert code == 200, found
    (one,) = found
    study, series, instance = (one[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
    return study, series, instance


def linked(dataset: Dataset) -> tuple[str, str, str]:
    """As the only ImagingStudy has them."""
    (entry,) = dataset.fhir("records").read("ImagingStudy")["entry"]
    study = entry["resource"]
    series = study["series"][0]
    return study["identifier"][0]["value"].removeprefix("urn:oid:"), series["uid"], series["instance"][0]["uid"]


def test_a_dataset_with_all_its_stores(source: Dataset) -> None:
    new = f"{source.name}-new"
    done = source.deidentify(new, config={"dicom": {}, "fhir": {}})
    assert done["name"].startswith(f"{source.name}/operations/")
    assert done["metadata"]["apiMethodName"] == (
        "google.cloud.healthcare.v1.deidentify.DeidentifyService.DeidentifyDataset"
    )
    assert done["response"] == {"@type": "type.googleapis.com/google.cloud.healthcare.v1.deidentify.DeidentifySummary"}
    assert done["metadata"]["counter"] == {"success": "3"}
    made_dataset = Dataset(source.emulator, new)
    found = made_dataset.stores()
    assert {kind: [each["name"] for each in stores] for kind, stores in found.items()} == {
        "dicomStores": [f"{new}/dicomStores/images"],
        "fhirStores": [f"{new}/fhirStores/records"],
        "hl7V2Stores": [f"{new}/hl7V2Stores/messages"],
        "consentStores": [f"{new}/consentStores/consents"],
    }
    assert found["dicomStores"][0]["labels"] == {"a": "b"}
    assert found["fhirStores"][0]["version"] == "R4"
    assert uids(made_dataset) == linked(made_dataset) != uids(source) == linked(source)


def test_images_and_what_fhir_says_of_them_still_meet_by_one_key(source: Dataset) -> None:
    text = {"additionalTransformations": [{"cryptoHashConfig": {"cryptoKey": KEY}}]}
    source.deidentify(f"{source.name}-new", config={"text": text})
    new = Dataset(source.emulator, f"{source.name}-new")
    expected = tuple(SECRET.uid(each) for each in ("1.2.1", "1.2.1.1", "1.2.1.1.1"))
    assert uids(new) == linked(new) == expected


def test_dates_of_a_patient_move_alike_in_images_and_in_fhir(source: Dataset) -> None:
    """The PatientID of the image is the identifier of the Patient."""
    records = source.fhir("records")
    records.put({**BARE, "identifier": [{"system": "urn:mrn", "value": "P1"}]})
    records.put({**STUDY, "started": "2020-01-02T10:00:00Z"})
    text = {"additionalTransformations": [{"infoTypes": ["DATE"], "dateShiftConfig": {"cryptoKey": KEY}}]}
    config = {"text": text, "dicom": {"filterProfile": "DEIDENTIFY_TAG_CONTENTS"}, "fhir": {}}
    source.deidentify(f"{source.name}-new", config=config)
    new = Dataset(source.emulator, f"{source.name}-new")
    (image,) = source.emulator.request("GET", f"/v1/{new.name}/dicomStores/images/dicomWeb/studies")[1]
    (entry,) = new.fhir("records").read("ImagingStudy")["entry"]
    day = shift_fhir("2020-01-02", SECRET.days("P1"))
    assert image["00080020"]["Value"] == [day.replace("-", "")]
    assert entry["resource"]["started"] == f"{day}T10:00:00Z"


def test_ids_that_are_kept_in_dicom_are_kept_in_fhir(source: Dataset) -> None:
    source.deidentify(f"{source.name}-new", config={"dicom": {"skipIdRedaction": True}, "fhir": {}})
    new = Dataset(source.emulator, f"{source.name}-new")
    assert uids(new) == linked(new) == uids(source)


def test_what_leads_out_of_a_store_is_not_copied(source: Dataset) -> None:
    project = source.emulator.project
    config = {"pubsubTopic": f"projects/{project}/topics/told"}
    streams = [{"bigqueryDestination": {"tableUri": f"bq://{project}.d.t"}}]
    source.add("dicomStores", "loud", {"notificationConfig": config})
    source.add("fhirStores", "loud", {"version": "R4", "notificationConfigs": [config]})
    source.add("dicomStores", "streaming", {"streamConfigs": streams})
    source.deidentify(f"{source.name}-new", config={})
    found = Dataset(source.emulator, f"{source.name}-new").stores()
    assert not {"notificationConfig", "notificationConfigs", "streamConfigs"} & {
        field for stores in found.values() for store in stores for field in store
    }


def test_requests_that_are_refused(source: Dataset, make_dataset: Callable[[], Dataset]) -> None:
    there = make_dataset()
    for name, code, sentence in (
        ("", 400, "Invalid destinationDataset"),
        (source.name, 400, "another dataset than the source"),
        (there.name, 409, "already exists"),
        (f"{source.name}-new".replace(LOCATION, "us-east4"), 400, "must be in the source's location"),
        (f"{source.name}/fhirStores/records", 400, "Invalid destinationDataset"),
    ):
        body = {"destinationDataset": name, "config": {}}
        found, answer = source.emulator.request("POST", f"/v1/{source.name}:deidentify", body)
        assert (found, sentence in answer["error"]["message"]) == (code, True), answer
    body = {"destinationDataset": f"{source.name}-new", "config": {"dicom": {"keepList": {"tags": ["Nonsense"]}}}}
    assert source.emulator.request("POST", f"/v1/{source.name}:deidentify", body)[0] == 400
    assert source.emulator.request("GET", f"/v1/{source.name}-new")[0] == 404


@pytest.mark.skipif(available(), reason="text in pixels is found here")
def test_text_in_pixels_that_nothing_finds_is_refused_before_anything_is_made(source: Dataset) -> None:
    config = {"image": {"textRedactionMode": "REDACT_ALL_TEXT"}}
    body = {"destinationDataset": f"{source.name}-new", "config": config}
    code, answer = source.emulator.request("POST", f"/v1/{source.name}:deidentify", body)
    assert (code, answer["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert source.emulator.request("GET", f"/v1/{source.name}-new")[0] == 404


def test_googles_client(source: Dataset, healthcare: Any) -> None:
    datasets = healthcare.projects().locations().datasets()
    body = {"destinationDataset": f"{source.name}-new", "config": {"dicom": {"keepList": {"tags": ["PatientID"]}}}}
    operation = datasets.deidentify(sourceDataset=source.name, body=body).execute()
    transfers.wait(source.emulator, operation["name"])
    with pytest.raises(HttpError, match="409"):
        datasets.deidentify(sourceDataset=source.name, body=body).execute()


def test_who_may(source: Dataset, unique: Callable[[str], str]) -> None:
    emulator, caller = source.emulator, make_account(source.emulator, unique("deid"))
    path, body = f"/v1/{source.name}:deidentify", {"destinationDataset": f"{source.name}-new", "config": {}}
    assert emulator.request("POST", path, body, token=caller.token)[0] == 403
    policy = {"bindings": [{"role": "roles/healthcare.datasetAdmin", "members": [caller.member]}]}
    emulator.request("POST", f"/v1/{source.name}:setIamPolicy", {"policy": policy})
    code, answer = emulator.request("POST", path, body, token=caller.token)
    assert code == 403
    assert "healthcare.datasets.create" in answer["error"]["message"]


@pytest.mark.crash
def test_a_killed_run_goes_on_after_a_restart(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    parent = f"projects/{emulator.project}/locations/{LOCATION}/datasets"
    emulator.request("POST", f"/v1/{parent}?datasetId=d", {})
    dataset = Dataset(emulator, f"{parent}/d")
    fill(dataset)
    bucket = transfers.make_bucket(emulator, "deid-crash", "roles/storage.objectAdmin")
    lines = b"".join(json.dumps({**BARE, "id": f"p{number}"}).encode() + b"\n" for number in range(400))
    transfers.upload(emulator, bucket, "in.ndjson", lines)
    loading = {"gcsSource": {"uri": f"gs://{bucket}/in.ndjson"}, "contentStructure": "RESOURCE"}
    transfers.run(emulator, f"{dataset.name}/fhirStores/records", "import", loading)
    body = {"destinationDataset": f"{dataset.name}-new", "config": {}}
    operation = transfers.start(emulator, dataset.name, "deidentify", body)
    kill_midway(emulator, operation)
    assert transfers.wait(emulator, operation)["metadata"]["counter"] == {"success": "403"}
    new = Dataset(emulator, f"{dataset.name}-new")
    assert new.fhir("records").read("Patient?_total=accurate&_count=1")["total"] == 401
    assert uids(new) == linked(new)
