"""Updating instances and patching metadata, with Google's v1beta1 paths."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests
from pydicom.uid import UID

from emulator.dicom import patching
from emulator.dicom.multipart import PART_END, closing, part_head
from tests.emulator.dicom.files import shipped
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import instance, made
from tests.support.patience import PATIENCE, eventually

BASE = "studies/1.2.1/series/1.2.1.1/instances"


def beta(store: Store, path: str) -> str:
    return f"{store.url}/{path}".replace("/v1/", "/v1beta1/", 1)


def put(store: Store, data: bytes, path: str = "studies", kind: str = "application/dicom") -> requests.Response:
    headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
    return store.session.put(beta(store, path), data=data, headers=headers, timeout=PATIENCE)


def patch(store: Store, path: str, *operations: Any) -> requests.Response:
    headers = {"Content-Type": "application/json-patch+json"}
    url = beta(store, f"{path}/metadata")
    return store.session.patch(url, json=list(operations), headers=headers, timeout=PATIENCE)


def whole(store: Store, path: str) -> bytes:
    return store.get(path, "application/dicom; transfer-syntax=*").content


def finished(store: Store, answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    url = beta(store, "").partition("/v1beta1/")[0] + f"/v1beta1/{answer.json()['name']}"
    return eventually(lambda: store.session.get(url, timeout=PATIENCE).json(), lambda operation: operation.get("done"))


def test_update_replaces_an_instance_and_what_it_is_found_by(store: Store) -> None:
    assert store.post(made()).status_code == 200
    changed = made(PatientID="P2", PatientName="Roe^Richard", Modality="CR")
    answer = put(store, changed)
    assert answer.status_code == 200, answer.text
    assert answer.json()["00081199"]["Value"][0]["00081155"]["Value"] == ["1.2.1.1.1"]
    assert whole(store, f"{BASE}/1.2.1.1.1") == changed
    assert store.get("studies", PatientID="P1").status_code == 204
    assert store.get("series", Modality="DX").status_code == 204
    (study,) = store.get("studies", PatientName="rich", fuzzymatching="true").json()
    assert study["00100020"]["Value"] == ["P2"]
    assert store.get("instances", Modality="CR").json()[0]["00080018"]["Value"] == ["1.2.1.1.1"]


def test_update_stores_what_is_not_there_and_several_at_once(store: Store) -> None:
    body = b"".join(
        part_head("b", "application/dicom") + made(uid=f"1.2.1.1.{number}") + PART_END for number in (1, 2)
    ) + closing("b")
    for _ in range(2):
        answer = put(store, body, "studies/1.2.1", 'multipart/related; type="application/dicom"; boundary=b')
        assert answer.status_code == 200, answer.text
    assert len(store.client.search_for_instances()) == 2
    assert put(store, made(), "studies/1.2.9").status_code == 409


def test_update_keeps_the_storage_class_unless_told(store: Store) -> None:
    headers = {"Content-Type": "application/dicom", "Storage-Class": "NEARLINE"}
    assert store.session.post(f"{store.url}/studies", data=made(), headers=headers, timeout=PATIENCE).status_code == 200
    info = f"{BASE}/1.2.1.1.1:getStorageInfo"
    assert put(store, made(PatientID="P2")).status_code == 200
    assert store.get(info).json()["blobStorageInfo"]["storageClass"] == "NEARLINE"
    headers["Storage-Class"] = "ARCHIVE"
    assert store.session.put(beta(store, "studies"), data=made(), headers=headers, timeout=PATIENCE).status_code == 200
    assert store.get(info).json()["blobStorageInfo"]["storageClass"] == "ARCHIVE"


def test_update_takes_whole_files_only(store: Store) -> None:
    answer = put(store, b"--b--", kind='multipart/related; type="application/dicom+json"; boundary=b')
    assert answer.status_code == 415
    assert "PATCH" in answer.json()["error"]["message"]


def test_methods_are_not_in_v1(store: Store) -> None:
    assert store.session.put(f"{store.url}/studies", data=made(), timeout=PATIENCE).status_code in (404, 405)


def test_patch_changes_the_metadata_the_file_and_the_search(store: Store) -> None:
    assert store.post(made()).status_code == 200
    answer = patch(
        store,
        f"{BASE}/1.2.1.1.1",
        {"op": "test", "path": "/00100020/Value/0", "value": "P1"},
        {"op": "replace", "path": "/00100010/Value/0/Alphabetic", "value": "Žižka^Jan"},
        {"op": "add", "path": "/00081030", "value": {"vr": "LO", "Value": ["Thorax"]}},
        {"op": "remove", "path": "/00080050"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()[0]["00100010"]["Value"] == [{"Alphabetic": "Žižka^Jan"}]
    read = pydicom.dcmread(BytesIO(whole(store, f"{BASE}/1.2.1.1.1")))
    assert (read.PatientName, read.StudyDescription, "AccessionNumber" in read) == ("Žižka^Jan", "Thorax", False)
    assert read.PixelData == bytes(range(16))
    assert store.get("studies", PatientName="ziz", fuzzymatching="true").status_code == 200
    assert store.get("studies", AccessionNumber="A1").status_code == 204


def test_patch_of_a_latin_file_makes_it_utf_8(store: Store) -> None:
    assert store.post(made(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg")).status_code == 200
    new = {"op": "add", "path": "/00081030", "value": {"vr": "LO", "Value": ["胸部"]}}
    assert patch(store, f"{BASE}/1.2.1.1.1", new).status_code == 200
    (metadata,) = store.get(f"{BASE}/1.2.1.1.1/metadata").json()
    assert metadata["00080005"]["Value"] == ["ISO_IR 192"]
    assert metadata["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg"}]
    assert metadata["00081030"]["Value"] == ["胸部"]


@pytest.mark.parametrize("name", ["MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "693_J2KR.dcm"])
def test_patch_leaves_transfer_syntax_and_pixels_alone(store: Store, name: str) -> None:
    data = shipped(name).read_bytes()
    before = pydicom.dcmread(BytesIO(data))
    assert store.post(data).status_code == 200
    path = f"studies/{before.StudyInstanceUID}/series/{before.SeriesInstanceUID}/instances/{before.SOPInstanceUID}"
    answer = patch(store, path, {"op": "add", "path": "/00100020", "value": {"vr": "LO", "Value": ["Q"]}})
    assert answer.status_code == 200, answer.text
    after = pydicom.dcmread(BytesIO(whole(store, path)))
    assert (after.PatientID, after.PixelData) == ("Q", before.PixelData)
    assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID


@pytest.mark.parametrize("name", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"])
def test_patch_copies_large_values_without_reading_them(tmp_path: Path, name: str) -> None:
    film = instance(Rows=512, Columns=512, PixelData=bytes(range(256)) * 1024, EncapsulatedDocument=b"ab" * 50_000)
    film["PixelData"].VR = "OW"
    film.file_meta.TransferSyntaxUID = UID(name)
    path = tmp_path / "film.dcm"
    film.save_as(path, enforce_file_format=True)
    stored = path.read_bytes()
    pieces = patching.patched(str(path), [{"op": "replace", "path": "/00100020/Value/0", "value": "Ä"}])
    assert sum(len(piece) for piece in pieces if isinstance(piece, bytes)) < 2048
    whole = b"".join(piece if isinstance(piece, bytes) else stored[slice(*piece)] for piece in pieces)
    after = pydicom.dcmread(BytesIO(whole))
    assert (after.PatientID, after.EncapsulatedDocument) == ("Ä", b"ab" * 50_000)
    assert after.PixelData == film.PixelData
    assert (after["PixelData"].VR, after.file_meta.TransferSyntaxUID) == ("OW", name)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/00080018/Value/0", "value": "1.9"},
        {"op": "remove", "path": "/0020000D"},
        {"op": "replace", "path": "/00020010/Value/0", "value": "1.2.840.10008.1.2"},
        {"op": "remove", "path": "/7FE00010"},
        {"op": "test", "path": "/00100020/Value/0", "value": "other"},
        {"op": "remove", "path": "/00101010"},
        {"op": "replace", "path": "", "value": []},
        {"op": "add", "path": "/00100020", "value": "P2"},
        {"op": "add", "path": "/00281201", "value": {"vr": "OW", "BulkDataURI": "http://elsewhere/x"}},
        {"op": "jump", "path": "/00100020"},
        {"op": "add", "path": "/00100020"},
        "remove",
    ],
)
def test_patch_that_is_refused_changes_nothing(store: Store, operation: Any) -> None:
    assert store.post(made()).status_code == 200
    answer = patch(store, f"{BASE}/1.2.1.1.1", operation)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith(".")
    assert whole(store, f"{BASE}/1.2.1.1.1") == made()


def test_patch_that_doubles_is_stopped(store: Store) -> None:
    assert store.post(made()).status_code == 200
    doubling = [{"op": "copy", "from": "", "path": f"/0009{number:04X}"} for number in range(0x1000, 0x1028)]
    assert patch(store, f"{BASE}/1.2.1.1.1", *doubling).status_code == 400


@pytest.mark.parametrize(
    ("level", "method"), [("", "UpdateStudyMetadata"), ("/series/1.2.1.1", "UpdateSeriesMetadata")]
)
def test_patch_of_all_instances_is_an_operation(store: Store, level: str, method: str) -> None:
    for number in range(1, 4):
        assert store.post(made(uid=f"1.2.1.1.{number}")).status_code == 200
    assert store.post(made(uid="1.2.1.1.4", PatientID="other")).status_code == 200
    operations = (
        {"op": "test", "path": "/00100020/Value/0", "value": "P1"},
        {"op": "replace", "path": "/00100020/Value/0", "value": "P1P1"},
    )
    operation = finished(store, patch(store, f"studies/1.2.1{level}", *operations))
    assert operation["metadata"]["counter"] == {"success": "3", "failure": "1"}
    name = f"google.cloud.healthcare.v1beta1.dicomweb.DicomWebService.{method}"
    assert operation["metadata"]["apiMethodName"] == name
    assert operation["response"]["@type"].endswith(f"v1beta1.dicomweb.{method}Response")
    found = [row["00100020"]["Value"][0] for row in store.get("studies/1.2.1/metadata").json()]
    assert sorted(found) == ["P1P1", "P1P1", "P1P1", "other"]


def test_patch_of_what_is_not_there(store: Store) -> None:
    for path in ("studies/9", "studies/9/series/9", "studies/9/series/9/instances/9"):
        assert patch(store, path, {"op": "remove", "path": "/00100020"}).status_code == 404


def test_update_is_announced(make_store: Callable[..., Store], publisher: Any, subscriber: Any, emulator: Any) -> None:
    topic = publisher.topic_path(emulator.project, "updated")
    publisher.create_topic(name=topic)
    subscription = subscriber.subscription_path(emulator.project, "updated")
    subscriber.create_subscription(name=subscription, topic=topic)
    agent = "allUsers"
    publisher.set_iam_policy(
        request={"resource": topic, "policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}}
    )
    store = make_store(notificationConfigs=[{"pubsubTopic": topic}])
    assert store.post(made()).status_code == 200
    assert put(store, made(PatientID="P2")).status_code == 200
    pulled = subscriber.pull(subscription=subscription, max_messages=10)
    assert [one.message.attributes["action"] for one in pulled.received_messages] == [
        "StoreInstances",
        "UpdateInstances",
    ]
