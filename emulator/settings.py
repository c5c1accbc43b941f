"""How one emulator process is set up."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 9470
DEFAULT_GRPC_PORT = 9471
DEFAULT_TLS_PORT = 9472
DEFAULT_GRPC_TLS_PORT = 9473
DEFAULT_PROJECT = "local-project"
DEFAULT_QUERY_MEMORY = 4096  # MiB
LEAST_QUERY_MEMORY = 1024  # below it the threads of the process that runs queries would have no room
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

    Ports are those that are bound; tls_port and grpc_tls_port are None where REST and gRPC are not served over TLS,
    too. tls_certificate is a file with a key and its certificates, None for one of the emulator's own. plain_http says
    that ports without TLS are on `host` too where that is beyond loopback, and else on loopback only. operations is
    immediate, manual or delay:SECONDS. trouble is the profile that is on from the start, PROFILE or PROFILE:SEED, ""
    for none; request_log the file to which every request is told, None for none.
    text_model is the pipeline of spaCy's, by its package or folder, that finds names beside the rules of
    de-identification, "" for none.
    root_key is the file of the key under which data are encrypted at rest, None where they are not.
    groups is a file that declares who is in which group; run_images has the images of Cloud Run jobs, each with the
    command of this machine that it is run as. query_memory (MiB) is what all of BigQuery's queries together have.
    """

    state: Path
    project: str = DEFAULT_PROJECT
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    grpc_port: int = DEFAULT_GRPC_PORT
    tls_port: int | None = None
    grpc_tls_port: int | None = None
    tls_certificate: Path | None = None
    plain_http: bool = False
    iam: bool = True
    anonymous: bool = True
    operations: str = "immediate"
    trouble: str = ""
    request_log: Path | None = None
    groups: Path | None = None
    text_model: str = ""
    root_key: Path | None = None
    run_images: tuple[tuple[str, tuple[str, ...]], ...] = ()
    query_memory: int = DEFAULT_QUERY_MEMORY

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK

    @property
    def plain_host(self) -> str:
        """The address of the ports that speak no TLS."""
        return self.host if self.is_loopback or self.plain_http else "127.0.0.1"

    @property
    def ports(self) -> tuple[int, ...]:
        """All ports of this emulator's own."""
        own = (self.port, self.grpc_port, self.tls_port, self.grpc_tls_port)
        return tuple(port for port in own if port is not None)

    @property
    def base_url(self) -> str:
        """Where the REST APIs are."""
        return f"http://{_in_url(self.plain_host)}:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where they are over TLS, "" for nowhere."""
        return f"https://{_in_url(self.host)}:{self.tls_port}" if self.tls_port is not None else ""

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


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def project_number(project: str) -> str:
    """Twelve digits that follow from a project id; the default project has its own."""
    if project == DEFAULT_PROJECT:
        return DEFAULT_PROJECT_NUMBER
    digest = int.from_bytes(hashlib.sha256(project.encode()).digest()[:8], "big")
    return str(10**11 + digest % (9 * 10**11))
