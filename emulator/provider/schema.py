"""What the installed pulumi_gcp knows of each resource (schema.json), and the check of inputs against it."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from emulator.provider.values import UNKNOWN, is_asset

Type = str | dict[str, Any]
"""`string`, `integer`, `number`, `boolean`, `asset`, {"list": Type}, {"map": Type} or {"object": name of a type}."""

_CALLED = {"string": "a text", "integer": "an integer", "number": "a number", "boolean": "true or false"}


@dataclass(frozen=True)
class Kind:
    """One resource's properties: types of inputs and outputs (which include the inputs), and what is required."""

    token: str
    inputs: Mapping[str, Type]
    required: tuple[str, ...]
    outputs: Mapping[str, Type]

    @property
    def labelled(self) -> bool:
        """Whether the plugin adds its own label to this resource (those with `pulumiLabels`)."""
        return "pulumiLabels" in self.outputs


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a program's inputs: the path of the property and a sentence."""

    path: str
    reason: str


@cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text())
    return loaded


def version() -> str:
    """The version of pulumi_gcp that schema.json was made from, which is the plugin version stood in for."""
    return str(_document()["version"])


def config_keys() -> Mapping[str, Type]:
    """The provider's configuration keys and their types."""
    keys: Mapping[str, Type] = _document()["config"]
    return keys


def kind(token: str) -> Kind:
    """The properties of a resource token. KeyError when schema.json lacks it."""
    entry = _document()["resources"][token]
    return Kind(token, entry["inputs"], tuple(entry["required"]), entry["outputs"])


def object_types() -> Mapping[str, Any]:
    """The nested types by name, such as `storage/BucketCor`: their properties and which are required."""
    types: Mapping[str, Any] = _document()["types"]
    return types


def object_type(declared: Type) -> Mapping[str, Type] | None:
    """The properties of a nested object type; None for any other type."""
    if isinstance(declared, dict) and "object" in declared:
        properties: Mapping[str, Type] = object_types()[declared["object"]]["properties"]
        return properties
    return None


def check(kind_: Kind, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Inputs with texts that mean numbers or booleans turned into these, and everything that is wrong with them."""
    problems: list[Problem] = []
    checked = _check_object(inputs, kind_.inputs, kind_.required, "", problems)
    return checked, problems


def _check_object(
    value: Mapping[str, Any],
    types: Mapping[str, Type],
    required: tuple[str, ...],
    path: str,
    problems: list[Problem],
) -> dict[str, Any]:
    checked = {}
    for name, item in value.items():
        here = f"{path}.{name}" if path else name
        if item is None:
            continue
        if name not in types:
            near = difflib.get_close_matches(name, types, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; it takes {', '.join(types)}" if len(types) < 9 else ""
            problems.append(Problem(here, f"there is no such property{hint}"))
            continue
        checked[name] = _check(item, types[name], here, problems)
    missing = (f"{path}.{name}" if path else name for name in required if value.get(name) is None)
    problems.extend(Problem(name, "this property is required and missing") for name in missing)
    return checked


def _check(value: Any, declared: Type, path: str, problems: list[Problem]) -> Any:
    if value is UNKNOWN:
        return value
    if isinstance(declared, str):
        checked = _scalar(value, declared)
        if checked is None:
            wanted = "a file or text asset" if declared == "asset" else _CALLED[declared]
            problems.append(Problem(path, f"{wanted} is wanted, not {_shown(value)}"))
        return checked
    if "list" in declared:
        if not isinstance(value, list):
            problems.append(Problem(path, f"a list is wanted, not {_shown(value)}"))
            return value
        return [_check(item, declared["list"], f"{path}[{index}]", problems) for index, item in enumerate(value)]
    if not isinstance(value, Mapping) or is_asset(value):
        problems.append(Problem(path, f"an object is wanted, not {_shown(value)}"))
        return value
    if "map" in declared:
        items = ((key, item) for key, item in value.items() if item is not None)
        return {key: _check(item, declared["map"], f"{path}[{json.dumps(key)}]", problems) for key, item in items}
    required = tuple(object_types()[declared["object"]]["required"])
    return _check_object(value, object_type(declared) or {}, required, path, problems)


def _shown(value: Any) -> str:
    """A value for an error message: its kind, never its content, which may be a secret."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


def _scalar(value: Any, declared: str) -> Any:
    """A value as the declared scalar, or None when it is none; texts and numbers stand for each other as in HCL."""
    if declared == "asset":
        return value if is_asset(value) else None
    if isinstance(value, list | Mapping):
        return None
    if declared == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
    if declared == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if declared == "integer":
        if not number.is_integer():
            return None
        return int(value) if isinstance(value, str) else int(number)
    return number if math.isfinite(number) else None
