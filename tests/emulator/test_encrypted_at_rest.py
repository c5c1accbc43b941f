"""What an emulator that encrypts at rest leaves on the disk, and who can read it."""

import base64
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from emulator.app import Emulator
from emulator.settings import Settings
from emulator.state.folder import CorruptState
from tests.conftest import PROJECT
from tests.emulator import canaries
from tests.emulator.conftest import InProcess
from tests.emulator.services.healthcare.instances import made
from tests.support.asking import ask, move
from tests.support.emulator import RunningEmulator, free_port
from tests.support.keys import agent_of, destroy, make_key, rotate, set_state
from tests.support.patience import PATIENCE

CANARY = b"canary-of-a-patient"
CHUNK = 262_144
LARGE = CANARY * (3 * CHUNK // len(CANARY))


@dataclass
class Encrypted:
    """An emulator that encrypts, and a key that Cloud Storage and Cloud Healthcare may use."""

    emulator: RunningEmulator
    key: str

    def bucket(self, name: str, key: str = "") -> storage.Bucket:
        """A new bucket, whose objects are encrypted by a key where one is named; nothing is kept of deleted ones."""
        client = storage.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.emulator.base_url},
        )
        bucket: storage.Bucket = client.bucket(name)
        bucket.default_kms_key_name = key or None
        bucket.soft_delete_policy.retention_duration_seconds = 0
        bucket.create(location="US")
        return bucket

    def dicom_store(self, dataset: str, key: str = "") -> str:
        """The URL of DICOMweb on a new store in a new dataset."""
        parent = f"/v1/projects/{PROJECT}/locations/us"
        spec = {"encryptionSpec": {"kmsKeyName": key}} if key else {}
        ask(self.emulator, "POST", f"{parent}/datasets?datasetId={dataset}", spec)
        ask(self.emulator, "POST", f"{parent}/datasets/{dataset}/dicomStores?dicomStoreId=s", {})
        return f"{self.emulator.base_url}{parent}/datasets/{dataset}/dicomStores/s/dicomWeb"

    def session(self) -> requests.Session:
        """HTTP as the owner."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.emulator.owner_token}"
        return session

    def store(self, url: str, data: bytes) -> None:
        """Store one instance."""
        headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
        answer = self.session().post(f"{url}/studies", data=data, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text

    def files_with(self, text: bytes) -> list[str]:
        """The files of the state that hold a text."""
        files = [path for path in self.emulator.state.rglob("*") if path.is_file()]
        return [str(path.relative_to(self.emulator.state)) for path in files if text in path.read_bytes()]


@pytest.fixture(scope="module")
def encrypted(encrypting: RunningEmulator) -> Encrypted:
    """The emulator for all tests that encrypts, with a key for this module."""
    return Encrypted(
        encrypting, make_key(encrypting, "at-rest", agent_of(encrypting, "storage"), agent_of(encrypting, "healthcare"))
    )


def test_no_word_of_a_patient_is_in_any_file_of_a_state_or_snapshot(
    encrypted: Encrypted, unique: Callable[[str], str]
) -> None:
    emulator = encrypted.emulator
    words = canaries.fill(emulator, unique("canary"), encrypted.key) | canaries.fill(emulator, unique("canary"))
    assert canaries.found_in(emulator.state, words) == {}
    ask(emulator, "POST", "/_emulator/snapshots", {"name": "base"})  # which closes all files, and opens them again
    assert canaries.found_in(emulator.state, words) == {}


@pytest.mark.skipif("ENCRYPT_AT_REST" in os.environ, reason="No emulator leaves anything plain.")
def test_without_encryption_every_word_of_a_patient_is_there(
    emulator: RunningEmulator, unique: Callable[[str], str]
) -> None:
    """So that the search above would find them."""
    words = canaries.fill(emulator, unique("canary"))
    assert canaries.found_in(emulator.state, words).keys() == words


def test_nothing_of_an_object_is_on_the_disk_and_an_upload_goes_on_after_a_crash(
    encrypted: Encrypted, unique: Callable[[str], str]
) -> None:
    buckets = [encrypted.bucket(unique("canaries"), key) for key in (encrypted.key, "")]
    session = encrypted.session()
    for bucket in buckets:
        bucket.blob("small").upload_from_string(CANARY)
        bucket.blob("large", chunk_size=CHUNK).upload_from_string(LARGE)
    url = f"{encrypted.emulator.base_url}/upload/storage/v1/b/{buckets[0].name}/o?uploadType=resumable&name=late"
    late = session.post(url, json={}, timeout=PATIENCE).headers["location"]

    def put(start: int, end: int) -> requests.Response:
        headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(LARGE)}"}
        return session.put(late, data=LARGE[start:end], headers=headers, timeout=PATIENCE)

    assert put(0, CHUNK).status_code == 308
    encrypted.emulator.kill()
    assert encrypted.files_with(CANARY) == []
    encrypted.emulator.start()
    for bucket in buckets:
        assert bucket.blob("small").download_as_bytes() == CANARY
        assert bucket.blob("large").download_as_bytes() == LARGE
        assert bucket.blob("large").download_as_bytes(start=CHUNK - 7, end=CHUNK + 6) == LARGE[CHUNK - 7 : CHUNK + 7]
    assert put(CHUNK, len(LARGE)).status_code == 200
    assert buckets[0].blob("late").download_as_bytes() == LARGE
    assert encrypted.files_with(CANARY) == []


def test_nothing_of_an_instances_pixels_is_on_the_disk(encrypted: Encrypted, unique: Callable[[str], str]) -> None:
    url = encrypted.dicom_store(unique("imaging"), encrypted.key)
    encrypted.store(url, made(PixelData=CANARY[:16]))
    assert encrypted.files_with(CANARY[:16]) == []
    found = encrypted.session().get(
        f"{url}/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/frames/1",
        headers={"Accept": "application/octet-stream"},
        timeout=PATIENCE,
    )
    assert found.content == CANARY[:16]


def test_nothing_of_messages_and_secrets_is_on_the_disk(encrypted: Encrypted, unique: Callable[[str], str]) -> None:
    """With a key and without."""
    emulator, data = encrypted.emulator, base64.b64encode(CANARY).decode()
    key = make_key(emulator, unique("ring"), agent_of(emulator, "pubsub"))
    for settings in ({"kmsKeyName": key}, {}):
        name = f"projects/{PROJECT}/topics/{unique('topic')}"
        subscription = name.replace("topics", "subscriptions")
        ask(emulator, "PUT", f"/v1/{name}", settings)
        ask(emulator, "PUT", f"/v1/{subscription}", {"topic": name})
        ask(emulator, "POST", f"/v1/{name}:publish", {"messages": [{"data": data}]})
        assert encrypted.files_with(CANARY) == []
        [received] = ask(emulator, "POST", f"/v1/{subscription}:pull", {"maxMessages": 1})["receivedMessages"]
        assert received["message"]["data"] == data
    secrets, secret = f"/v1/projects/{PROJECT}/secrets", unique("secret")
    ask(emulator, "POST", f"{secrets}?secretId={secret}", {"replication": {"automatic": {}}})
    ask(emulator, "POST", f"{secrets}/{secret}:addVersion", {"payload": {"data": data}})
    assert encrypted.files_with(CANARY) == []
    assert ask(emulator, "GET", f"{secrets}/{secret}/versions/latest:access")["payload"]["data"] == data


def test_nothing_of_hl7v2_messages_is_on_the_disk(encrypted: Encrypted, unique: Callable[[str], str]) -> None:
    """But for what they are found by: patients' ids, the facility, labels."""
    emulator, text = encrypted.emulator, b"MSH|^~\\&|A|A|B|B|20200101||ADT^A01|1|P|2.5\rPID|1||||" + CANARY
    parent = f"/v1/projects/{PROJECT}/locations/us"
    for key in (encrypted.key, ""):
        dataset = unique("messages")
        spec = {"encryptionSpec": {"kmsKeyName": key}} if key else {}
        ask(emulator, "POST", f"{parent}/datasets?datasetId={dataset}", spec)
        ask(emulator, "POST", f"{parent}/datasets/{dataset}/hl7V2Stores?hl7V2StoreId=s", {})
        store = f"{parent}/datasets/{dataset}/hl7V2Stores/s"
        data = base64.b64encode(text).decode()
        name = ask(emulator, "POST", f"{store}/messages", {"message": {"data": data}})["name"]
        assert encrypted.files_with(CANARY) == []
        assert ask(emulator, "GET", f"/v1/{name}?view=RAW_ONLY")["data"] == data
        assert ask(emulator, "POST", f"{store}/messages", {"message": {"data": data}})["name"] == name


def test_nothing_of_a_load_jobs_file_is_on_the_disk_while_it_is_uploaded(
    encrypted: Encrypted, unique: Callable[[str], str]
) -> None:
    emulator, dataset = encrypted.emulator, unique("loads").replace("-", "_")
    project = f"bigquery/v2/projects/{PROJECT}"
    ask(emulator, "POST", f"/{project}/datasets", {"datasetReference": {"datasetId": dataset}})
    table = {"projectId": PROJECT, "datasetId": dataset, "tableId": "t"}
    schema = {"fields": [{"name": "patient", "type": "STRING"}]}
    load: Any = {"destinationTable": table, "sourceFormat": "CSV", "schema": schema}
    session, url = encrypted.session(), f"{emulator.base_url}/upload/{project}/jobs?uploadType=resumable"
    place = session.post(url, json={"configuration": {"load": load}}, timeout=PATIENCE).headers["location"]
    rows = (CANARY + b"\n") * 3

    def put(first: int, total: str, end: int) -> requests.Response:
        headers = {"Content-Range": f"bytes {first}-{end - 1}/{total}"}
        return session.put(place, data=rows[first:end], headers=headers, timeout=PATIENCE)

    assert put(0, "*", 25).headers["range"] == "bytes=0-24"
    assert put(20, "*", 30).headers["range"] == "bytes=0-29"  # what was sent before is sent again
    assert encrypted.files_with(CANARY) == []
    job = put(30, str(len(rows)), len(rows)).json()["jobReference"]["jobId"]
    sql = f"SELECT COUNT(*) FROM {dataset}.t WHERE patient = '{CANARY.decode()}'"
    deadline = time.monotonic() + PATIENCE
    while ask(emulator, "GET", f"/{project}/jobs/{job}")["status"]["state"] != "DONE" and time.monotonic() < deadline:
        time.sleep(0.05)
    answer = ask(emulator, "POST", f"/{project}/queries", {"query": sql, "useLegacySql": False})
    assert answer["rows"] == [{"f": [{"v": "3"}]}]
    assert encrypted.files_with(CANARY) == []


def test_messages_of_a_disabled_version_come_when_it_is_enabled_again_and_of_a_destroyed_one_never(
    encrypted: Encrypted, unique: Callable[[str], str]
) -> None:
    """In their order."""
    emulator = encrypted.emulator
    key = make_key(emulator, unique("ring"), agent_of(emulator, "pubsub"))
    name = f"projects/{PROJECT}/topics/{unique('topic')}"
    subscription = name.replace("topics", "subscriptions")
    ask(emulator, "PUT", f"/v1/{name}", {"kmsKeyName": key})
    ask(emulator, "PUT", f"/v1/{subscription}", {"topic": name, "enableMessageOrdering": True})
    for text, order in (("first", "a"), ("second", "b")):
        data = base64.b64encode(text.encode()).decode()
        ask(emulator, "POST", f"/v1/{name}:publish", {"messages": [{"data": data, "orderingKey": order}]})
        rotate(emulator, key)
    third = {"data": base64.b64encode(b"third").decode(), "orderingKey": "a"}
    ask(emulator, "POST", f"/v1/{name}:publish", {"messages": [third]})

    def pulled() -> list[bytes]:
        body = {"maxMessages": 10, "returnImmediately": True}
        found = ask(emulator, "POST", f"/v1/{subscription}:pull", body).get("receivedMessages", [])
        if ids := [each["ackId"] for each in found]:
            ask(emulator, "POST", f"/v1/{subscription}:acknowledge", {"ackIds": ids})
        return [base64.b64decode(each["message"]["data"]) for each in found]

    set_state(emulator, key, "DISABLED")
    assert pulled() == [b"second"]
    move(emulator, seconds=6)
    ask(emulator, "POST", "/_emulator/chores", {})
    assert pulled() == []
    set_state(emulator, key, "ENABLED")
    move(emulator, seconds=6)
    deadline = time.monotonic() + PATIENCE
    while not (found := pulled()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == [b"first", b"third"]
    ask(emulator, "POST", f"/v1/{name}:publish", {"messages": [{"data": third["data"]}]})
    version = ask(emulator, "GET", f"/v1/{key}")["primary"]["name"]
    rotate(emulator, key)
    destroy(emulator, version)
    assert pulled() == []


def test_what_a_version_encrypted_goes_with_it(encrypted: Encrypted, unique: Callable[[str], str]) -> None:
    """New data by the new primary version, old data as long as theirs is there (Cloud KMS: key rotation)."""
    emulator = encrypted.emulator
    key = make_key(emulator, unique("ring"), agent_of(emulator, "healthcare"))
    url, session = encrypted.dicom_store(unique("imaging"), key), encrypted.session()
    encrypted.store(url, made())
    kept = material(emulator, f"{key}/cryptoKeyVersions/1")
    rotate(emulator, key)
    encrypted.store(url, made(uid="1.2.1.1.2"))

    def read(uid: str) -> requests.Response:
        path = f"{url}/studies/1.2.1/series/1.2.1.1/instances/{uid}"
        return session.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"}, timeout=PATIENCE)

    assert [read(f"1.2.1.1.{number}").status_code for number in (1, 2)] == [200, 200]
    set_state(emulator, key, "DISABLED")
    answer = read("1.2.1.1.1")
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert read("1.2.1.1.2").status_code == 200
    destroy(emulator, f"{key}/cryptoKeyVersions/1")
    assert encrypted.files_with(kept) == []
    assert [read(f"1.2.1.1.{number}").status_code for number in (1, 2)] == [404, 200]


def test_with_the_last_version_of_a_key_all_goes_that_it_protected(
    encrypted: Encrypted, unique: Callable[[str], str]
) -> None:
    """Rows, too, which the root key encrypts; a new version opens stores that are empty.

    What is encrypted by another version goes with that one only.
    """
    emulator, dataset = encrypted.emulator, unique("canary")
    key = make_key(emulator, unique("ring"), agent_of(emulator, "healthcare"))
    canaries.fill(emulator, dataset, key)
    rotate(emulator, key)
    store = f"/v1/projects/{PROJECT}/locations/us/datasets/{dataset}/fhirStores/f"
    assert emulator.request("POST", f"{store}/fhir/Patient", {"resourceType": "Patient"})[0] == 201
    assert patients(emulator, dataset) == 2
    destroy(emulator, f"{key}/cryptoKeyVersions/1")
    assert patients(emulator, dataset) == 1
    destroy(emulator, f"{key}/cryptoKeyVersions/2")
    rotate(emulator, key)
    assert patients(emulator, dataset) == 0
    with emulator.database() as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        text = repr([database.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables])
    assert re.findall(rf"{dataset}-of-(?:fhir|dicom|hl7v2|consent)", text) == []


def test_with_the_version_that_protects_a_table_its_rows_go(encrypted: Encrypted, unique: Callable[[str], str]) -> None:
    emulator, dataset = encrypted.emulator, unique("tables").replace("-", "_")
    key = make_key(emulator, unique("ring"), agent_of(emulator, "bigquery"))
    project = f"/bigquery/v2/projects/{PROJECT}"
    settings = {"defaultEncryptionConfiguration": {"kmsKeyName": key}}
    ask(emulator, "POST", f"{project}/datasets", {"datasetReference": {"datasetId": dataset}, **settings})
    sql = f"CREATE TABLE {dataset}.t AS SELECT 'Ann' AS patient"
    ask(emulator, "POST", f"{project}/queries", {"query": sql, "useLegacySql": False})

    def rows() -> str:
        return str(ask(emulator, "GET", f"{project}/datasets/{dataset}/tables/t")["numRows"])

    assert rows() == "1"
    destroy(emulator, f"{key}/cryptoKeyVersions/1")
    assert rows() == "0"


def test_a_copy_is_open_as_long_as_its_own_key(encrypted: Encrypted, unique: Callable[[str], str]) -> None:
    emulator = encrypted.emulator
    key = make_key(emulator, unique("ring"), agent_of(emulator, "storage"))
    source, target = encrypted.bucket(unique("source"), key), encrypted.bucket(unique("target"), encrypted.key)
    source.blob("film").upload_from_string(CANARY)
    source.copy_blob(source.blob("film"), target)
    destroy(emulator, f"{key}/cryptoKeyVersions/1")
    assert target.blob("film").download_as_bytes() == CANARY


def test_a_state_is_nothing_without_its_root_key(tmp_path: Path) -> None:
    right = Settings(state=tmp_path / "state", root_key=tmp_path / "right.key", grpc_port=free_port())
    InProcess(right).close()
    for root, said in ((None, "is encrypted: name"), (tmp_path / "other.key", "with another root key")):
        with pytest.raises(CorruptState, match=said):
            Emulator(replace(right, root_key=root))
    InProcess(right).close()
    assert (tmp_path / "right.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "said"), [("no key", "is no root key: 64 hexadecimal digits"), ("ab" * 31, "is no root key")]
)
def test_what_is_no_root_key_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(CorruptState, match=said):
        Emulator(Settings(state=tmp_path / "state", root_key=tmp_path / "key"))


def material(emulator: RunningEmulator, version: str) -> bytes:
    """The key material of a version as it is kept."""
    with emulator.database() as database:
        sql = "SELECT secret FROM kms_material WHERE version = ?"
        kept: bytes = database.execute(sql, (version,)).fetchone()[0]
    return kept


def patients(emulator: RunningEmulator, dataset: str) -> int:
    """How many patients are in the FHIR store of a dataset of canaries."""
    store = f"/v1/projects/{PROJECT}/locations/us/datasets/{dataset}/fhirStores/f"
    total: int = ask(emulator, "GET", f"{store}/fhir/Patient")["total"]
    return total
