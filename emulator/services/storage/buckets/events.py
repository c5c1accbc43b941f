"""Pub/Sub notifications of a bucket: which configurations want an event, and the message they get.

Attributes and payload: https://cloud.google.com/storage/docs/pubsub-notifications.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.pubsub import api as pubsub
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.objects.rows import StoredObject
from emulator.services.storage.objects.view import object_view
from emulator.services.storage.tables import timestamp

if TYPE_CHECKING:
    from emulator.context import Context

FINALIZE, DELETE, ARCHIVE, METADATA_UPDATE = (
    "OBJECT_FINALIZE",
    "OBJECT_DELETE",
    "OBJECT_ARCHIVE",
    "OBJECT_METADATA_UPDATE",
)
EVENTS = (FINALIZE, DELETE, ARCHIVE, METADATA_UPDATE)
PUBLISH = "pubsub.topics.publish"
TOPIC_PREFIX = "//pubsub.googleapis.com/"


def configurations(tx: sqlite3.Connection, bucket: str) -> list[dict[str, Any]]:
    """The notification configurations of a bucket, oldest first."""
    rows = tx.execute("SELECT body FROM storage_notifications WHERE bucket = ? ORDER BY id", (bucket,))
    return [orjson.loads(row[0]) for row in rows]


def announce(
    context: Context,
    tx: sqlite3.Connection,
    bucket: Bucket,
    event: str,
    stored: StoredObject,
    now: int,
    *,
    other_generation: int | None = None,
) -> None:
    """Publish `event` to every topic that asked for it and lets the agent publish, in the transaction of the change.

    other_generation is the version that was overwritten (FINALIZE) or that overwrote this one (ARCHIVE, DELETE).
    """
    configs = configurations(tx, bucket.name)
    publisher = f"serviceAccount:{bucket.agent}" if configs else ""
    for config in configs:
        topic = config["topic"].removeprefix(TOPIC_PREFIX)
        if not _wanted(config, event, stored.name):
            continue
        payload = b""
        if config["payload_format"] == "JSON_API_V1":
            payload = orjson.dumps(object_view(stored, bucket, context.settings.base_url))
        attributes = {
            **config.get("custom_attributes", {}),
            "notificationConfig": f"projects/_/buckets/{bucket.name}/notificationConfigs/{config['id']}",
            "eventType": event,
            "payloadFormat": config["payload_format"],
            "bucketId": bucket.name,
            "objectId": stored.name,
            "objectGeneration": str(stored.generation),
            "eventTime": timestamp(now),
        }
        if other_generation is not None:
            key = "overwroteGeneration" if event == FINALIZE else "overwrittenByGeneration"
            attributes[key] = str(other_generation)
        pubsub.publish_as(tx, context, publisher, topic, [(payload, attributes)])


def _wanted(config: dict[str, Any], event: str, name: str) -> bool:
    types = config.get("event_types")
    return (not types or event in types) and name.startswith(config.get("object_name_prefix", ""))
