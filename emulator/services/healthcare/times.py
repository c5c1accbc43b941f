"""Points in time and lengths of it, in microseconds."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from emulator.errors import ApiError, invalid_argument

if TYPE_CHECKING:
    from emulator.context import Context

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The beginning of the year 1 and the end of 9999: what google.protobuf.Timestamp holds."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def now(context: "Context") -> int:
    """The emulator's time, in microseconds since 1970."""
    return int(context.clock.seconds() * 1_000_000)


def of(text: str, field: str) -> int:
    """A point in time, or the beginning of a day, in microseconds since 1970; without a zone it is UTC. 400 else."""
    try:
        time = datetime.fromisoformat(text)
        utc = time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)
        return (utc - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):  # of no date, or of one before the year 1 or after 9999
        raise _no_time(text, field) from None


def of_instant(text: str) -> int | None:
    """The microseconds since 1970 of a time to the second at least and with a zone (RFC 3339, FHIR's instant).

    None for what is none, and for what UTC has before the year 1 or after 9999.
    """
    if not _INSTANT.fullmatch(text):
        return None
    try:
        found = of_moment(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    return found if _EARLIEST <= found <= _LATEST else None


def required_instant(text: str, field: str) -> int:
    """The same of a request's field; 400 for what is none."""
    found = of_instant(text)
    if found is None:
        raise _no_time(text, field)
    return found


def of_moment(moment: datetime) -> int:
    """The microseconds since 1970 of a moment with a zone."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def written(microseconds: int) -> str:
    """A point in time as Google's APIs give it: 2026-01-31T12:00:00Z."""
    time = datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(tzinfo=None)
    rest = microseconds % 1_000_000
    return f"{time.isoformat()}{f'.{rest:06d}' if rest else ''}Z"


def after(start: int, length: str, field: str) -> int:
    """The time that lies a protobuf Duration ("86400s") after `start`; 400 for one that is too short or too long."""
    microseconds = round(float(length.rstrip("s")) * 1_000_000)
    if not 0 < microseconds <= _LATEST - start:
        raise invalid_argument(
            f"Invalid {field} {length}: it must be longer than nothing, and end before the year 10000."
        )
    return start + microseconds


def _no_time(text: str, field: str) -> ApiError:
    return invalid_argument(f'Invalid {field} "{text[:60]}": it must be a time such as 2026-01-31T12:00:00Z.')
