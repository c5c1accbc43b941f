"""Attribute definitions: the attributes that a consent store knows, and their values."""

import re
import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from emulator.consent.rules import RESERVED
from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway.collections import Collection, crud, update
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.consent import masks, tables
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
KIND = "healthcare.attributeDefinitions"
RESOURCE, REQUEST = "RESOURCE", "REQUEST"
MOST, MOST_VALUES = 200, 500
"""Definitions of a store, values of one."""
_METHODS = f"{METHODS}.consentStores.attributeDefinitions"
_ID = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]{0,255}", re.ASCII)
_CHANGEABLE = frozenset(("description", "allowedValues", "consentDefaultValues", "dataMappingDefaultValue"))


def _new(request: Request, body: Json) -> Json:
    """The body of a new definition; 400 for a reserved id, and for what `_check` refuses."""
    name = request.query["attributeDefinitionId"]
    if name in RESERVED:
        raise invalid_argument(
            f'Invalid attributeDefinitionId "{name}": it is a reserved word of the Common Expression Language.'
        )
    if body.get("category") not in (RESOURCE, REQUEST):
        raise invalid_argument(f"category is required: {RESOURCE} or {REQUEST}.")
    return _check(body)


def _check(body: Json) -> Json:
    allowed = body.get("allowedValues") or []
    if not 1 <= len(allowed) <= MOST_VALUES:
        raise invalid_argument(f"allowedValues has {len(allowed)} values; it must have 1 to {MOST_VALUES}.")
    if "" in allowed or len({*allowed}) < len(allowed):
        raise invalid_argument("allowedValues must be different from each other, and none of them empty.")
    for value in body.get("consentDefaultValues") or []:
        _require_allowed("consentDefaultValues", value, allowed)
    default = body.get("dataMappingDefaultValue")
    if default:
        if body["category"] != RESOURCE:
            raise invalid_argument(f"dataMappingDefaultValue is for attributes of the category {RESOURCE} only.")
        _require_allowed("dataMappingDefaultValue", default, allowed)
    return body


def _require_allowed(field: str, value: str, allowed: list[str]) -> None:
    if value not in allowed:
        raise invalid_argument(f'Invalid {field} "{value[:80]}": it is none of allowedValues.')


def _updated(_request: Request, old: Resource, body: Json) -> Json:
    gone = [value for value in old.body["allowedValues"] if value not in body.get("allowedValues", [])]
    if gone:
        raise invalid_argument(f'allowedValues can only be expanded, and lacks "{gone[0][:80]}".')
    return _check(body)


def _after_create(context: "Context", tx: sqlite3.Connection, made: Resource) -> None:
    sql = "SELECT count(*) FROM resources WHERE kind = ? AND parent = ?"
    if tx.execute(sql, (KIND, made.parent)).fetchone()[0] > MOST:
        raise failed_precondition(f"The consent store has {MOST} attribute definitions, which is the most it can have.")
    _keep_defaults(context, tx, made)


def _keep_defaults(context: "Context", tx: sqlite3.Connection, made: Resource) -> None:
    key = tables.opened_in(context, tx, made.parent).key
    mapping, consents = made.body.get("dataMappingDefaultValue") or None, made.body.get("consentDefaultValues")
    tx.execute("DELETE FROM consent_defaults WHERE store = ? AND attribute = ?", (key, made.id))
    if made.body["category"] == RESOURCE and (mapping or consents):
        row = (key, made.id, mapping, orjson.dumps(consents) if consents else None)
        tx.execute("INSERT INTO consent_defaults VALUES(?,?,?,?)", row)


def _after_delete(context: "Context", tx: sqlite3.Connection, gone: Resource) -> None:
    key = tables.opened(context, gone.parent, tx).key
    sql = "SELECT kind, id FROM consent_uses WHERE store = ? AND attribute = ? LIMIT 1"
    user = tx.execute(sql, (key, gone.id)).fetchone()
    if user is not None:
        referring = f"{gone.parent}/{user['kind']}/{user['id']}"
        raise failed_precondition(f"Attribute definition {gone.name} cannot be deleted: {referring} refers to it.")
    tx.execute("DELETE FROM consent_defaults WHERE store = ? AND attribute = ?", (key, gone.id))


DEFINITIONS = Collection(
    KIND,
    "attributeDefinitions",
    id_parameter="attributeDefinitionId",
    id_pattern=_ID,
    parent_kind=tables.KIND,
    prepare=_new,
    prepare_update=_updated,
    after_create=_after_create,
    after_update=_keep_defaults,
    after_delete=_after_delete,
)
crud(SERVICE, DEFINITIONS, _METHODS, ("create", "get", "list", "delete"))


@SERVICE.handles(f"{_METHODS}.patch")
async def patch(request: Request) -> Answer:
    """Change what may change of a definition; its allowed values can only grow."""
    paths = masks.changed(request, _CHANGEABLE)
    return DEFINITIONS.view(await update(DEFINITIONS, request, request.body or {}, paths))


def require(
    context: "Context", store: str, attribute: str, category: str, where: str, tx: sqlite3.Connection | None = None
) -> list[str]:
    """The allowed values of an attribute of a store; 400, which says where it is named, for none of that category."""
    found = context.resources.get(KIND, f"{store}/{DEFINITIONS.segment}/{attribute}", tx)
    if found is None or found.body["category"] != category:
        raise invalid_argument(
            f'Invalid {where}: "{attribute[:80]}" is no attribute of the category {category} in this consent store.'
        )
    allowed: list[str] = found.body["allowedValues"]
    return allowed


def require_values(
    context: "Context",
    store: str,
    attribute: str,
    values: list[str],
    category: str,
    where: str,
    tx: sqlite3.Connection | None = None,
) -> None:
    """Raise 400, which says where they are named, for values that an attribute of that category does not have."""
    allowed = require(context, store, attribute, category, where, tx)
    for value in values:
        if value not in allowed:
            raise invalid_argument(f'Invalid {where}: "{value[:80]}" is no allowed value of attribute {attribute}.')
