"""Moments as the API gives and takes them, and the time zone of a dataset."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def shown(microseconds: int) -> str:
    """A moment in RFC 3339, in UTC: 2018-01-01T00:00:00Z, with a fraction where there is one."""
    second, rest = divmod(microseconds, 1_000_000)
    text = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=None).isoformat()
    return f"{text}.{rest:06d}Z" if rest else f"{text}Z"


def read(text: str) -> int | None:
    """The moment of a time in RFC 3339, in microseconds since 1970; None for what is none."""
    if not _RFC3339.fullmatch(text):
        return None
    try:
        return count(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def count(moment: datetime) -> int:
    """A moment as microseconds since 1970."""
    since = moment - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """A time zone by its IANA name; UTC for none, and for a name that is not known here."""
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError):
        return UTC
