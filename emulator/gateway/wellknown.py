"""Times and durations that a body gives as objects of their fields, {"seconds": 1, "nanos": 0}, as texts.

Google's parser takes either form; the curl lines of its pages on consent artifacts have objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 315_576_000_000
"""Seconds of 10,000 years, which google.protobuf.Duration holds."""
_BILLION = 1_000_000_000


def text_of(form: str | None, parts: Mapping[str, Any]) -> str | None:
    """The text of a google-datetime or google-duration in the form of JSON; None for what is neither."""
    if not parts.keys() <= {"seconds", "nanos"} or any(type(part) not in (int, str) for part in parts.values()):
        return None
    try:
        seconds, nanos = int(parts.get("seconds", 0)), int(parts.get("nanos", 0))
    except ValueError:
        return None
    if form == "google-datetime" and 0 <= nanos < _BILLION:
        return _timestamp(seconds, nanos)
    if form == "google-duration" and abs(nanos) < _BILLION and abs(seconds) <= _LONGEST and seconds * nanos >= 0:
        return f"{'-' if seconds < 0 or nanos < 0 else ''}{abs(seconds)}{_fraction(abs(nanos))}s"
    return None


def _timestamp(seconds: int, nanos: int) -> str | None:
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return f"{moment.replace(tzinfo=None).isoformat()}{_fraction(nanos)}Z"


def _fraction(nanos: int) -> str:
    """Nothing, or 3, 6 or 9 digits behind a point."""
    if not nanos:
        return ""
    digits = f"{nanos:09d}"
    return "." + next((digits[:end] for end in (3, 6) if not int(digits[end:])), digits)
