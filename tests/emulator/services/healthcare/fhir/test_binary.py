"""Binary: raw data and JSON, both ways. BINARY_MIB=1024 sends one as large as Google takes."""

import base64
import os
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import pytest
import requests

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, issue
from tests.support.patience import PATIENCE

DATA = bytes(range(256)) * 40
PDF = "application/pdf"
MEBIBYTES = int(os.environ.get("BINARY_MIB", "200"))


def made(answer: requests.Response) -> str:
    """The path of a Binary that was made of raw data."""
    assert (answer.status_code, answer.content) == (201, b"")
    return "/".join(answer.headers["location"].split("/fhir/")[1].split("/")[:2])


@pytest.mark.parametrize(("version", "field"), [("STU3", "content"), ("R4", "data"), ("R5", "data")])
def test_raw_data_come_back_raw_or_as_json(make_fhir_store: Callable[..., FhirStore], version: str, field: str) -> None:
    store = make_fhir_store(version)
    path = made(store.send("POST", "Binary", DATA, Content_Type=PDF))
    raw = store.send("GET", path, Accept=PDF)
    assert (raw.content, raw.headers["content-type"]) == (DATA, PDF)
    shown = store.read(path)
    assert base64.b64decode(shown[field]) == DATA
    assert shown["contentType"] == PDF
    assert store.read("Binary")["entry"][0]["resource"] == shown
    assert store.read(f"{path}/_history")["entry"][0]["resource"] == shown
    assert issue(store.send("GET", path, Accept="image/png"))[0] == 406


def test_a_json_binary_comes_back_both_ways(fhir: FhirStore) -> None:
    resource = {"resourceType": "Binary", "contentType": PDF, "data": base64.b64encode(DATA).decode()}
    binary = fhir.create(resource)
    assert binary["data"] == resource["data"]
    assert fhir.send("GET", f"Binary/{binary['id']}", Accept=PDF).content == DATA


def test_an_update_keeps_the_version_before(fhir: FhirStore) -> None:
    path = made(fhir.send("PUT", "Binary/b", DATA, Content_Type=PDF))
    version = fhir.read(path)["meta"]["versionId"]
    answer = fhir.send("PUT", path, b"other", Content_Type="text/plain")
    assert (answer.status_code, answer.content) == (200, b"")
    assert fhir.send("GET", path, Accept="text/plain").content == b"other"
    assert fhir.send("GET", f"{path}/_history/{version}", Accept=PDF).content == DATA
    fhir.send("DELETE", path)
    fhir.send("DELETE", f"{path}/$purge")
    assert issue(fhir.send("GET", f"{path}/_history/{version}", Accept=PDF))[0] == 404


def test_who_decides_on_access_is_kept(fhir: FhirStore) -> None:
    fhir.put({**PATIENT, "id": "p"})
    path = made(fhir.send("POST", "Binary", DATA, Content_Type=PDF, X_Security_Context="Patient/p"))
    assert fhir.read(path)["securityContext"] == {"reference": "Patient/p"}
    assert issue(fhir.send("POST", "Binary", DATA, Content_Type=PDF, X_Security_Context="Patient/none"))[0] == 400
    assert fhir.send("DELETE", "Patient/p").status_code == 409


def test_a_patch_leaves_the_data(fhir: FhirStore) -> None:
    path = made(fhir.send("POST", "Binary", DATA, Content_Type=PDF))
    operations = [{"op": "replace", "path": "/contentType", "value": "text/plain"}]
    assert fhir.send("PATCH", path, operations, Content_Type="application/json-patch+json").status_code == 200
    assert fhir.send("GET", path, Accept="text/plain").content == DATA


def test_representation_cannot_be_preferred(fhir: FhirStore) -> None:
    for form in ("return=representation", "representation=resource"):  # FHIR's words, and those of discovery
        for verb, path in (("POST", "Binary"), ("PUT", "Binary/b")):
            assert issue(fhir.send(verb, path, DATA, Content_Type=PDF, Prefer=form))[0] == 400


def test_large_data_cost_no_memory(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    parent = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"{parent}?datasetId=d", {})
    emulator.request("POST", f"{parent}/d/fhirStores?fhirStoreId=f", {"version": "R4"})
    headers = {"Authorization": f"Bearer {emulator.owner_token}", "Content-Type": PDF}
    url = f"{emulator.base_url}{parent}/d/fhirStores/f/fhir/Binary"
    piece, pieces = bytes(1 << 20), MEBIBYTES
    before = peak(emulator.process.pid)  # type: ignore[union-attr]
    answer = requests.post(url, data=sent(piece, pieces), headers=headers, timeout=PATIENCE)
    path = made(answer)
    location = f"{url.removesuffix('/Binary')}/{path}"
    for accept, size in ((PDF, pieces << 20), ("application/fhir+json", (pieces << 20) * 4 // 3)):
        got = requests.get(location, headers={**headers, "Accept": accept}, stream=True, timeout=PATIENCE)
        assert sum(len(part) for part in got.iter_content(1 << 20)) >= size
    assert peak(emulator.process.pid) - before < 100 << 20  # type: ignore[union-attr]


def sent(piece: bytes, times: int) -> Iterator[bytes]:
    yield from repeat(piece, times)


def peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) << 10
