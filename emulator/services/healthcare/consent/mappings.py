"""User data mappings: whose data an item is, and which resource attributes it has."""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import already_exists, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.consent import definitions, filters, lists, masks, names, tables, uses
from emulator.services.healthcare.consent.tables import Store
from emulator.services.healthcare.names import METHODS, store_of
from emulator.services.healthcare.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_METHODS = f"{METHODS}.consentStores.userDataMappings"
_CHANGEABLE = frozenset(("dataId", "userId", "resourceAttributes"))
_FIELDS = {
    "data_id": ("dataId", filters.TEXT),
    "user_id": ("userId", filters.TEXT),
    "archived": ("archived", filters.FLAG),
    "archive_time": ("archiveTime", filters.TIME),
}


def view(store: Store, row: sqlite3.Row) -> Json:
    """A mapping as the API shows it: only attributes that were set."""
    shown: Json = {
        "name": f"{store.name}/{names.MAPPINGS}/{row['id']}",
        "dataId": row["data"],
        "userId": row["user"],
    }
    said = tables.attributes_of(store, row)
    if said != "{}":
        attributes = orjson.loads(said).items()
        shown["resourceAttributes"] = [{"attributeDefinitionId": key, "values": [value]} for key, value in attributes]
    if row["archived"] is not None:
        shown |= {"archived": True, "archiveTime": row["archived"]}
    return shown


def _find(reader: sqlite3.Connection, store: Store, name: str) -> sqlite3.Row:
    sql = "SELECT * FROM consent_mappings WHERE store = ? AND id = ?"
    row: sqlite3.Row | None = reader.execute(sql, (store.key, names.id_of(name))).fetchone()
    if row is None:
        raise names.missing(name)
    return row


def _checked(context: "Context", tx: sqlite3.Connection, store: Store, body: Json) -> dict[str, str]:
    """The resource attributes of a mapping, by id; 400 for one that is not complete or has values that none has."""
    for field in ("dataId", "userId"):
        if not body.get(field):
            raise invalid_argument(f"{field} is required.")
    if "\n" in body["dataId"] or "\r" in body["dataId"]:
        raise invalid_argument("dataId must be one line of text: queryAccessibleData writes a data id a line.")
    found: dict[str, str] = {}
    for number, attribute in enumerate(body.get("resourceAttributes") or []):
        where, name = f"resourceAttributes[{number}]", attribute.get("attributeDefinitionId", "")
        values = attribute.get("values") or []
        if len(values) != 1:
            raise invalid_argument(f"Invalid {where}: it must have exactly one value, and has {len(values)}.")
        if name in found:
            raise invalid_argument(f"Invalid {where}: attribute {name} is there twice.")
        definitions.require_values(context, store.name, name, values, definitions.RESOURCE, where, tx)
        found[name] = values[0]
    return found


def put(context: "Context", tx: sqlite3.Connection, store: Store, name: str, body: Json) -> None:
    """Create or replace a mapping, by its id. 400 for what is not right, 409 where its data is mapped already."""
    attributes = _checked(context, tx, store, body)
    said = orjson.dumps(attributes)
    kept = said.decode() if store.keys is None else tables.kept(context, tx, store, said)
    row = (body["dataId"], body["userId"], kept, store.key, name)
    change = "UPDATE consent_mappings SET data = ?, user = ?, attributes = ? WHERE store = ? AND id = ?"
    try:
        if tx.execute(change, row).rowcount == 0:
            tx.execute("INSERT INTO consent_mappings(data, user, attributes, store, id) VALUES(?,?,?,?,?)", row)
    except sqlite3.IntegrityError:
        raise already_exists("A user data mapping of this dataId exists already, and is not archived.") from None
    uses.replace(tx, store, names.MAPPINGS, name, attributes)


@SERVICE.handles(f"{_METHODS}.create")
async def create(request: Request) -> Answer:
    """Map an item of data to its user."""
    context, name = request.context, request.context.ids.uuid()

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened_in(context, tx, request.name)
        put(context, tx, store, name, request.body or {})
        return view(store, _find(tx, store, name))

    return await context.db.write(step)


@SERVICE.handles(f"{_METHODS}.get")
async def get(request: Request) -> Answer:
    """One mapping."""
    store = tables.opened(request.context, store_of(request.name))
    return view(store, _find(request.context.db.reader, store, request.name))


def _rows(reader: sqlite3.Connection, store: Store, after: str) -> Iterable[sqlite3.Row]:
    sql = "SELECT *, id AS mark FROM consent_mappings WHERE store = ? AND id > ? ORDER BY id"
    return reader.execute(sql, (store.key, after))


@SERVICE.handles(f"{_METHODS}.list")
async def list_mappings(request: Request) -> Answer:
    """Mappings of a store, archived ones too."""
    keep = filters.keeps(request.query.get("filter", ""), _FIELDS)
    return await lists.page(request, names.MAPPINGS, request.name, _rows, view, keep)


@SERVICE.handles(f"{_METHODS}.patch")
async def patch(request: Request) -> Answer:
    """Change a mapping's data, user or attributes."""
    context, paths = request.context, masks.changed(request, _CHANGEABLE)

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened(context, store_of(request.name), tx)
        row = _find(tx, store, request.name)
        put(context, tx, store, row["id"], masks.applied(view(store, row), request, paths))
        return view(store, _find(tx, store, request.name))

    return await context.db.write(step)


@SERVICE.handles(f"{_METHODS}.archive")
async def archive(request: Request) -> Answer:
    """Take a mapping out of evaluation; one that is archived stays as it is."""
    context = request.context

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened(context, store_of(request.name), tx)
        row = _find(tx, store, request.name)
        sql = "UPDATE consent_mappings SET archived = ? WHERE number = ? AND archived IS NULL"
        tx.execute(sql, (context.clock.stamp(), row["number"]))
        return {}

    return await context.db.write(step)


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
    """Delete a mapping, archived or not."""
    context = request.context

    def step(tx: sqlite3.Connection) -> Json:
        store = tables.opened(context, store_of(request.name), tx)
        row = _find(tx, store, request.name)
        tx.execute("DELETE FROM consent_mappings WHERE number = ?", (row["number"],))
        uses.replace(tx, store, names.MAPPINGS, row["id"], ())
        return {}

    return await context.db.write(step)
