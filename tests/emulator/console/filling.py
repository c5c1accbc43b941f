"""What the pages show, put into an emulator: studies, patients, messages, tables, each with a name to look for."""

import base64
import json
import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Protocol

from pydicom import dcmread
from pydicom.data import get_testdata_file

from tests.browser.studies import headers_only

MANY = int(os.environ.get("CONSOLE_STUDIES", "120"))
"""How many studies the largest store has; the variable CONSOLE_STUDIES makes it 5,000, which takes a minute."""
MEDIA = 'multipart/related; type="application/dicom"; boundary=part'
_TOGETHER = 200
_PART = b"--part\r\nContent-Type: application/dicom\r\n\r\n"


class Fillable(Protocol):
    """An emulator, as its owner calls it."""

    @property
    def project(self) -> str:
        """Its project."""

    def made(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST that is expected to be done."""

    def sent(self, method: str, path: str, body: bytes, media: str) -> None:
        """Send bytes of a media type, which are expected to be taken."""


def dataset(site: Fillable) -> str:
    """The name of the dataset in which stores are made."""
    return f"projects/{site.project}/locations/us-central1/datasets/d"


def dicom_store(site: Fillable, name: str, files: list[bytes]) -> str:
    """The name of a new store with these files."""
    site.made(f"/v1/{dataset(site)}/dicomStores?dicomStoreId={name}")
    store = f"{dataset(site)}/dicomStores/{name}"
    for body in bodies(files):
        site.sent("POST", f"/v1/{store}/dicomWeb/studies", body, MEDIA)
    return store


def bodies(files: list[bytes]) -> Iterator[bytes]:
    """Bodies of stores by DICOMweb, each of many files."""
    for first in range(0, len(files), _TOGETHER):
        yield b"".join(_PART + file + b"\r\n" for file in files[first : first + _TOGETHER]) + b"--part--\r\n"


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


def fhir_store(site: Fillable, name: str) -> str:
    """The name of a new store of R4 to which resources are put under their ids."""
    site.made(f"/v1/{dataset(site)}/fhirStores?fhirStoreId={name}", {"version": "R4", "enableUpdateCreate": True})
    return f"{dataset(site)}/fhirStores/{name}"


def resource(site: Fillable, store: str, body: dict[str, object]) -> None:
    """Put a resource under its id."""
    path = f"/v1/{store}/fhir/{body['resourceType']}/{body['id']}"
    site.sent("PUT", path, json.dumps(body).encode(), "application/fhir+json")


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


def hl7v2_store(site: Fillable, name: str) -> str:
    """The name of a new store."""
    site.made(f"/v1/{dataset(site)}/hl7V2Stores?hl7V2StoreId={name}")
    return f"{dataset(site)}/hl7V2Stores/{name}"


def message(site: Fillable, store: str, family: str) -> str:
    """The name of a new message about a patient of a family, from a facility of the same name."""
    head = f"MSH|^~\\&|RIS|{family}|PACS|HOSPITAL|20240131120000||ADT^A01|{family}|P|2.5"
    text = f"{head}\rPID|1||77^^^CLINIC^MR||{family}^Ada\r"
    body = {"message": {"data": base64.b64encode(text.encode()).decode()}}
    return str(site.made(f"/v1/{store}/messages:ingest", body)["message"]["name"])


def topic(site: Fillable, name: str) -> str:
    """The name of a new topic."""
    site.sent("PUT", f"/v1/projects/{site.project}/topics/{name}", b"{}", "application/json")
    return f"projects/{site.project}/topics/{name}"


def publish(site: Fillable, to: str, text: str) -> None:
    """Publish a message."""
    site.made(f"/v1/{to}:publish", {"messages": [{"data": base64.b64encode(text.encode()).decode()}]})


def run_sql(site: Fillable, text: str) -> None:
    """Run a statement to its end."""
    site.made(f"/bigquery/v2/projects/{site.project}/queries", {"query": text, "useLegacySql": False})
