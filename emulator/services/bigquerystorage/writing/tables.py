"""The table that a stream writes to, as the engine and as the caller is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.services.bigquery import catalog, encryption
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.types import DEFAULT, STANDARD_NAMES, Field, field_mode, field_type
from emulator.services.bigquerystorage.engine.appends import Table

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource

NAMES = {**STANDARD_NAMES, "FLOAT": "DOUBLE", "RECORD": "STRUCT"}  # TableFieldSchema.Type of the Storage API


def find(context: Context, name: TableName) -> Resource:
    """The table. Raises 404, and 400 for a view and other kinds of tables that take no rows."""
    found = encryption.open_table(context, name)
    if (kind := catalog.kind_of(found.body)) != "TABLE":
        raise invalid_argument(f"{name} is of the kind {kind}: rows cannot be written to it.")
    return found


def table_of(context: Context, found: Resource, principal: str) -> Table:
    """What the engine needs to know to write to it."""
    return Table(
        place=stored(catalog.storage_of(found.body)),
        fields=catalog.fields_of(found.body),
        created=catalog.milliseconds(found.created),
        principal=principal,
        now=microseconds(context),
    )


def microseconds(context: Context) -> int:
    """The time in microseconds since 1970."""
    return int(context.clock.seconds() * 1_000_000)


def schema_shown(fields: Sequence[Field]) -> dict[str, Any]:
    """Columns as a TableSchema of the Storage API."""
    return {"fields": [_field_shown(field) for field in fields]}


def _field_shown(field: Field) -> dict[str, Any]:
    kind = field_type(field)
    shown: dict[str, Any] = {"name": field["name"], "type": NAMES.get(kind, kind), "mode": field_mode(field)}
    if kind == "RANGE":
        shown["rangeElementType"] = field["rangeElementType"]
    if kind == "RECORD":
        shown["fields"] = [_field_shown(child) for child in field["fields"]]
    for ours, theirs in (("description", "description"), (DEFAULT, "defaultValueExpression")):
        if field.get(ours):
            shown[theirs] = field[ours]
    for key in ("maxLength", "precision", "scale"):
        if field.get(key):
            shown[key] = str(field[key])
    return shown
