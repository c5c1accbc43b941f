"""The time zone of a dataset, which times without one are of (Cloud Healthcare: Dataset.timeZone)."""

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from emulator.errors import invalid_argument


@lru_cache(maxsize=256)
def of_name(name: str) -> tzinfo:
    """A time zone by its IANA name, UTC for ""; 400 for a name that is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError, KeyError):
        raise invalid_argument(
            f'Invalid timeZone "{name[:80]}": it must be an IANA time zone such as America/New_York, or empty.'
        ) from None
