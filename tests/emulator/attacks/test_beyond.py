"""An emulator that listens beyond this machine: over TLS only, everybody needs credentials, browsers get no link.

127.0.0.2 stands for an address that others reach: what listens on 127.0.0.1 does not answer there (Linux).
"""

import socket
import ssl
from collections.abc import Iterator

import grpc
import httpx
import pytest
from google.pubsub_v1.types import GetTopicRequest

from emulator.state.folder import TLS_AUTHORITY
from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator, free_port
from tests.support.patience import PATIENCE

TOPIC = f"projects/{PROJECT}/topics/none"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """One that is open to the network, though clients were to be trusted without credentials."""
    state = tmp_path_factory.mktemp("beyond") / "state"
    options = ("--host", "0.0.0.0", "--anonymous", "allow", "--grpc-tls", str(free_port()))  # noqa: S104 - tested
    running = RunningEmulator(state, PROJECT, options, tls_port=free_port()).start()
    yield running
    running.stop()


def test_nothing_is_said_without_tls(running: RunningEmulator) -> None:
    for port in (running.port, running.grpc_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), PATIENCE)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.2:{running.tls_port}/_emulator/status", timeout=PATIENCE, trust_env=False)


def test_rest_is_there_over_tls(running: RunningEmulator) -> None:
    trusted = ssl.create_default_context(cafile=str(running.state / TLS_AUTHORITY))
    url = f"https://localhost:{running.tls_port}/v1/projects/{PROJECT}"
    assert httpx.get(url, verify=trusted, timeout=PATIENCE).status_code == 401
    headers = {"authorization": f"Bearer {running.owner_token}"}
    assert httpx.get(url, verify=trusted, headers=headers, timeout=PATIENCE).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(url, headers=headers, timeout=PATIENCE)


def test_grpc_is_there_over_tls(running: RunningEmulator) -> None:
    trusted = grpc.ssl_channel_credentials((running.state / TLS_AUTHORITY).read_bytes())
    token = grpc.access_token_call_credentials(running.owner_token)
    place = f"localhost:{running.options[-1]}"
    for credentials, said in (
        (trusted, grpc.StatusCode.UNAUTHENTICATED),
        (grpc.composite_channel_credentials(trusted, token), grpc.StatusCode.NOT_FOUND),
    ):
        with grpc.secure_channel(place, credentials) as channel, pytest.raises(grpc.RpcError) as caught:
            get_topic(channel)
        assert caught.value.code() == said


@pytest.mark.parametrize(
    "path", [f"/v1/{TOPIC}", f"/v1/projects/{PROJECT}", f"/storage/v1/b?project={PROJECT}", "/_emulator/requests"]
)
def test_nobody_is_trusted_without_credentials(running: RunningEmulator, path: str) -> None:
    assert running.request("GET", path, token="")[0] in (401, 403)
    assert running.request("GET", path)[0] in (200, 404)


def test_nor_over_grpc(running: RunningEmulator) -> None:
    with grpc.insecure_channel(running.grpc_address) as channel, pytest.raises(grpc.RpcError) as caught:
        get_topic(channel)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("path", ["/_emulator/console", "/_emulator/viewer"])
def test_there_are_no_links_for_browsers(running: RunningEmulator, path: str) -> None:
    body = {"store": f"projects/{PROJECT}/locations/l/datasets/d/dicomStores/s"} if path.endswith("viewer") else {}
    assert running.request("POST", path, body)[0] in (400, 403)


def get_topic(channel: grpc.Channel) -> None:
    """Ask for a topic that is not there."""
    request = GetTopicRequest.serialize(GetTopicRequest(topic=TOPIC))
    channel.unary_unary("/google.pubsub.v1.Publisher/GetTopic")(request, timeout=PATIENCE, wait_for_ready=True)
