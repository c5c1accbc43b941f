"""The message class of a writer's schema: a DescriptorProto that holds all types it needs, read as proto2.

https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#protoschema
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2, wrappers_pb2

from emulator.errors import invalid_argument

_KNOWN = (timestamp_pb2.DESCRIPTOR, wrappers_pb2.DESCRIPTOR)  # types that a writer may use without declaring them
_FILE = "writer_schema.proto"


@lru_cache(maxsize=64)
def message_class(serialized: bytes) -> Any:
    """The class of messages of a serialized DescriptorProto. Raises a 400 for one that cannot be used."""
    descriptor = descriptor_pb2.DescriptorProto.FromString(serialized)
    if not descriptor.name:
        raise invalid_argument("The first request of a connection needs protoRows.writerSchema.")
    _to_proto2(descriptor)
    package = _package(descriptor)
    file = descriptor_pb2.FileDescriptorProto(name=_FILE, package=package, syntax="proto2")
    file.message_type.append(descriptor)
    pool = descriptor_pool.DescriptorPool()
    for known in _KNOWN:
        pool.AddSerializedFile(known.serialized_pb)
        file.dependency.append(known.name)
    try:
        pool.AddSerializedFile(file.SerializeToString())
        found = pool.FindMessageTypeByName(f"{package}.{descriptor.name}".lstrip("."))
    except (TypeError, KeyError) as problem:
        said = "protoRows.writerSchema is no descriptor that holds all types it needs, as nested types"
        raise invalid_argument(f"{said} ({problem}).") from None
    return message_factory.GetMessageClass(found)


def _to_proto2(descriptor: descriptor_pb2.DescriptorProto) -> None:
    """Take what only proto3 has out of a descriptor: each optional field there is alone in a oneof of its own."""
    made = {field.oneof_index for field in descriptor.field if field.proto3_optional}
    for field in descriptor.field:
        if field.proto3_optional:
            field.ClearField("proto3_optional")
            field.ClearField("oneof_index")
    for number in sorted(made, reverse=True):
        del descriptor.oneof_decl[number]
    for nested in descriptor.nested_type:
        _to_proto2(nested)


def _package(descriptor: descriptor_pb2.DescriptorProto) -> str:
    """The package in which the descriptor's type names were written, "" where they are relative or name none."""
    for name in _type_names(descriptor):
        package, found, _ = name.partition(f".{descriptor.name}.")
        if found and name.startswith("."):
            return package.lstrip(".")
    return ""


def _type_names(descriptor: descriptor_pb2.DescriptorProto) -> Iterator[str]:
    yield from (field.type_name for field in descriptor.field if field.type_name)
    for nested in descriptor.nested_type:
        yield from _type_names(nested)
