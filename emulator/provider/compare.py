"""What differs between a resource's state and what the program wants, property by property, and what it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emulator.provider.convert import generic, same
from emulator.provider.model import Resource
from emulator.provider.values import UNKNOWN, is_asset, is_empty

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Sort = Literal["add", "delete", "update"]


@dataclass(frozen=True)
class Change:
    """One difference: the property's path in Pulumi's notation, its sort, and whether it replaces the resource."""

    path: str
    sort: Sort
    replaces: bool

    @property
    def property(self) -> str:
        """The top-level property that the path belongs to."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


def compare(spec: Resource, state: Mapping[str, Any], wanted: Mapping[str, Any], names: Iterator[str]) -> list[Change]:
    """The changes that bring the state to what is wanted, over the named properties."""
    changes: list[Change] = []
    for name in names:
        changes += _differences(spec, state.get(name), wanted.get(name), name)
    return changes


def _differences(spec: Resource, old: Any, new: Any, path: str) -> Iterator[Change]:
    where = generic(path)
    if new is None and where in spec.computed:
        return
    if new is not UNKNOWN and not is_asset(new) and same(old, new, spec, where):
        return
    if isinstance(new, Mapping) and (isinstance(old, Mapping) and not is_empty(old)) and not is_asset(new):
        for key in {**old, **new}:
            yield from _differences(spec, old.get(key), new.get(key), _join(path, key))
    elif isinstance(old, list) and isinstance(new, list) and where not in spec.unordered:
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _differences(spec, before, after, f"{path}[{index}]")
    elif not (is_asset(new) and old == new):
        sort: Sort = "add" if is_empty(old) and old is not UNKNOWN else "delete" if new is None else "update"
        yield Change(path, sort, _replaces(spec, where))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if _PLAIN.fullmatch(key) else f"{path}[{json.dumps(key)}]"


def _replaces(spec: Resource, where: str) -> bool:
    parts = where.split(".")
    return any(".".join(parts[: count + 1]) in spec.immutable for count in range(len(parts)))
