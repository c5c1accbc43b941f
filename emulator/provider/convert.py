"""Between property values and the API's JSON, driven by the declared types; and when two values mean the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from emulator.provider.model import Resource
from emulator.provider.schema import Type, object_type
from emulator.provider.values import UNKNOWN, is_empty

_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")
_INDEX = re.compile(r"\[[^\]]*\]")


def generic(path: str) -> str:
    """A property's path without its list indices, as the tables write it: `rules[2].age` gives `rules.age`."""
    return _INDEX.sub("", path)


def to_api(value: Any, declared: Type, spec: Resource, path: str) -> Any:
    """A property's value as the API takes it; None for what must not be sent."""
    if isinstance(declared, str):
        return str(value) if path in spec.text_numbers else value
    if "list" in declared:
        return [to_api(item, declared["list"], spec, path) for item in value]
    properties = object_type(declared)
    if properties is None:
        return dict(value)
    sent = {}
    for name, item in value.items():
        if f"{path}.{name}" not in spec.local and item is not None:
            sent[spec.rename.get(name, name)] = to_api(item, properties[name], spec, f"{path}.{name}")
    return sent


def from_api(value: Any, declared: Type, spec: Resource, path: str) -> Any:
    """A value of an answer as the property's type has it; fields that the type does not know are left out."""
    if value is None:
        return None
    if isinstance(declared, str):
        return _scalar(value, declared)
    if "list" in declared:
        items = value if isinstance(value, list) else [value]
        return [from_api(item, declared["list"], spec, path) for item in items]
    if not isinstance(value, Mapping):
        return None
    properties = object_type(declared)
    if properties is None:
        return {key: _scalar(item, "string") for key, item in value.items()}
    read = {}
    for name, inner in properties.items():
        found = from_api(value.get(spec.rename.get(name, name)), inner, spec, f"{path}.{name}")
        if found is not None:
            read[name] = found
    return read


def _scalar(value: Any, declared: str) -> Any:
    if declared == "integer" and isinstance(value, str):
        return int(value)
    if declared == "number" and isinstance(value, str):
        return float(value)
    if declared == "string" and isinstance(value, bool):
        return str(value).lower()
    if declared == "string" and not isinstance(value, str):
        return str(value)
    return value


def same(old: Any, new: Any, spec: Resource, path: str) -> bool:
    """Whether two values of a property mean the same to Google: empty and absent, `60s` and `60.0s`, order, case."""
    if old is UNKNOWN or new is UNKNOWN:
        return False
    if is_empty(old) and is_empty(new):
        return True
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(same(old.get(key), new.get(key), spec, f"{path}.{key}") for key in {*old, *new})
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and _same_items(old, new, spec, path)
    if isinstance(old, str) and isinstance(new, str):
        return old == new or _same_text(old, new, spec, path)
    return bool(old == new)


def _same_items(old: list[Any], new: list[Any], spec: Resource, path: str) -> bool:
    if path not in spec.unordered:
        return all(same(a, b, spec, path) for a, b in zip(old, new, strict=True))
    left = list(new)
    for item in old:
        index = next((i for i, other in enumerate(left) if same(item, other, spec, path)), None)
        if index is None:
            return False
        left.pop(index)
    return True


def _same_text(old: str, new: str, spec: Resource, path: str) -> bool:
    if path in spec.ignore_case:
        return old.lower() == new.lower()
    if path in spec.short_names and "/" not in min(old, new, key=len):
        return old.rsplit("/", 1)[-1] == new.rsplit("/", 1)[-1]
    if path in spec.as_json:
        try:
            return bool(json.loads(old) == json.loads(new))
        except ValueError:
            return False
    first, second = _DURATION.fullmatch(old), _DURATION.fullmatch(new)
    return bool(first and second and float(first[1]) == float(second[1]))


def reconcile(given: Any, found: Any, spec: Resource, path: str) -> Any:
    """What the API answered, in the program's own spelling wherever that means the same."""
    if same(given, found, spec, path):
        return given
    if isinstance(given, Mapping) and isinstance(found, Mapping):
        merged = {key: reconcile(given.get(key), found.get(key), spec, f"{path}.{key}") for key in {**given, **found}}
        return {key: item for key, item in merged.items() if item is not None}
    if isinstance(given, list) and isinstance(found, list):
        if path in spec.unordered:
            return _in_given_order(given, found, spec, path)
        return [reconcile(a, b, spec, path) for a, b in zip(given, found, strict=False)] + found[len(given) :]
    return found


def _in_given_order(given: list[Any], found: list[Any], spec: Resource, path: str) -> list[Any]:
    ordered, left = [], list(found)
    for item in given:
        index = next((i for i, other in enumerate(left) if same(item, other, spec, path)), None)
        if index is not None:
            left.pop(index)
            ordered.append(item)
    return ordered + left
