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

from emulator.fhir.paths.effort import READ, TooMuchError, again, charge, weight
from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.functions import MOST, OF_ONE, OF_VALUES, distinct, matching
from emulator.fhir.paths.operators import OPERATORS
from emulator.fhir.paths.syntax import Binary, Call, Child, Index, Literal, Node, Root, This, Typed, Union, parsed, size

Items = list[Any]
Step = Callable[[Items, Any], Items]
"""Takes the items at hand and the resource."""
Path = Callable[[Any], Items]
Reader = Callable[[str], Any]
"""Takes the text of a reference; gives the resource that it leads to, None where there is none."""
_EMPTY: Items = []

# fmt: off
DATA_TYPES = frozenset((
    "Address", "Age", "Annotation", "Attachment", "Availability", "Base64Binary", "Boolean", "Canonical", "Code",
    "CodeableConcept", "CodeableReference", "Coding", "ContactDetail", "ContactPoint", "Contributor", "Count",
    "DataRequirement", "Date", "DateTime", "Decimal", "Distance", "Dosage", "Duration", "Element", "ElementDefinition",
    "Expression", "ExtendedContactDetail", "Extension", "HumanName", "Id", "Identifier", "Instant", "Integer",
    "Integer64", "Markdown", "Meta", "MonetaryComponent", "Money", "Narrative", "Oid", "ParameterDefinition", "Period",
    "PositiveInt", "Quantity", "Range", "Ratio", "RatioRange", "Reference", "RelatedArtifact", "SampledData",
    "Signature", "SimpleQuantity", "String", "Time", "Timing", "TriggerDefinition", "UnsignedInt", "Uri", "Url",
    "UsageContext", "Uuid", "VirtualServiceDetail", "Xhtml",
))
# fmt: on
"""The data types of STU3, R4 and R5 as they end the name of a choice."""


class _Resolved:
    """What a reference points at: its type only."""

    __slots__ = ("type",)

    def __init__(self, type_: str) -> None:
        self.type = type_


class _Whole:
    """A resource as steps are handed it where references can be followed."""

    __slots__ = ("read", "resource")

    def __init__(self, resource: Any, read: Reader) -> None:
        self.resource = resource
        self.read = read


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


def resolving(expression: str) -> Callable[[Any, Reader], Items]:
    """As `compiled`, for expressions whose `resolve()` reads what references lead to, a contained resource included.

    The function takes the resource and a reader.
    """
    step = _step(parsed(expression), expression)

    def path(resource: Any, read: Reader) -> Items:
        try:
            return step([resource], _Whole(resource, read))
        except TooMuchError:
            return again(step, [resource], _Whole(resource, read))

    return path


def _step(node: Node, expression: str) -> Step:
    match node:
        case This():
            return lambda items, _: items
        case Root(type=""):
            return lambda _, resource: [resource.resource if isinstance(resource, _Whole) else resource]
        case Root():
            return lambda items, _: items
        case Literal(value=value):
            return lambda *_: [value]
        case Child(of=of, name=name):
            return _chained(of, _child(name), expression)
        case Index(of=of, place=place):
            return _chained(of, lambda items, _: items[place : place + 1], expression)
        case Typed():
            return _typed(node, expression)
        case Union(sides=sides):
            return _union([_step(each, expression) for each in sides])
        case Call():
            return _call(node, expression)
        case Binary(operator=operator):
            return _BINARY.get(operator, _operation)(node, expression)


def _chained(of: Node, last: Step, expression: str) -> Step:
    if isinstance(of, This) or (isinstance(of, Root) and of.type):
        return last
    first = _step(of, expression)

    def chained(items: Items, resource: Any) -> Items:
        found = first(items, resource)
        return last(found, resource) if found else _EMPTY

    return chained


def _child(name: str) -> Step:
    forms = _forms(name)

    def child(items: Items, _: Any) -> Items:
        if len(items) == 1:
            item = items[0]
            value = item.get(name) if type(item) is dict else None
            if type(value) is list:
                charge(len(value))
                return value if None not in value else [each for each in value if each is not None]
            if value is not None:
                return [value]
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

    return child


def _choice(item: dict[str, Any], forms: frozenset[str]) -> Any:
    """The value under whichever form of a choice's name there is."""
    if forms.isdisjoint(item):
        return None
    return next(value for key, value in item.items() if key in forms)


def _forms(name: str) -> frozenset[str]:
    return frozenset(name + each for each in DATA_TYPES)


def _typed(node: Typed, expression: str) -> Step:
    if isinstance(node.of, Child):
        kept = _typed_child(node.of.name, node.type)
        step = _chained(node.of.of, kept, expression)
    else:
        of = _step(node.of, expression)

        def step(items: Items, resource: Any) -> Items:
            return [each for each in of(items, resource) if _is(each, node.type)]

    if node.operator == "as":
        return step
    return lambda items, resource: [True] if step(items, resource) else _EMPTY


def _typed_child(name: str, wanted: str) -> Step:
    chosen = name + wanted[:1].upper() + wanted[1:]
    forms = _forms(name)

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


def _is(item: Any, wanted: str) -> bool:
    """Whether a value may be of a type, as far as JSON shows."""
    if isinstance(item, _Resolved):
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


def _truth(values: Items) -> bool | None:
    """FHIRPath: nothing is unknown, a single boolean is itself, any other single value is true."""
    if not values:
        return None
    return values[0] if isinstance(values[0], bool) else True


def _connection(node: Binary, expression: str) -> Step:
    left, right = _step(node.left, expression), _step(node.right, expression)
    decisive = node.operator == "or"

    def connection(items: Items, resource: Any) -> Items:
        first = _truth(left(items, resource))
        if first is decisive:
            return [decisive]
        second = _truth(right(items, resource))
        if second is decisive:
            return [decisive]
        return _EMPTY if first is None or second is None else [not decisive]

    return connection


def _comparison(node: Binary, expression: str) -> Step:
    left, right = _step(node.left, expression), _step(node.right, expression)
    equal = node.operator == "="

    def comparison(items: Items, resource: Any) -> Items:
        first, second = left(items, resource), right(items, resource)
        if not first or not second:
            return _EMPTY
        charge(weight(first))
        same = len(first) == len(second) and all(map(_same, first, second))
        return [same is equal]

    return comparison


def _logic(node: Binary, expression: str) -> Step:
    """xor, and implies, which is true of anything where its left side is false."""
    left, right = _step(node.left, expression), _step(node.right, expression)
    implies = node.operator == "implies"

    def logic(items: Items, resource: Any) -> Items:
        first = _truth(left(items, resource))
        if implies and first is False:
            return [True]
        second = _truth(right(items, resource))
        if implies and second is True:
            return [True]
        return _EMPTY if first is None or second is None else [second if implies else first is not second]

    return logic


def _operation(node: Binary, expression: str) -> Step:
    left, right = _step(node.left, expression), _step(node.right, expression)
    operator = OPERATORS[node.operator]
    return lambda items, resource: operator(left(items, resource), right(items, resource))


_BINARY = {"and": _connection, "or": _connection, "xor": _logic, "implies": _logic, "=": _comparison, "!=": _comparison}


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _call(node: Call, expression: str) -> Step:
    if node.name in _WITH_CRITERIA and len(node.arguments) <= 1:
        return _with_criteria(node, expression)
    if node.name == "extension" and len(node.arguments) == 1 and isinstance(node.arguments[0], Literal):
        return _extension(node.of, str(node.arguments[0].value), expression)
    if node.name in _PLAIN and not node.arguments:
        return (
            _chained(node.of, _PLAIN[node.name], expression)
            if node.name not in _OF_NONE
            else _of_none(node, expression)
        )
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
    first, *others = [_step(each, expression) for each in node.arguments]
    if node.name == "select":
        return _selection(of, first, size(node.arguments[0]))
    then, otherwise = (*others, lambda *_: _EMPTY)[:2]

    def chosen(items: Items, resource: Any) -> Items:
        found = of(items, resource)
        return then(found, resource) if _truth(first(found, resource)) else otherwise(found, resource)

    return chosen


def _selection(of: Step, each_gives: Step, work: int) -> Step:
    def selected(items: Items, resource: Any) -> Items:
        found = of(items, resource)
        charge(len(found) * work)
        return list(islice((value for each in found for value in each_gives([each], resource)), MOST))

    return selected


_WITH_CRITERIA = ("where", "exists", "all")


def _with_criteria(node: Call, expression: str) -> Step:
    of = _step(node.of, expression)
    criteria = _step(node.arguments[0], expression) if node.arguments else None
    work = size(node.arguments[0]) if node.arguments else 0

    def kept(items: Items, resource: Any) -> Items:
        found = of(items, resource)
        if criteria is None or not found:
            return found
        charge(len(found) * work)
        return [each for each in found if _truth(criteria([each], resource))]

    if node.name == "exists":
        return lambda items, resource: [bool(kept(items, resource))]
    if criteria is None:
        raise PathError(f'The function "{node.name}" of the expression "{expression}" needs a criterion.')
    if node.name == "all":
        return lambda items, resource: [len(kept(items, resource)) == len(of(items, resource))]
    return kept


def _extension(of: Node, url: str, expression: str) -> Step:
    """Extensions by URL; those of a simple value are beside it, under its name with an underscore."""
    if isinstance(of, Child):
        holders = _union([_step(of, expression), _chained(of.of, _child(f"_{of.name}"), expression)])
    else:
        holders = _step(of, expression)
    inside = _child("extension")

    def extension(items: Items, resource: Any) -> Items:
        found = inside(holders(items, resource), resource)
        return [each for each in found if isinstance(each, dict) and each.get("url") == url]

    return extension


def _resolve(items: Items, resource: Any) -> Items:
    if isinstance(resource, _Whole):
        texts = (item.get("reference") if isinstance(item, dict) else item for item in items)
        found = (_led_to(resource, text) for text in texts if isinstance(text, str))
        return [each for each in found if each is not None]
    return [_Resolved(kind) for item in items if (kind := _referred(item))]


def _led_to(whole: _Whole, text: str) -> Any:
    """The resource that a reference leads to: one that is contained, or one that the reader has; None for none."""
    if not text.startswith("#"):
        charge(READ)
        return whole.read(text)
    if text == "#":
        return whole.resource
    contained = (each for each in whole.resource.get("contained") or () if isinstance(each, dict))
    return next((each for each in contained if each.get("id") == text[1:]), None)


def _referred(item: Any) -> str:
    """The type that a reference, or its text, names; "" where it names none."""
    text = item.get("reference") if isinstance(item, dict) else item
    if not isinstance(text, str) or text.startswith(("#", "urn:")):
        text = ""
    parts = text.split("/_history/", 1)[0].split("/")
    if len(parts) > 1 and parts[-2][:1].isupper():
        return parts[-2]
    named = item.get("type") if isinstance(item, dict) else None
    return named if isinstance(named, str) else ""


def _of_some(node: Call, expression: str) -> Step:
    return _chained(node.of, _PLAIN[node.name], expression)


def _of_none(node: Call, expression: str) -> Step:
    of, last = _step(node.of, expression), _PLAIN[node.name]
    return lambda items, resource: last(of(items, resource), resource)


_PLAIN: dict[str, Step] = {
    "first": lambda items, _: items[:1],
    "last": lambda items, _: items[-1:],
    "distinct": lambda items, _: distinct(items),
    "resolve": _resolve,
    "empty": lambda items, _: [not items],
    "not": lambda items, _: _EMPTY if (truth := _truth(items)) is None else [not truth],
    "count": lambda items, _: [len(items)],
    "hasValue": lambda items, _: [len(items) == 1 and not isinstance(items[0], dict)],
}
_OF_NONE = {"empty", "count", "hasValue"}
