"""The time of a change, which is its version, too: a number of microseconds since 1970 in all its written forms.

Cloud Healthcare's versionId is base64 of the nanoseconds in decimal, and lastUpdated the same instant.
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_NANOSECONDS = re.compile(rb"[0-9]{4,22}")
# What is written of a time is remembered for a moment: all changes of a bundle, and the answer to them, have the same.


@lru_cache(maxsize=256)
def version_id(microseconds: int) -> str:
    """The versionId of a change: MTY4MzA2MDQzOTI5NjIxMDAwMA."""
    return base64.b64encode(b"%d000" % microseconds).decode().rstrip("=")


def microseconds_of(version: str) -> int | None:
    """The time that a versionId stands for, None for what is none."""
    try:
        text = base64.b64decode(version + "=" * (-len(version) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return int(text) // 1000 if _NANOSECONDS.fullmatch(text) else None


@lru_cache(maxsize=256)
def last_updated(microseconds: int) -> str:
    """Meta.lastUpdated of a change: 2023-05-02T20:47:19.296210+00:00."""
    second, rest = divmod(microseconds, 1_000_000)
    return f"{_to_the_second(second)}.{rest:06}+00:00"


def http_date(microseconds: int) -> str:
    """A Last-Modified header (RFC 9110 5.6.7)."""
    return _http_second(microseconds // 1_000_000)


def of_http_date(text: str) -> int | None:
    """The time of an If-Modified-Since header, None for what is no date."""
    try:
        moment = parsedate_to_datetime(text)
        return _count(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def of_instant(text: str) -> int | None:
    """The time of a FHIR instant, to the second at least and with a time zone; None for what is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return _count(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


@lru_cache(maxsize=1024)
def _http_second(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def _count(moment: datetime) -> int:
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
