"""Questions of FHIRPath that have a truth for an answer, each made of the functions of its parts.

A test takes what a step takes, the items at hand and the resource, and gives True, False or None, which is unknown: no
list is made of it. Where parts have values, nothing is unknown, a single boolean is itself and all else is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from emulator.fhir.paths.effort import charge, weight

Items = list[Any]
Step = Callable[[Items, Any], Items]
Test = Callable[[Items, Any], bool | None]


def of_values(step: Step) -> Test:
    """Whether the values of a step are true."""

    def test(items: Items, resource: Any) -> bool | None:
        values = step(items, resource)
        if not values:
            return None
        first = values[0]
        return first if isinstance(first, bool) else True

    return test


def told(test: Test) -> Step:
    """A test as a step: a list of its answer, or of nothing where that is unknown."""

    def step(items: Items, resource: Any) -> Items:
        answer = test(items, resource)
        return [] if answer is None else [answer]

    return step


def connected(first: Test, second: Test, *, decisive: bool) -> Test:
    """`or` where True decides, `and` where False does."""

    def test(items: Items, resource: Any) -> bool | None:
        one = first(items, resource)
        if one is decisive:
            return decisive
        other = second(items, resource)
        if other is decisive:
            return decisive
        return None if one is None or other is None else not decisive

    return test


def implied(first: Test, second: Test) -> Test:
    """`implies`, which is true of anything where its left side is false."""

    def test(items: Items, resource: Any) -> bool | None:
        one = first(items, resource)
        if one is False:
            return True
        other = second(items, resource)
        if other is True:
            return True
        return None if one is None else other

    return test


def different(first: Test, second: Test) -> Test:
    """`xor`."""

    def test(items: Items, resource: Any) -> bool | None:
        one, other = first(items, resource), second(items, resource)
        return None if one is None or other is None else one is not other

    return test


def denied(test: Test) -> Test:
    """`not`."""

    def denial(items: Items, resource: Any) -> bool | None:
        answer = test(items, resource)
        return None if answer is None else not answer

    return denial


def same(left: Step, right: Step, *, wanted: bool) -> Test:
    """`=`, or `!=` where False is wanted."""

    def test(items: Items, resource: Any) -> bool | None:
        first, second = left(items, resource), right(items, resource)
        if not first or not second:
            return None
        charge(weight(first))
        return (len(first) == len(second) and all(map(_is_same, first, second))) is wanted

    return test


def same_as(left: Step, value: Any, *, wanted: bool) -> Test:
    """As `same`, where the right side is one text, number or boolean."""

    def test(items: Items, resource: Any) -> bool | None:
        found = left(items, resource)
        return (len(found) == 1 and _is_same(found[0], value)) is wanted if found else None

    return test


def _is_same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def there(step: Step, *, wanted: bool) -> Test:
    """`exists()`, or `empty()` where False is wanted."""
    return lambda items, resource: bool(step(items, resource)) is wanted


def valued(step: Step) -> Test:
    """`hasValue()`: one value that is simple."""

    def test(items: Items, resource: Any) -> bool:
        found = step(items, resource)
        return len(found) == 1 and not isinstance(found[0], dict)

    return test


def met(step: Step, criterion: Test, work: int, quantified: Callable[[Iterable[bool | None]], bool]) -> Test:
    """`exists(...)` where `quantified` is any, `all(...)` where it is all.

    `work` is how many steps the criterion takes of each value.
    """

    def test(items: Items, resource: Any) -> bool:
        found = step(items, resource)
        charge(len(found) * work)
        return quantified(criterion([each], resource) for each in found)

    return test


def agreed_by_all(step: Step, criterion: Test, fixed: Test, work: int) -> Test:
    """`all(A = B)` of two truths, of which B is the same for all values: it is asked once."""

    def test(items: Items, resource: Any) -> bool:
        found = step(items, resource)
        if not found:
            return True
        charge(len(found) * work)
        wanted = fixed(found, resource)
        return wanted is not None and all(criterion([each], resource) is wanted for each in found)

    return test
