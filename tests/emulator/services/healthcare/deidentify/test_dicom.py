"""dicomStores.deidentify, driven as Google's samples do."""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from googleapiclient.errors import HttpError
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000

from emulator.deidentify.image import DetectorMissing, available
from emulator.deidentify.keys import Secret
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import file_of, instance, made
from tests.emulator.services.healthcare.transfers import log_entries, make_bucket, run, start, upload, wait
from tests.support.accounts import make_account
from tests.support.burned_in import write
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

WHOLE = int(os.environ.get("DEIDENTIFY_INSTANCES", "20"))
BASIC = {"dicom": {"filterProfile": "ATTRIBUTE_CONFIDENTIALITY_BASIC_PROFILE"}}


@pytest.fixture
def target(make_store: Callable[..., Store]) -> Store:
    return make_store()


def stores(healthcare: Any) -> Any:
    return healthcare.projects().locations().datasets().dicomStores()


def deidentify(emulator: RunningEmulator, source: Store, target: Store, **body: Any) -> dict[str, Any]:
    return run(emulator, source.name, "deidentify", {"destinationStore": target.name, **body})


def datasets(store: Store) -> list[pydicom.Dataset]:
    found = store.client.search_for_instances()
    return [
        pydicom.dcmread(
            BytesIO(
                store.get(
                    f"studies/{each['0020000D']['Value'][0]}/series/{each['0020000E']['Value'][0]}"
                    f"/instances/{each['00080018']['Value'][0]}",
                    "application/dicom; transfer-syntax=*",
                ).content
            )
        )
        for each in found
    ]


def test_a_store_is_deidentified_into_another(
    emulator: RunningEmulator, healthcare: Any, store: Store, target: Store
) -> None:
    for number in range(1, 4):
        assert store.post(made(uid=f"1.2.1.1.{number}")).status_code == 200
    body = {"destinationStore": target.name, "config": BASIC}
    operation = stores(healthcare).deidentify(sourceStore=store.name, body=body).execute()
    done = wait(emulator, operation["name"])
    assert done["response"] == {
        "@type": "type.googleapis.com/google.cloud.healthcare.v1.deidentify.DeidentifyDicomStoreSummary"
    }
    assert done["metadata"]["counter"] == {"success": "3"}
    method = "google.cloud.healthcare.v1.deidentify.DeidentifyService.DeidentifyDicomStore"
    assert done["metadata"]["apiMethodName"] == method
    new = datasets(target)
    assert len({each.SOPInstanceUID for each in new}) == 3
    assert {str(each.StudyInstanceUID) for each in new}.isdisjoint({"1.2.1"})
    assert len({each.StudyInstanceUID for each in new}) == len({each.SeriesInstanceUID for each in new}) == 1
    assert {str(each.PatientName) for each in new} == {""}
    assert len(store.client.search_for_instances()) == 3


def test_what_was_found_is_counted_in_the_log_without_a_value(
    emulator: RunningEmulator, store: Store, target: Store
) -> None:
    for number in range(1, 3):
        store.post(made(uid=f"1.2.1.1.{number}", PatientName="Kowalski^Maria"))
    done = deidentify(emulator, store, target, config={"dicom": {"filterProfile": "DEIDENTIFY_TAG_CONTENTS"}})
    (entry,) = log_entries(emulator, done["name"])
    assert entry["severity"] == "INFO"
    (told,) = [each for each in entry["jsonPayload"]["findings"] if each["infoType"] == "PERSON_NAME"]
    assert int(told.pop("count")) >= 2
    assert told == {"origin": "HEADER", "infoType": "PERSON_NAME", "score": 1, "likelihood": "VERY_LIKELY"}
    assert "kowalski" not in json.dumps(entry).lower()


def test_two_runs_use_two_keys(emulator: RunningEmulator, store: Store, target: Store) -> None:
    store.post(made())
    for _ in range(2):
        assert deidentify(emulator, store, target, config=BASIC)["metadata"]["counter"] == {"success": "1"}
    assert len(target.client.search_for_studies()) == 2


def test_the_same_key_gives_the_same_study_in_every_run(emulator: RunningEmulator, store: Store, target: Store) -> None:
    """What is new is added to what is there: so a nightly run over a store that grows needs no memory."""
    key = base64.b64encode(b"k" * 32).decode()
    text = {"additionalTransformations": [{"infoTypes": ["DATE"], "dateShiftConfig": {"cryptoKey": key}}]}
    for number in (1, 2):
        store.post(made(uid=f"1.2.1.1.{number}"))
        done = deidentify(emulator, store, target, config={**BASIC, "text": text})
        assert done["metadata"]["counter"] == {"success": str(number)}
    assert len(target.client.search_for_instances()) == 2
    (study,) = target.client.search_for_studies()
    assert study["0020000D"]["Value"] == [Secret(b"k" * 32).uid("1.2.1")]


def test_kept_ids_make_a_run_repeatable(emulator: RunningEmulator, store: Store, target: Store) -> None:
    store.post(made())
    config = {"dicom": {"keepList": {"tags": ["PatientID"]}, "skipIdRedaction": True}}
    for _ in range(2):
        assert deidentify(emulator, store, target, config=config)["metadata"]["counter"] == {"success": "1"}
    (new,) = datasets(target)
    assert new.SOPInstanceUID == "1.2.1.1.1"
    assert new.PatientID == "P1"
    assert "PatientName" not in new


def test_an_instance_that_is_there_with_other_bytes_fails_and_is_named(
    emulator: RunningEmulator, store: Store, target: Store
) -> None:
    store.post(made())
    target.post(made(PatientID="another"))
    done = deidentify(emulator, store, target, config={"dicom": {"skipIdRedaction": True}})
    assert done["metadata"]["counter"] == {"failure": "1"}
    assert "response" in done
    (entry,) = log_entries(emulator, done["name"])
    assert entry["jsonPayload"]["error"]["code"] == 6
    assert entry["jsonPayload"]["source"].endswith("/dicomWeb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1")


def test_only_what_a_filter_names(
    emulator: RunningEmulator, store: Store, target: Store, unique: Callable[[str], str]
) -> None:
    for number in range(1, 4):
        store.post(made(study=f"1.2.{number}", series=f"1.2.{number}.1", uid=f"1.2.{number}.1.1"))
    bucket = make_bucket(emulator, unique("filters"), "roles/storage.objectViewer")
    upload(emulator, bucket, "wanted.txt", b"/studies/1.2.1\n/studies/1.2.3\n")
    filtered = {"resourcePathsGcsUri": f"gs://{bucket}/wanted.txt"}
    done = deidentify(emulator, store, target, config=BASIC, filterConfig=filtered)
    assert done["metadata"]["counter"] == {"success": "2"}


def test_a_config_in_cloud_storage(
    emulator: RunningEmulator, store: Store, target: Store, unique: Callable[[str], str]
) -> None:
    store.post(made())
    bucket = make_bucket(emulator, unique("configs"), "roles/storage.objectViewer")
    upload(emulator, bucket, "basic.json", json.dumps(BASIC).encode())
    upload(emulator, bucket, "odd.json", b'{"dicom": {"keepList": {"tags": ["PatientNam"]}}}')
    upload(emulator, bucket, "type.json", b'{"dicom": "all of it"}')
    upload(emulator, bucket, "later.json", b'{"dicomTagConfig": {}}')
    upload(emulator, bucket, "none.json", b"DeidentifyConfig")
    done = deidentify(emulator, store, target, gcsConfigUri=f"gs://{bucket}/basic.json")
    assert done["metadata"]["counter"] == {"success": "1"}
    assert str(datasets(target)[0].PatientName) == ""
    told = {
        "odd": '"PatientNam"',
        "type": "'dicom'",
        "later": '"dicomTagConfig"',
        "none": "not JSON",
        "gone": "not exist",
    }
    for name, words in told.items():
        done = deidentify(emulator, store, target, gcsConfigUri=f"gs://{bucket}/{name}.json")
        assert done["error"]["code"] == 3
        assert words in done["error"]["message"]


def test_a_config_that_the_agent_may_not_read(
    emulator: RunningEmulator, store: Store, target: Store, unique: Callable[[str], str]
) -> None:
    bucket = make_bucket(emulator, unique("configs"))
    upload(emulator, bucket, "basic.json", json.dumps(BASIC).encode())
    done = deidentify(emulator, store, target, gcsConfigUri=f"gs://{bucket}/basic.json")
    assert done["error"]["code"] == 7
    assert "required Cloud Storage permission" in done["error"]["message"]


def test_actions_of_v1beta1(emulator: RunningEmulator, store: Store, target: Store) -> None:
    store.post(made(PatientSex="F", StationName="CT1"))
    tags = {
        "profileType": "KEEP_ALL_PROFILE",
        "options": {"primaryIds": "KEEP"},
        "actions": [
            {"queries": ["PN"], "removeTag": {}},
            {"queries": ["PatientID"], "resetTag": {}},
            {"queries": ["00080020"], "deleteTag": {}},
        ],
    }
    body = {"destinationStore": target.name, "config": {"dicomTagConfig": tags}}
    done = run(emulator, store.name, "deidentify", body, "v1beta1")
    assert done["metadata"]["counter"] == {"success": "1"}
    (new,) = datasets(target)
    assert (new.SOPInstanceUID, str(new.PatientName), new.StationName) == ("1.2.1.1.1", "", "CT1")
    assert new.PatientID not in ("", "P1")
    assert "StudyDate" not in new


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason=str(DetectorMissing()))
def test_text_in_pixels_is_blackened_where_the_header_says_so_elsewhere(
    emulator: RunningEmulator, store: Store, target: Store
) -> None:
    """Names of the header go by their own values; what says nothing of the patient stays."""
    picture = np.zeros((300, 700), np.uint8)
    name, side = write(picture, "OKAFOR LINDA", 30, 30, 40, 255), write(picture, "CHEST PA", 30, 200, 40, 255)
    pixels = {"Rows": 300, "Columns": 700, "PixelData": picture.tobytes()}
    store.post(made(PatientName="Okafor^Linda", **pixels))
    image = {"textRedactionMode": "REDACT_SENSITIVE_TEXT"}
    done = deidentify(emulator, store, target, config={**BASIC, "image": image})
    assert done["metadata"]["counter"] == {"success": "1"}
    (new,) = datasets(target)
    after = new.pixel_array
    assert not after[name.y : name.y + name.height, name.x : name.x + name.width].any()
    assert side.left_of(picture, after) == 1
    assert new.BurnedInAnnotation == "NO"
    assert [code.CodeValue for code in new.DeidentificationMethodCodeSequence] == ["113100", "113101"]
    (entry,) = log_entries(emulator, done["name"])
    (told,) = [each for each in entry["jsonPayload"]["findings"] if each["origin"] == "PIXELS"]
    assert told == {
        "origin": "PIXELS",
        "infoType": "PERSON_NAME",
        "score": 1,
        "likelihood": "VERY_LIKELY",
        "count": "1",
    }


@pytest.mark.skipif(not available(), reason=str(DetectorMissing()))
def test_pixels_that_cannot_be_decoded_are_never_passed_on_with_their_text(
    emulator: RunningEmulator, store: Store, target: Store
) -> None:
    broken = instance(uid="1.2.1.1.2")
    broken.file_meta.TransferSyntaxUID = JPEG2000
    broken.PixelData = encapsulate([b"no codestream at all"])
    broken["PixelData"].is_undefined_length = True
    for film in (made(), file_of(broken)):
        assert store.post(film).status_code == 200
    done = deidentify(emulator, store, target, config={"image": {"textRedactionMode": "REDACT_ALL_TEXT"}})
    assert done["metadata"]["counter"] == {"success": "1", "failure": "1"}
    (entry,) = log_entries(emulator, done["name"])
    assert entry["jsonPayload"]["source"].endswith("/instances/1.2.1.1.2")
    assert len(target.client.search_for_instances()) == 1


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 400, "destinationStore is required"),
        ({"destinationStore": "nonsense"}, 400, "Invalid store name"),
        ({"destinationStore": "{fhir}"}, 400, "must be the name of one of dicomStores"),
        ({"destinationStore": "{source}"}, 400, "another store than the source"),
        ({"destinationStore": "{missing}"}, 404, "not found"),
        ({"destinationStore": "{elsewhere}"}, 400, "must be in the source's location, us-central1"),
        (
            {"destinationStore": "{target}", "config": {}, "gcsConfigUri": "gs://bucket/c.json"},
            400,
            "Only one of config",
        ),
        ({"destinationStore": "{target}", "gcsConfigUri": "bucket/c.json"}, 400, "Invalid gcsConfigUri"),
        ({"destinationStore": "{target}", "config": {"dicom": {"keepList": {}, "removeList": {}}}}, 400, "oneof"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    healthcare: Any, store: Store, target: Store, body: dict[str, Any], status: int, told: str
) -> None:
    names = {
        "source": store.name,
        "target": target.name,
        "fhir": store.name.replace("dicomStores", "fhirStores"),
        "missing": f"{store.name}-missing",
        "elsewhere": store.name.replace("us-central1", "europe-west4"),
    }
    written = {key: value.format(**names) if isinstance(value, str) else value for key, value in body.items()}
    with pytest.raises(HttpError, match=told) as caught:
        stores(healthcare).deidentify(sourceStore=store.name, body=written).execute()
    assert caught.value.resp.status == status


def test_the_caller_must_be_allowed_to_write_the_destination(
    emulator: RunningEmulator, healthcare: Any, store: Store, target: Store, unique: Callable[[str], str]
) -> None:
    somebody = make_account(emulator, unique("deidentifier"))
    grant = {"bindings": [{"role": "roles/healthcare.dicomStoreAdmin", "members": [somebody.member]}]}
    stores(healthcare).setIamPolicy(resource=store.name, body={"policy": grant}).execute()
    body = {"destinationStore": target.name, "config": BASIC}
    code, answer = emulator.request("POST", f"/v1/{store.name}:deidentify", body, token=somebody.token)
    assert code == 403
    assert "healthcare.dicomStores.dicomWebWrite" in answer["error"]["message"]
    grant["bindings"][0]["role"] = "roles/healthcare.dicomEditor"
    stores(healthcare).setIamPolicy(resource=target.name, body={"policy": grant}).execute()
    assert emulator.request("POST", f"/v1/{store.name}:deidentify", body, token=somebody.token)[0] == 200


@dataclass(frozen=True)
class Pair:
    """Two stores of an emulator of a test's own."""

    emulator: RunningEmulator
    source: str
    target: str

    def fill(self, count: int) -> None:
        """Store films, two a study."""
        url = f"{self.emulator.base_url}/v1/{self.source}/dicomWeb/studies"
        headers = {"Authorization": f"Bearer {self.emulator.owner_token}", "Content-Type": "application/dicom"}
        with requests.Session() as session:
            for number in range(count):
                study = f"1.2.{number // 2}"
                film = made(study=study, series=f"{study}.1", uid=f"{study}.1.{number}", PatientID=f"P{number // 2}")
                assert session.post(url, data=film, headers=headers, timeout=PATIENCE).status_code == 200

    def count(self) -> tuple[str, str]:
        """Studies and instances of the target."""
        _, metrics = self.emulator.request("GET", f"/v1/{self.target}:getDICOMStoreMetrics")
        return metrics["studyCount"], metrics["instanceCount"]


@pytest.fixture
def pair(start_emulator: StartEmulator) -> Pair:
    emulator = start_emulator()
    dataset = f"projects/{emulator.project}/locations/us-central1/datasets/d"
    assert emulator.request("POST", f"/v1/{dataset.removesuffix('/d')}?datasetId=d", {})[0] == 200
    for name in ("source", "target"):
        assert emulator.request("POST", f"/v1/{dataset}/dicomStores?dicomStoreId={name}", {})[0] == 200
    return Pair(emulator, f"{dataset}/dicomStores/source", f"{dataset}/dicomStores/target")


def test_instances_that_cannot_be_read_fail_are_named_and_never_passed_on(pair: Pair) -> None:
    """DEIDENTIFY_INSTANCES says how many there are beside the three that are broken (20).

    An encrypted file that is not what was written can't be read at all: it is as one that is gone.
    """
    pair.fill(WHOLE + 3)
    blobs = sorted((pair.emulator.state / "blobs").glob("*/*"))
    blobs[3].write_bytes(blobs[3].read_bytes()[:300])
    blobs[7].unlink()
    blobs[11].write_bytes(b"no DICOM")
    done = run(pair.emulator, pair.source, "deidentify", {"destinationStore": pair.target, "config": BASIC})
    assert done["metadata"]["counter"] == {"success": str(WHOLE), "failure": "3"}
    entries = log_entries(pair.emulator, done["name"])
    codes = [3, 3, 5] if pair.emulator.root_key is None else [5, 5, 5]
    assert sorted(entry["jsonPayload"]["error"]["code"] for entry in entries) == codes
    assert all(entry["jsonPayload"]["source"].startswith(f"{pair.source}/dicomWeb/studies/") for entry in entries)
    assert pair.count()[1] == str(WHOLE)
    files = {path.name for path in (pair.emulator.state / "blobs").glob("*/*")}
    with pair.emulator.database() as database:
        known = {row[0] for row in database.execute("SELECT id FROM blobs")}
    assert files <= known


@pytest.mark.crash
@pytest.mark.slow
def test_a_killed_operation_goes_on_after_a_restart_with_the_same_key(pair: Pair) -> None:
    pair.fill(1000)
    operation = start(pair.emulator, pair.source, "deidentify", {"destinationStore": pair.target, "config": BASIC})
    seen = 0
    while seen == 0:
        _, found = pair.emulator.request("GET", f"/v1/{operation}")
        assert "done" not in found
        seen = int(found["metadata"].get("counter", {}).get("success", "0"))
    pair.emulator.kill()
    pair.emulator.start()
    done = wait(pair.emulator, operation)
    assert done["metadata"]["counter"] == {"success": "1000"}
    assert pair.count() == ("500", "1000")
