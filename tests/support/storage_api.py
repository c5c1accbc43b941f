"""Clients of the BigQuery Storage API on a running emulator, and rows as protocol buffers for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import grpc
from google.auth.transport.grpc import secure_authorized_channel
from google.auth.transport.requests import Request
from google.cloud import bigquery_storage_v1
from google.cloud.bigquery_storage_v1 import exceptions, types, writer
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport
from google.oauth2.credentials import Credentials
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2, wrappers_pb2

from tests.support.emulator import RunningEmulator

PROTO = descriptor_pb2.FieldDescriptorProto
KNOWN = (timestamp_pb2.DESCRIPTOR, wrappers_pb2.DESCRIPTOR)


def channel(emulator: RunningEmulator, token: str = "") -> grpc.Channel:
    """A channel to the emulator's gRPC port that shows an access token, the owner's if none is given."""
    credentials = Credentials(token=token or emulator.owner_token)
    local = grpc.local_channel_credentials()
    return secure_authorized_channel(credentials, Request(), emulator.grpc_address, ssl_credentials=local)


def reader(on: grpc.Channel) -> bigquery_storage_v1.BigQueryReadClient:
    return bigquery_storage_v1.BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=on))


def writing(on: grpc.Channel) -> bigquery_storage_v1.BigQueryWriteClient:
    return bigquery_storage_v1.BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=on))


def descriptor(name: str, *fields: tuple[Any, ...], nested: Iterable[Any] = ()) -> descriptor_pb2.DescriptorProto:
    """A message type: of each field the name and the type, a number or a name, and "repeated" where it is."""
    made = descriptor_pb2.DescriptorProto(name=name, nested_type=nested)
    for number, (field, kind, *more) in enumerate(fields, 1):
        label = PROTO.LABEL_REPEATED if more else PROTO.LABEL_OPTIONAL
        if isinstance(kind, int):
            made.field.add(name=field, number=number, type=kind, label=label)
        else:
            made.field.add(name=field, number=number, type=PROTO.TYPE_MESSAGE, type_name=kind, label=label)
    return made


def message_class(of: descriptor_pb2.DescriptorProto) -> Any:
    """The class of the messages of a type."""
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="rows.proto", syntax="proto2", message_type=[of])
    for known in KNOWN:
        pool.AddSerializedFile(known.serialized_pb)
        file.dependency.append(known.name)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(of.name))


@contextlib.contextmanager
def appending(client: Any, stream: str, of: descriptor_pb2.DescriptorProto) -> Iterator[writer.AppendRowsStream]:
    """The official writer on a stream, closed at the end."""
    schema = types.ProtoSchema(proto_descriptor=of)
    template = types.AppendRowsRequest(write_stream=stream)
    template.proto_rows = types.AppendRowsRequest.ProtoData(writer_schema=schema)
    made = writer.AppendRowsStream(client, template)
    try:
        yield made
    finally:
        with contextlib.suppress(exceptions.StreamClosedError):  # an error has ended it
            made.close()


def rows(messages: Sequence[Any], offset: int | None = None, **more: Any) -> types.AppendRowsRequest:
    """A request with these rows."""
    serialized = types.ProtoRows(serialized_rows=[message.SerializeToString() for message in messages])
    request = types.AppendRowsRequest(**more)
    request.proto_rows = types.AppendRowsRequest.ProtoData(rows=serialized)
    if offset is not None:
        request.offset = offset
    return request
