"""JSON_SET, JSON_REMOVE and their like, and JSON_KEYS, on the text of a value.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.json_paths import Step, steps_of
from emulator.services.bigquery.sql.scalars.json_values import written

PLAIN_KEY = re.compile(r"[A-Za-z_]\w*\Z")


def set_values(text: str, paths: list[str], values: list[str], create: bool) -> str:
    """JSON_SET: values, themselves JSON, put at paths in their order; `create` makes places that are not there."""
    found = json.loads(text)
    for path, value in zip(paths, values, strict=True):
        found = _set(found, steps_of(path), json.loads(value), create=create)
    return written(found)


def append_values(text: str, paths: list[str], values: list[str], each: list[bool]) -> str:
    """JSON_ARRAY_APPEND: `each` says of which values the elements are appended, and not the array that they are."""
    found = json.loads(text)
    for path, value, apart in zip(paths, values, each, strict=True):
        found = _at(found, steps_of(path), functools.partial(_put, added=_added(value, apart), at=None))
    return written(found)


def insert_values(text: str, paths: list[str], values: list[str], each: list[bool]) -> str:
    """JSON_ARRAY_INSERT: before the element that a path names; an array that is too short is filled with nulls."""
    found = json.loads(text)
    for path, value, apart in zip(paths, values, each, strict=True):
        steps = steps_of(path)
        if not steps or not isinstance(steps[-1], int):
            raise ScalarError(f"Invalid JSONPath for JSON_ARRAY_INSERT: {path} does not end with an array index")
        found = _at(found, steps[:-1], functools.partial(_put, added=_added(value, apart), at=steps[-1]))
    return written(found)


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


def remove(text: str, paths: list[str]) -> str:
    """JSON_REMOVE: without the places at paths, one taken away after the other, as far as they are there."""
    found = json.loads(text)
    for path in paths:
        steps = steps_of(path)
        if not steps:
            raise ScalarError("Invalid JSONPath for JSON_REMOVE: $ is the whole value")
        found = _at(found, steps[:-1], functools.partial(_without, step=steps[-1]))
    return written(found)


def _without(place: Any, step: Step) -> Any:
    if isinstance(step, str) and isinstance(place, dict):
        return {name: inner for name, inner in place.items() if name != step}
    if isinstance(step, int) and isinstance(place, list):
        return place[:step] + place[step + 1 :]
    return place


def strip_nulls(text: str, path: str, arrays: bool, empty: bool) -> str:
    """JSON_STRIP_NULLS: without nulls in the objects at a path, in the arrays there if `arrays` says so.

    `empty` takes away objects that are empty then, and with `arrays` such arrays, too; null stands for nothing left.
    """
    return written(_at(json.loads(text), steps_of(path), functools.partial(_stripped, arrays=arrays, empty=empty)))


def _stripped(value: Any, *, arrays: bool, empty: bool) -> Any:
    if isinstance(value, dict):
        inside = {name: _stripped(inner, arrays=arrays, empty=empty) for name, inner in value.items()}
        kept = {name: inner for name, inner in inside.items() if inner is not None}
        return kept if kept or not empty else None
    if isinstance(value, list):
        items = [_stripped(item, arrays=arrays, empty=empty) for item in value]
        if not arrays:
            return items
        left = [item for item in items if item is not None]
        return left if left or not empty else None
    return value


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
