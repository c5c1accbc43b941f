"""Buckets that Pub/Sub's subscriptions write to (Pub/Sub: "Cloud Storage subscriptions")."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import logging
import re
from typing import TYPE_CHECKING, Any

from emulator.dicom.errors import described
from emulator.errors import ApiError, invalid_argument, not_implemented
from emulator.services.pubsub.broker import check_duration, seconds
from emulator.services.pubsub.delivery.backlog import Backlog, Taken
from emulator.services.pubsub.delivery.records import properties
from emulator.services.pubsub.delivery.workers import carries
from emulator.services.pubsub.destinations import checks, denied, writer_of
from emulator.services.pubsub.service import SERVICE
from emulator.services.storage import access, api
from emulator.services.storage.buckets import rows

if TYPE_CHECKING:
    from emulator.context import Context

_PERMISSIONS = ("storage.buckets.get", "storage.objects.create")
DURATION = 60, 600  # seconds
BYTES = 1024, 10 << 30
MESSAGES = 1000  # at least, where maxMessages says how many make a file
_KEPT_BYTES = 64 << 20  # of one file, whatever maxBytes says: it is in memory until it is written
_LOOK_SECONDS = 1.0
_DATETIME = "YYYY-MM-DDThh:mm:ss+00:00"
_PARTS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "hh": "%H", "mm": "%M", "ss": "%S"}
_FORMAT = re.compile("(?:YYYY|MM|DD|hh|mm|ss|[-_:/TZ])+")
_FLUSHES = "storage.subscription_flushes"
_log = logging.getLogger("emulator")
_DATA = {"name": "data", "type": "bytes"}
_METADATA = [
    {"name": "subscription_name", "type": "string"},
    {"name": "message_id", "type": "string"},
    {"name": "publish_time", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "attributes", "type": {"type": "map", "values": "string"}},
]


@checks("cloudStorageConfig")
def check_bucket(context: Context, config: dict[str, Any], writer: str) -> None:
    """Raise 400 for a wrong config, 403 where the member `writer` may not write to its bucket, 404 for none."""
    check_duration(config, "maxDuration", *DURATION)
    if config.get("maxBytes") and not BYTES[0] <= int(config["maxBytes"]) <= BYTES[1]:
        raise invalid_argument(f"Invalid maxBytes: it is from {BYTES[0]} to {BYTES[1]}.")
    if config.get("maxMessages") and int(config["maxMessages"]) < MESSAGES:
        raise invalid_argument(f"Invalid maxMessages: it is {MESSAGES} at least.")
    if str(config.get("filenameSuffix", "")).endswith("/"):
        raise invalid_argument("Invalid filenameSuffix: it must not end in /.")
    _check_format(config.get("filenameDatetimeFormat") or "")
    if "textConfig" in config and "avroConfig" in config:
        raise invalid_argument("cloudStorageConfig has one of textConfig and avroConfig.")
    if (config.get("avroConfig") or {}).get("useTopicSchema"):
        raise not_implemented("cloudStorageConfig.avroConfig.useTopicSchema is not emulated.")
    bucket = rows.require(context.db, config.get("bucket", ""))
    if not all(access.may(context, writer, bucket, permission) for permission in _PERMISSIONS):
        raise denied()


def _check_format(text: str) -> None:
    if text and (not _FORMAT.fullmatch(text) or any(text.count(part) != 1 for part in _PARTS)):
        raise invalid_argument(
            f'Invalid filenameDatetimeFormat "{text[:60]}": it has YYYY, MM, DD, hh, mm and ss once each, and between '
            "them - _ : / T Z."
        )


@carries("cloudStorageConfig")
async def write(backlog: Backlog, config: dict[str, Any]) -> None:
    """Write what a subscription has to files in its bucket, until cancelled."""
    context = backlog.context
    flushes: dict[str, asyncio.Event] = context.extensions.setdefault(_FLUSHES, {})
    flush = flushes[backlog.name] = asyncio.Event()
    try:
        while True:
            taken = await _batch(backlog, config, flush)
            try:
                await _write(backlog, config, taken)
            except ApiError as problem:
                _log.warning("nothing is written by %s: %s", backlog.name, described(problem))
                await backlog.refuse(taken)
            else:
                await backlog.done(taken)
    finally:
        flushes.pop(backlog.name, None)


@SERVICE.chore
async def flush(context: Context) -> dict[str, Any]:
    """Let what Cloud Storage subscriptions hold back be written at once, for POST /_emulator/chores."""
    flushes: dict[str, asyncio.Event] = context.extensions.get(_FLUSHES, {})
    for event in flushes.values():
        event.set()
    return {"subscriptions": len(flushes)}


async def _batch(backlog: Backlog, config: dict[str, Any], flush: asyncio.Event) -> list[Taken]:
    """The messages of the next file: as many as come within its time, or until it is full or has to be written."""
    duration = seconds(config.get("maxDuration"), 300.0)
    most = int(config.get("maxMessages") or 0) or 100_000
    room = min(int(config.get("maxBytes") or _KEPT_BYTES), _KEPT_BYTES)
    taken = await backlog.take(min(most, 1000), deadline=2 * duration)
    end = backlog.context.clock.seconds() + duration
    flush.clear()
    while len(taken) < most and sum(len(message.data) for _, message in taken) < room and not flush.is_set():
        left = end - backlog.context.clock.seconds()
        if left <= 0:
            break
        wait = min(left, _LOOK_SECONDS)
        taken += await backlog.take(min(most - len(taken), 1000), wait, 2 * duration)
    return taken


async def _write(backlog: Backlog, config: dict[str, Any], taken: list[Taken]) -> None:
    """Write messages to a new file. Raises ApiError 403, 404."""
    context = backlog.context
    writer = writer_of(context, backlog.name, config)
    check_bucket(context, config, writer)
    avro = config.get("avroConfig")
    data = _text(taken) if avro is None else _avro(backlog.name, taken, bool(avro.get("writeMetadata")))
    kind = "text/plain" if avro is None else "application/octet-stream"
    await api.put_object(context, config["bucket"], _name(context, config), data, kind)


def _name(context: Context, config: dict[str, Any]) -> str:
    """The file's name: prefix, time in UTC, something that no other file has, suffix."""
    form = config.get("filenameDatetimeFormat") or _DATETIME
    for part, code in _PARTS.items():
        form = form.replace(part, code)
    time = dt.datetime.fromtimestamp(context.clock.seconds(), dt.UTC).strftime(form)
    return f"{config.get('filenamePrefix', '')}{time}_{context.ids.hex(6)}{config.get('filenameSuffix', '')}"


def _text(taken: list[Taken]) -> bytes:
    return b"".join(message.data + b"\n" for _, message in taken)


def _avro(subscription: str, taken: list[Taken], with_metadata: bool) -> bytes:
    """An Avro file of messages in the form that Pub/Sub documents."""
    import fastavro

    name = "PubsubMessageWithMetadata" if with_metadata else "PubsubMessage"
    fields = [*_METADATA, _DATA] if with_metadata else [_DATA]
    schema = {"type": "record", "namespace": "com.google.pubsub", "name": name, "fields": fields}
    records = [_record(subscription, one) if with_metadata else {"data": one[1].data} for one in taken]
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), records)
    return file.getvalue()


def _record(subscription: str, taken: Taken) -> dict[str, Any]:
    message = taken[1]
    return {
        "subscription_name": subscription,
        "message_id": str(message.id),
        "publish_time": dt.datetime.fromtimestamp(message.published, dt.UTC),
        "attributes": properties(message),
        "data": message.data,
    }
