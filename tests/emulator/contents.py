"""Contents of resources with a key of Cloud KMS, which nothing is found by: put into an emulator, and read again."""

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import requests

from tests.emulator.services.healthcare.instances import made
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Content:
    """A kind of contents of stores.

    make  (emulator, dataset's path): makes the store
    put   (emulator, dataset's path, word): stores a content with that word; the path that `read` takes
    read  (emulator, path): HTTP's status and the text of the content
    list  (emulator, dataset's path): the same of a search or list of all
    gone  the status of one whose version of the key is destroyed
    """

    make: Callable[[RunningEmulator, str], None]
    put: Callable[[RunningEmulator, str, str], str]
    read: Callable[[RunningEmulator, str], tuple[int, str]]
    list: Callable[[RunningEmulator, str], tuple[int, str]]
    gone: int


def read(emulator: RunningEmulator, path: str) -> tuple[int, str]:
    """What a GET gives."""
    code, answer = emulator.request("GET", path)
    return code, repr(answer)


def _make_fhir(emulator: RunningEmulator, dataset: str) -> None:
    ask(emulator, "POST", f"{dataset}/fhirStores?fhirStoreId=f", {"version": "R4"})


def _put_fhir(emulator: RunningEmulator, dataset: str, word: str) -> str:
    """A patient with an extension, by which no search finds."""
    note = {"url": "http://example.com/note", "valueString": word}
    patient = {"resourceType": "Patient", "extension": [note]}
    code, made = emulator.request("POST", f"{dataset}/fhirStores/f/fhir/Patient", patient)
    assert code == 201, made
    return f"{dataset}/fhirStores/f/fhir/Patient/{made['id']}"


def _list_fhir(emulator: RunningEmulator, dataset: str) -> tuple[int, str]:
    return read(emulator, f"{dataset}/fhirStores/f/fhir/Patient")


def _make_dicom(emulator: RunningEmulator, dataset: str) -> None:
    ask(emulator, "POST", f"{dataset}/dicomStores?dicomStoreId=s", {})


def _put_dicom(emulator: RunningEmulator, dataset: str, word: str) -> str:
    """A film with a comment, by which no search finds; another study each time."""
    study, web = f"1.2.{zlib.crc32(word.encode())}", f"{dataset}/dicomStores/s/dicomWeb"
    film = made(study=study, series=f"{study}.1", uid=f"{study}.1.1", PatientComments=word, StudyDescription=word)
    headers = {
        "Authorization": f"Bearer {emulator.owner_token}",
        "Content-Type": "application/dicom",
        "Accept": "application/dicom+json",
    }
    answer = requests.post(f"{emulator.base_url}{web}/studies", data=film, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return f"{web}/studies/{study}/metadata"


def _list_dicom(emulator: RunningEmulator, dataset: str) -> tuple[int, str]:
    return read(emulator, f"{dataset}/dicomStores/s/dicomWeb/studies?includefield=all")


FHIR = Content(_make_fhir, _put_fhir, read, _list_fhir, gone=410)


def _make_consent(emulator: RunningEmulator, dataset: str) -> None:
    ask(emulator, "POST", f"{dataset}/consentStores?consentStoreId=c", {})


def _put_artifact(emulator: RunningEmulator, dataset: str, word: str) -> str:
    """What documents a consent, with a word among its metadata."""
    body = {"userId": "user", "metadata": {"note": word}}
    made = ask(emulator, "POST", f"{dataset}/consentStores/c/consentArtifacts", body)
    return f"/v1/{made['name']}"


def _list_artifacts(emulator: RunningEmulator, dataset: str) -> tuple[int, str]:
    return read(emulator, f"{dataset}/consentStores/c/consentArtifacts")


def _put_consent(emulator: RunningEmulator, dataset: str, word: str) -> str:
    """A consent with a word among its metadata."""
    artifact = ask(emulator, "POST", f"{dataset}/consentStores/c/consentArtifacts", {"userId": "user"})["name"]
    body = {"userId": "user", "consentArtifact": artifact, "metadata": {"note": word}}
    return f"/v1/{ask(emulator, 'POST', f'{dataset}/consentStores/c/consents', body)['name']}"


def _list_consents(emulator: RunningEmulator, dataset: str) -> tuple[int, str]:
    return read(emulator, f"{dataset}/consentStores/c/consents")


def _make_hl7v2(emulator: RunningEmulator, dataset: str) -> None:
    ask(emulator, "POST", f"{dataset}/hl7V2Stores?hl7V2StoreId=h", {})


def _put_hl7v2(emulator: RunningEmulator, dataset: str, word: str) -> str:
    """A message about a patient of that name, by which none is found."""
    text = f"MSH|^~\\&|A|A|B|B|20200101||ADT^A01|1|P|2.5\rPID|1||7^^^A^MR||{word}"
    data = base64.b64encode(text.encode()).decode()
    made = ask(emulator, "POST", f"{dataset}/hl7V2Stores/h/messages", {"message": {"data": data}})
    return f"/v1/{made['name']}?view=PARSED_ONLY"


def _list_hl7v2(emulator: RunningEmulator, dataset: str) -> tuple[int, str]:
    return read(emulator, f"{dataset}/hl7V2Stores/h/messages?view=PARSED_ONLY")


DICOM = Content(_make_dicom, _put_dicom, read, _list_dicom, gone=404)
ARTIFACTS = Content(_make_consent, _put_artifact, read, _list_artifacts, gone=200)
CONSENTS = Content(_make_consent, _put_consent, read, _list_consents, gone=200)
HL7V2 = Content(_make_hl7v2, _put_hl7v2, read, _list_hl7v2, gone=404)
CONTENTS = {"fhir": FHIR, "dicom": DICOM, "hl7v2": HL7V2, "artifacts": ARTIFACTS, "consents": CONSENTS}
