"""Functions of the Logging query language: those that are conditions, and those whose value is compared.

Logging: "Logging query language", section "Built-in functions". A function is a list of its name and arguments, texts
or such lists; texts that are fields are paths.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.filters import Predicate
from emulator.patterns import extractor
from emulator.services.logging.fields import parse_time, read_at, seconds, texts

Values = Callable[[dict[str, Any]], Iterator[Any]]
_WORDS = re.compile(r"\w+")
_GROUP = re.compile(r"(?<!\\)\((?!\?)")


def condition(tree: Sequence[Any]) -> Predicate:
    """The predicate of a function that stands by itself. Raises a 400 for one that is none, or has other arguments."""
    name, *arguments = tree
    try:
        return _CONDITIONS[name](*arguments)
    except (KeyError, TypeError):
        raise invalid_argument(f"{name} can't stand so in a query: {_USAGE[name]}.") from None


def value_of(tree: Any) -> tuple[Values, str]:
    """What gives a function's or field's values of an entry, and the field whose kind of values that is.

    Raises a 400 for a function that gives no value, or has other arguments.
    """
    if isinstance(tree, str):
        steps = tree.split(".")
        return lambda entry: read_at(entry, steps), tree
    name, *arguments = tree
    try:
        return _VALUES[name](*arguments)
    except (KeyError, TypeError):
        raise invalid_argument(f"{name} can't be compared so in a query: {_USAGE.get(name, 'no function')}.") from None


def _in_net(field: str, text: str) -> Predicate:
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

    values, _ = value_of(field)
    return lambda entry: any(map(holds, values(entry)))


def _sample(field: str, text: str) -> Predicate:
    """Whether a value is in a sample of that fraction: the same for the same value, always."""
    try:
        fraction = float(text)
    except ValueError:
        fraction = -1.0
    if not 0 < fraction <= 1:
        raise invalid_argument(f'"{text[:60]}" is no fraction above 0 and up to 1.')
    values, _ = value_of(field)

    def taken(found: Any) -> bool:
        return int.from_bytes(hashlib.sha256(str(found).encode()).digest()[:8]) < fraction * 2**64

    return lambda entry: any(map(taken, values(entry)))


def _log_id(text: str) -> Predicate:
    """Whether an entry is of that log, whose slashes may be written as %2F."""
    end = f"/logs/{quote(unquote(text), safe='')}"
    return lambda entry: str(entry.get("logName", "")).endswith(end)


def _source(text: str) -> Predicate:
    """Whether an entry came from that project, folder or organization."""
    start = f"{text}/logs/"
    return lambda entry: str(entry.get("logName", "")).startswith(start)


def _search(first: str, second: str | None = None) -> Predicate:
    """Whether every word of a text is a whole word of the entry, or of a field: of two arguments the first."""
    wanted = set(_WORDS.findall((first if second is None else second).lower()))
    values: Values = value_of(first)[0] if second is not None else lambda entry: iter([entry])

    def words(entry: dict[str, Any]) -> Iterator[str]:
        for value in values(entry):
            for text in texts(value):
                yield from _WORDS.findall(text)

    return lambda entry: bool(wanted) and wanted <= set(words(entry))


def _regexp_extract(tree: Any, pattern: str) -> tuple[Values, str]:
    """What an expression's group, or the expression, matches of a value first; nothing where it does not."""
    values, _ = value_of(tree)
    try:
        extract = extractor(pattern if _GROUP.search(pattern) else f"({pattern})")
    except ValueError as error:
        raise invalid_argument(f'"{pattern[:100]}" is not a regular expression ({error}).') from None
    return lambda entry: (part for found in values(entry) if (part := extract(str(found)))), ""


def _cast(tree: Any, kind: str, zone: Any = None) -> tuple[Values, str]:
    """Values as another type; those that can't be such are left out."""
    values, _ = value_of(tree)
    kind = kind.upper()
    if kind not in _TYPES or (zone is not None and kind not in ("STRING", "TIMESTAMP")):
        raise invalid_argument(f"{kind[:40]} is no type that CAST takes here: {_USAGE['cast']}.")
    read, like = _TYPES[kind]
    local = _zone(zone)

    def converted(entry: dict[str, Any]) -> Iterator[Any]:
        for found in values(entry):
            try:
                yield read(found, local)
            except (ValueError, OverflowError, ApiError):
                continue

    return converted, like


def _zone(tree: Any) -> ZoneInfo | None:
    """The time zone of TIMEZONE("Europe/Berlin"), None for none. Raises a 400 for one that there is none."""
    if tree is None:
        return None
    try:
        name, zone = tree
        if name != "timezone":
            raise ValueError
        return ZoneInfo(zone)
    except (ValueError, OSError, LookupError, TypeError):
        raise invalid_argument('A time zone is given as TIMEZONE("Europe/Berlin").') from None


def _text(found: Any, zone: ZoneInfo | None) -> str:
    if zone is None:
        return str(found).lower() if isinstance(found, bool) else str(found)
    return parse_time(str(found)).astimezone(zone).isoformat()


def _time(found: Any, zone: ZoneInfo | None) -> str:
    time = datetime.fromisoformat(str(found))
    return (time if time.tzinfo else time.replace(tzinfo=zone or UTC)).isoformat()


def _truth(found: Any, _: ZoneInfo | None) -> bool:
    return {"true": True, "false": False, "1": True, "0": False}[str(found).lower()]


_TYPES: dict[str, tuple[Callable[[Any, ZoneInfo | None], Any], str]] = {
    "STRING": (_text, ""),
    "INT64": (lambda found, _: int(found), ""),
    "FLOAT64": (lambda found, _: float(found), ""),
    "BOOL": (_truth, ""),
    "TIMESTAMP": (_time, "timestamp"),
    "DURATION": (lambda found, _: f"{seconds(str(found)):.9f}s", "httpRequest.latency"),
}
"""How a value becomes one of a type, and a field whose values are compared as those of the type."""
_CONDITIONS: dict[str, Callable[..., Predicate]] = {
    "ip_in_net": _in_net,
    "log_id": _log_id,
    "sample": _sample,
    "search": _search,
    "source": _source,
}
_VALUES: dict[str, Callable[..., tuple[Values, str]]] = {"cast": _cast, "regexp_extract": _regexp_extract}
_USAGE = {
    "cast": "CAST(value, STRING|INT64|FLOAT64|BOOL|TIMESTAMP|DURATION) is compared with a value, and texts and times"
    " may have a time zone",
    "ip_in_net": "ip_in_net(field, network) is a condition",
    "log_id": "log_id(log) is a condition",
    "regexp_extract": "REGEXP_EXTRACT(value, expression) is compared with a value",
    "sample": "sample(field, fraction) is a condition",
    "search": "SEARCH(text) and SEARCH(field, text) are conditions",
    "source": "source(projects/P) is a condition",
}
NAMES = tuple(_USAGE)
"""The functions' names, in lower case."""
