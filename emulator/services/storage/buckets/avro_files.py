"""Avro files of Pub/Sub's messages, in the form that Pub/Sub documents, or by the schema of their topic."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.pubsub.definitions import AVRO, decoded
from emulator.services.pubsub.delivery.backlog import Taken
from emulator.services.pubsub.delivery.records import Published, properties, published_by

if TYPE_CHECKING:
    from emulator.context import Context

Record = dict[str, Any]
_DATA = {"name": "data", "type": "bytes"}
_METADATA: list[Record] = [
    {"name": "subscription_name", "type": "string"},
    {"name": "message_id", "type": "string"},
    {"name": "publish_time", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "attributes", "type": {"type": "map", "values": "string"}},
]


@dataclass(frozen=True)
class File:
    """An Avro file, the messages that are in it, and those that are in no file since they do not fit their schema."""

    content: bytes
    written: list[Taken]
    refused: list[Taken]


def plain(subscription: str, taken: Sequence[Taken], *, metadata: bool) -> File:
    """One file of messages, whose data are bytes."""
    fields = [*_METADATA, _DATA] if metadata else [_DATA]
    name = "PubsubMessageWithMetadata" if metadata else "PubsubMessage"
    schema = {"type": "record", "namespace": "com.google.pubsub", "name": name, "fields": fields}
    records = [{**(_metadata(subscription, one) if metadata else {}), "data": one[1].data} for one in taken]
    return File(_content(schema, records), list(taken), [])


def by_topic_schema(context: Context, subscription: str, taken: Iterable[Taken], *, metadata: bool) -> list[File]:
    """A file for each revision of a schema of Avro by which messages were published, and one of all others."""
    others: list[Taken] = []
    by_revision: dict[str, tuple[Published, list[Taken]]] = {}
    for one in taken:
        published = published_by(context, one[1])
        if published is None or not _is_record(published):
            others.append(one)
        else:
            by_revision.setdefault(f"{published.schema}@{published.revision.id}", (published, []))[1].append(one)
    files = [_of_revision(subscription, published, some, metadata) for published, some in by_revision.values()]
    return [*files, *([plain(subscription, others, metadata=metadata)] if others else [])]


def _is_record(published: Published) -> bool:
    """Whether a schema is one of Avro, and of a record, as a file of rows needs it."""
    if published.revision.type != AVRO:
        return False
    schema = orjson.loads(published.revision.compiled)
    return isinstance(schema, dict) and schema.get("type") == "record"


def _of_revision(subscription: str, published: Published, taken: list[Taken], metadata: bool) -> File:
    schema = orjson.loads(published.revision.compiled)
    own = {field["name"] for field in schema["fields"]}
    beside = [field["name"] for field in _METADATA if field["name"] not in own] if metadata else []
    schema = {**schema, "fields": [*schema["fields"], *(one for one in _METADATA if one["name"] in beside)]}
    records: list[Record] = []
    written: list[Taken] = []
    refused: list[Taken] = []
    for one in taken:
        try:
            record = decoded(AVRO, published.revision.compiled, published.encoding, one[1].data)
        except Exception:  # noqa: BLE001  the library raises whatever wrong data lead to
            refused.append(one)
        else:
            told = _metadata(subscription, one)
            records.append({**record, **{name: told[name] for name in beside}})
            written.append(one)
    return File(_content(schema, records), written, refused)


def _metadata(subscription: str, taken: Taken) -> Record:
    message = taken[1]
    return {
        "subscription_name": subscription,
        "message_id": str(message.id),
        "publish_time": dt.datetime.fromtimestamp(message.published, dt.UTC),
        "attributes": properties(message),
    }


def _content(schema: Any, records: Sequence[Record]) -> bytes:
    import fastavro

    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), records)
    return file.getvalue()
