"""The Logging query language: how its comparisons differ from those of other list filters.

Logging documentation, page "Logging query language": text compares without regard to case, severities by their order,
times as times; a comparison with a repeated field holds if one of its elements fits.
"""

from __future__ import annotations

import hashlib
import ipaddress
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
# Functions of a field and a value are read as comparisons of the function of the field with the value.
_OF_FIELD = re.compile(r'\b(ip_in_net|sample)\s*\(\s*([\w.@/-]+)\s*,\s*"?([\w.:/]+)"?\s*\)', re.IGNORECASE)
_FUNCTION = re.compile(r"(ip_in_net|sample)\((.+)\)")
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
    text = _OF_FIELD.sub(lambda found: f'{found[1].lower()}("{found[2]}")="{found[3]}"', _LOG_ID.sub(_log_name, text))
    return filters.compile_filter(text, _compare, ("ip_in_net", "sample"))


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
    function = _FUNCTION.fullmatch(path)
    fits = _fits(path, operator, wanted) if function is None else _FUNCTIONS[function[1]](wanted)
    steps = (path if function is None else function[2]).split(".")
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


def _in_net(text: str) -> Callable[[Any], bool]:
    """Whether an address lies in a net, such as 10.0.0.0/8."""
    try:
        net = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise invalid_argument(f'"{text[:60]}" is neither an IP address nor a range of them.') from None

    def holds(found: Any) -> bool:
        try:
            return ipaddress.ip_address(str(found)) in net
        except ValueError:
            return False

    return holds


def _sampled(text: str) -> Callable[[Any], bool]:
    """Whether a value is in a sample of that fraction: the same for the same value, always."""
    try:
        fraction = float(text)
    except ValueError:
        fraction = -1.0
    if not 0 < fraction <= 1:
        raise invalid_argument(f'"{text[:60]}" is no fraction above 0 and up to 1.')
    return lambda found: int.from_bytes(hashlib.sha256(str(found).encode()).digest()[:8]) < fraction * 2**64


_FUNCTIONS: dict[str, Callable[[str], Callable[[Any], bool]]] = {"ip_in_net": _in_net, "sample": _sampled}


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
