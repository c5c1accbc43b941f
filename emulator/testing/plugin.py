"""Fixtures for pytest, which loads this module where the package is installed (entry point pytest11).

An emulator for a session (each worker of pytest-xdist has one), a clean state for each test, and what tests need in it.
"""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from emulator.hospital.filling.places import Wish
from emulator.testing import things
from emulator.testing.running import Emulator, EmulatorError, start

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_CLEAN = "clean"
_EMULATOR = pytest.StashKey[Emulator]()


class SetFault(Protocol):
    """Sets a fault until the end of the test."""

    def __call__(self, method: str, *, code: int = 0, call: int = 1, count: int = 1, delay: float = 0) -> None:
        """Answer `code` to `count` calls of a method (its id), the first of which is number `call` from now on.

        Each is answered after `delay` seconds; with the code 0 as it is usually.
        """


class SetTrouble(Protocol):
    """Begins trouble, until the end of the test."""

    def __call__(self, profile: str, seed: int = 0, **change: object) -> None:
        """That of a profile (calm, google, bad-day) and seed, with parts of the profile otherwise."""


class MakeHospital(Protocol):
    """Makes hospitals."""

    def __call__(self, patients: int = 10, seed: int = 1, *, tables: bool = False) -> things.Hospital:
        """The first patients of the hospital of a seed: their stories, and where they are told; in BigQuery, too?"""


class MakePrincipal(Protocol):
    """Makes principals."""

    def __call__(self, *roles: str) -> things.Principal:
        """A service account that has these roles on the project and nothing else."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --gcp-emulator-log."""
    group = parser.getgroup("gcp-emulator", "Google Cloud emulator for medical imaging")
    text = "attach what a failed test asked of the emulator to its report"
    group.addoption("--gcp-emulator-log", action="store_true", help=text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the requests of a test that failed to its report."""
    report = yield
    emulator = item.stash.get(_EMULATOR, None)
    if report.failed and report.when != "teardown" and emulator is not None and item.config.option.gcp_emulator_log:
        report.sections.append(("Requests to the emulator", _told(emulator)))
    return report


@pytest.fixture(scope="session")
def gcp_emulator_session() -> Iterator[Emulator]:
    """A running emulator for the session, whose state each test restores: in tests use gcp_emulator."""
    with tempfile.TemporaryDirectory(prefix="gcp-emulator-") as folder:
        emulator = start(Path(folder) / "state")
        try:
            emulator.save(_CLEAN)
            yield emulator
        finally:
            emulator.stop()


@pytest.fixture
def gcp_emulator(
    gcp_emulator_session: Emulator, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """A running emulator with a clean state, to which the environment points Google's clients."""
    for name, value in gcp_emulator_session.variables().items():
        monkeypatch.setenv(name, value)
    request.node.stash[_EMULATOR] = gcp_emulator_session
    yield gcp_emulator_session
    gcp_emulator_session.restore(_CLEAN)


@pytest.fixture
def gcp_dataset(gcp_emulator: Emulator) -> things.Dataset:
    """A healthcare dataset with a DICOM store, a FHIR store (R4) and an HL7v2 store."""
    return things.make_dataset(gcp_emulator)


@pytest.fixture
def gcp_hospital(gcp_emulator: Emulator) -> MakeHospital:
    """Makes a hospital whose films, FHIR resources, HL7v2 messages and consents agree, such as `gcp_hospital(10)`."""

    def hospital(patients: int = 10, seed: int = 1, *, tables: bool = False) -> things.Hospital:
        return things.make_hospital(gcp_emulator, patients, seed, Wish(tables=tables))

    return hospital


@pytest.fixture
def gcp_bucket(gcp_emulator: Emulator) -> str:
    """The name of an empty bucket."""
    return things.make_bucket(gcp_emulator)


@pytest.fixture
def gcp_topic(gcp_emulator: Emulator) -> things.Topic:
    """A Pub/Sub topic to which stores and buckets may publish; `messages()` gives what came."""
    return things.make_topic(gcp_emulator)


@pytest.fixture
def gcp_principal(gcp_emulator: Emulator) -> MakePrincipal:
    """Makes service accounts, such as `gcp_principal("roles/healthcare.dicomViewer")`, with `email` and `token`."""
    numbers = itertools.count(1)
    return lambda *roles: things.make_principal(gcp_emulator, f"principal-{next(numbers)}", *roles)


@pytest.fixture
def gcp_fault(gcp_emulator: Emulator) -> SetFault:
    """Sets faults, such as `gcp_fault("storage.objects.get", code=503)`."""

    def fault(method: str, **rest: float) -> None:
        gcp_emulator.request("POST", "/_emulator/faults", {"method": method, **rest})

    return fault


@pytest.fixture
def gcp_trouble(gcp_emulator: Emulator) -> SetTrouble:
    """Begins trouble, such as `gcp_trouble("bad-day", seed=7)` or `gcp_trouble("calm", lags={"grants": [5, 60]})`."""

    def trouble(profile: str, seed: int = 0, **change: object) -> None:
        wish = {"profile": profile, "seed": seed, "change": change}
        gcp_emulator.request("POST", "/_emulator/trouble", wish)

    return trouble


@pytest.fixture
def gcp_clock(gcp_emulator: Emulator) -> things.Clock:
    """The emulator's clock: freeze(), move(), restore()."""
    return things.Clock(gcp_emulator)


@pytest.fixture
def gcp_credentials(gcp_emulator: Emulator) -> Credentials:
    """The owner's credentials, as Google's clients take them (google-auth)."""
    credentials = pytest.importorskip("google.oauth2.credentials")
    made: Credentials = credentials.Credentials(token=gcp_emulator.token)
    return made


@pytest.fixture
def gcp_api(gcp_emulator: Emulator, gcp_credentials: Credentials) -> Iterator[Callable[[str, str], Any]]:
    """Makes clients of google-api-python-client as the owner, such as `gcp_api("healthcare", "v1")`."""
    discovery = pytest.importorskip("googleapiclient.discovery")
    made: list[Any] = []

    def make(service: str, version: str) -> Any:
        options = {"api_endpoint": gcp_emulator.url}
        built = functools.partial(discovery.build, service, version, credentials=gcp_credentials)
        made.append(built(client_options=options, static_discovery=True))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def gcp_healthcare(gcp_api: Callable[[str, str], Any]) -> Any:
    """Cloud Healthcare v1 (google-api-python-client)."""
    return gcp_api("healthcare", "v1")


@pytest.fixture
def gcp_storage(gcp_emulator: Emulator, gcp_credentials: Credentials) -> Iterator[Any]:
    """A client of google-cloud-storage."""
    storage = pytest.importorskip("google.cloud.storage")
    client = storage.Client(gcp_emulator.project, gcp_credentials, client_options={"api_endpoint": gcp_emulator.url})
    yield client
    client.close()


@pytest.fixture
def gcp_bigquery(gcp_emulator: Emulator, gcp_credentials: Credentials) -> Iterator[Any]:
    """A client of google-cloud-bigquery."""
    bigquery = pytest.importorskip("google.cloud.bigquery")
    client = bigquery.Client(gcp_emulator.project, gcp_credentials, client_options={"api_endpoint": gcp_emulator.url})
    yield client
    client.close()


@pytest.fixture
def gcp_publisher(gcp_emulator: Emulator) -> Iterator[Any]:  # noqa: ARG001  whose environment it reads
    """The publisher of google-cloud-pubsub."""
    pubsub = pytest.importorskip("google.cloud.pubsub_v1")
    client = pubsub.PublisherClient()
    yield client
    client.stop()
    client.transport.close()


@pytest.fixture
def gcp_subscriber(gcp_emulator: Emulator) -> Iterator[Any]:  # noqa: ARG001  as gcp_publisher
    """The subscriber of google-cloud-pubsub."""
    pubsub = pytest.importorskip("google.cloud.pubsub_v1")
    client = pubsub.SubscriberClient()
    yield client
    client.close()


def _told(emulator: Emulator) -> str:
    """The requests, one a line."""
    try:
        calls = emulator.requests()
    except (OSError, EmulatorError) as problem:
        return f"The emulator could not be asked: {problem}"
    return "\n".join(_line(call) for call in calls) or "none"


def _line(call: dict[str, Any]) -> str:
    decision = f"denied {call['permission']}" if call["decision"] == "denied" else call["decision"]
    ended = f"{call['status']} {call['milliseconds']:8.2f} ms"
    return f"{call['time']} {ended} {call['method'] or 'no method'} by {call['principal'] or 'nobody'}: {decision}"
