"""The configuration of consent stores: the key `consentStores`, a map of store names to what each store is set to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.store_options import StoreKey, StoreOptions, Wrong, texts

CATEGORIES = ("RESOURCE", "REQUEST")
_FIELDS = ("category", "allowedValues", "description", "consentDefaultValues", "dataMappingDefaultValue")
_ATTRIBUTE = r"[_a-zA-Z][_a-zA-Z0-9]{0,255}"
_DAY = 24 * 3600
_MOST_VALUES = 500


@dataclass(frozen=True)
class ConsentStoreSettings:
    """One consent store: Google's own settings under their own names, then what the scripts define in it."""

    name: str
    default_consent_ttl: str | None = None
    """How long a consent holds that says nothing itself: "31536000s"; None for without end."""
    enable_consent_create_on_update: bool = False
    attributes: Mapping[str, Mapping[str, Any]] | None = None
    """Attribute definitions by id, in the form of Google's AttributeDefinition."""


def _ttl(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,12}s", value) or int(value[:-1]) < _DAY:
        raise Wrong(f'must be seconds, at least those of a day, such as "{_DAY}s"')
    return value


def _attributes(value: object) -> dict[str, dict[str, Any]]:
    """Attribute definitions by id, checked as Google does but for CEL's reserved words; Wrong names the attribute."""
    if not isinstance(value, dict):
        raise Wrong("must be a map of attributes, such as purpose: {category: REQUEST, allowedValues: [research]}")
    for name, definition in value.items():
        if not re.fullmatch(_ATTRIBUTE, name):
            raise Wrong(f"must have names of letters, digits and _, first no digit, and {name!r} is none")
        if wrong := _problem(definition):
            raise Wrong(f"must describe {name} by {', '.join(_FIELDS)}: {wrong}")
    return value


def _problem(definition: object) -> str | None:
    """What is wrong with one definition (discovery: AttributeDefinition), None for a good one."""
    if not isinstance(definition, dict) or not definition.keys() <= {*_FIELDS}:
        return "it must be a map of these"
    if definition.get("category") not in CATEGORIES:
        return f"category must be {' or '.join(CATEGORIES)}"
    try:
        allowed = texts(definition.get("allowedValues"))
        defaults = texts(definition.get("consentDefaultValues", []))
    except Wrong:
        return "values must be lists of texts"
    default = definition.get("dataMappingDefaultValue")
    if not 1 <= len(allowed) <= _MOST_VALUES or len({*allowed}) < len(allowed):
        return f"allowedValues must be 1 to {_MOST_VALUES} values that differ"
    if not {*defaults} <= {*allowed} or (default is not None and default not in allowed):
        return "defaults must be among allowedValues"
    if default is not None and definition["category"] != "RESOURCE":
        return "dataMappingDefaultValue is for the category RESOURCE only"
    return None


def _contradictions(_: Mapping[str, Any]) -> Iterator[str]:
    """No setting excludes another."""
    return iter(())


CONSENT_STORES = StoreOptions(
    "a consent store",
    "enableConsentCreateOnUpdate: true",
    ConsentStoreSettings,
    (
        StoreKey(
            "defaultConsentTtl",
            "default_consent_ttl",
            "How long a consent holds that says nothing itself, in seconds, as `31536000s`; empty for without end.",
            _ttl,
        ),
        StoreKey(
            "enableConsentCreateOnUpdate",
            "enable_consent_create_on_update",
            "Whether an update of a consent that is not there creates it.",
        ),
        StoreKey(
            "attributes",
            "attributes",
            "Attributes that policies, mappings and requests speak of, by name, each with `category`, `allowedValues`"
            " and what else Google's `AttributeDefinition` has. `consent define` defines them in the store.",
            _attributes,
        ),
    ),
    _contradictions,
)
"""The key `consentStores`."""
