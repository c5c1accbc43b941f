"""Attribute definitions as the stack wants them: created, or given what was added since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scripts.errors import CommandError

if TYPE_CHECKING:
    from scripts.consent.service import ConsentStore

Json = dict[str, Any]
_CHANGEABLE = ("description", "allowedValues", "consentDefaultValues", "dataMappingDefaultValue")
CREATED, CHANGED, THERE = "created", "changed", "there already"


def wanted(attributes: str) -> dict[str, Json]:
    """The definitions that the stack's outputs have for a store, by id."""
    found: dict[str, Json] = json.loads(attributes)
    return found


def bring(store: ConsentStore, definitions: Mapping[str, Json]) -> dict[str, str]:
    """Define what a store lacks; by attribute what became of it: created, changed or there already.

    Raises CommandError, before anything is changed, where a store has what Google lets nobody take back: another
    category, or a value that the stack no longer has.
    """
    there = store.definitions()
    for name, definition in definitions.items():
        if name in there:
            _require_growth(name, there[name], definition)
    return {name: _bring_one(store, name, definition, there.get(name)) for name, definition in definitions.items()}


def _require_growth(name: str, there: Json, definition: Json) -> None:
    if there["category"] != definition["category"]:
        raise CommandError(
            f"Attribute {name} is defined as {there['category']}, and the stack says {definition['category']}: Google"
            " never changes that. Give the attribute another name."
        )
    gone = [value for value in there["allowedValues"] if value not in definition["allowedValues"]]
    if gone:
        raise CommandError(
            f"Attribute {name} has the value {gone[0]}, that the stack no longer has: Google lets values only be added."
            " Put it back into the stack's configuration."
        )


def _bring_one(store: ConsentStore, name: str, definition: Json, there: Json | None) -> str:
    if there is None:
        store.define(name, definition)
        return CREATED
    fields = [field for field in _CHANGEABLE if there.get(field) != definition.get(field)]
    if not fields:
        return THERE
    store.redefine(name, definition, fields)
    return CHANGED
