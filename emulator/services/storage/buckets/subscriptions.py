"""Buckets that Pub/Sub's subscriptions write to (Pub/Sub: "Cloud Storage subscriptions")."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
from typing import TYPE_CHECKING, Any

from emulator.dicom.errors import described
from emulator.errors import ApiError, invalid_argument
from emulator.services.pubsub.broker import check_duration, seconds
from emulator.services.pubsub.delivery.backlog import Backlog, Taken
from emulator.services.pubsub.delivery.workers import carries
from emulator.services.pubsub.destinations import checks, denied, writer_of
from emulator.services.pubsub.service import SERVICE
from emulator.services.storage import access, api
from emulator.services.storage.buckets import avro_files, rows

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
            await _write(backlog, config, taken)
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
    """Write messages to new files; what can't be written, or does not fit its schema, comes again."""
    for file in _files(backlog, config, taken):
        try:
            await _put(backlog, config, file)
        except ApiError as problem:
            _log.warning("nothing is written by %s: %s", backlog.name, described(problem))
            await backlog.refuse([*file.written, *file.refused])
            continue
        await backlog.done(file.written)
        if file.refused:
            _log.warning("%d messages of %s do not fit the topic's schema", len(file.refused), backlog.name)
            await backlog.refuse(file.refused)


def _files(backlog: Backlog, config: dict[str, Any], taken: list[Taken]) -> list[avro_files.File]:
    avro = config.get("avroConfig")
    if avro is None:
        return [avro_files.File(_text(taken), taken, [])]
    metadata = bool(avro.get("writeMetadata"))
    if avro.get("useTopicSchema"):
        return avro_files.by_topic_schema(backlog.context, backlog.name, taken, metadata=metadata)
    return [avro_files.plain(backlog.name, taken, metadata=metadata)]


async def _put(backlog: Backlog, config: dict[str, Any], file: avro_files.File) -> None:
    """Write a file, unless nothing is in it. Raises ApiError 403, 404."""
    if not file.written:
        return
    context = backlog.context
    check_bucket(context, config, writer_of(context, backlog.name, config))
    kind = "text/plain" if config.get("avroConfig") is None else "application/octet-stream"
    await api.put_object(context, config["bucket"], _name(context, config), file.content, kind)


def _name(context: Context, config: dict[str, Any]) -> str:
    """The file's name: prefix, time in UTC, something that no other file has, suffix."""
    form = config.get("filenameDatetimeFormat") or _DATETIME
    for part, code in _PARTS.items():
        form = form.replace(part, code)
    time = dt.datetime.fromtimestamp(context.clock.seconds(), dt.UTC).strftime(form)
    return f"{config.get('filenamePrefix', '')}{time}_{context.ids.hex(6)}{config.get('filenameSuffix', '')}"


def _text(taken: list[Taken]) -> bytes:
    return b"".join(message.data + b"\n" for _, message in taken)
