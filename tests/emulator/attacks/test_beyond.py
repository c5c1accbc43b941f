"""An emulator that listens beyond this machine: everybody needs credentials, and browsers get no link."""

from collections.abc import Iterator

import grpc
import pytest
from google.pubsub_v1.types import GetTopicRequest

from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

TOPIC = f"projects/{PROJECT}/topics/none"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One that is open to the network, though clients were to be trusted without credentials."""
    state = tmp_path_factory.mktemp("beyond") / "state"
    running = RunningEmulator(state, PROJECT, ("--host", "0.0.0.0", "--anonymous", "allow")).start()  # noqa: S104 - tested
    yield running
    running.stop()


@pytest.mark.parametrize(
    "path", [f"/v1/{TOPIC}", f"/v1/projects/{PROJECT}", f"/storage/v1/b?project={PROJECT}", "/_emulator/requests"]
)
def test_nobody_is_trusted_without_credentials(running: RunningEmulator, path: str) -> None:
    assert running.request("GET", path, token="")[0] in (401, 403)
    assert running.request("GET", path)[0] in (200, 404)


def test_nor_over_grpc(running: RunningEmulator) -> None:
    request = GetTopicRequest.serialize(GetTopicRequest(topic=TOPIC))
    with grpc.insecure_channel(running.grpc_address) as channel:
        get = channel.unary_unary("/google.pubsub.v1.Publisher/GetTopic")
        with pytest.raises(grpc.RpcError) as caught:
            get(request, timeout=PATIENCE, wait_for_ready=True)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("path", ["/_emulator/console", "/_emulator/viewer"])
def test_there_are_no_links_for_browsers(running: RunningEmulator, path: str) -> None:
    body = {"store": f"projects/{PROJECT}/locations/l/datasets/d/dicomStores/s"} if path.endswith("viewer") else {}
    assert running.request("POST", path, body)[0] in (400, 403)
