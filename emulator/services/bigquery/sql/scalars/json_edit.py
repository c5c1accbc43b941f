"""JSON_SET, JSON_ARRAY_APPEND, JSON_ARRAY_INSERT and JSON_KEYS on the text of a value.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from emulator.services.bigquery.sql.scalars.errors import ScalarError

STEP = re.compile(r"\.(?P<name>[^.\[\]\"']+)|\.?\[?[\"'](?P<quoted>[^\"']*)[\"']\]?|\[(?P<index>\d+)\]")
MAX_INDEX = 1_000_000
PLAIN_KEY = re.compile(r"[A-Za-z_]\w*\Z")
Step = str | int


def set_values(text: str, paths: list[str], values: list[str], create: bool) -> str:
    """JSON_SET: values, themselves JSON, put at paths in their order; `create` makes places that are not there."""
    found = json.loads(text)
    for path, value in zip(paths, values, strict=True):
        found = _set(found, _steps(path), json.loads(value), create=create)
    return _text(found)


def append_values(text: str, paths: list[str], values: list[str], each: list[bool]) -> str:
    """JSON_ARRAY_APPEND: `each` says of which values the elements are appended, and not the array that they are."""
    found = json.loads(text)
    for path, value, apart in zip(paths, values, each, strict=True):
        found = _at(found, _steps(path), functools.partial(_put, added=_added(value, apart), at=None))
    return _text(found)


def insert_values(text: str, paths: list[str], values: list[str], each: list[bool]) -> str:
    """JSON_ARRAY_INSERT: before the element that a path names; an array that is too short is filled with nulls."""
    found = json.loads(text)
    for path, value, apart in zip(paths, values, each, strict=True):
        steps = _steps(path)
        if not steps or not isinstance(steps[-1], int):
            raise ScalarError(f"Invalid JSONPath for JSON_ARRAY_INSERT: {path} does not end with an array index")
        found = _at(found, steps[:-1], functools.partial(_put, added=_added(value, apart), at=steps[-1]))
    return _text(found)


def _put(place: Any, added: list[Any], at: int | None) -> Any:
    """An array, or null as an empty one, with elements added at an index or (None) at its end; others as they are."""
    if place is not None and not isinstance(place, list):
        return place
    items = place or []
    index = len(items) if at is None else at
    full = [*items, *[None] * (index - len(items))]
    return [*full[:index], *added, *full[index:]]


def keys(text: str, depth: int, mode: str) -> list[str]:
    """JSON_KEYS: the unique paths of all keys down to a depth, in their order; mode is strict, lax or lax recursive."""
    if depth < 1:
        raise ScalarError("max_depth of JSON_KEYS must be positive")
    if mode not in ("strict", "lax", "lax recursive"):
        raise ScalarError(f"Invalid mode of JSON_KEYS: {mode}")
    return sorted(set(_keys(json.loads(text), "", depth, mode, in_array=False)))


def _keys(value: Any, path: str, depth: int, mode: str, *, in_array: bool) -> Iterator[str]:
    if isinstance(value, list) and mode != "strict" and (mode == "lax recursive" or not in_array):
        for item in value:
            yield from _keys(item, path, depth, mode, in_array=True)
    elif isinstance(value, dict) and depth:
        for name, inner in value.items():
            shown = name if PLAIN_KEY.match(name) else f'"{name}"'
            here = f"{path}.{shown}" if path else shown
            yield here
            yield from _keys(inner, here, depth - 1, mode, in_array=False)


def _steps(path: str) -> list[Step]:
    """The names and indexes of a JSONPath. Raises ScalarError for another one."""
    steps: list[Step] = []
    at = 1
    while path.startswith("$") and at < len(path):
        step = STEP.match(path, at)
        if step is None:
            break
        steps.append(int(step["index"]) if step["index"] is not None else step["name"] or step["quoted"] or "")
        at = step.end()
    if not path.startswith("$") or at < len(path):
        raise ScalarError(f"Invalid JSONPath: {path}")
    if any(isinstance(step, int) and step > MAX_INDEX for step in steps):
        raise ScalarError(f"The index in the JSONPath {path} is too large")
    return steps


def _set(found: Any, steps: list[Step], value: Any, *, create: bool) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and (isinstance(found, dict) or (found is None and create)):
        members = found or {}
        if step not in members and not create:
            return found
        return {**members, step: _set(members.get(step), rest, value, create=create)}
    if isinstance(step, int) and (isinstance(found, list) or (found is None and create)):
        items = list(found or [])
        if step >= len(items) and not create:
            return found
        items += [None] * (step + 1 - len(items))
        items[step] = _set(items[step], rest, value, create=create)
        return items
    return found


def _at(found: Any, steps: list[Step], change: Callable[[Any], Any]) -> Any:
    """A value with the place at a path changed; as it is where there is no such place."""
    if not steps:
        return change(found)
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and isinstance(found, dict) and step in found:
        return {**found, step: _at(found[step], rest, change)}
    if isinstance(step, int) and isinstance(found, list) and step < len(found):
        return [*found[:step], _at(found[step], rest, change), *found[step + 1 :]]
    return found


def _added(value: str, apart: bool) -> list[Any]:
    read = json.loads(value)
    return read if apart and isinstance(read, list) else [read]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
