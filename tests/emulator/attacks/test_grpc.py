"""Bytes over gRPC that are no message: the caller's error, also in streams, and nothing of it in the log."""

from collections.abc import Iterator

import grpc
import pytest

from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

PUBSUB, BIGQUERY = "/google.pubsub.v1", "/google.cloud.bigquery.storage.v1"
UNARY = (
    *(f"{PUBSUB}.Publisher/GetTopic", f"{PUBSUB}.Publisher/Publish", f"{PUBSUB}.Subscriber/Pull"),
    *(f"{PUBSUB}.SchemaService/CreateSchema", "/google.iam.v1.IAMPolicy/SetIamPolicy"),
    *(f"{BIGQUERY}.BigQueryRead/CreateReadSession", f"{BIGQUERY}.BigQueryWrite/CreateWriteStream"),
)
STREAMS = (f"{PUBSUB}.Subscriber/StreamingPull", f"{BIGQUERY}.BigQueryWrite/AppendRows")
NO_MESSAGE = b"\x0a\xff\xff\xff\xff\x7f"  # a field that is longer than all that comes


@pytest.fixture
def channel(emulator: RunningEmulator) -> Iterator[grpc.Channel]:
    before = emulator.log.stat().st_size
    with grpc.insecure_channel(emulator.grpc_address) as channel:
        yield channel
    assert b"Traceback" not in emulator.log.read_bytes()[before:]


@pytest.mark.parametrize("method", UNARY)
def test_a_request_that_is_no_message_is_refused(channel: grpc.Channel, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(method)(NO_MESSAGE, timeout=PATIENCE, wait_for_ready=True)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_also_where_the_answer_is_a_stream(channel: grpc.Channel) -> None:
    call = channel.unary_stream(f"{BIGQUERY}.BigQueryRead/ReadRows")
    with pytest.raises(grpc.RpcError) as caught:
        list(call(NO_MESSAGE, timeout=PATIENCE, wait_for_ready=True))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", STREAMS)
def test_also_in_a_stream_of_requests(channel: grpc.Channel, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(method)(iter([NO_MESSAGE]), timeout=PATIENCE, wait_for_ready=True))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_what_is_too_large_is_refused(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(UNARY[0])(b"a" * (65 << 20), timeout=PATIENCE, wait_for_ready=True)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
