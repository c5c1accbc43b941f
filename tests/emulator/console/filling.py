"""What the pages show, put into an emulator: studies, patients, messages, tables, each with a name to look for."""

import base64
import os
from io import BytesIO

from pydicom import dcmread
from pydicom.data import get_testdata_file

from tests.browser.studies import headers_only
from tests.emulator.console.conftest import DATASET, PROJECT, Site

MANY = int(os.environ.get("CONSOLE_STUDIES", "120"))
"""How many studies the largest store has; the variable CONSOLE_STUDIES makes it 5,000, which takes a minute."""
_TOGETHER = 200
_PART = b"--part\r\nContent-Type: application/dicom\r\n\r\n"


def dicom_store(site: Site, name: str, files: list[bytes]) -> str:
    """The name of a new store with these files."""
    site.made(f"/v1/{DATASET}/dicomStores?dicomStoreId={name}")
    store = f"{DATASET}/dicomStores/{name}"
    for first in range(0, len(files), _TOGETHER):
        body = b"".join(_PART + file + b"\r\n" for file in files[first : first + _TOGETHER]) + b"--part--\r\n"
        put(site, f"/v1/{store}/dicomWeb/studies", body, 'multipart/related; type="application/dicom"; boundary=part')
    return store


def put(site: Site, path: str, body: bytes, media: str) -> None:
    """A POST of bytes by the owner."""
    token = site.emulator.authenticator.owner_token
    answer = site.send("POST", path, content=body, headers={"authorization": f"Bearer {token}", "content-type": media})
    assert answer.status_code == 200, answer.text


def film(patient: str) -> tuple[str, bytes]:
    """A small image with pixels, of 2004-01-19: the UID of its study, and its file."""
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.PatientName = patient
    file = BytesIO()
    dataset.save_as(file)
    return str(dataset.StudyInstanceUID), file.getvalue()


def studies(number: int) -> list[bytes]:
    """Files without pixels, each a study of its own: patients Row000, Row001 ..."""
    return headers_only(number)


def fhir_store(site: Site, name: str) -> str:
    """The name of a new store of R4 to which resources are put under their ids."""
    site.made(f"/v1/{DATASET}/fhirStores?fhirStoreId={name}", {"version": "R4", "enableUpdateCreate": True})
    return f"{DATASET}/fhirStores/{name}"


def resource(site: Site, store: str, body: dict[str, object]) -> None:
    """Put a resource under its id."""
    path = f"/v1/{store}/fhir/{body['resourceType']}/{body['id']}"
    answer = site.api("PUT", path, body, headers={"content-type": "application/fhir+json"})
    assert answer.status_code in (200, 201), answer.text


def patient(number: int, family: str) -> dict[str, object]:
    """A Patient p0, p1 ... of a family."""
    return {"resourceType": "Patient", "id": f"p{number}", "name": [{"family": family, "given": ["Ada"]}]}


def weight(number: int, kilograms: float) -> dict[str, object]:
    """An Observation o0, o1 ... of the patient of that number."""
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"text": "Body weight"},
        "subject": {"reference": f"Patient/p{number}"},
        "valueQuantity": {"value": kilograms, "unit": "kg"},
    }


def hl7v2_store(site: Site, name: str) -> str:
    """The name of a new store."""
    site.made(f"/v1/{DATASET}/hl7V2Stores?hl7V2StoreId={name}")
    return f"{DATASET}/hl7V2Stores/{name}"


def message(site: Site, store: str, family: str) -> str:
    """The name of a new message about a patient of a family, from a facility of the same name."""
    head = f"MSH|^~\\&|RIS|{family}|PACS|HOSPITAL|20240131120000||ADT^A01|{family}|P|2.5"
    text = f"{head}\rPID|1||77^^^CLINIC^MR||{family}^Ada\r"
    body = {"message": {"data": base64.b64encode(text.encode()).decode()}}
    return str(site.made(f"/v1/{store}/messages:ingest", body)["message"]["name"])


def topic(site: Site, name: str) -> str:
    """The name of a new topic."""
    assert site.api("PUT", f"/v1/projects/{PROJECT}/topics/{name}", {}).status_code == 200
    return f"projects/{PROJECT}/topics/{name}"


def publish(site: Site, to: str, text: str) -> None:
    """Publish a message."""
    site.made(f"/v1/{to}:publish", {"messages": [{"data": base64.b64encode(text.encode()).decode()}]})


def run_sql(site: Site, text: str) -> None:
    """Run a statement to its end."""
    site.made(f"/bigquery/v2/projects/{PROJECT}/queries", {"query": text, "useLegacySql": False})
