"""How one emulator process is set up."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 9470
DEFAULT_GRPC_PORT = 9471
DEFAULT_TLS_PORT = 9472
DEFAULT_PROJECT = "local-project"
# A project's number is arbitrary; this one is what the recorded calls of the official plugin have for this project.
DEFAULT_PROJECT_NUMBER = "482913507712"
_ABOVE = Path(__file__).resolve().parent.parent
# In a clone beside the code, wherever it is started; installed by pip, in the folder where it is started.
DEFAULT_STATE = (_ABOVE if (_ABOVE / "Pulumi.yaml").exists() else Path.cwd()) / ".emulator"
OPERATIONS_MODE = re.compile(r"immediate|manual|delay:\d+(\.\d+)?")
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


@dataclass(frozen=True)
class Settings:
    """Everything a start decides.

    Ports are those that are bound; tls_port is None where the REST APIs are not served over TLS, too. operations is
    immediate, manual or delay:SECONDS. trouble is the profile that is on from the start, PROFILE or PROFILE:SEED, ""
    for none; request_log the file to which every request is told, None for none.
    root_key is the file of the key under which data are encrypted at rest, None where they are not.
    groups is a file that declares who is in which group; run_images has the images of Cloud Run jobs, each with the
    command of this machine that it is run as.
    """

    state: Path
    project: str = DEFAULT_PROJECT
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    grpc_port: int = DEFAULT_GRPC_PORT
    tls_port: int | None = None
    iam: bool = True
    anonymous: bool = True
    operations: str = "immediate"
    trouble: str = ""
    request_log: Path | None = None
    groups: Path | None = None
    root_key: Path | None = None
    run_images: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK

    @property
    def base_url(self) -> str:
        """Where the REST APIs are."""
        return f"http://{self._host_in_urls}:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where they are over TLS, "" for nowhere."""
        return f"https://{self._host_in_urls}:{self.tls_port}" if self.tls_port is not None else ""

    @property
    def _host_in_urls(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def project_number(self) -> str:
        """The project's number: twelve digits that follow from its id."""
        return project_number(self.project)

    @property
    def account(self) -> str:
        """E-mail address of the service account whose key file the emulator writes."""
        return f"emulator@{self.project}.iam.gserviceaccount.com"

    @property
    def owner(self) -> str:
        """The principal behind the owner's token."""
        return f"user:owner@{self.project}.example"


def project_number(project: str) -> str:
    """Twelve digits that follow from a project id; the default project has its own."""
    if project == DEFAULT_PROJECT:
        return DEFAULT_PROJECT_NUMBER
    digest = int.from_bytes(hashlib.sha256(project.encode()).digest()[:8], "big")
    return str(10**11 + digest % (9 * 10**11))
