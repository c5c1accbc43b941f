"""The Logging query language: how its comparisons differ from those of other list filters.

Logging documentation, page "Logging query language": text compares without regard to case, severities by their order,
times as times; a comparison with a repeated field holds if one of its elements fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from emulator.errors import invalid_argument
from emulator.gateway import filters
from emulator.gateway.filters import FunctionPath, Predicate
from emulator.services.logging import functions
from emulator.services.logging.fields import duration, parse_time, read_at, seconds, texts

# LogSeverity: names and numbers.
SEVERITIES = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}
_COMMENT = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?:(?<=[\s()])|^)--[^\n]*""")
_TIMES = frozenset(("timestamp", "receiveTimestamp", "receive_timestamp"))
_DURATIONS = frozenset(("httpRequest.latency", "http_request.latency"))
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "<": lambda found, wanted: found < wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    ">=": lambda found, wanted: found >= wanted,
}


def compile_filter(text: str) -> Predicate:
    """A predicate over log entries (as JSON). Raises a 400 for a query that can't be read."""
    plain = _COMMENT.sub(lambda found: found[1] or "", text) if len(text) <= filters.LONGEST else text
    return filters.compile_filter(plain, _compare, nested=functions.NAMES) if plain.strip() else lambda _: True


def _compare(path: str, operator: str, wanted: str) -> Predicate:
    if not operator and isinstance(path, FunctionPath):
        return functions.condition(json.loads(path))
    if not operator:
        word = wanted.lower()
        return lambda entry: any(word in text for text in texts(entry))
    if operator == "!=":
        equal = _compare(path, "=", wanted)
        return lambda entry: not equal(entry)
    if operator == "!~":
        like = _compare(path, "=~", wanted)
        return lambda entry: not like(entry)
    if isinstance(path, FunctionPath):
        values, kind = functions.value_of(json.loads(path))
        fits = _fits(kind, operator, wanted)
        return lambda entry: any(fits(found) for found in values(entry))
    fits, steps = _fits(path, operator, wanted), path.split(".")
    return lambda entry: any(fits(found) for found in read_at(entry, steps))


def _fits(path: str, operator: str, wanted: str) -> Callable[[Any], bool]:
    """Whether one value of a field compares as wanted."""
    if operator == ":":
        text = wanted.lower()
        return lambda found: (
            wanted == "*" or (wanted in found if isinstance(found, dict) else text in str(found).lower())
        )
    if operator == "=~":
        pattern = filters.regex(wanted)
        return lambda found: pattern.found_in(str(found))
    order = _ORDERS[operator]
    if path == "severity":
        level = _level(wanted)
        return lambda found: order(SEVERITIES.get(found, 0), level)
    if path in _TIMES:
        time = parse_time(wanted)
        return lambda found: order(parse_time(found), time)
    if path in _DURATIONS:
        length = seconds(wanted)
        return lambda found: (took := duration(found)) is not None and order(took, length)
    return lambda found: order(*_comparable(found, wanted))


def _comparable(found: Any, wanted: str) -> tuple[Any, Any]:
    """Both values as numbers if they are numbers, else as text without regard to case."""
    if not isinstance(found, bool):
        try:
            return float(found), float(wanted)
        except (TypeError, ValueError):
            pass
    return "null_value" if found is None else str(found).lower(), wanted.lower()


def _level(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text.upper() not in SEVERITIES:
        raise invalid_argument(f'"{text[:40]}" is not a severity; name one of {", ".join(SEVERITIES)}.')
    return SEVERITIES[text.upper()]
