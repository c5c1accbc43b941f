"""From an item to what it has under a name, where the name of a choice ends in its type."""

from __future__ import annotations

from typing import Any

from emulator.fhir.definitions import choice_names
from emulator.fhir.paths.effort import charge
from emulator.fhir.paths.truths import Items, Step, Test

_EMPTY: Items = []
_NONE: frozenset[str] = frozenset()


def child(name: str) -> Step:
    """What items have under a name, or under the form of it that a choice has."""
    forms = choices(name)

    def found_in(items: Items, _: Any) -> Items:
        if len(items) == 1:
            item = items[0]
            if type(item) is not dict:
                return _EMPTY
            value = item.get(name)
            if value is None:
                value = _choice(item, forms)
            if type(value) is list:
                charge(len(value))
                return value if None not in value else [each for each in value if each is not None]
            return _EMPTY if value is None else [value]
        charge(len(items))
        found: Items = []
        for item in items:
            if type(item) is dict:
                value = item.get(name)
                if value is None:
                    value = _choice(item, forms)
                if type(value) is list:
                    found += [each for each in value if each is not None]
                elif value is not None:
                    found.append(value)
        return found

    return found_in


def has_child(name: str, *, wanted: bool) -> Test:
    """Whether `child` finds anything, or where False is wanted, whether it finds nothing; no list is made of it."""
    forms = choices(name)

    def test(items: Items, _: Any) -> bool:
        charge(len(items))
        for item in items:
            if type(item) is dict:
                value = item.get(name)
                if value is None:
                    value = _choice(item, forms)
                if value is not None and (type(value) is not list or value.count(None) < len(value)):
                    return wanted
        return not wanted

    return test


def typed_child(name: str, wanted: str) -> Step:
    """What items have under a name, where it is of a type."""
    chosen = name + wanted[:1].upper() + wanted[1:]
    forms = choices(name)

    def typed(items: Items, _: Any) -> Items:
        charge(len(items))
        found: Items = []
        for item in items:
            if type(item) is not dict:
                continue
            value = item.get(chosen)
            if value is None and (value := item.get(name)) is not None and _choice(item, forms) is not None:
                value = None
            for each in value if type(value) is list else (value,):
                if each is not None and (type(each) is not dict or each.get("resourceType", wanted) == wanted):
                    found.append(each)
        return found

    return typed


def _choice(item: dict[str, Any], forms: frozenset[str]) -> Any:
    """The value under whichever form of a choice's name there is."""
    if forms.isdisjoint(item):
        return None
    return next(value for key, value in item.items() if key in forms)


def choices(name: str) -> frozenset[str]:
    """The names that an element of this name has in JSON where it is a choice; none where no type has such a choice."""
    return choice_names().get(name, _NONE)
