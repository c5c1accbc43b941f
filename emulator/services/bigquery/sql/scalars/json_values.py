"""JSON as GoogleSQL holds it: keys in order, the first of those that are twice, numbers of 64 bits; and reading in it.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions and data-types#json_type
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.json_paths import Step, steps_of

EXACT = "exact"
MODES = (EXACT, "round")
INTEGERS = range(-(2**63), 2**64)
EXPONENT_FROM = 1e15  # where numbers are written with an exponent
LAX, RECURSIVE = "lax ", "lax recursive "


def parsed(text: str, mode: str) -> str:
    """PARSE_JSON: the value's text as GoogleSQL holds it.

    Raises ScalarError for what is no JSON, and with the mode `exact` for a number that would be rounded.
    """
    if mode not in MODES:
        raise ScalarError("Invalid wide_number_mode specified for PARSE_JSON: it is exact or round")
    try:
        return written(read(text, exact=mode == EXACT))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ScalarError):
            raise
        raise ScalarError("Invalid input to PARSE_JSON: syntax error while parsing value") from None


def read(text: str, *, exact: bool = False) -> Any:
    """The value of a text. Raises ValueError for what is no JSON, ScalarError for numbers that do not fit."""

    def number(digits: str) -> float:
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            raise ScalarError("Invalid input to PARSE_JSON: a number is out of range")
        if exact and Decimal(repr(value)) != Decimal(digits):
            raise ScalarError(f"Invalid input to PARSE_JSON: Input number: {digits} cannot round-trip through string")
        return value

    def whole(digits: str) -> int | float:
        value = int(digits) if len(digits) <= 20 else None
        return value if value is not None and value in INTEGERS else number(digits)

    return json.loads(text, parse_int=whole, parse_float=number, parse_constant=_refuse, object_pairs_hook=_members)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))  # of a key that is twice, the first counts


def ordered(text: str) -> str:
    """A JSON text as GoogleSQL holds it."""
    return written(read(text))


def written(value: Any) -> str:
    """The text of a value, as short as can be, its keys in the order of their letters."""
    return "".join(_pieces(value))


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for place, name in enumerate(sorted(value)):
            yield ("," if place else "{") + json.dumps(name, ensure_ascii=False) + ":"
            yield from _pieces(value[name])
        yield "}" if value else "{}"
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield "," if place else "["
            yield from _pieces(item)
        yield "]" if value else "[]"
    elif isinstance(value, float) and abs(value) >= EXPONENT_FROM and "e" not in repr(value):
        digits, _, _ = repr(abs(value)).partition(".")
        fraction = digits[1:].rstrip("0")
        yield f"{'-' * (value < 0)}{digits[0]}{'.' * bool(fraction)}{fraction}e+{len(digits) - 1}"
    else:
        yield json.dumps(value, ensure_ascii=False)


def lax(text: str, path: str) -> str:
    """JSON_QUERY with a path in `lax` or `lax recursive` mode: an array of all that it leads to.

    A name leads into the elements of an array, in lax mode of one that stands in no other. Anything else than an
    array is taken for an array of itself, so that [0] leads to it. Raises ScalarError for another path.
    """
    recursive = path.startswith(RECURSIVE)
    steps = steps_of(path.removeprefix(RECURSIVE if recursive else LAX).strip())
    found = [json.loads(text)]
    for step in steps:
        found = [inner for value in found for inner in _taken(value, step, recursive)]
    return written(found)


def _taken(value: Any, step: Step, recursive: bool) -> Iterator[Any]:
    if isinstance(step, int):
        items = value if isinstance(value, list) else [value]
        yield from items[step : step + 1]
        return
    for item in _unwrapped(value, recursive=recursive) if isinstance(value, list) else [value]:
        if isinstance(item, dict) and step in item:
            yield item[step]


def _unwrapped(items: list[Any], *, recursive: bool) -> Iterator[Any]:
    for item in items:
        if recursive and isinstance(item, list):
            yield from _unwrapped(item, recursive=recursive)
        else:
            yield item


def flattened(text: str) -> list[str]:
    """JSON_FLATTEN: a value, or all that an array and those directly within it hold."""
    value = json.loads(text)
    return [written(item) for item in (_unwrapped(value, recursive=True) if isinstance(value, list) else [value])]
