"""Whether a new revision of a schema may follow the one before it.

https://cloud.google.com/pubsub/docs/commit-schema-revision: of Protocol Buffers, optional fields may come and go, and
nothing else may change; of Avro, each of the two must be able to read what the other one wrote, by the rules of
https://avro.apache.org/docs/1.11.1/specification/ (schema resolution).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.pubsub.definitions import AVRO

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto

NAMED = ("record", "enum", "fixed")
PROMOTED = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
Pair = tuple[str, str]


def problem(kind: str, before: bytes, after: bytes) -> str:
    """Why one compiled definition may not follow another, as a sentence without its full stop; "" where it may."""
    found = _of_avro(before, after) if kind == AVRO else _of_proto(before, after)
    return next(found, "")


# Avro
def _of_avro(before: bytes, after: bytes) -> Iterator[str]:
    old, new = orjson.loads(before), orjson.loads(after)
    try:
        yield from _Reading(new, old).problems()
        yield from _Reading(old, new).problems()
    except RecursionError:
        yield "the types are nested too deep to be compared"


class _Reading:
    """How one schema reads what another one wrote."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self._reader, self._writer = reader, writer
        self._readers, self._writers = dict(_named(reader)), dict(_named(writer))
        self._seen: set[Pair] = set()

    def problems(self) -> Iterator[str]:
        """What it cannot read, the first first."""
        yield from self._of(self._reader, self._writer, "the schema")

    def _of(self, reader: Any, writer: Any, place: str) -> Iterator[str]:
        reader, writer = _resolved(reader, self._readers), _resolved(writer, self._writers)
        if isinstance(writer, list):
            for branch in writer:
                yield from self._of(reader, branch, place)
        elif isinstance(reader, list):
            if all(next(self._of(branch, writer, place), "") for branch in reader):
                yield f"{place} has no type for {_kind(writer)}"
        elif _kind(reader) != _kind(writer):
            if _kind(reader) not in PROMOTED.get(_kind(writer), ()):
                yield f"{place} is {_kind(writer)} in one revision and {_kind(reader)} in the other"
        else:
            yield from self._of_same_kind(reader, writer, place)

    def _of_same_kind(self, reader: Any, writer: Any, place: str) -> Iterator[str]:
        kind = _kind(reader)
        if kind in NAMED:
            names = (_short(reader["name"]), _short(writer["name"]))
            if names[0] != names[1]:
                yield f"{place} is of {names[1]} in one revision and of {names[0]} in the other"
                return
            if names in self._seen:
                return
            self._seen.add(names)
        if kind == "record":
            yield from self._of_records(reader, writer)
        elif kind == "enum":
            missing = set(writer["symbols"]) - set(reader["symbols"])
            if missing and "default" not in reader:
                yield f"the symbol {min(missing)} of {place} is missing in one revision"
        elif kind == "fixed" and reader["size"] != writer["size"]:
            yield f"{place} has another size"
        elif kind == "array":
            yield from self._of(reader["items"], writer["items"], f"an item of {place}")
        elif kind == "map":
            yield from self._of(reader["values"], writer["values"], f"a value of {place}")

    def _of_records(self, reader: Mapping[str, Any], writer: Mapping[str, Any]) -> Iterator[str]:
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            names = [field["name"], *field.get("aliases", ())]
            other = next((written[name] for name in names if name in written), None)
            if other is not None:
                yield from self._of(field["type"], other["type"], f"the field {field['name']}")
            elif "default" not in field:
                yield f"the field {field['name']} has no default and is missing in one revision"


def _named(schema: Any) -> Iterator[tuple[str, Any]]:
    """The types that have names in a schema, by the last part of each."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _named(branch)
    elif isinstance(schema, dict):
        if schema.get("type") in NAMED:
            yield _short(schema["name"]), schema
        inner = [schema.get(key) for key in ("type", "items", "values")]
        for part in (*inner, *(field["type"] for field in schema.get("fields", ()))):
            yield from _named(part)


def _resolved(schema: Any, named: Mapping[str, Any]) -> Any:
    """A type itself in place of its name, or of an object that says no more than another type."""
    while isinstance(schema, dict) and isinstance(schema["type"], (dict, list)):
        schema = schema["type"]
    return named.get(_short(schema), schema) if isinstance(schema, str) else schema


def _kind(schema: Any) -> str:
    return str(schema if isinstance(schema, str) else schema["type"])


def _short(name: str) -> str:
    return name.rpartition(".")[2]


# Protocol Buffers
def _of_proto(before: bytes, after: bytes) -> Iterator[str]:
    old, new = _messages(before), _messages(after)
    for name in old:
        if name in new:
            yield from _of_messages(name, old[name], new[name])


def _messages(raw: bytes) -> dict[str, DescriptorProto]:
    """The messages of a compiled definition's own file by their full names, nested ones too."""
    from google.protobuf import descriptor_pb2

    [file] = descriptor_pb2.FileDescriptorSet.FromString(raw).file

    def below(prefix: str, messages: Any) -> Iterator[tuple[str, DescriptorProto]]:
        for message in messages:
            yield f"{prefix}{message.name}", message
            yield from below(f"{prefix}{message.name}.", message.nested_type)

    return dict(below("", file.message_type))


def _of_messages(name: str, old: DescriptorProto, new: DescriptorProto) -> Iterator[str]:
    before, after = ({field.number: field for field in message.field} for message in (old, new))
    for number in sorted({*before, *after}):
        one, other = before.get(number), after.get(number)
        if one is None or other is None:
            field = one or other
            assert field is not None
            if field.label != field.LABEL_OPTIONAL:
                yield f"{name}.{field.name} = {number} is not optional and missing in one revision"
        elif _told(one) != _told(other):
            yield f"{name}.{one.name} = {number} has changed"
    values = [{(e.name, v.name): v.number for e in message.enum_type for v in e.value} for message in (old, new)]
    for enum, value in sorted(values[0].items() ^ values[1].items()):
        if all(any(e == enum[0] for e, _ in each) for each in values):
            yield f"{name}.{enum[1]} = {value} is missing in one revision"


def _told(field: Any) -> tuple[Any, ...]:
    return (field.name, field.type, field.label, field.type_name)
