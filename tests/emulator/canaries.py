"""A patient's words in each service of an emulator, to be looked for where they should not be."""

import base64
from collections.abc import Callable
from pathlib import Path

import requests

from tests.emulator.services.healthcare.instances import made
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

LOCATION = "/locations/us"


def fill(emulator: RunningEmulator, name: str, key: str = "") -> set[str]:
    """Store a word of its own in each of the services, in new places of that name; the words.

    key protects the healthcare dataset, "" for none.
    """
    parent = f"/v1/projects/{emulator.project}{LOCATION}"
    spec = {"encryptionSpec": {"kmsKeyName": key}} if key else {}
    ask(emulator, "POST", f"{parent}/datasets?datasetId={name}", spec)
    for store in IN_DATASETS:
        store(emulator, f"{parent}/datasets/{name}", f"{name}-of-{store.__name__}")
    for put in BESIDE:
        put(emulator, name, f"{name}-of-{put.__name__}")
    return {f"{name}-of-{each.__name__}" for each in (*IN_DATASETS, *BESIDE)}


def found_in(folder: Path, words: set[str]) -> dict[str, set[str]]:
    """Of the words that files of a folder hold, the files."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for word in words:
                if word.encode() in data:
                    found.setdefault(word, set()).add(path.name)
    return found


def fhir(emulator: RunningEmulator, dataset: str, word: str) -> None:
    """A patient of that name."""
    ask(emulator, "POST", f"{dataset}/fhirStores?fhirStoreId=f", {"version": "R4"})
    patient = {"resourceType": "Patient", "name": [{"family": word}]}
    assert emulator.request("POST", f"{dataset}/fhirStores/f/fhir/Patient", patient)[0] == 201
    assert ask(emulator, "GET", f"{dataset}/fhirStores/f/fhir/Patient?name={word}")["total"] == 1


def dicom(emulator: RunningEmulator, dataset: str, word: str) -> None:
    """An instance of a patient of that name."""
    ask(emulator, "POST", f"{dataset}/dicomStores?dicomStoreId=s", {})
    headers = {
        "Authorization": f"Bearer {emulator.owner_token}",
        "Content-Type": "application/dicom",
        "Accept": "application/dicom+json",
    }
    url = f"{emulator.base_url}{dataset}/dicomStores/s/dicomWeb"
    data = made(PatientName=word)
    assert requests.post(f"{url}/studies", data=data, headers=headers, timeout=PATIENCE).status_code == 200
    [found] = requests.get(f"{url}/studies?PatientName={word}", headers=headers, timeout=PATIENCE).json()
    assert found["00100010"]["Value"][0]["Alphabetic"] == word


def hl7v2(emulator: RunningEmulator, dataset: str, word: str) -> None:
    """A message about a patient of that id."""
    ask(emulator, "POST", f"{dataset}/hl7V2Stores?hl7V2StoreId=h", {})
    text = f"MSH|^~\\&|A|A|B|B|20200101||ADT^A01|1|P|2.5\rPID|1||{word}^^^A^MR"
    data = base64.b64encode(text.encode()).decode()
    ask(emulator, "POST", f"{dataset}/hl7V2Stores/h/messages", {"message": {"data": data}})


def consent(emulator: RunningEmulator, dataset: str, word: str) -> None:
    """Data of a user of that id."""
    ask(emulator, "POST", f"{dataset}/consentStores?consentStoreId=c", {})
    ask(emulator, "POST", f"{dataset}/consentStores/c/userDataMappings", {"userId": word, "dataId": "film"})


def pubsub(emulator: RunningEmulator, name: str, word: str) -> None:
    """A message with that attribute, which waits."""
    topic, subscription = (f"projects/{emulator.project}/{kind}/{name}" for kind in ("topics", "subscriptions"))
    ask(emulator, "PUT", f"/v1/{topic}", {})
    ask(emulator, "PUT", f"/v1/{subscription}", {"topic": topic})
    message = {"data": base64.b64encode(b"of a patient").decode(), "attributes": {"patient": word}}
    ask(emulator, "POST", f"/v1/{topic}:publish", {"messages": [message]})


def objects(emulator: RunningEmulator, name: str, word: str) -> None:
    """An object with that content."""
    ask(emulator, "POST", f"/storage/v1/b?project={emulator.project}", {"name": name})
    url = f"{emulator.base_url}/upload/storage/v1/b/{name}/o?uploadType=media&name=film"
    headers = {"Authorization": f"Bearer {emulator.owner_token}"}
    assert requests.post(url, data=f"the film of {word}", headers=headers, timeout=PATIENCE).status_code == 200


def logs(emulator: RunningEmulator, name: str, word: str) -> None:
    """A log entry with that text."""
    entry = {"logName": f"projects/{emulator.project}/logs/{name}", "resource": {"type": "global"}, "textPayload": word}
    ask(emulator, "POST", "/v2/entries:write", {"entries": [entry]})
    body = {"resourceNames": [f"projects/{emulator.project}"], "filter": f'textPayload="{word}"'}
    assert ask(emulator, "POST", "/v2/entries:list", body)["entries"]


def tables(emulator: RunningEmulator, name: str, word: str) -> None:
    """A row, and the result of a query of it."""
    project, dataset = f"/bigquery/v2/projects/{emulator.project}", name.replace("-", "_")
    ask(emulator, "POST", f"{project}/datasets", {"datasetReference": {"datasetId": dataset}})
    for sql in (f"CREATE TABLE {dataset}.t AS SELECT '{word}' AS patient", f"SELECT patient FROM {dataset}.t"):
        answer = ask(emulator, "POST", f"{project}/queries", {"query": sql, "useLegacySql": False})
        assert answer["jobComplete"]


IN_DATASETS: tuple[Callable[[RunningEmulator, str, str], None], ...] = (fhir, dicom, hl7v2, consent)
BESIDE: tuple[Callable[[RunningEmulator, str, str], None], ...] = (pubsub, objects, logs, tables)
