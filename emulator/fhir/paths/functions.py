"""Functions of FHIRPath that invariants use beside those of search parameters: of values alone, and of one argument."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.fhir.paths.effort import charge, charge_text, weight
from emulator.fhir.paths.errors import PathError

Items = list[Any]

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[[^\]]*\]")
_REPEATED = re.compile(r"[*+?{]")
_ENDLESS = re.compile(r"[*+]|\{\d*,\}")
_REPETITIONS = 2
MOST = 100_000
"""Values that a step which can multiply them gives at most, as an expression may be a stranger's: the rest is cut."""


def _children(items: Items) -> Items:
    charge(len(items))
    found: Items = []
    for item in items:
        for value in item.values() if isinstance(item, dict) else ():
            found += value if isinstance(value, list) else [value]
    return found


def _descendants(items: Items) -> Items:
    found: Items = []
    while items := _children(items):
        found += items
    return found


def distinct(items: Items) -> Items:
    """Each value once, in the order of the first of them."""
    charge(len(items))
    try:
        return list(dict.fromkeys(items))
    except TypeError:  # objects have no hash
        charge(len(items) * weight(items))
        return [each for at, each in enumerate(items) if each not in items[:at]]


def _whole(items: Items) -> Items:
    try:
        return [int(items[0])] if items else []
    except (TypeError, ValueError):
        return []


def _text(items: Items) -> Items:
    return [str(items[0])] if items and not isinstance(items[0], dict) else []


def _length(items: Items) -> Items:
    return [len(str(items[0]))] if items and not isinstance(items[0], dict) else []


def _same(items: Items) -> Items:
    return items


OF_VALUES: dict[str, Callable[[Items], Items]] = {
    "allFalse": lambda items: [True not in items],
    "allTrue": lambda items: [False not in items],
    "children": _children,
    "descendants": _descendants,
    "highBoundary": _same,
    "htmlChecks": lambda _: [True],
    "isDistinct": lambda items: [len(distinct(items)) == len(items)],
    "length": _length,
    "lowBoundary": _same,
    "tail": lambda items: items[1:],
    "toInteger": _whole,
    "toString": _text,
}
"""Boundaries are not needed: an order that they would decide is unknown here, which breaks no invariant. Narratives are
not looked into: that is the task of who shows them."""


def _of_text(test: Callable[[str, str], Any]) -> Callable[[Items, Items], Items]:
    def function(items: Items, argument: Items) -> Items:
        if not items or not argument or not isinstance(items[0], str) or not isinstance(argument[0], str):
            return []
        charge_text(items[0])
        return [test(items[0], argument[0])]

    return function


def _substring(items: Items, argument: Items) -> Items:
    if not items or not argument or not isinstance(items[0], str) or not isinstance(argument[0], int | float):
        return []
    charge_text(items[0])
    return [items[0][int(argument[0]) :]]


def _intersection(items: Items, argument: Items) -> Items:
    charge(len(items) * weight(argument))
    return [each for each in items if each in argument]


def matching(pattern: str) -> Callable[[Items], Items]:
    """The function `matches` of one pattern. PathError for a pattern that is none, or might take long.

    Python's engine tries every way to match, and expressions may be a stranger's: so only characters and classes of
    them in a row, with few repetitions, of which one may be without end where it has its place from the beginning.
    """
    skeleton = _CLASS.sub("c", _ESCAPED.sub("e", pattern))
    endless = len(_ENDLESS.findall(skeleton))
    if (
        set("()|") & set(skeleton)
        or len(_REPEATED.findall(skeleton)) > _REPETITIONS
        or endless > pattern.startswith("^")
    ):
        raise PathError(f'The pattern "{pattern}" is not one that can be matched here.')
    try:
        found = re.compile(pattern)
    except re.error as problem:
        raise PathError(f'The pattern "{pattern}" is none: {problem}.') from None

    def matches(items: Items) -> Items:
        if not items or not isinstance(items[0], str):
            return []
        charge_text(items[0])
        return [found.search(items[0]) is not None]

    return matches


OF_ONE: dict[str, Callable[[Items, Items], Items]] = {
    "combine": lambda items, argument: (items + argument)[:MOST],
    "comparable": lambda items, argument: [True] if items and argument else [],
    "contains": _of_text(lambda text, part: part in text),
    "endsWith": _of_text(str.endswith),
    "intersect": _intersection,
    "startsWith": _of_text(str.startswith),
    "substring": _substring,
    "trace": lambda items, _: items,
}
