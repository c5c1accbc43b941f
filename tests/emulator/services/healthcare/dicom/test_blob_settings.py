"""The storage class of instances' files."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made
from tests.support.emulator import RunningEmulator


def ask(emulator: RunningEmulator, resource: str, storage_class: str, uri: str = "") -> tuple[int, Any]:
    body: dict[str, Any] = {"blobStorageSettings": {"blobStorageClass": storage_class}}
    if uri:
        body["filterConfig"] = {"resourcePathsGcsUri": uri}
    return emulator.request("POST", f"/v1/{resource}:setBlobStorageSettings", body)


def classes(store: Store) -> list[str]:
    base = "studies/1.2.1/series/1.2.1.1/instances"
    infos = [store.get(f"{base}/1.2.1.1.{number}:getStorageInfo").json() for number in (1, 2, 3)]
    return [info["blobStorageInfo"]["storageClass"] for info in infos]


def test_of_a_store_a_series_an_instance_and_a_filter(
    emulator: RunningEmulator, store: Store, unique: Callable[[str], str]
) -> None:
    for number in (1, 2, 3):
        assert store.post(made(uid=f"1.2.1.1.{number}")).status_code == 200
    assert ask(emulator, store.name, "NEARLINE")[0] == 200
    assert classes(store) == ["NEARLINE"] * 3
    series = f"{store.name}/dicomWeb/studies/1.2.1/series/1.2.1.1"
    assert ask(emulator, f"{series}/instances/1.2.1.1.2", "ARCHIVE")[0] == 200
    assert classes(store) == ["NEARLINE", "ARCHIVE", "NEARLINE"]
    bucket = transfers.make_bucket(emulator, unique("filter"), "roles/storage.objectViewer")
    transfers.upload(emulator, bucket, "f", b"/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.3\r\n/studies/9\n")
    assert ask(emulator, store.name, "COLDLINE", f"gs://{bucket}/f")[0] == 200
    assert classes(store) == ["NEARLINE", "ARCHIVE", "COLDLINE"]
    assert ask(emulator, series, "STANDARD", f"gs://{bucket}/f")[0] == 400
    transfers.upload(emulator, bucket, "f", b"instances/1.2.1.1.3\n")
    assert "Line 1" in ask(emulator, store.name, "COLDLINE", f"gs://{bucket}/f")[1]["error"]["message"]


def test_operation_is_that_of_google_s_page(emulator: RunningEmulator, store: Store) -> None:
    """Cloud Healthcare, DICOM storage classes: a name, then an operation that counts and has an empty response."""
    for number in (1, 2, 3):
        assert store.post(made(uid=f"1.2.1.1.{number}")).status_code == 200
    series = f"{store.name}/dicomWeb/studies/1.2.1/series/1.2.1.1"
    for resource, counted in ((f"{series}/instances/1.2.1.1.2", "1"), (series, "3")):
        code, started = ask(emulator, resource, "ARCHIVE")
        assert (code, set(started)) == (200, {"name"})
        operation = transfers.wait(emulator, started["name"])
        kind = "google.cloud.healthcare.v1.storageinfo.StorageInfoService.SetBlobStorageSettings"
        assert operation["metadata"]["apiMethodName"] == kind
        assert operation["metadata"]["counter"] == {"success": counted}
        assert operation["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert classes(store) == ["ARCHIVE"] * 3


@pytest.mark.parametrize("uri", ["gs://no-such-bucket/f", "bucket/f"])
def test_filter_that_cannot_be_read_changes_nothing(emulator: RunningEmulator, store: Store, uri: str) -> None:
    code, _ = ask(emulator, store.name, "COLDLINE", uri)
    assert code in (400, 403)


def test_class_must_be_one_of_google_s(emulator: RunningEmulator, store: Store) -> None:
    assert ask(emulator, store.name, "COLD")[0] == 400
    assert ask(emulator, store.name, "BLOB_STORAGE_CLASS_UNSPECIFIED")[0] == 400
