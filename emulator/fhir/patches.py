"""JSON Patch (RFC 6902) on FHIR's JSON: what changes is a copy, and every digit stays."""

import copy
from typing import Any

from emulator.fhir import outcomes, parsing
from emulator.fhir.outcomes import Issue, Refused

Json = dict[str, Any]
MAX_OPERATIONS = 10_000
"""Of one patch. Google documents no such limit."""


def parse(raw: bytes) -> list[Json]:
    """The operations of a patch's body; refused for what is no array of objects with op and path."""
    found = parsing.parse(b'{"patch":' + raw + b"}")
    operations = found.get("patch")
    if len(found) != 1 or not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise wrong("a JSON Patch is an array of operations")
    if len(operations) > MAX_OPERATIONS:
        raise wrong(f"a JSON Patch has at most {MAX_OPERATIONS} operations")
    return operations


def applied(resource: Json, operations: list[Json]) -> Json:
    """A copy of a resource after all operations; refused with 400 for one that can't be done, naming its place."""
    holder: Json = {"": copy.deepcopy(resource)}
    copied = 0
    for number, operation in enumerate(operations):
        try:
            copied += _apply(holder, operation)
            if copied > parsing.MAX_RESOURCE:
                raise _ImpossibleError("all copies together have more bytes than a resource may have")
        except (LookupError, TypeError, ValueError) as problem:
            sentence = str(problem) if isinstance(problem, _ImpossibleError) else "its path leads nowhere"
            raise wrong(f"operation {number + 1} of the JSON Patch can't be done: {sentence}") from None
    result = holder.get("")
    if not isinstance(result, dict):
        raise wrong("the JSON Patch leaves no resource")
    _require_storable(result)
    return result


def _require_storable(result: Json) -> None:
    """Refuse what is nested deeper, or has more bytes, than a resource that is sent may be."""
    try:
        size = len(parsing.serialize(result))
    except TypeError:  # of orjson, whose limit of nesting is that of resources
        raise outcomes.unparseable(parsing.TOO_DEEP) from None
    if size > parsing.MAX_RESOURCE:
        raise outcomes.too_large(f"The resource would have {size} bytes; up to {parsing.MAX_RESOURCE} are allowed.")


def wrong(sentence: str) -> Refused:
    """A patch that can't be applied."""
    return Refused(400, [Issue("invalid", "invalid_patch", sentence)])


class _ImpossibleError(ValueError):
    """An operation that is none, with the sentence that says why."""


def _apply(holder: Json, operation: Json) -> int:
    """Do an operation; gives how many bytes it copied within the resource: 30 copies of the whole fill any memory."""
    kind, path = operation.get("op"), _steps(operation, "path")
    match kind:
        case "add":
            _add(holder, path, copy.deepcopy(_value(operation)))
        case "remove":
            _remove(holder, path)
        case "replace":
            _replace(holder, path, copy.deepcopy(_value(operation)))
        case "move":
            origin = _steps(operation, "from")
            if path[: len(origin)] == origin and path != origin:
                raise _ImpossibleError("nothing can be moved into itself")
            _add(holder, path, _remove(holder, origin))
        case "copy":
            value = _at(holder, _steps(operation, "from"))
            size = _size(value)
            if size <= parsing.MAX_RESOURCE:
                _add(holder, path, copy.deepcopy(value))
            return size
        case "test":
            if not _equal(_at(holder, path), _value(operation)):
                raise _ImpossibleError("the test fails")
        case _:
            raise _ImpossibleError("op must be add, remove, replace, move, copy or test")
    return 0


def _size(value: Any) -> int:
    try:
        return len(parsing.serialize(value))
    except TypeError:  # orjson's limit of nesting, which is the limit of resources
        raise _ImpossibleError("what it copies is nested too deep") from None


def _steps(operation: Json, name: str) -> list[str]:
    """The steps of a pointer (RFC 6901), with the one into the holder of the whole resource first."""
    pointer = operation.get(name)
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise _ImpossibleError(f'{name} must be a JSON pointer, such as "/name/0/family"')
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def _value(operation: Json) -> Any:
    if "value" not in operation:
        raise _ImpossibleError("it has no value")
    return operation["value"]


def _at(value: Any, path: list[str]) -> Any:
    for step in path:
        value = value[_index(value, step)] if isinstance(value, list) else _member(value, step)
    return value


def _member(value: Any, step: str) -> Any:
    if not isinstance(value, dict):
        raise _ImpossibleError("its path leads nowhere")
    return value[step]


def _index(items: list[Any], step: str) -> int:
    if not (step.isascii() and step.isdigit()) or (len(step) > 1 and step[0] == "0") or len(step) > 9:
        raise _ImpossibleError("its path has no index where an array is")
    number = int(step)
    if number >= len(items):
        raise _ImpossibleError("its path leads past the end of an array")
    return number


def _add(holder: Json, path: list[str], value: Any) -> None:
    parent, last = _at(holder, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" or last == str(len(parent)) else _index(parent, last), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise _ImpossibleError("its path leads nowhere")


def _remove(holder: Json, path: list[str]) -> Any:
    parent, last = _at(holder, path[:-1]), path[-1]
    if isinstance(parent, list):
        return parent.pop(_index(parent, last))
    _member(parent, last)
    return parent.pop(last)


def _replace(holder: Json, path: list[str], value: Any) -> None:
    parent, last = _at(holder, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent[_index(parent, last)] = value
    else:
        _member(parent, last)
        parent[last] = value


def _equal(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, and 1.0 is (RFC 6902 4.6)."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return bool(one == other)
