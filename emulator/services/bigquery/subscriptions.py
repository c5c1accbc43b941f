"""Tables that Pub/Sub's subscriptions write to (Pub/Sub: "BigQuery subscriptions")."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

import orjson

from emulator.dicom.errors import described
from emulator.errors import ApiError, invalid_argument, not_found
from emulator.services.bigquery import catalog, encryption, warehouse
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.rows import RowError, RowReader
from emulator.services.bigquery.sql.types import Field, field_type
from emulator.services.pubsub.delivery.backlog import Backlog, Taken
from emulator.services.pubsub.delivery.records import by_topic_schema, properties
from emulator.services.pubsub.delivery.workers import carries
from emulator.services.pubsub.destinations import checks, denied, writer_of
from emulator.services.pubsub.messages import stamp
from emulator.services.pubsub.store import Message

if TYPE_CHECKING:
    from emulator.context import Context

Row = dict[str, Any]
_PERMISSIONS = ("bigquery.tables.get", "bigquery.tables.updateData")
_BATCH = 500
_log = logging.getLogger("emulator")


@checks("bigqueryConfig")
def check_table(context: Context, config: dict[str, Any], writer: str) -> None:
    """Raise 400 for a wrong config, 403 where the member `writer` may not write to its table, 404 for none."""
    if config.get("useTopicSchema") and config.get("useTableSchema"):
        raise invalid_argument("bigqueryConfig has one of useTopicSchema and useTableSchema.")
    name = _table(context, config)
    if not all(context.policies.allows(writer, permission, name.resource) for permission in _PERMISSIONS):
        raise denied()
    if catalog.find_table(context, name) is None:
        raise not_found(f"Not found: Table {name.project}:{name.dataset}.{name.table}")


def _table(context: Context, config: dict[str, Any]) -> TableName:
    parts = config.get("table", "").replace(":", ".", 1).rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        raise invalid_argument("bigqueryConfig.table must look like PROJECT.DATASET.TABLE.")
    return TableName(context.project_id(parts[0]), parts[1], parts[2])


@carries("bigqueryConfig")
async def write(backlog: Backlog, config: dict[str, Any]) -> None:
    """Write what a subscription has to its table until cancelled; what does not fit comes again or is a dead letter."""
    context = backlog.context
    while True:
        taken = await backlog.take(_BATCH)
        try:
            check_table(context, config, writer_of(context, backlog.name, config))
            written, refused = await _append(backlog, config, taken)
        except ApiError as problem:
            _log.warning("nothing is written by %s: %s", backlog.name, described(problem))
            written, refused = [], taken
        await backlog.done(written)
        await backlog.refuse(refused)


async def _append(backlog: Backlog, config: dict[str, Any], taken: list[Taken]) -> tuple[list[Taken], list[Taken]]:
    """Append messages as rows; which are written, and which do not fit the table."""
    context, name = backlog.context, _table(backlog.context, config)
    house = warehouse.of(context)
    async with house.lock(name):
        body = encryption.open_table(context, name).body
        fields, place = catalog.fields_of(body), catalog.storage_of(body)
        by_schema = config.get("useTopicSchema") or config.get("useTableSchema")
        drops = bool(by_schema and config.get("dropUnknownFields"))
        reader = RowReader(fields, ignore_unknown=drops, defaults=True)
        rows: list[Row] = []
        written: list[Taken] = []
        refused: list[Taken] = []
        for one in taken:
            try:
                rows.append(reader.read(row_of(backlog, config, one[1], fields)))
                written.append(one)
            except (RowError, ValueError):  # the message's data are nobody's business in a log
                refused.append(one)
        if rows:
            writer = writer_of(context, backlog.name, config)
            await house.run(storage.append, stored(place), fields, rows, writer, short=True, again=False)
            house.changed(place)
    if refused:
        _log.warning("%d messages of %s do not fit the table %s", len(refused), backlog.name, name)
    return written, refused


def row_of(backlog: Backlog, config: dict[str, Any], message: Message, fields: list[Field]) -> Row:
    """A message as a row in JSON. Raises ValueError for data that are none by the configuration."""
    types = {field["name"].lower(): field_type(field) for field in fields}
    if config.get("useTopicSchema"):
        row = by_topic_schema(backlog.context, message)
    elif config.get("useTableSchema"):
        row = orjson.loads(message.data)
        if not isinstance(row, dict):
            raise ValueError("the data are no JSON object")
    else:
        row = {"data": _data(message.data, types.get("data", "STRING"))}
    if config.get("writeMetadata"):
        attributes = orjson.dumps(properties(message)).decode()
        row |= {
            "subscription_name": backlog.name,
            "message_id": str(message.id),
            "publish_time": stamp(message.published),
            "attributes": attributes,
        }
    return row


def _data(data: bytes, kind: str) -> str:
    return base64.b64encode(data).decode() if kind == "BYTES" else data.decode()
