import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from emulator.gateway.discovery import load
from tests.emulator.dicom.files import shipped
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made
from tests.emulator.services.healthcare.transfers import download, log_entries, make_bucket, names, run, upload
from tests.support.emulator import RunningEmulator


@pytest.fixture
def outbox(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    return make_bucket(emulator, unique("export"), "roles/storage.objectAdmin")


def to(bucket: str, folder: str = "out", **more: Any) -> dict[str, Any]:
    return {"gcsDestination": {"uriPrefix": f"gs://{bucket}/{folder}", **more}}


def test_original_files_under_study_series_instance(emulator: RunningEmulator, store: Store, outbox: str) -> None:
    film = made()
    assert store.post(film).status_code == 200
    original = shipped("693_J2KR.dcm").read_bytes()
    assert store.post(original).status_code == 200
    done = run(emulator, store.name, "export", to(outbox))
    assert done["metadata"]["counter"] == {"success": "2"}
    assert done["response"]["@type"] == "type.googleapis.com/google.cloud.healthcare.v1.dicom.ExportDicomDataResponse"
    found = names(emulator, outbox)
    assert "out/1.2.1/1.2.1.1/1.2.1.1.1.dcm" in found
    assert download(emulator, outbox, "out/1.2.1/1.2.1.1/1.2.1.1.1.dcm") == film
    other = next(name for name in found if not name.startswith("out/1.2.1/"))
    assert download(emulator, outbox, other) == original


def test_what_is_exported_deleted_and_imported_is_exported_the_same(
    emulator: RunningEmulator, store: Store, outbox: str
) -> None:
    for data in (made(), shipped("693_J2KR.dcm").read_bytes(), shipped("CT_small.dcm").read_bytes()):
        assert store.post(data).status_code == 200
    run(emulator, store.name, "export", to(outbox, "first"))
    before = {name.partition("/")[2]: download(emulator, outbox, name) for name in names(emulator, outbox)}
    for study in {name.partition("/")[0] for name in before}:
        store.client.delete_study(study)
    assert store.client.search_for_instances() == []
    done = run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{outbox}/first/**.dcm"}})
    assert done["metadata"]["counter"] == {"success": "3"}
    run(emulator, store.name, "export", to(outbox, "second"))
    second = [name for name in names(emulator, outbox) if name.startswith("second/")]
    assert {name.partition("/")[2]: download(emulator, outbox, name) for name in second} == before


def test_an_export_overwrites(emulator: RunningEmulator, store: Store, outbox: str) -> None:
    upload(emulator, outbox, "1.2.1/1.2.1.1/1.2.1.1.1.dcm", b"old")
    assert store.post(made()).status_code == 200
    run(emulator, store.name, "export", to(outbox, ""))
    assert download(emulator, outbox, "1.2.1/1.2.1.1/1.2.1.1.1.dcm") == made()


_TOLD = load("healthcare.v1").schemas["GoogleCloudHealthcareV1DicomGcsDestination"]["properties"]["mimeType"]
DOCUMENTED = sorted(set(re.findall(r"- (\w+/[\w-]+; transfer-syntax=[\d.*]+|image/png)", _TOLD["description"])))
"""The media types that Google's discovery document lists."""
EXTENSIONS = {"application/dicom": ".dcm", "image/jpeg": ".jpg", "image/png": ".png", "application/octet-stream": ""}


NO_ENCODER = tuple(f"1.2.840.10008.1.2.{end}" for end in ("4.51", "4.57", "4.70", "8.1"))
NO_ENCODERS_OF = ("1.2.840.10008.1.2.4.11", "1.2.840.10008.1.2.4.20")  # JPEG XL and High-Throughput JPEG 2000


def test_all_of_the_documented_media_types_are_tried() -> None:
    assert len(DOCUMENTED) == 24


@pytest.mark.parametrize("mime", DOCUMENTED)
def test_each_documented_media_type(emulator: RunningEmulator, store: Store, outbox: str, mime: str) -> None:
    film = made()
    assert store.post(film).status_code == 200
    media, _, syntax = mime.partition("; transfer-syntax=")
    done = run(emulator, store.name, "export", to(outbox, mimeType=mime))
    if syntax in NO_ENCODER or syntax.startswith(NO_ENCODERS_OF):
        assert done["metadata"]["counter"] == {"failure": "1"}
        (entry,) = log_entries(emulator, done["name"])
        assert "there is no encoder for it" in entry["jsonPayload"]["error"]["message"]
        return
    assert done["metadata"]["counter"] == {"success": "1"}
    content = download(emulator, outbox, f"out/1.2.1/1.2.1.1/1.2.1.1.1{EXTENSIONS[media]}")
    if syntax == "*" and media == "application/dicom":
        assert content == film
    elif media == "application/dicom":
        assert pydicom.dcmread(BytesIO(content)).file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize(("folder", "before"), [("", ""), ("/", ""), ("/a", "a/"), ("/b/c/", "b/c/")])
def test_each_form_of_the_folder(
    emulator: RunningEmulator, store: Store, outbox: str, folder: str, before: str
) -> None:
    assert store.post(made()).status_code == 200
    run(emulator, store.name, "export", {"gcsDestination": {"uriPrefix": f"gs://{outbox}{folder}"}})
    assert names(emulator, outbox) == [f"{before}1.2.1/1.2.1.1/1.2.1.1.1.dcm"]


@pytest.mark.parametrize(
    ("mime", "extension"),
    [("image/jpeg", ".jpg"), ("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50", ".jpg"), ("image/png", ".png")],
)
def test_pictures(emulator: RunningEmulator, store: Store, outbox: str, mime: str, extension: str) -> None:
    assert store.post(made()).status_code == 200
    assert store.post(shipped("emri_small.dcm").read_bytes()).status_code == 200
    done = run(emulator, store.name, "export", to(outbox, mimeType=mime))
    assert done["metadata"]["counter"] == {"success": "2"}
    found = names(emulator, outbox)
    assert f"out/1.2.1/1.2.1.1/1.2.1.1.1{extension}" in found
    assert len([name for name in found if name.endswith(tuple(f"/{n}{extension}" for n in range(1, 11)))]) == 10
    picture = Image.open(BytesIO(download(emulator, outbox, f"out/1.2.1/1.2.1.1/1.2.1.1.1{extension}")))
    assert picture.size == (4, 4)


def test_transcoded_files_and_raw_frames(emulator: RunningEmulator, store: Store, outbox: str) -> None:
    assert store.post(shipped("MR_small_RLE.dcm").read_bytes()).status_code == 200
    mime = "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    run(emulator, store.name, "export", to(outbox, "dicom", mimeType=mime))
    run(
        emulator,
        store.name,
        "export",
        to(outbox, "raw", mimeType="application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"),
    )
    dicom, raw = names(emulator, outbox)
    read = pydicom.dcmread(BytesIO(download(emulator, outbox, dicom)))
    assert read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.frombuffer(download(emulator, outbox, raw), "<i2").tobytes() == read.PixelData
    assert "." not in raw.rsplit("/", 1)[1].replace(str(read.SOPInstanceUID), "")


def test_filter_file(emulator: RunningEmulator, store: Store, outbox: str) -> None:
    for study in ("1.2.1", "1.2.2", "1.2.3"):
        for uid in ("1", "2"):
            assert store.post(made(study=study, series=f"{study}.1", uid=f"{study}.1.{uid}")).status_code == 200
    lines = "/studies/1.2.1\n\n/studies/1.2.2/series/1.2.2.1/instances/1.2.2.1.2\n/studies/9.9\n"
    upload(emulator, outbox, "filter.txt", lines.encode())
    body = {**to(outbox), "filterConfig": {"resourcePathsGcsUri": f"gs://{outbox}/filter.txt"}}
    done = run(emulator, store.name, "export", body)
    assert done["metadata"]["counter"] == {"success": "3"}
    upload(emulator, outbox, "filter.txt", b"studies 1.2.1")
    assert "Line 1" in run(emulator, store.name, "export", body)["error"]["message"]


def test_viewer_may_not_export_into_a_bucket(
    emulator: RunningEmulator, store: Store, unique: Callable[[str], str]
) -> None:
    bucket = make_bucket(emulator, unique("export"), "roles/storage.objectCreator")
    assert store.post(made()).status_code == 200
    done = run(emulator, store.name, "export", to(bucket))
    assert done["error"]["code"] == 7
    assert "Cloud Storage permission" in done["error"]["message"]


def test_what_cannot_be_drawn_is_counted_and_logged(emulator: RunningEmulator, store: Store, outbox: str) -> None:
    assert store.post(made()).status_code == 200
    assert store.post(shipped("rtplan.dcm").read_bytes()).status_code == 200
    done = run(emulator, store.name, "export", to(outbox, mimeType="image/png"))
    assert done["metadata"]["counter"] == {"success": "1", "failure": "1"}
    (entry,) = log_entries(emulator, done["name"])
    assert entry["jsonPayload"]["@type"].endswith("ExportDicomLogEntry")
    assert "no pixel data" in entry["jsonPayload"]["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**to("b"), "bigqueryDestination": {"tableUri": "bq://p.d.t"}},
        to("b", mimeType="image/gif"),
        to("b", mimeType="image/jpeg; transfer-syntax=1.2"),
        {"gcsDestination": {"uriPrefix": "b/folder"}},
        {"bigqueryDestination": {"tableUri": "p.d.t"}},
        {"bigqueryDestination": {"tableUri": "bq://p.d.t", "schemaJson": {}, "schemaFlattened": {}}},
        {"bigqueryDestination": {"tableUri": "bq://elsewhere.d.t"}},
    ],
)
def test_requests_that_are_refused(emulator: RunningEmulator, store: Store, body: dict[str, Any]) -> None:
    code, answer = emulator.request("POST", f"/v1/{store.name}:export", body)
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("shape", "code"),
    [({}, 400), ({"schemaFlattened": {}}, 400), ({"schemaJson": {}}, 501)],
    ids=str,
)
def test_captured_changes_are_not_passed_over(
    emulator: RunningEmulator, store: Store, shape: dict[str, Any], code: int
) -> None:
    destination = {"tableUri": f"bq://{emulator.project}.d.t", "changeDataCaptureConfig": {}, **shape}
    body = {"bigqueryDestination": destination}
    status, answer = emulator.request("POST", f"/v1beta1/{store.name}:export", body)
    assert (status, "changeDataCaptureConfig" in answer["error"]["message"]) == (code, True)
    patched = emulator.request("PATCH", f"/v1beta1/{store.name}?updateMask=streamConfigs", {"streamConfigs": [body]})
    assert patched[0] == code
