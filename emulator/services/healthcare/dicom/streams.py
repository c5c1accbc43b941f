"""Rows of instances for BigQuery streams: what is kept of a change, and the columns and rows that are made of it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from emulator.services.healthcare.dicom.changes import Change
from emulator.services.healthcare.dicom.transfer import flattened, to_bigquery
from emulator.services.healthcare.stores.kind import Json
from emulator.services.healthcare.transfer import tables

if TYPE_CHECKING:
    from emulator.context import Context

MAX_ROW = 1 << 20
_TYPES = {"DeleteInstances": "DELETE", "SetBlobSettings": "UPDATE", "UpdateInstances": "UPDATE"}


def uri(config: Json) -> str:
    """The table of a streamConfig."""
    return str((config.get("bigqueryDestination") or {}).get("tableUri", ""))


def check(config: Json) -> None:
    """Raise 400 for a streamConfig that is none, 501 for one that is not emulated."""
    to_bigquery.require_known(config.get("bigqueryDestination") or {})
    tables.TableUri.parse(uri(config))


def payload(_config: Json, change: Change) -> bytes:
    """The system columns of a row, a line end, and the instance's document (compact JSON: neither has a line end)."""
    one = change.instance
    system = {
        "StructuredStorageSize": len(one.document),
        "StorageClass": one.storage_class,
        "LastUpdated": one.updated,
        "BlobStorageSize": one.size,
        "Type": _TYPES.get(change.action, "INSERT"),
    }
    return orjson.dumps(system) + b"\n" + one.document


async def append(context: "Context", store: str, config: Json, payloads: Sequence[bytes]) -> None:
    """Append rows to the table of a streamConfig. Raises what BigQuery refuses, 403 where the agent may not write."""
    table = to_bigquery.parse(config.get("bigqueryDestination") or {}, store)
    columns, rows = await asyncio.to_thread(_made, payloads, table, store)
    await tables.append(context, store, table.uri, columns, rows)


def _made(payloads: Sequence[bytes], table: to_bigquery.Table, store: str) -> tuple[list[flattened.Field], list[Json]]:
    """The columns that these rows need, and the rows; one of over 1 MB is left out."""
    rows = [(system, document) for system, _, document in (one.partition(b"\n") for one in payloads)]
    columns = to_bigquery.columns((document for _, document in rows), table)
    source = store if table.with_source else ""
    return columns, [
        to_bigquery.table_row(document, orjson.loads(system), source, columns, as_json=table.as_json)
        for system, document in rows
        if len(document) <= MAX_ROW
    ]
