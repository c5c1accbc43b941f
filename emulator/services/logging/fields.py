"""Fields of log entries: what is at a path, every text of an entry, and times and durations as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from emulator.errors import invalid_argument

_DURATION = re.compile(r"([+-]?\d+(?:\.\d+)?)(ns|us|ms|s|m|h)?")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def values_at(entry: dict[str, Any], path: str) -> Iterator[Any]:
    """What an entry has at a path such as jsonPayload.status: one value, or each of a repeated field."""
    return read_at(entry, path.split("."))


def read_at(value: Any, steps: list[str]) -> Iterator[Any]:
    """What lies at a path in parts, through lists; nothing where the field is not there."""
    if isinstance(value, list):
        for item in value:
            yield from read_at(item, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict):
        head = steps[0]
        if head in value:
            yield from read_at(value[head], steps[1:])
        elif len(steps) > 1 and ".".join(steps) in value:
            yield value[".".join(steps)]


def texts(value: Any) -> Iterator[str]:
    """Every text and number of an entry, in lower case."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    else:
        yield str(value).lower()


def parse_time(text: str) -> datetime:
    """A time or date as filters and entries have it; a 400 for anything else. Without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_argument(f'"{text[:60]}" is not a time such as 2026-01-31T12:00:00Z.') from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def duration(value: Any) -> float | None:
    """A value such as 1.5s, -2h or 3 (seconds) in seconds; None where it is no duration."""
    found = _DURATION.fullmatch(str(value))
    return float(found[1]) * _SECONDS[found[2] or "s"] if found else None


def seconds(text: str) -> float:
    """A duration in seconds; a 400 for what is none."""
    found = duration(text)
    if found is None:
        raise invalid_argument(f'"{text[:60]}" is not a duration such as 1.5s; units are {", ".join(_SECONDS)}.')
    return found
