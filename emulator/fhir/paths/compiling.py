"""Expressions as functions of plain JSON.

The tree becomes nested functions that take the items at hand and give a list of values. JSON does not say of which type
a value is, but its name does where there is a choice: `value as Quantity` is the key `valueQuantity`, and `value` any
key of `value` and the name of a data type. `resolve()` reads no other resource: it knows the type that a reference's
text names, which is all that search parameters ask of it. Who has a way to read resources uses `resolving`.

What would take too much work gives nothing (`effort.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any

from emulator.fhir.paths import truths
from emulator.fhir.paths.children import child, has_child, typed_child
from emulator.fhir.paths.effort import TooMuchError, again, charge, weight
from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.following import Reader, Resolved, Whole, resolve
from emulator.fhir.paths.functions import MOST, OF_ONE, OF_VALUES, distinct, matching
from emulator.fhir.paths.operators import OPERATORS
from emulator.fhir.paths.syntax import (
    Binary,
    Call,
    Child,
    Index,
    Literal,
    Node,
    Root,
    This,
    Typed,
    Union,
    is_fixed,
    parsed,
    size,
)
from emulator.fhir.paths.truths import Items, Step, Test

Path = Callable[[Any], Items]
_EMPTY: Items = []


@lru_cache(maxsize=8192)
def compiled(expression: str) -> Path:
    """The function of an expression: a resource (or part of one) in, its values out.

    PathError, with a sentence, for what is not of the language.
    """
    step = _step(parsed(expression), expression)

    def path(resource: Any) -> Items:
        try:
            return step([resource], resource)
        except TooMuchError:
            return again(step, [resource], resource)

    return path


@lru_cache(maxsize=8192)
def asked(expression: str) -> Callable[[Any], bool | None]:
    """As `compiled`, for what is true or false: gives None for what is unknown, True for values that are neither."""
    test = _test(parsed(expression), expression)

    def truth(resource: Any) -> bool | None:
        try:
            return test([resource], resource)
        except TooMuchError:
            found = again(truths.told(test), [resource], resource)
            return found[0] if found else None

    return truth


def resolving(expression: str) -> Callable[[Any, Reader], Items]:
    """As `compiled`, for expressions whose `resolve()` reads what references lead to, a contained resource included.

    The function takes the resource and a reader.
    """
    step = _step(parsed(expression), expression)

    def path(resource: Any, read: Reader) -> Items:
        try:
            return step([resource], Whole(resource, read))
        except TooMuchError:
            return again(step, [resource], Whole(resource, read))

    return path


def _step(node: Node, expression: str) -> Step:
    match node:
        case This():
            return lambda items, _: items
        case Root(type=""):
            return lambda _, resource: [resource.resource if isinstance(resource, Whole) else resource]
        case Root():
            return lambda items, _: items
        case Literal(value=value):
            return lambda *_: [value]
        case Child(of=Root(type=""), name=name):
            return _child_of_resource(name)
        case Child(of=of, name=name):
            return _chained(of, child(name), expression)
        case Index(of=of, place=place):
            return _chained(of, lambda items, _: items[place : place + 1], expression)
        case Typed():
            return _typed(node, expression)
        case Union(sides=sides):
            return _union([_step(each, expression) for each in sides])
        case Call():
            return _call(node, expression)
        case Binary(operator=operator) if operator in OPERATORS:
            return _operation(node, expression)
    return truths.told(_test(node, expression))


def _test(node: Node, expression: str) -> Test:
    match node:
        case Binary(operator="and" | "or" as operator, left=left, right=right):
            sides = _test(left, expression), _test(right, expression)
            return truths.connected(*sides, decisive=operator == "or")
        case Binary(operator="implies", left=left, right=right):
            return truths.implied(_test(left, expression), _test(right, expression))
        case Binary(operator="xor", left=left, right=right):
            return truths.different(_test(left, expression), _test(right, expression))
        case Binary(operator="=" | "!=" as operator, left=left, right=Literal(value=value)):
            return truths.same_as(_step(left, expression), value, wanted=operator == "=")
        case Binary(operator="=" | "!=" as operator, left=left, right=right) if _is_test(left) and _is_test(right):
            differ = truths.different(_test(left, expression), _test(right, expression))
            return truths.denied(differ) if operator == "=" else differ
        case Binary(operator="=" | "!=" as operator, left=left, right=right):
            return truths.same(_step(left, expression), _step(right, expression), wanted=operator == "=")
        case Call(of=of, name="exists" | "empty" as name, arguments=()):
            return _presence(of, expression, wanted=name == "exists")
        case Call(of=of, name="not", arguments=()):
            return truths.denied(_test(of, expression))
        case Call(of=of, name="hasValue", arguments=()):
            return truths.valued(_step(of, expression))
        case Call(of=of, name="all", arguments=(Binary("=", left, right) as criterion,)) if (
            _is_test(left) and _is_test(right) and is_fixed(right)
        ):
            sides = _test(left, expression), _test(right, expression)
            return truths.agreed_by_all(_step(of, expression), *sides, size(criterion))
        case Call(of=of, name="exists" | "all" as name, arguments=(criterion,)):
            quantified = any if name == "exists" else all
            return truths.met(_step(of, expression), _test(criterion, expression), size(criterion), quantified)
    return truths.of_values(_step(node, expression))


def _is_test(node: Node) -> bool:
    """Whether an expression gives a truth or nothing."""
    match node:
        case Call(name=name, arguments=arguments):
            return len(arguments) in _TOLD.get(name, ())
        case Binary(operator=operator):
            return operator not in OPERATORS
    return False


def _is_at_hand(node: Node) -> bool:
    """Whether an expression gives the items at hand as they are."""
    return isinstance(node, This) or (isinstance(node, Root) and bool(node.type))


def _presence(of: Node, expression: str, *, wanted: bool) -> Test:
    """Whether there is what an expression gives, or, where False is wanted, whether there is nothing."""
    if isinstance(of, Child) and _is_at_hand(of.of):
        return has_child(of.name, wanted=wanted)
    return truths.there(_step(of, expression), wanted=wanted)


def _chained(of: Node, last: Step, expression: str) -> Step:
    if _is_at_hand(of):
        return last
    first = _step(of, expression)

    def chained(items: Items, resource: Any) -> Items:
        found = first(items, resource)
        return last(found, resource) if found else _EMPTY

    return chained


def _child_of_resource(name: str) -> Step:
    children = child(name)
    return lambda _, resource: children([resource.resource if type(resource) is Whole else resource], resource)


def _typed(node: Typed, expression: str) -> Step:
    if isinstance(node.of, Child):
        kept = typed_child(node.of.name, node.type)
        step = _chained(node.of.of, kept, expression)
    else:
        of = _step(node.of, expression)

        def step(items: Items, resource: Any) -> Items:
            return [each for each in of(items, resource) if _is(each, node.type)]

    if node.operator == "as":
        return step
    return lambda items, resource: [True] if step(items, resource) else _EMPTY


def _is(item: Any, wanted: str) -> bool:
    """Whether a value may be of a type, as far as JSON shows."""
    if isinstance(item, Resolved):
        return item.type == wanted
    if isinstance(item, dict):
        return bool(item.get("resourceType", wanted) == wanted)
    return isinstance(item, _SIMPLE.get(wanted.lower(), (str,)))


_SIMPLE: dict[str, tuple[type, ...]] = {"boolean": (bool,), "integer": (int,), "decimal": (int, float)}


def _union(sides: list[Step]) -> Step:
    def union(items: Items, resource: Any) -> Items:
        found = _EMPTY
        for side in sides:
            values = side(items, resource)
            if values and found:
                charge(len(found) * weight(values))
                found = found + [each for each in values if each not in found]
            elif values:
                found = values
        return found

    return union


def _operation(node: Binary, expression: str) -> Step:
    left, right = _step(node.left, expression), _step(node.right, expression)
    operator = OPERATORS[node.operator]
    return lambda items, resource: operator(left(items, resource), right(items, resource))


def _call(node: Call, expression: str) -> Step:
    if node.name in _TOLD and len(node.arguments) in _TOLD[node.name]:
        return truths.told(_test(node, expression))
    if node.name == "where" and len(node.arguments) == 1:
        return _where(node, expression)
    if node.name == "extension" and len(node.arguments) == 1 and isinstance(node.arguments[0], Literal):
        return _extension(node.of, str(node.arguments[0].value), expression)
    if node.name in ("where", "all") and not node.arguments:
        raise PathError(f'The function "{node.name}" of the expression "{expression}" needs a criterion.')
    if node.name in _PLAIN and not node.arguments:
        return _chained(node.of, _PLAIN[node.name], expression)
    if node.name == "count" and not node.arguments:
        of = _step(node.of, expression)
        return lambda items, resource: [len(of(items, resource))]
    if node.name in OF_VALUES and not node.arguments:
        values, of = OF_VALUES[node.name], _step(node.of, expression)
        return lambda items, resource: values(of(items, resource))
    if node.name == "matches" and len(node.arguments) == 1 and isinstance(node.arguments[0], Literal):
        matches, of = matching(str(node.arguments[0].value)), _step(node.of, expression)
        return lambda items, resource: matches(of(items, resource))
    if node.name in OF_ONE and len(node.arguments) == 1:
        return _of_one(node, expression)
    if len(node.arguments) in {"select": {1}, "iif": {2, 3}}.get(node.name, ()):
        return _projection(node, expression)
    raise PathError(f'The function "{node.name}" of the expression "{expression}" is not one that is known here.')


def _of_one(node: Call, expression: str) -> Step:
    function, of = OF_ONE[node.name], _step(node.of, expression)
    argument = _step(node.arguments[0], expression)
    return lambda items, resource: function(of(items, resource), argument(items, resource))


def _projection(node: Call, expression: str) -> Step:
    """select: what an expression gives of each value. iif: one of two, of all values."""
    of = _step(node.of, expression)
    first, *others = node.arguments
    if node.name == "select":
        return _selection(of, _step(first, expression), size(first))
    test = _test(first, expression)
    then, otherwise = (*(_step(each, expression) for each in others), lambda *_: _EMPTY)[:2]

    def chosen(items: Items, resource: Any) -> Items:
        found = of(items, resource)
        return then(found, resource) if test(found, resource) else otherwise(found, resource)

    return chosen


def _selection(of: Step, each_gives: Step, work: int) -> Step:
    def selected(items: Items, resource: Any) -> Items:
        found = of(items, resource)
        charge(len(found) * work)
        return list(islice((value for each in found for value in each_gives([each], resource)), MOST))

    return selected


_TOLD = {"exists": (0, 1), "empty": (0,), "not": (0,), "hasValue": (0,), "all": (1,)}
"""Functions that are tests, by how many arguments they take."""


def _where(node: Call, expression: str) -> Step:
    of, criterion = _step(node.of, expression), _test(node.arguments[0], expression)
    work = size(node.arguments[0])

    def kept(items: Items, resource: Any) -> Items:
        found = of(items, resource)
        if not found:
            return found
        charge(len(found) * work)
        return [each for each in found if criterion([each], resource)]

    return kept


def _extension(of: Node, url: str, expression: str) -> Step:
    """Extensions by URL; those of a simple value are beside it, under its name with an underscore."""
    if isinstance(of, Child):
        holders = _union([_step(of, expression), _chained(of.of, child(f"_{of.name}"), expression)])
    else:
        holders = _step(of, expression)
    inside = child("extension")

    def extension(items: Items, resource: Any) -> Items:
        found = inside(holders(items, resource), resource)
        return [each for each in found if isinstance(each, dict) and each.get("url") == url]

    return extension


_PLAIN: dict[str, Step] = {
    "first": lambda items, _: items[:1],
    "last": lambda items, _: items[-1:],
    "distinct": lambda items, _: distinct(items),
    "resolve": resolve,
}
