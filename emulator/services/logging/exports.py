"""What sinks deliver, as Cloud Logging lays it out: objects by the hour, tables by the log, messages.

Logging: "View logs routed to Cloud Storage", "... to BigQuery", "... to Pub/Sub", "BigQuery schema for logs".
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from emulator.errors import ApiError, permission_denied
from emulator.services.bigquery import api as bigquery
from emulator.services.logging import complaints, rows
from emulator.services.logging.routing import SINKS
from emulator.services.logging.service import SERVICE
from emulator.services.pubsub import api as pubsub
from emulator.services.storage import api as storage
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Entry = dict[str, Any]
HOLD_SECONDS = 60.0  # for which entries are gathered before they become objects; Google gathers an hour
_FLUSH = "logging.flush"
_log = logging.getLogger("emulator")


@SERVICE.delivers(SINKS)
async def deliver(context: Context, destination: str, payloads: Sequence[bytes]) -> None:
    """Hand entries to a sink's destination with its writer's rights; nothing where the sink is gone or disabled.

    Raises what is to be tried again: a right or destination that is missing, which the log `sink_error` tells. What
    BigQuery can't take is logged.
    """
    sink = context.resources.get(SINKS, destination)
    if sink is None or sink.body.get("disabled"):
        return
    try:
        await _hand_over(context, sink, payloads)
    except ApiError as problem:
        complaints.tell(context, sink, problem)
        raise
    complaints.forget(context, sink.name)


async def _hand_over(context: Context, sink: Resource, payloads: Sequence[bytes]) -> None:
    """Write entries to wherever a sink leads."""
    service, _, target = sink.body["destination"].partition(".googleapis.com/")
    if service == "storage":
        await _hold(context)
        await _to_storage(context, sink, target, payloads)
    elif service == "bigquery":
        await _to_bigquery(context, sink, target, [orjson.loads(one) for one in payloads])
    elif service == "pubsub":
        await _to_pubsub(context, sink, target, payloads)


@SERVICE.chore
async def flush(context: Context) -> dict[str, Any]:
    """Let what sinks gather be written at once, for POST /_emulator/chores."""
    waiting = context.extensions.pop(_FLUSH, None)
    if waiting is not None:
        waiting.set()
    return {"flushed": waiting is not None}


async def _hold(context: Context) -> None:
    """Wait while entries gather, until it is time or somebody asks."""
    event: asyncio.Event = context.extensions.setdefault(_FLUSH, asyncio.Event())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), HOLD_SECONDS)


def _writer(sink: Resource) -> str:
    return str(sink.body["writerIdentity"])


def _log_id(entry: Entry) -> str:
    """An entry's log without its project, with slashes as they are: cloudaudit.googleapis.com/activity."""
    return unquote(entry["logName"].split("/", 3)[3])


async def _to_pubsub(context: Context, sink: Resource, topic: str, payloads: Sequence[bytes]) -> None:
    """A message for each entry, with the entry's time as an attribute."""
    if pubsub.topic_exists(context, topic) and not context.policies.allows(_writer(sink), pubsub.PUBLISH, topic):
        raise permission_denied(f"The sink {sink.name} may not publish to {topic}: grant its writer that.")
    messages = [(one, {"logging.googleapis.com/timestamp": orjson.loads(one)["timestamp"]}) for one in payloads]
    await context.db.write(pubsub.publish_in, context, topic, messages)


async def _to_storage(context: Context, sink: Resource, bucket: str, payloads: Sequence[bytes]) -> None:
    """An object for each log and hour, LOG/YYYY/MM/DD/HH:00:00_HH:59:59_Sn.json, with an entry a line."""
    parts: dict[str, list[bytes]] = {}
    for raw in payloads:
        entry = orjson.loads(raw)
        day, hour = entry["timestamp"][:10].replace("-", "/"), entry["timestamp"][11:13]
        parts.setdefault(f"{_log_id(entry)}/{day}/{hour}:00:00_{hour}:59:59_S", []).append(raw)
    for start, lines in parts.items():
        shard = sum(1 for _ in storage.iter_objects(context, bucket, start))
        name = f"{start}{shard}.json"
        if not storage.may_write(context, _writer(sink), bucket, name):
            writer = _writer(sink).partition(":")[2]
            raise permission_denied(f"{writer} does not have storage.objects.create access to gs://{bucket}.")
        await storage.put_object(context, bucket, name, b"\n".join(lines) + b"\n", "application/json")


async def _to_bigquery(context: Context, sink: Resource, dataset: str, entries: list[Entry]) -> None:
    """Rows in a table for each log, and each day unless the sink's tables are partitioned."""
    _, project, _, name = dataset.split("/")
    options = sink.body.get("bigqueryOptions") or {}
    partitioned = bool(options.get("usePartitionedTables"))
    body = {"timePartitioning": {"type": "DAY", "field": "timestamp"}} if partitioned else {}
    parts: dict[str, list[Entry]] = {}
    for entry in entries:
        parts.setdefault(rows.table_of(_log_id(entry), entry["timestamp"], partitioned), []).append(rows.row_of(entry))
    for table, found in parts.items():
        bigquery.require_writer(context, _writer(sink), context.project_id(project), name, table)
        try:
            schema = rows.schema_of(found)
            await bigquery.append_rows(context, context.project_id(project), name, table, schema, found, body)
        except ApiError as problem:
            if problem.code != 400:
                raise
            _log.warning("%d entries of the sink %s do not fit the table %s", len(found), sink.name, table)
