"""Fixtures that every test may use, and the fence that holds them all on this machine."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import pytest

from tests.support import fence
from tests.support.emulator import RunningEmulator

if TYPE_CHECKING:
    from google.cloud import bigquery, pubsub_v1, storage
    from google.oauth2.credentials import Credentials

pytest_plugins = ["pytester"]

PROJECT = "test-project"

# Variables of the developer's shell that would lead Google's clients, or pulumi, somewhere else.
_LEADING_AWAY = (
    *("GOOGLE_", "GCLOUD_", "GCP_", "CLOUDSDK_", "PULUMI_", "USER_PROJECT_OVERRIDE"),
    *(
        "STORAGE_EMULATOR_",
        "CLOUD_STORAGE_",
        "BOTO_",
        "AWS_",
        "GCSFS_",
        "PUBSUB_EMULATOR_",
        "BIGQUERY_EMULATOR_",
        "HEALTHCARE_EMULATOR_",
    ),
)


def pytest_configure() -> None:
    """Put up the fence, before anything of a test is imported, and let examples of hypothesis take their time."""
    for name in [name for name in os.environ if name.startswith(_LEADING_AWAY)]:
        del os.environ[name]
    fence.put_up()
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("any-machine", deadline=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def nothing_leaves() -> Iterator[None]:
    """Fail a test that tried to leave this machine, even if it swallowed the refusal, or that something leads away."""
    fence.refused.clear()
    left = [name for name in os.environ if name.startswith(_LEADING_AWAY)]
    assert not left, f"A fixture of more than one test left {', '.join(left)} in the environment."
    yield
    if fence.refused:
        pytest.fail(f"This test tried to leave the machine: {', '.join(fence.refused)}")


class StartEmulator(Protocol):
    """Starts an emulator that is stopped when the test ends."""

    def __call__(self, *options: str, project: str = PROJECT, state: Path | None = None) -> RunningEmulator:
        """Start one with more options of `python -m emulator start`; default: a fresh state folder."""


@pytest.fixture
def start_emulator(tmp_path: Path) -> Iterator[StartEmulator]:
    """For tests that need an emulator for themselves: to kill it, restart it, or start it with options."""
    started: list[RunningEmulator] = []

    def start(*options: str, project: str = PROJECT, state: Path | None = None) -> RunningEmulator:
        folder = state or tmp_path / f"state-{len(started)}"
        emulator = RunningEmulator(folder, project, options)
        started.append(emulator)
        return emulator.start()

    yield start
    for emulator in started:
        emulator.stop()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One running emulator for all tests. Name what you create with `unique`, and leave the project's policy alone."""
    running = RunningEmulator(tmp_path_factory.mktemp("emulator") / "state", PROJECT).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator of one module's own, whose clock, project and settings its tests may change."""
    own = RunningEmulator(tmp_path_factory.mktemp("running") / "state", PROJECT).start()
    yield own
    own.stop()


@pytest.fixture(scope="session")
def unique() -> Callable[[str], str]:
    """Turns a word into a name that no other test uses: `unique("bucket")` gives `bucket-17`."""
    numbers = itertools.count(1)
    return lambda word: f"{word}-{next(numbers)}"


@pytest.fixture(scope="session")
def owner_credentials(emulator: RunningEmulator) -> "Credentials":
    """The owner's access token, as Google's clients take it."""
    from google.oauth2.credentials import Credentials

    return Credentials(token=emulator.owner_token)


@pytest.fixture(scope="session")
def google_api(emulator: RunningEmulator, owner_credentials: "Credentials") -> Iterator[Callable[[str, str], Any]]:
    """Builds a client of google-api-python-client, as the owner: `google_api("healthcare", "v1")`."""
    from googleapiclient.discovery import build

    from tests.support.reconnecting import Reconnecting

    built: list[Any] = []

    def make(service: str, version: str) -> Any:
        options = {"api_endpoint": emulator.base_url}
        client = build(
            service,
            version,
            credentials=owner_credentials,
            client_options=options,
            static_discovery=True,
            requestBuilder=Reconnecting,
        )
        built.append(client)
        return client

    yield make
    for client in built:
        client.close()


@pytest.fixture(scope="session")
def healthcare(google_api: Callable[[str, str], Any]) -> Any:
    """Cloud Healthcare v1 of the running emulator."""
    return google_api("healthcare", "v1")


@pytest.fixture(scope="session")
def storage_client(emulator: RunningEmulator, owner_credentials: "Credentials") -> "Iterator[storage.Client]":
    """google-cloud-storage on the running emulator."""
    from google.cloud import storage

    options = {"api_endpoint": emulator.base_url}
    client = storage.Client(project=emulator.project, credentials=owner_credentials, client_options=options)
    yield client
    client.close()


@pytest.fixture(scope="session")
def bigquery_client(emulator: RunningEmulator, owner_credentials: "Credentials") -> "Iterator[bigquery.Client]":
    """google-cloud-bigquery on the running emulator."""
    from google.cloud import bigquery

    options = {"api_endpoint": emulator.base_url}
    client = bigquery.Client(project=emulator.project, credentials=owner_credentials, client_options=options)
    yield client
    client.close()


@pytest.fixture(scope="session")
def publisher(emulator: RunningEmulator) -> "Iterator[pubsub_v1.PublisherClient]":
    """The publisher of google-cloud-pubsub on the running emulator, over gRPC and without credentials."""
    from google.cloud import pubsub_v1

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", emulator.grpc_address)
        client = pubsub_v1.PublisherClient()
    yield client
    client.stop()
    client.transport.close()


@pytest.fixture(scope="session")
def subscriber(emulator: RunningEmulator) -> "Iterator[pubsub_v1.SubscriberClient]":
    """The subscriber of google-cloud-pubsub on the running emulator, over gRPC and without credentials."""
    from google.cloud import pubsub_v1

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", emulator.grpc_address)
        client = pubsub_v1.SubscriberClient()
    yield client
    client.close()
