"""What operators of FHIRPath give for two lists of values: order, membership and the joining of texts and numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from emulator.fhir.paths.effort import charge, charge_text, weight

Items = list[Any]
Operator = Callable[[Items, Items], Items]

_DAY, _SECOND = 10, 19  # characters of a date, and of a time to the second


def _ordered(compare: Callable[[Any, Any], bool]) -> Operator:
    """An operator of order. It gives nothing where the values cannot be told apart, as 2020 and 2020-05."""

    def ordered(left: Items, right: Items) -> Items:
        if len(left) != 1 or len(right) != 1:
            return []
        pair = _comparable(left[0], right[0])
        return [] if pair is None else [compare(*pair)]

    return ordered


def _comparable(one: Any, other: Any) -> tuple[Any, Any] | None:
    """Two values that Python orders as FHIRPath does, None where there is no order."""
    if isinstance(one, dict) and isinstance(other, dict):
        same = all(one.get(name) == other.get(name) for name in ("system", "code", "unit"))
        return _comparable(one.get("value"), other.get("value")) if same else None
    if isinstance(one, str) and isinstance(other, str):
        return _texts(one, other) if one[:4].isdigit() and other[:4].isdigit() else (one, other)
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return (one, other) if numbers else None


def _texts(one: str, other: str) -> tuple[Any, Any] | None:
    """Two dates or times, at the precision that both have."""
    if "T" in one and "T" in other:
        return _moments(one, other)
    if len(one) == len(other):
        return one, other
    shorter = min(len(one), len(other), _DAY)
    return (one[:shorter], other[:shorter]) if one[:shorter] != other[:shorter] else None


def _moments(one: str, other: str) -> tuple[Any, Any] | None:
    """Two times of days, None where only one says in which zone it is."""
    if len(one) == len(other) and one[_SECOND:] == other[_SECOND:]:  # of the same zone, as nearly always
        return one, other
    try:
        first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
    except ValueError:
        return one, other
    return (first, second) if (first.tzinfo is None) is (second.tzinfo is None) else None


def _is_in(left: Items, right: Items) -> Items:
    if not left:
        return []
    charge(weight(right))
    return [left[0] in right]


def _joined(left: Items, right: Items) -> Items:
    """The operator &: two texts as one, nothing counting as the empty text."""
    texts = [str(each) for each in (*left[:1], *right[:1])]
    for text in texts:
        charge_text(text)
    return ["".join(texts)]


def _added(left: Items, right: Items) -> Items:
    pair = [*left[:1], *right[:1]]
    for each in pair:
        charge_text(each if isinstance(each, str) else "")
    for kinds in (str, (int, float)):
        if len(pair) == 2 and all(isinstance(each, kinds) for each in pair):
            return [pair[0] + pair[1]]
    return []


OPERATORS: dict[str, Operator] = {
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "in": _is_in,
    "contains": lambda left, right: _is_in(right, left),
    "&": _joined,
    "+": _added,
}
