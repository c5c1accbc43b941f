"""A DICOMweb server under test: where its root is, and the emulator as one."""

from dataclasses import dataclass, field

from benchmarks import wire
from benchmarks.corpus import BOUNDARY, Corpus
from benchmarks.running import LOCATION, PROJECT, Running

JSON = {"Accept": "application/dicom+json"}


@dataclass(frozen=True)
class Server:
    """One of the two: where its DICOMweb root is, and what each request carries besides."""

    name: str
    port: int
    root: str
    pid: int
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: dict[str, str]) -> wire.Sent:
        """A GET below the root."""
        return wire.request(self.port, f"{self.root}{path}", {**self.headers, **headers})

    def store(self, corpus: Corpus, numbers: range) -> wire.Sent:
        """A STOW of films."""
        headers = {
            **self.headers,
            **JSON,
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
        }
        return wire.request(self.port, f"{self.root}/studies", headers, corpus.multipart(numbers))


def emulator_server(running: Running, key: str = "") -> Server:
    """An empty store in the emulator, in a dataset with a key ("" for none), with every kind of access audited."""
    running.audit_everything()
    datasets = running.api("healthcare", "v1").projects().locations().datasets()
    parent = f"projects/{PROJECT}/locations/{LOCATION}"
    datasets.create(
        parent=parent, datasetId="benchmark", body={"encryptionSpec": {"kmsKeyName": key}} if key else {}
    ).execute()
    made = datasets.dicomStores().create(parent=f"{parent}/datasets/benchmark", dicomStoreId="films", body={}).execute()
    headers = {"Authorization": f"Bearer {running.credentials.token}"}
    port = int(running.url.rpartition(":")[2])
    return Server("the emulator", port, f"/v1/{made['name']}/dicomWeb", running.pid, headers)
