"""Google's client of Secret Manager, over gRPC, on the running emulator."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.cloud import secretmanager
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport

from tests.support.emulator import RunningEmulator

Client = secretmanager.SecretManagerServiceClient
Connect = Callable[[str], Client]


@pytest.fixture
def connect(emulator: RunningEmulator) -> Iterator[Connect]:
    """Makes a client that sends a token."""
    channels: list[grpc.Channel] = []

    def make(token: str) -> Client:
        class Token(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc has no types
            def intercept_unary_unary(self, proceed: Callable[..., Any], details: Any, request: Any) -> Any:
                metadata = [*(details.metadata or ()), ("authorization", f"Bearer {token}")]
                return proceed(details._replace(metadata=metadata, wait_for_ready=True), request)

        channel = grpc.intercept_channel(grpc.insecure_channel(emulator.grpc_address), Token())
        channels.append(channel)
        return Client(transport=SecretManagerServiceGrpcTransport(channel=channel))

    yield make
    for channel in channels:
        channel.close()


@pytest.fixture
def client(emulator: RunningEmulator, connect: Connect) -> Client:
    """The owner's client."""
    return connect(emulator.owner_token)
