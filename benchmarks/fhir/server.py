"""A FHIR server under test: where its root is, and the emulator as one."""

import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks import wire
from benchmarks.running import LOCATION, PROJECT, Running

FHIR = "application/fhir+json"
_DATASET = f"projects/{PROJECT}/locations/{LOCATION}/datasets/benchmark"
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Server:
    """One of those that are compared: where its root is, and what each request carries besides."""

    port: int
    root: str
    pid: int
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> wire.Sent:
        """A read or a search below the root; HAPI FHIR must not answer a search with what it remembers of one."""
        return wire.request(self.port, f"{self.root}{path}", {**self.headers, "Cache-Control": "no-cache"})

    def post(self, path: str, body: bytes) -> wire.Sent:
        """A create below the root, or a bundle at it."""
        return wire.request(self.port, f"{self.root}{path}", {**self.headers, "Content-Type": FHIR}, [body])


def emulator_server(running: Running) -> Server:
    """An empty store of R4 in the emulator, whose clients choose ids, with every kind of access audited."""
    running.audit_everything()
    datasets = running.api("healthcare", "v1").projects().locations().datasets()
    parent, _, dataset = _DATASET.rpartition("/datasets/")
    datasets.create(parent=parent, datasetId=dataset, body={}).execute()
    settings = {"version": "R4", "enableUpdateCreate": True}
    made = datasets.fhirStores().create(parent=_DATASET, fhirStoreId="resources", body=settings).execute()
    headers = {"Authorization": f"Bearer {running.credentials.token}"}
    return Server(int(running.url.rpartition(":")[2]), f"/v1/{made['name']}/fhir", running.pid, headers)


def bring(running: Running, bucket: Any, name: str, count: int) -> float:
    """Import an object of resources, one a line, and wait for the end; resources a second. All must be taken."""
    datasets = running.api("healthcare", "v1").projects().locations().datasets()
    body = {"gcsSource": {"uri": f"gs://{bucket.name}/{name}"}, "contentStructure": "RESOURCE"}
    started = time.perf_counter()
    operation = datasets.fhirStores().import_(name=f"{_DATASET}/fhirStores/resources", body=body).execute()
    while not operation.get("done"):
        time.sleep(_POLL_SECONDS)
        operation = datasets.operations().get(name=operation["name"]).execute()
    if operation["metadata"]["counter"] != {"success": str(count)}:
        raise SystemExit(f"Not every resource was imported: {operation}")
    return count / (time.perf_counter() - started)
