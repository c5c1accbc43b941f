"""Streams to BigQuery (streamConfigs): rows queued with the change they tell of, handed over after the commit."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from emulator.dicom.errors import described
from emulator.errors import ApiError
from emulator.services.healthcare import agent
from emulator.services.healthcare.dicom.transfer import flattened, to_bigquery
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
BATCH = 200
MAX_ROW = 1 << 20
_IDLE_SECONDS = 0.1
_RETRY_SECONDS = 5.0
# What a row of unforeseen content raises; anything else (a full disk, say) is tried again.
_BAD_ROW = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
_log = logging.getLogger("emulator")
_tasks: dict[int, asyncio.Task[None]] = {}


@SERVICE.on_start
async def start(context: "Context") -> None:
    """Start handing over what is queued."""
    _tasks[id(context)] = asyncio.create_task(_run(context))


@SERVICE.on_stop
async def stop(context: "Context") -> None:
    """Stop; what is left in the queue goes on after the next start."""
    task = _tasks.pop(id(context), None)
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run(context: "Context") -> None:
    while True:
        try:
            if not await hand_over(context):
                await asyncio.sleep(_IDLE_SECONDS)
        except Exception as problem:  # noqa: BLE001  nobody would start the task again
            _log.error("the stream to BigQuery failed and is tried again: %s", described(problem))
            await asyncio.sleep(_RETRY_SECONDS)


async def hand_over(context: "Context") -> int:
    """Append the oldest queued rows of one store to its tables; give how many were taken from the queue."""
    first = context.db.one("SELECT store FROM dicom_outbox ORDER BY id LIMIT 1")
    if first is None:
        return 0
    rows = context.db.all(
        "SELECT o.id, o.system, o.document, s.name FROM dicom_outbox o JOIN dicom_stores s ON s.id = o.store"
        " WHERE o.store = ? ORDER BY o.id LIMIT ?",
        (first[0], BATCH),
    )
    if rows:
        resource = context.resources.get("healthcare.dicomStores", rows[0][3])
        for config in (resource.body.get("streamConfigs") or []) if resource else []:
            await _append(context, rows[0][3], config, rows)
    last = rows[-1][0] if rows else 1 << 62

    def taken(tx: sqlite3.Connection) -> None:
        tx.execute("DELETE FROM dicom_outbox WHERE store = ? AND id <= ?", (first[0], last))

    await context.db.write(taken)
    return len(rows) or 1


async def _append(context: "Context", store: str, config: Json, rows: Sequence[sqlite3.Row]) -> None:
    """Append rows to one table; what BigQuery refuses is logged, as Google does, and not tried again.

    A row that nobody foresaw is left out alone: the others are then appended one by one.
    """
    from emulator.services.bigquery import api

    destination = config.get("bigqueryDestination") or {}
    try:
        table = to_bigquery.parse(destination, store)
        to_bigquery.require_editor(context, table, store)
        columns, made = await asyncio.to_thread(_made, rows, table, store)
        await api.append_rows(context, table.project, table.dataset, table.table, columns, made)
    except ApiError as problem:
        source = destination.get("tableUri", "")
        entry = agent.log_entry(store, "BigQueryStreamLogEntry", problem.rpc_code, problem.message, source=source)
        context.logs.write(entry)
    except _BAD_ROW as problem:
        if len(rows) == 1:
            _log.error("row %s cannot be streamed to BigQuery and is left out: %s", rows[0][0], described(problem))
            return
        for row in rows:
            await _append(context, store, config, [row])


def _made(
    rows: Sequence[sqlite3.Row], table: to_bigquery.Table, store: str
) -> tuple[list[flattened.Field], list[Json]]:
    """Give the columns that these rows need, and the rows; one of over 1 MB is left out."""
    system_columns = [*flattened.SYSTEM_COLUMNS, *([flattened.SOURCE_COLUMN] if table.with_source else [])]
    if table.as_json:
        columns = [*flattened.JSON_COLUMNS, *system_columns]
    else:
        schema = flattened.Schema()
        for row in rows:
            schema.add(orjson.loads(row[2].replace(b"\x01", b"")))
        columns = [*schema.fields(), *system_columns]
    source = store if table.with_source else ""
    kept = [row for row in rows if len(row[2]) <= MAX_ROW]
    made = [to_bigquery.table_row(row[2], orjson.loads(row[1]), source, columns, as_json=table.as_json) for row in kept]
    return columns, made
