"""An emulator of its own for a benchmark, with Google's clients on it, and how much memory it took."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud import storage
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from emulator.services.bigquery import encryption
from engine.layout import Layout
from scripts.demonstration.places import Places

PROJECT = "benchmark-project"
LOCATION = "us-central1"


@dataclass(frozen=True)
class Running:
    """A running emulator."""

    url: str
    state: Path
    pid: int
    grpc_address: str

    @property
    def credentials(self) -> Any:
        """The owner's."""
        return Credentials(token=(self.state / "owner-token").read_text().strip())

    def storage(self) -> Any:
        """Cloud Storage's client."""
        return storage.Client(PROJECT, self.credentials, client_options={"api_endpoint": self.url})

    def api(self, name: str, version: str) -> Any:
        """A discovery client."""
        options = {"api_endpoint": self.url}
        return build(name, version, credentials=self.credentials, client_options=options, static_discovery=True)

    def audit_everything(self) -> None:
        """Write an audit entry for every request, reads of data included."""
        projects = self.api("cloudresourcemanager", "v1").projects()
        policy = projects.getIamPolicy(resource=PROJECT, body={}).execute()
        kinds = [{"logType": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]
        policy["auditConfigs"] = [{"service": "allServices", "auditLogConfigs": kinds}]
        body = {"policy": policy, "updateMask": "auditConfigs,etag"}
        projects.setIamPolicy(resource=PROJECT, body=body).execute()

    def healthcare_agent(self) -> str:
        """The healthcare agent as a member of policies; it exists from here on."""
        self.api("serviceusage", "v1beta1").services().generateServiceIdentity(
            parent=f"projects/{PROJECT}/services/healthcare.googleapis.com"
        ).execute()
        project = self.api("cloudresourcemanager", "v1").projects().get(projectId=PROJECT).execute()
        return f"serviceAccount:service-{project['projectNumber']}@gcp-sa-healthcare.iam.gserviceaccount.com"

    def healthcare_key(self) -> str:
        """The name of a new key that the healthcare agent may use."""
        return self._key(LOCATION, "healthcare", self.healthcare_agent())

    def bigquery_key(self) -> str:
        """The name of a new key that BigQuery's agent may use."""
        return self._key("us", "bigquery", f"serviceAccount:{encryption.agent(PROJECT)}")

    def _key(self, location: str, ring_id: str, member: str) -> str:
        rings = self.api("cloudkms", "v1").projects().locations().keyRings()
        ring = rings.create(parent=f"projects/{PROJECT}/locations/{location}", keyRingId=ring_id, body={}).execute()
        keys, body = rings.cryptoKeys(), {"purpose": "ENCRYPT_DECRYPT"}
        name = keys.create(parent=ring["name"], cryptoKeyId="benchmark", body=body).execute()["name"]
        role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        policy = {"bindings": [{"role": role, "members": [member]}]}
        keys.setIamPolicy(resource=name, body={"policy": policy}).execute()
        return str(name)

    def bucket_for_imports(self) -> Any:
        """A bucket that the healthcare agent may read."""
        bucket = self.storage().create_bucket("benchmark", location=LOCATION)
        policy = bucket.get_iam_policy(requested_policy_version=3)
        policy.bindings.append({"role": "roles/storage.objectViewer", "members": {self.healthcare_agent()}})
        bucket.set_iam_policy(policy)
        return bucket

    def peak_megabytes(self) -> float:
        """The most memory that the server's process has held since the last `forget_peak` (Linux: VmHWM)."""
        return memory_peak(self.pid, children=False)

    def resident_megabytes(self) -> float:
        """The memory that the server's process holds now (Linux: VmRSS)."""
        return _megabytes(self.pid, "VmRSS")

    def processor_seconds(self, *, children: bool = False) -> float:
        """What the server's process has used of processors, which others leave alone (Linux: proc(5), stat)."""
        below = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split() if children else []
        return sum(_processor_seconds(pid) for pid in (self.pid, *map(int, below)))

    def forget_peak(self) -> None:
        """Measure the peak from now on (Linux: proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_emulator(places: Places, name: str, options: Sequence[str] = ()) -> Iterator[Running]:
    """An emulator with an empty state, and more options of `start`; stopped at the end."""
    state = places.results / name
    command = [sys.executable, "-m", "emulator", "start", "--state", str(state), "--project", PROJECT]
    command += ["--port", str(places.port), "--grpc-port", str(places.grpc_port), *options]
    process = subprocess.Popen(command, cwd=Layout().root, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{places.port}/_emulator/status", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("The emulator ended instead of starting.") from None
                time.sleep(0.01)
        yield Running(f"http://127.0.0.1:{places.port}", state, process.pid, f"127.0.0.1:{places.grpc_port}")
    finally:
        process.terminate()
        process.wait()


def memory_peak(pid: int, *, children: bool = True) -> float:
    """The most memory that a process has held, in MB; with its children each one's peak is added (Linux: VmHWM)."""
    peak = _megabytes(pid, "VmHWM")
    if children:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        peak += sum(memory_peak(int(child)) for child in below)
    return peak


def _megabytes(pid: int, name: str) -> float:
    """A line of a process's status (Linux: proc(5)), 0 where there is none."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0
