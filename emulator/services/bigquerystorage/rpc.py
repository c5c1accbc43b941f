"""The Storage APIs over gRPC: each call, and each request of AppendRows, is a request on the same way as REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import orjson
from google.protobuf import json_format
from google.protobuf.message import Message as Proto

from emulator.gateway.grpc.bridge import Bridge, Servicer, parsed, serialize
from emulator.services.bigquerystorage.appender import Appending
from emulator.services.bigquerystorage.messages import message_class

READ = "google.cloud.bigquery.storage.v1.BigQueryRead"
WRITE = "google.cloud.bigquery.storage.v1.BigQueryWrite"
# Each unary method with its answer, and the field that names the resource.
UNARY = {
    f"{READ}/CreateReadSession": ("ReadSession", "parent"),
    f"{READ}/SplitReadStream": ("SplitReadStreamResponse", "name"),
    f"{WRITE}/CreateWriteStream": ("WriteStream", "parent"),
    f"{WRITE}/GetWriteStream": ("WriteStream", "name"),
    f"{WRITE}/FlushRows": ("FlushRowsResponse", "write_stream"),
    f"{WRITE}/FinalizeWriteStream": ("FinalizeWriteStreamResponse", "name"),
    f"{WRITE}/BatchCommitWriteStreams": ("BatchCommitWriteStreamsResponse", "parent"),
}


def handlers(bridge: Bridge) -> dict[str, Any]:
    """The gRPC handlers of the Storage APIs by path."""
    return {
        **{f"/{path}": _unary(bridge, path, *of) for path, of in UNARY.items()},
        f"/{READ}/ReadRows": grpc.unary_stream_rpc_method_handler(
            _read_rows(bridge), message_class("ReadRowsRequest").FromString, bytes
        ),
        f"/{WRITE}/AppendRows": grpc.stream_stream_rpc_method_handler(
            Appending(bridge).serve, message_class("AppendRowsRequest").FromString, serialize
        ),
    }


def method_id(path: str) -> str:
    """The id of a method of package.Service/Method."""
    return f"bigquerystorage.{path.rpartition('.')[2].replace('/', '.')}"


def _unary(bridge: Bridge, path: str, response: str, resource: str) -> Any:
    answer_class = message_class(response)

    async def handle(message: Proto, servicer: Servicer) -> Proto:
        named = {"name": getattr(message, resource)}
        answer = await bridge.call(servicer, method_id(path), named, message=json_format.MessageToDict(message))
        await bridge.check(servicer, answer)
        return parsed(answer_class, orjson.loads(answer.body if isinstance(answer.body, bytes) else b"{}"))

    return bridge.handler(message_class(f"{path.rpartition('/')[2]}Request"), handle)


def _read_rows(bridge: Bridge) -> Callable[[Any, Servicer], AsyncIterator[bytes]]:
    async def serve(message: Any, servicer: Servicer) -> AsyncIterator[bytes]:
        named = {"name": message.read_stream}
        found = json_format.MessageToDict(message)
        answer = await bridge.call(servicer, method_id(f"{READ}/ReadRows"), named, message=found)
        await bridge.check(servicer, answer)
        assert not isinstance(answer.body, bytes)
        async for rows in answer.body:
            assert isinstance(rows, bytes)
            yield rows

    return serve
