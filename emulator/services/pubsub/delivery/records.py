"""Messages as records: what their data say by the topic's schema, and what is told of them beside."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from emulator.services.pubsub.definitions import decoded
from emulator.services.pubsub.revisions import Revision, revisions
from emulator.services.pubsub.store import Message

if TYPE_CHECKING:
    from emulator.context import Context


@dataclass(frozen=True)
class Published:
    """By what a message was allowed: a schema's name, its revision, and the encoding of the data."""

    schema: str
    revision: Revision
    encoding: str


def published_by(context: Context, message: Message) -> Published | None:
    """What a message's attributes say of its schema; None where it has none, or the revision is gone."""
    schema = message.attributes.get("googclient_schemaname", "")
    wanted = message.attributes.get("googclient_schemarevisionid")
    for revision in revisions(context, schema):
        if revision.id == wanted:
            return Published(schema, revision, message.attributes.get("googclient_schemaencoding", ""))
    return None


def by_topic_schema(context: Context, message: Message) -> dict[str, Any]:
    """A message's data by the revision of the schema that allowed it, as JSON. Raises ValueError where that fails."""
    published = published_by(context, message)
    if published is None:
        raise ValueError("the message was published without a schema")
    revision = published.revision
    try:
        record = decoded(revision.type, revision.compiled, published.encoding, message.data)
    except Exception as error:  # noqa: BLE001  the libraries raise whatever wrong data lead to
        raise ValueError(f"the data do not fit the schema ({type(error).__name__})") from None
    return {name: _json(value) for name, value in record.items()}


def properties(message: Message) -> dict[str, str]:
    """A message's attributes, its ordering key among them where it has one."""
    return {**message.attributes, **({"ordering_key": message.ordering_key} if message.ordering_key else {})}


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _json(inner) for name, inner in value.items()}
    return [_json(inner) for inner in value] if isinstance(value, list) else value
