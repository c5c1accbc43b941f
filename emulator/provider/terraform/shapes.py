"""Properties as Terraform spells and nests them, and their values in either spelling.

Pulumi's types are made of Terraform's provider: names in camel case, lists in the plural, and a block that may be there
once as an object. Here the way back: an object of inputs is a block of which there is at most one, a list of objects
one of which there may be many, and all else is an argument.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from emulator.provider.schema import Type, object_type, object_types
from emulator.provider.terraform.wire import LIST, MESSAGES
from emulator.provider.values import UNKNOWN

Values = dict[str, Any]
_SINGULAR: Final = {
    "accesses": "access",
    "lifecycleRules": "lifecycle_rule",
    "matchesPrefixes": "matches_prefix",
    "matchesStorageClasses": "matches_storage_class",
    "matchesSuffixes": "matches_suffix",
    "methods": "method",
    "origins": "origin",
    "responseHeaders": "response_header",
}
"""Lists whose name Pulumi has put into the plural, in the resources that are served."""
_SCALARS: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "bool", "asset": "string"}


def spelled(name: str) -> str:
    """A property's name as Terraform has it."""
    plain = name.replace("pulumi", "terraform").replace("Pulumi", "Terraform")
    return _SINGULAR.get(name) or re.sub("([A-Z])", r"_\1", plain).lower()


def schema(
    outputs: Mapping[str, Type], inputs: Iterable[str], required: Iterable[str], more: Iterable[str] = ()
) -> Any:
    """The Schema of a resource or of the provider; `more` are names of texts that are no properties, such as id."""
    block = _block(outputs, frozenset(inputs), frozenset(required))
    block.attributes.extend(_attribute(name, "string", optional=True, computed=True) for name in more)
    return MESSAGES["Schema"](version=0, block=block)


def to_inputs(value: Mapping[str, Any], types: Mapping[str, Type]) -> Values:
    """What an object of Terraform's says, by Pulumi's names: without what is not set, and blocks opened."""
    found: Values = {}
    for name, declared in types.items():
        opened = _open(value.get(spelled(name)), declared)
        if opened is not None:
            found[name] = opened
    return found


def from_state(state: Mapping[str, Any], types: Mapping[str, Type]) -> Values:
    """The object that Terraform keeps of properties by Pulumi's names: with all names, None for what is not set."""
    return {spelled(name): _close(state.get(name), declared) for name, declared in types.items()}


def _block(types: Mapping[str, Type], inputs: frozenset[str], required: frozenset[str]) -> Any:
    block = MESSAGES["Block"](version=0)
    for name, declared in types.items():
        nested = _nested(declared)
        if nested is not None and name in inputs:
            entry = object_types()[nested["object"]]
            inner = _block(entry["properties"], frozenset(entry["properties"]), frozenset(entry["required"]))
            least, most = int(name in required), int(declared is nested)
            block.block_types.add(type_name=spelled(name), block=inner, nesting=LIST, min_items=least, max_items=most)
            continue
        given = name in inputs
        block.attributes.append(
            _attribute(
                spelled(name),
                _type(declared),
                required=name in required,
                optional=given and name not in required,
                computed=name not in required,
            )
        )
    return block


def _attribute(name: str, kind: Any, **flags: bool) -> Any:
    return MESSAGES["Attribute"](name=name, type=json.dumps(kind).encode(), **flags)


def _nested(declared: Type) -> dict[str, Any] | None:
    """The object type of a property that is an object or a list of objects."""
    inner = declared["list"] if isinstance(declared, dict) and "list" in declared else declared
    return inner if isinstance(inner, dict) and "object" in inner else None


def _type(declared: Type) -> Any:
    """A type in the form of Terraform's type system (cty), as JSON."""
    if isinstance(declared, str):
        return _SCALARS[declared]
    if "map" in declared:
        return ["map", _type(declared["map"])]
    if "list" in declared:
        return ["list", _members(declared["list"])]
    return ["list", _members(declared)]


def _members(declared: Type) -> Any:
    properties = object_type(declared)
    if properties is None:
        return _type(declared)
    return ["object", {spelled(name): _type(each) for name, each in properties.items()}]


def _open(value: Any, declared: Type) -> Any:
    nested = _nested(declared)
    if value is None or value is UNKNOWN or nested is None:
        return value
    properties = object_type(nested) or {}
    opened = [UNKNOWN if each is UNKNOWN else to_inputs(each, properties) for each in value]
    return (opened or None) if declared is not nested else next(iter(opened), None)


def _close(value: Any, declared: Type) -> Any:
    nested = _nested(declared)
    if nested is None or value is UNKNOWN:
        return value
    items = value if isinstance(value, list) else [] if value is None else [value]
    properties = object_type(nested) or {}
    return [UNKNOWN if each is UNKNOWN else from_state(each, properties) for each in items]
