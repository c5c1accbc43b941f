"""storage.notifications.*: a bucket's Pub/Sub notification configurations (snake_case, unlike the rest of the API)."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import orjson

from emulator.errors import ApiError
from emulator.gateway.request import Answer, Request, Response
from emulator.services.pubsub import api as pubsub
from emulator.services.storage import access, errors
from emulator.services.storage.buckets import events
from emulator.services.storage.buckets.rows import Bucket
from emulator.services.storage.service import handles

MAX_CONFIGURATIONS = 100
_DIGITS = 18  # of numbers that SQLite keeps as such
_TOPIC = re.compile(r"(?://pubsub\.googleapis\.com/)?(projects/[^/]+/topics/[^/]+)")
_FIELDS = ("custom_attributes", "event_types", "object_name_prefix")


def _view(request: Request, bucket: Bucket, config: dict[str, Any]) -> dict[str, Any]:
    link = f"{request.base_url}/storage/v1/b/{bucket.name}/notificationConfigs/{config['id']}"
    return {"kind": "storage#notification", "selfLink": link, "etag": config["id"], **config}


@handles("storage.notifications.insert")
async def insert(request: Request) -> Answer:
    """Send a bucket's events to a topic, which has to exist and to accept the Cloud Storage agent as publisher."""
    bucket = access.bucket_for(request, "storage.buckets.update")
    config = _checked(request)
    _check_publisher(request, bucket, config["topic"])

    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        present = [int(c["id"]) for c in events.configurations(tx, bucket.name)]
        if len(present) >= MAX_CONFIGURATIONS:
            raise errors.invalid(f"A bucket has at most {MAX_CONFIGURATIONS} notification configurations.")
        number = max(present, default=0) + 1
        stored = {"id": str(number), **config}
        tx.execute(
            "INSERT INTO storage_notifications VALUES (?, ?, ?)", (bucket.name, number, orjson.dumps(stored).decode())
        )
        return stored

    return _view(request, bucket, await request.context.db.write(step))


@handles("storage.notifications.get")
async def get(request: Request) -> Answer:
    """Read one configuration."""
    bucket = access.bucket_for(request, "storage.buckets.get")
    return _view(request, bucket, _require(request, bucket))


@handles("storage.notifications.list")
async def list_configurations(request: Request) -> Answer:
    """All configurations of a bucket, their topics in the long form (get gives a topic back as it was sent)."""
    bucket = access.bucket_for(request, "storage.buckets.get")
    sql = "SELECT body FROM storage_notifications WHERE bucket = ? ORDER BY id"
    found = [orjson.loads(row["body"]) for row in request.context.db.all(sql, (bucket.name,))]
    for config in found:
        config["topic"] = events.TOPIC_PREFIX + config["topic"].removeprefix(events.TOPIC_PREFIX)
    answer: dict[str, Any] = {"kind": "storage#notifications"}
    if found:
        answer["items"] = [_view(request, bucket, config) for config in found]
    return answer


@handles("storage.notifications.delete")
async def delete(request: Request) -> Answer:
    """Stop sending."""
    bucket = access.bucket_for(request, "storage.buckets.update")
    number = _require(request, bucket)["id"]
    sql = "DELETE FROM storage_notifications WHERE bucket = ? AND id = ?"
    await request.context.db.write(lambda tx: tx.execute(sql, (bucket.name, int(number))).rowcount)
    return Response(204)


def _require(request: Request, bucket: Bucket) -> dict[str, Any]:
    number = request.path["notification"]
    sql = "SELECT body FROM storage_notifications WHERE bucket = ? AND id = ?"
    row = request.context.db.one(sql, (bucket.name, _place(number)))
    if row is None:
        raise errors.no_such_notification(bucket.name, number)
    config: dict[str, Any] = orjson.loads(row["body"])
    return config


def _checked(request: Request) -> dict[str, Any]:
    body = request.body
    topic = _TOPIC.fullmatch(body.get("topic") or "")
    if topic is None:
        raise errors.invalid("Invalid topic: it must look like //pubsub.googleapis.com/projects/PROJECT/topics/TOPIC.")
    payload = body.get("payload_format") or "JSON_API_V1"
    if payload not in ("JSON_API_V1", "NONE"):
        raise errors.invalid(f"Invalid payload_format '{payload}'; use JSON_API_V1 or NONE.")
    unknown = [event for event in body.get("event_types") or [] if event not in events.EVENTS]
    if unknown:
        raise errors.invalid(f"Invalid event type '{unknown[0]}'; use {', '.join(events.EVENTS)}.")
    config = {"topic": body["topic"], "payload_format": payload}
    return config | {key: body[key] for key in _FIELDS if body.get(key)}


def _check_publisher(request: Request, bucket: Bucket, topic: str) -> None:
    name = topic.removeprefix(events.TOPIC_PREFIX)
    topic = events.TOPIC_PREFIX + name
    member = f"serviceAccount:{bucket.agent}"
    allowed = request.context.policies.allows(member, events.PUBLISH, name)
    if allowed and pubsub.topic_exists(request.context, name):
        return
    raise ApiError(
        403,
        "PERMISSION_DENIED",
        f"The service account '{bucket.agent}' does not have permission to publish messages to the "
        f"Cloud Pub/Sub topic '{topic}', or that topic does not exist.",
        "forbidden",
    )


def _place(number: str) -> int:
    """The number that a notification's id is; -1, which none has, for an id of no such number."""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= _DIGITS else -1
