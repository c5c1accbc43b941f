"""Schemas, their revisions, and topics that take only what a schema allows (Pub/Sub: schemas overview)."""

import io
import json
from collections.abc import Callable
from typing import Any

import fastavro
import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1.types import Encoding, Schema

from tests.emulator.services.pubsub.test_pubsub import Names, publish_now, subscription_of
from tests.support.emulator import RunningEmulator

AVRO: dict[str, Any] = {
    "type": "record",
    "name": "Stored",
    "fields": [
        {"name": "study", "type": "string"},
        {"name": "instances", "type": "int"},
        {"name": "modality", "type": ["null", "string"], "default": None},
    ],
}
PROTO = 'syntax = "proto3"; package imaging; message Stored { string study = 1; int32 instances = 2; }'
RIGHT_JSON = b'{"study": "1.2.3", "instances": 3, "modality": {"string": "DX"}}'


@pytest.fixture(scope="session")
def schemas(emulator: RunningEmulator) -> Any:
    """google-cloud-pubsub's client of schemas."""
    import grpc
    from google.pubsub_v1.services.schema_service.transports import SchemaServiceGrpcTransport

    with grpc.insecure_channel(emulator.grpc_address) as channel:
        yield pubsub_v1.SchemaServiceClient(transport=SchemaServiceGrpcTransport(channel=channel))


@pytest.fixture
def make(schemas: Any, emulator: RunningEmulator, unique: Names) -> Callable[..., str]:
    """Makes a schema and gives its name."""

    def create(kind: Schema.Type, definition: str) -> str:
        parent = f"projects/{emulator.project}"
        schema = Schema(type_=kind, definition=definition)
        name: str = schemas.create_schema(parent=parent, schema=schema, schema_id=unique("schema")).name
        return name

    return create


@pytest.fixture
def topic_with(publisher: Any, emulator: RunningEmulator, unique: Names) -> Callable[..., str]:
    """Makes a topic that takes what a schema allows."""

    def create(schema: str, encoding: Encoding, **settings: str) -> str:
        name = f"projects/{emulator.project}/topics/{unique('topic')}"
        request = {"name": name, "schema_settings": {"schema": schema, "encoding": encoding, **settings}}
        return str(publisher.create_topic(request=request).name)

    return create


def avro_bytes(value: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(AVRO), value)
    return stream.getvalue()


def proto_bytes(study: bytes, instances: int) -> bytes:
    """Fields 1 (a string) and 2 (a varint) on the wire."""
    return b"\x0a" + bytes([len(study)]) + study + b"\x10" + bytes([instances])


@pytest.mark.parametrize(
    ("kind", "definition", "encoding", "right", "wrong"),
    [
        (
            Schema.Type.AVRO,
            json.dumps(AVRO),
            Encoding.JSON,
            [RIGHT_JSON, b'{"study": "", "instances": 0, "modality": null}', b'{"study": "", "instances": 0}'],
            [
                b"", b"x", b"[]", b"3", b'{"study": "1.2.3"}', b'{"study": 1, "instances": 3, "modality": null}',
                b'{"study": "", "instances": "3", "modality": null}', b'{"study":"","instances":1,"modality":"DX"}',
                RIGHT_JSON + RIGHT_JSON, b'{"study": "", "instances": 2147483648, "modality": null}', b"\xff",
            ],
        ),
        (
            Schema.Type.AVRO,
            json.dumps(AVRO),
            Encoding.BINARY,
            [avro_bytes({"study": "1.2.3", "instances": 3, "modality": "DX"})],
            [b"", RIGHT_JSON, avro_bytes({"study": "1", "instances": 3, "modality": None}) + b"x", b"\x06ab"],
        ),
        (
            Schema.Type.PROTOCOL_BUFFER,
            PROTO,
            Encoding.BINARY,
            [proto_bytes(b"1.2.3", 3)],
            [b"\x0a\x05ab", b"\xff", RIGHT_JSON],
        ),
        (
            Schema.Type.PROTOCOL_BUFFER,
            PROTO,
            Encoding.JSON,
            [b'{"study": "1.2.3", "instances": 3}', b"{}"],
            [b'{"study": 3}', b'{"patient": "x"}', b"[]", b"x", b'{"instances": "many"}'],
        ),
    ],
    ids=["avro-json", "avro-binary", "proto-binary", "proto-json"],
)  # fmt: skip
def test_a_topic_takes_what_its_schema_allows(
    make: Callable[..., str],
    topic_with: Callable[..., str],
    publisher: pubsub_v1.PublisherClient,
    kind: Schema.Type,
    definition: str,
    encoding: Encoding,
    right: list[bytes],
    wrong: list[bytes],
) -> None:
    topic = topic_with(make(kind, definition), encoding)
    for data in right:
        publish_now(publisher, topic, {"data": data})
    for data in wrong:
        message = {"data": data, "attributes": {"a": "b"}}
        with pytest.raises(exceptions.InvalidArgument, match="Message failed schema validation"):
            publish_now(publisher, topic, message)


def test_messages_say_what_they_were_checked_against(
    make: Callable[..., str],
    topic_with: Callable[..., str],
    publisher: pubsub_v1.PublisherClient,
    subscriber: pubsub_v1.SubscriberClient,
    schemas: Any,
    unique: Names,
) -> None:
    schema = make(Schema.Type.AVRO, json.dumps(AVRO))
    topic = topic_with(schema, Encoding.JSON)
    name = subscription_of(topic, unique)
    subscriber.create_subscription(name=name, topic=topic)
    publish_now(publisher, topic, {"data": RIGHT_JSON, "attributes": {"a": "b"}})
    [received] = subscriber.pull(subscription=name, max_messages=1).received_messages
    assert dict(received.message.attributes) == {
        "a": "b",
        "googclient_schemaencoding": "JSON",
        "googclient_schemaname": schema,
        "googclient_schemarevisionid": schemas.get_schema(name=schema).revision_id,
    }


def test_revisions_of_a_schema(
    make: Callable[..., str], topic_with: Callable[..., str], publisher: pubsub_v1.PublisherClient, schemas: Any
) -> None:
    """A message is right if any revision in the topic's range allows it."""
    schema = make(Schema.Type.AVRO, json.dumps(AVRO))
    first = schemas.get_schema(name=schema).revision_id
    site = {"name": "site", "type": "string", "default": ""}  # which data in binary form have all the same
    wider = json.dumps({**AVRO, "fields": [*AVRO["fields"], site]})
    right = io.BytesIO()
    fastavro.schemaless_writer(right, AVRO, {"study": "1.2.3", "instances": 3, "modality": "DX"})
    second = schemas.commit_schema(name=schema, schema=Schema(name=schema, type_="AVRO", definition=wider)).revision_id
    assert schemas.get_schema(name=schema).revision_id == second
    assert schemas.get_schema(name=f"{schema}@{first}").definition == json.dumps(AVRO)
    listed = schemas.list_schema_revisions(name=schema)
    assert [one.revision_id for one in listed] == [second, first]
    both, newer = (topic_with(schema, Encoding.BINARY, **first) for first in ({}, {"first_revision_id": second}))
    publish_now(publisher, both, {"data": right.getvalue()})
    with pytest.raises(exceptions.InvalidArgument):
        publish_now(publisher, newer, {"data": right.getvalue()})
    third = schemas.rollback_schema(name=schema, revision_id=first).revision_id
    assert third not in (first, second)
    publish_now(publisher, newer, {"data": right.getvalue()})
    schemas.delete_schema_revision(name=f"{schema}@{third}")
    assert schemas.get_schema(name=schema).revision_id == second
    with pytest.raises(exceptions.NotFound):
        schemas.get_schema(name=f"{schema}@{third}")
    schemas.delete_schema_revision(name=f"{schema}@{first}")
    with pytest.raises(exceptions.FailedPrecondition, match="only revision"):
        schemas.delete_schema_revision(name=f"{schema}@{second}")


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        ("AVRO", AVRO, {**AVRO, "fields": AVRO["fields"][:2]}, ""),
        ("AVRO", AVRO, {**AVRO, "fields": AVRO["fields"][1:]}, "the field study has no default and is missing"),
        ("AVRO", AVRO, {**AVRO, "fields": [*AVRO["fields"], {"name": "site", "type": "string"}]}, "the field site has"),
        ("AVRO", AVRO, {**AVRO, "name": "Kept"}, "the schema is of Stored in one revision and of Kept in the other"),
        ("AVRO", AVRO, {**AVRO, "fields": [{"name": "study", "type": "bytes"}, *AVRO["fields"][1:]]}, ""),
        (
            "AVRO",
            AVRO,
            {**AVRO, "fields": [AVRO["fields"][0], {"name": "instances", "type": "long"}]},
            "the field instances is long in one revision and int in the other",
        ),
        ("PROTOCOL_BUFFER", PROTO, PROTO.replace("}", "string site = 3; }"), ""),
        ("PROTOCOL_BUFFER", PROTO, PROTO.replace("int32 instances = 2;", ""), ""),
        ("PROTOCOL_BUFFER", PROTO, PROTO.replace("int32", "int64"), "Stored.instances = 2 has changed"),
        ("PROTOCOL_BUFFER", PROTO, PROTO.replace("string study", "string uid"), "Stored.study = 1 has changed"),
        (
            "PROTOCOL_BUFFER",
            PROTO,
            PROTO.replace("}", "repeated string tags = 3; }"),
            "Stored.tags = 3 is not optional",
        ),
        (
            "PROTOCOL_BUFFER",
            PROTO.replace("}", "enum View { AP = 0; } View view = 3; }"),
            PROTO.replace("}", "enum View { AP = 0; PA = 1; } View view = 3; }"),
            "Stored.PA = 1 is missing in one revision",
        ),
    ],
)
def test_a_revision_has_to_fit_the_one_before_it(
    make: Callable[..., str], schemas: Any, kind: str, before: Any, after: Any, said: str
) -> None:
    """Commit a schema revision: optional fields of Protocol Buffers may come and go, Avro's schemas read each other."""
    written = [each if isinstance(each, str) else json.dumps(each) for each in (before, after)]
    schema = make(Schema.Type.AVRO if kind == "AVRO" else Schema.Type.PROTOCOL_BUFFER, written[0])
    asked = {"name": schema, "schema": Schema(name=schema, type_=kind, definition=written[1])}
    if not said:
        assert schemas.commit_schema(**asked).definition == written[1]
        return
    with pytest.raises(exceptions.InvalidArgument, match="Revision is incompatible with previous revision") as problem:
        schemas.commit_schema(**asked)
    assert said in problem.value.message
    assert len(list(schemas.list_schema_revisions(name=schema))) == 1


def test_a_topic_whose_schema_is_deleted_takes_nothing(
    make: Callable[..., str], topic_with: Callable[..., str], publisher: pubsub_v1.PublisherClient, schemas: Any
) -> None:
    schema = make(Schema.Type.AVRO, json.dumps(AVRO))
    topic = topic_with(schema, Encoding.JSON)
    schemas.delete_schema(name=schema)
    assert publisher.get_topic(topic=topic).schema_settings.schema == "_deleted-schema_"
    with pytest.raises(exceptions.InvalidArgument):
        publish_now(publisher, topic, {"data": RIGHT_JSON})


def test_a_topic_needs_a_schema_that_is_there(
    make: Callable[..., str], topic_with: Callable[..., str], emulator: RunningEmulator
) -> None:
    with pytest.raises(exceptions.NotFound):
        topic_with(f"projects/{emulator.project}/schemas/missing", Encoding.JSON)
    schema = make(Schema.Type.AVRO, json.dumps(AVRO))
    with pytest.raises(exceptions.InvalidArgument, match="encoding"):
        topic_with(schema, Encoding.ENCODING_UNSPECIFIED)
    with pytest.raises(exceptions.NotFound):
        topic_with(schema, Encoding.JSON, first_revision_id="00000000")


@pytest.mark.parametrize(
    ("kind", "definition", "problem"),
    [
        (Schema.Type.AVRO, "{", "not JSON"),
        (Schema.Type.AVRO, '{"type": "record", "fields": []}', "AVRO definition is wrong"),
        (Schema.Type.AVRO, '{"type": "nonsense"}', "AVRO definition is wrong"),
        (Schema.Type.PROTOCOL_BUFFER, "mesage A {}", "PROTOCOL_BUFFER definition is wrong"),
        (
            Schema.Type.PROTOCOL_BUFFER,
            'syntax = "proto3"; message A {} message B {}',
            "one top-level message, and has 2",
        ),
        (Schema.Type.PROTOCOL_BUFFER, 'syntax = "proto3"; import "other.proto"; message A {}', "other.proto"),
        (Schema.Type.TYPE_UNSPECIFIED, "{}", "type must be"),
    ],
)
def test_definitions_that_are_wrong_are_refused(
    make: Callable[..., str], kind: Schema.Type, definition: str, problem: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=problem):
        make(kind, definition)


def test_a_compiled_schema_is_refused_by_name(emulator: RunningEmulator, unique: Names) -> None:
    path = f"/v1/projects/{emulator.project}/schemas?schemaId={unique('schema')}"
    given = {"compiledBytes": "CgA=", "rootMessage": "Film"}
    code, answer = emulator.request("POST", path, {"type": "PROTOCOL_BUFFER", "compiledProtoSchema": given})
    assert (code, "compiledProtoSchema" in answer["error"]["message"]) == (501, True)


def test_a_message_can_be_tried(schemas: Any, make: Callable[..., str], emulator: RunningEmulator) -> None:
    """Against a schema that is there, or one that is given."""
    parent = f"projects/{emulator.project}"
    schema = Schema(type_=Schema.Type.AVRO, definition=json.dumps(AVRO))
    name = make(Schema.Type.AVRO, json.dumps(AVRO))
    for against in ({"name": name}, {"schema": schema}):
        request = {"parent": parent, "encoding": Encoding.JSON, **against}
        schemas.validate_message(request={**request, "message": RIGHT_JSON})
        with pytest.raises(exceptions.InvalidArgument, match="Message failed schema validation"):
            schemas.validate_message(request={**request, "message": b"{}"})
