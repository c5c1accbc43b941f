"""Schema definitions, compiled, and the messages that they allow (Pub/Sub: schemas overview).

Avro takes both encodings as the Avro specification has them; Protocol Buffers the binary one and the JSON mapping.
"""

from __future__ import annotations

import asyncio
import functools
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from emulator.errors import ApiError, invalid_argument

AVRO, PROTOCOL_BUFFER = "AVRO", "PROTOCOL_BUFFER"
BINARY, JSON = "BINARY", "JSON"
DEFINITION_BYTES = 300 * 1024  # Pub/Sub: quotas and limits, "Schema definition size"
COMPILE_SECONDS = 60


async def compiled(kind: str, definition: str) -> bytes:
    """A definition in the form that `allows` takes; a 400 that says what is wrong with it."""
    if kind not in (AVRO, PROTOCOL_BUFFER):
        raise invalid_argument("Invalid schema: type must be AVRO or PROTOCOL_BUFFER.")
    if not definition:
        raise invalid_argument("Invalid schema: definition is required.")
    if len(definition.encode()) > DEFINITION_BYTES:
        raise invalid_argument(f"Invalid schema: the definition is larger than {DEFINITION_BYTES} bytes.")
    return await asyncio.to_thread(_compiled_avro if kind == AVRO else _compiled_proto, definition)


def _compiled_avro(definition: str) -> bytes:
    try:
        schema = orjson.loads(definition)
    except ValueError as error:
        raise invalid_argument(f"Invalid schema: the AVRO definition is not JSON ({error}).") from None
    raw = orjson.dumps(schema)
    try:
        _avro(raw)
    except Exception as error:  # noqa: BLE001  the library raises whatever a wrong definition leads to
        raise invalid_argument(f"Invalid schema: the AVRO definition is wrong ({_line(error)}).") from None
    return raw


def _compiled_proto(definition: str) -> bytes:
    """Run protoc, as a process of its own: the text may be anybody's."""
    with tempfile.TemporaryDirectory(prefix="schema-") as folder:
        source, target = Path(folder, "schema.proto"), Path(folder, "schema.pb")
        source.write_text(definition, encoding="utf-8")
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"--descriptor_set_out={target}"]
        try:
            done = subprocess.run([*command, source.name], capture_output=True, check=False, timeout=COMPILE_SECONDS)
        except subprocess.TimeoutExpired:
            raise invalid_argument(
                "Invalid schema: the PROTOCOL_BUFFER definition takes too long to compile."
            ) from None
        if done.returncode:
            problem = done.stderr.decode(errors="replace").strip().split("\n")[0].removeprefix("schema.proto:")
            raise invalid_argument(f"Invalid schema: the PROTOCOL_BUFFER definition is wrong ({problem}).")
        raw = target.read_bytes()
    _root(raw)
    return raw


def allows(kind: str, raw: bytes, encoding: str, data: bytes) -> bool:
    """Whether a message's data are right for a compiled definition, in that encoding."""
    check = _allows_avro if kind == AVRO else _allows_proto
    try:
        return check(raw, encoding, data)
    except Exception:  # noqa: BLE001  the libraries raise whatever wrong data lead to
        return False


def decoded(kind: str, raw: bytes, encoding: str, data: bytes) -> dict[str, Any]:
    """The record that a message's data are, by a compiled definition; bytes and times as the libraries give them.

    Raises whatever wrong data lead to.
    """
    value = _decoded_avro(raw, encoding, data) if kind == AVRO else _decoded_proto(raw, encoding, data)
    if not isinstance(value, dict):
        raise TypeError("the data are no record")
    return value


def _decoded_avro(raw: bytes, encoding: str, data: bytes) -> Any:
    import fastavro

    if encoding == BINARY:
        return fastavro.schemaless_reader(io.BytesIO(data), _avro(raw), None)
    [value] = fastavro.json_reader(io.StringIO(data.decode()), _avro(raw))
    return value


def _decoded_proto(raw: bytes, encoding: str, data: bytes) -> Any:
    from google.protobuf import json_format

    message = _proto(raw)()
    if encoding == BINARY:
        message.ParseFromString(data)
    else:
        json_format.Parse(data, message)
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@functools.lru_cache(maxsize=256)
def _avro(raw: bytes) -> Any:
    import fastavro

    return fastavro.parse_schema(orjson.loads(raw))


def _allows_avro(raw: bytes, encoding: str, data: bytes) -> bool:
    import fastavro

    schema = _avro(raw)
    if encoding == BINARY:
        stream = io.BytesIO(data)
        fastavro.schemaless_reader(stream, schema, None)
        return stream.tell() == len(data)
    orjson.loads(data)  # one value, and nothing after it
    [value] = fastavro.json_reader(io.StringIO(data.decode()), schema)
    return fastavro.validate(value, schema, raise_errors=False)


@functools.lru_cache(maxsize=256)
def _proto(raw: bytes) -> Any:
    """The class of the message that a definition is about."""
    from google.protobuf import descriptor_pb2, message_factory

    files = descriptor_pb2.FileDescriptorSet.FromString(raw)
    return message_factory.GetMessages(files.file)[_root(raw)]


def _root(raw: bytes) -> str:
    """The full name of the one message at the top of a definition; a 400 where there is none, or more."""
    from google.protobuf import descriptor_pb2

    [file] = descriptor_pb2.FileDescriptorSet.FromString(raw).file
    if len(file.message_type) != 1:
        raise invalid_argument(f"Invalid schema: it must have one top-level message, and has {len(file.message_type)}.")
    name = file.message_type[0].name
    return f"{file.package}.{name}" if file.package else name


def _allows_proto(raw: bytes, encoding: str, data: bytes) -> bool:
    from google.protobuf import json_format

    message = _proto(raw)()
    if encoding == BINARY:
        message.ParseFromString(data)
    else:
        json_format.ParseDict(dict(orjson.loads(data).items()), message)
    return bool(message.IsInitialized())


def refused() -> ApiError:
    """The 400 for data that no revision of a topic's schema allows."""
    return invalid_argument("Invalid data in message: Message failed schema validation.")


def _line(error: Exception) -> str:
    return str(error).split("\n")[0][:200] or type(error).__name__
