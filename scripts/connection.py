"""Where the commands talk to, as whom, and through which of Google's clients: decided here, once."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from infra.outputs import Endpoints, Outputs
from scripts.agents import Place
from scripts.errors import START_EMULATOR, CommandError, Surroundings, UsageError, explain
from scripts.stack import read_outputs

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession
    from google.cloud import bigquery, pubsub_v1, storage

WORKERS = 8
"""How many requests a command has under way at once."""
TIMEOUT_SECONDS = 120
_RETRIES = 3
_BUSY = (429, 502, 503, 504)
"""Answers after which the same request may work."""

_VARIABLES = {
    "healthcare": "HEALTHCARE_EMULATOR_HOST",
    "storage": "STORAGE_EMULATOR_HOST",
    "pubsub_grpc": "PUBSUB_EMULATOR_HOST",
    "bigquery": "BIGQUERY_EMULATOR_HOST",
}
_ENDPOINT_OF_API = {
    "healthcare": "healthcare",
    "logging": "logging",
    "serviceusage": "service_usage",
    "cloudresourcemanager": "resource_manager",
    "pubsub": "pubsub",
    "iam": "iam",
    "cloudkms": "kms",
}


def connect(
    stack: str | None, outputs_file: Path | None, *, store: str | None = None, must_run: bool = True
) -> Connection:
    """The connection to the stack that `--stack` or `--outputs` name; nothing is sent yet.

    `store` is the DICOM store to work on, None for the one that every stack has. Raises CommandError, also for an
    emulator that isn't running unless `must_run` is false; UsageError where there is no such store; OutputsError when
    the outputs don't fit.
    """
    found = read_outputs(stack, outputs_file)
    target = connect_to(_of_store(found, store) if store else found)
    if target.emulated and must_run:
        require_listener(target.address)
    return target


def _of_store(outputs: Outputs, store: str) -> Outputs:
    """The outputs with that DICOM store for the stack's. Raises UsageError where there is none."""
    known = (outputs.dicom_store_id, *outputs.dicom_stores)
    if store not in known:
        raise UsageError(
            f"Stack {outputs.stack} has no DICOM store {store}: choose one with --store {'|'.join(known)},"
            " or add it to healthcare-cloud-poc:dicomStores and run `pulumi up`."
        )
    return outputs.of_dicom_store(store)


def connect_to(outputs: Outputs) -> Connection:
    """The connection to the stack that these outputs are of; nothing is sent yet. Raises UsageError."""
    # Libraries log the URLs they ask, and a search's URL names a patient: nothing of that reaches the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
    return Connection(outputs, resolve_endpoints(outputs, os.environ))


def resolve_endpoints(outputs: Outputs, environment: Any) -> Endpoints:
    """The endpoints to use, all of one source, so that no command mixes the data of two places.

    A stack on an emulator says where that is, and the shell's emulator variables must agree with it. For a stack on
    Google Cloud HEALTHCARE_EMULATOR_HOST leads every service to an emulator; a variable that is missing beside it means
    that same address. Raises UsageError where shell and stack disagree.
    """
    named = {field: environment.get(variable) for field, variable in _VARIABLES.items()}
    given = {field: value for field, value in named.items() if value}
    if outputs.emulated:
        _require_agreement(outputs, given)
        return outputs.endpoints
    if given and "healthcare" not in given:
        variable = _VARIABLES[next(iter(given))]
        raise UsageError(
            f"{variable} points to an emulator, but stack {outputs.stack} is on Google Cloud:"
            f" unset it, or set HEALTHCARE_EMULATOR_HOST as well."
        )
    if not given:
        return outputs.endpoints
    root = _root_url(given["healthcare"])
    values = dict.fromkeys(Endpoints.__dataclass_fields__, root)
    values |= {field: _root_url(value) for field, value in given.items()}
    values["pubsub_grpc"] = urlsplit(values["pubsub_grpc"]).netloc
    return Endpoints(**values)


def _require_agreement(outputs: Outputs, given: Mapping[str, str]) -> None:
    """Refuse variables that name another emulator than the stack's. Raises UsageError."""
    stacks = outputs.endpoints.to_mapping()
    for field, value in given.items():
        if field in stacks and _place(value) != _place(stacks[field]):
            raise UsageError(
                f"{_VARIABLES[field]} says {value}, but stack {outputs.stack} is on the emulator at {stacks[field]}:"
                ' name the stack of the emulator you mean with --stack, or run `eval "$(python -m emulator env)"` for'
                " the stack's own emulator (with --state if its folder is not the default one)."
            )


def _place(address: str) -> str:
    """`host:port` of an address, the same for all names of this machine's loopback."""
    return urlsplit(_root_url(address)).netloc.replace("localhost:", "127.0.0.1:")


def _root_url(host: str) -> str:
    """`host:port` or a URL as a URL without a slash at its end."""
    return (host if "://" in host else f"http://{host}").rstrip("/")


class Connection:
    """Google's clients for one stack; each is made when first used, and closed at the end of the context.

    The context also turns whatever goes wrong inside into one sentence (scripts.errors), knowing the stack.
    """

    def __init__(self, outputs: Outputs, endpoints: Endpoints) -> None:
        self.outputs = outputs
        self.endpoints = endpoints
        self.reached: tuple[Place, ...] = ()
        """The places that the last request for an operation named, for whoever explains its failure."""
        self._to_close = ExitStack()

    @property
    def emulated(self) -> bool:
        """Whether the emulator answers, and not Google Cloud."""
        return self.endpoints.healthcare is not None

    @property
    def address(self) -> str:
        """The root URL of the Cloud Healthcare API."""
        return self.endpoints.healthcare or self.outputs.healthcare_endpoint

    @property
    def dicomweb_url(self) -> str:
        """The base URL of the store's DICOMweb service."""
        return f"{self.address}/v1/{self.outputs.dicom_store_name}/dicomWeb"

    @property
    def surroundings(self) -> Surroundings:
        """What an explanation of an error needs to know."""
        known = self.__dict__.get("credentials")  # those that were asked for; looking for others could fail
        principal = getattr(known, "service_account_email", None)
        source = getattr(known, "source", None) or getattr(known, "_source_credentials", None)
        behind = getattr(source, "service_account_email", None)
        return Surroundings.of(
            self.outputs,
            self.address,
            emulated=self.emulated,
            principal=principal,
            behind=behind,
            reached=self.reached,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._to_close.close()
        if isinstance(error, Exception) and type(error).__module__.split(".")[0] not in ("click", "typer"):
            raise explain(error, self.surroundings) from error

    @cached_property
    def credentials(self) -> Any:
        """Whose name the requests bear."""
        from scripts.credentials import find_credentials

        return find_credentials(os.environ, emulated=self.emulated)

    @cached_property
    def session(self) -> AuthorizedSession:
        """An HTTP session that signs in by itself and may be shared by WORKERS threads."""
        from google.auth.transport.requests import AuthorizedSession, Request

        session = AuthorizedSession(self.credentials, auth_request=Request(self._plain_session))
        self._prepare(session)
        return session

    @cached_property
    def _plain_session(self) -> Any:
        """The HTTP session that fetches tokens."""
        import requests

        session = requests.Session()
        self._prepare(session)
        return session

    def _prepare(self, session: Any) -> None:
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        retry = Retry(
            _RETRIES, backoff_factor=0.5, status_forcelist=_BUSY, allowed_methods=["GET"], raise_on_status=False
        )
        self._to_close.callback(session.close)
        session.trust_env = not self.emulated  # a proxy of the shell cannot reach this machine's own address
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=WORKERS, max_retries=retry))

    @cached_property
    def storage(self) -> storage.Client:
        """The Cloud Storage client of the stack's project."""
        from google.cloud import storage

        return storage.Client(self.outputs.project, self.credentials, **self._client_arguments(self.endpoints.storage))

    @cached_property
    def bigquery(self) -> bigquery.Client:
        """The BigQuery client of the stack's project, in the location of its dataset."""
        from google.cloud import bigquery

        return bigquery.Client(
            self.outputs.project,
            self.credentials,
            location=self.outputs.bigquery_location,
            **self._client_arguments(self.endpoints.bigquery),
        )

    @cached_property
    def subscriber(self) -> pubsub_v1.SubscriberClient:
        """The Pub/Sub client that receives."""
        from google.cloud import pubsub_v1

        if not self.endpoints.pubsub_grpc:
            return pubsub_v1.SubscriberClient(credentials=self.credentials)
        from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

        return pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=self._channel()))

    def _client_arguments(self, endpoint: str | None) -> dict[str, Any]:
        options = {"client_options": {"api_endpoint": endpoint}} if endpoint else {}
        return {"_http": self.session, **options}

    def _channel(self) -> Any:
        """A gRPC channel to the emulator that bears the same credentials as HTTP requests do."""
        import grpc

        from scripts.tokens import BearerToken

        plain = grpc.insecure_channel(self.endpoints.pubsub_grpc, options=[("grpc.enable_http_proxy", 0)])
        return grpc.intercept_channel(plain, BearerToken(self.credentials, self._plain_session))

    def api(self, name: str, version: str) -> Any:
        """Google's discovery client of an API: `execute(api("healthcare", "v1").projects()...)`."""
        import google_auth_httplib2
        import httplib2
        from googleapiclient.discovery import build

        proxy = {"proxy_info": None} if self.emulated else {}
        http = google_auth_httplib2.AuthorizedHttp(self.credentials, httplib2.Http(timeout=TIMEOUT_SECONDS, **proxy))
        self._to_close.callback(http.close)
        own = getattr(self.endpoints, _ENDPOINT_OF_API[name]) if name in _ENDPOINT_OF_API else None
        endpoint = own or (self.address if self.emulated else None)
        options = {"client_options": {"api_endpoint": endpoint}} if endpoint else {}
        return build(name, version, http=http, static_discovery=True, cache_discovery=False, **options)

    @cached_property
    def healthcare(self) -> Any:
        """The Cloud Healthcare API's `projects.locations.datasets`."""
        return self.api("healthcare", "v1").projects().locations().datasets()

    @cached_property
    def healthcare_beta(self) -> Any:
        """The same of v1beta1, for what v1 has no field for."""
        return self.api("healthcare", "v1beta1").projects().locations().datasets()

    @staticmethod
    def execute(request: Any) -> Any:
        """The answer to a request of a discovery client; busy servers and broken connections are tried again."""
        try:
            return request.execute(num_retries=_RETRIES)
        except KeyboardInterrupt:
            # http.client keeps the lines of a request cut off half-way and sends them in front of the next one.
            request.http.close()
            raise

    def listed(self, collection: Any, field: str, **asked: Any) -> Iterator[dict[str, Any]]:
        """What all pages of a collection of a discovery client list in a field, page by page as it is taken."""
        request = collection.list(**asked)
        while request is not None:
            page = self.execute(request)
            yield from page.get(field, [])
            request = collection.list_next(request, page)


def require_listener(url: str) -> None:
    """Refuse at once, not after a client's minutes of retries, when nothing listens at `url`. Raises CommandError."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=5).close()
    except OSError:
        raise CommandError(f"The emulator is not running at {url}: {START_EMULATOR}") from None
