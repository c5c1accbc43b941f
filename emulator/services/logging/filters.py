"""The Logging query language: how its comparisons differ from those of other list filters.

Logging documentation, page "Logging query language": text compares without regard to case, severities by their order,
times as times; a comparison with a repeated field holds if one of its elements fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from emulator.errors import invalid_argument
from emulator.gateway import filters
from emulator.gateway.filters import Predicate

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
_LOG_ID = re.compile(r'\blog_id\s*\(\s*"([^"\\]*)"\s*\)', re.IGNORECASE)
_TIMES = frozenset(("timestamp", "receiveTimestamp", "receive_timestamp"))
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "<": lambda found, wanted: found < wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    ">=": lambda found, wanted: found >= wanted,
}


def compile_filter(text: str) -> Predicate:
    """A predicate over log entries (as JSON). Raises a 400 for a query that can't be read."""
    return filters.compile_filter(_LOG_ID.sub(_log_name, text), _compare)


def _log_name(found: re.Match[str]) -> str:
    """The function log_id as a comparison of the log's name, in which slashes are written as %2F."""
    log = quote(unquote(found[1]), safe="").replace(".", "[.]")
    return f'logName=~"/logs/{log}$"'


def parse_time(text: str) -> datetime:
    """A time or date as filters and entries have it; a 400 for anything else. Without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_argument(f'"{text[:60]}" is not a time such as 2026-01-31T12:00:00Z.') from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _compare(path: str, operator: str, wanted: str) -> Predicate:
    if not operator:
        word = wanted.lower()
        return lambda entry: any(word in text for text in _texts(entry))
    if operator == "!=":
        equal = _compare(path, "=", wanted)
        return lambda entry: not equal(entry)
    if operator == "!~":
        like = _compare(path, "=~", wanted)
        return lambda entry: not like(entry)
    fits = _fits(path, operator, wanted)
    steps = path.split(".")
    return lambda entry: any(fits(found) for found in _values(entry, steps))


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
    return lambda found: order(*_comparable(found, wanted))


def _comparable(found: Any, wanted: str) -> tuple[Any, Any]:
    """Both values as numbers if they are numbers, else as text without regard to case."""
    if not isinstance(found, bool):
        try:
            return float(found), float(wanted)
        except (TypeError, ValueError):
            pass
    return str(found).lower(), wanted.lower()


def _level(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text.upper() not in SEVERITIES:
        raise invalid_argument(f'"{text[:40]}" is not a severity; name one of {", ".join(SEVERITIES)}.')
    return SEVERITIES[text.upper()]


def values_at(entry: dict[str, Any], path: str) -> Iterator[Any]:
    """What an entry has at a path such as jsonPayload.status: one value, or each of a repeated field."""
    return _values(entry, path.split("."))


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    """What lies at a path, through lists; nothing where the field is not there."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict):
        head = steps[0]
        if head in value:
            yield from _values(value[head], steps[1:])
        elif len(steps) > 1 and ".".join(steps) in value:
            yield value[".".join(steps)]


def _texts(value: Any) -> Iterator[str]:
    """Every text and number of an entry, in lower case."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value).lower()
