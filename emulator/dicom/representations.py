"""Text of a value representation as the number or time it means (PS3.5 6.2), never by Python's own, wider syntax.

Python also takes `1_0`, `inf`, `nan`, other scripts' digits and blanks anywhere; DICOM takes none of these. Each reader
gives None for text that is no such value, so that the caller can show it as it is or leave it out.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone

MIN_JSON_INTEGER, MAX_JSON_INTEGER = -(2**63), 2**64 - 1
"""What is shown as a number in JSON; PS3.18 F.2.3 lets an integer string be shown as text, too."""

_DECIMAL = re.compile(r" *([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) *")
_INTEGER = re.compile(r" *([+-]?[0-9]{1,40}) *")
# PS3.5 6.2 lists the forms with points and colons as those of ACR-NEMA, which a reader should still take.
_DATE = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|\.([0-9]{2})\.([0-9]{2}))")
_TIME = re.compile(r"([0-9]{2})(?:(:?)([0-9]{2})(?:\2([0-9]{2})(?:\.([0-9]{1,6}))?)?)?")
_DATETIME = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.([0-9]{1,6}))?)?)?)?)?)?"
    r"([+-][0-9]{4})?"
)
_FARTHEST_EAST, _FARTHEST_WEST = timedelta(hours=14), -timedelta(hours=12)


def decimal(text: str) -> float | None:
    """Read a DS value: a fixed or floating point number that is finite. None for anything else, `1e999` included."""
    found = _DECIMAL.fullmatch(text)
    number = float(found[1]) if found else math.inf
    return number if math.isfinite(number) else None


def integer(text: str) -> int | None:
    """Read an IS value as the number that JSON can hold in 64 bits; None for anything else."""
    found = _INTEGER.fullmatch(text)
    if found is None:
        return None
    number = int(found[1])
    return number if MIN_JSON_INTEGER <= number <= MAX_JSON_INTEGER else None


def calendar_date(text: str) -> date | None:
    """Read a DA value, YYYYMMDD or the older YYYY.MM.DD; None if it is no day of the calendar."""
    found = _DATE.fullmatch(text.rstrip(" "))
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2] or found[4]), int(found[3] or found[5]))
    except ValueError:
        return None


def time_of_day(text: str) -> tuple[int, int, int, str] | None:
    """Read a TM value, or the older HH:MM:SS: hour, minute, second (60 is a leap second), digits of the fraction."""
    found = _TIME.fullmatch(text.rstrip(" "))
    if found is None:
        return None
    hour, minute, second = (int(found[group] or 0) for group in (1, 3, 4))
    return (hour, minute, second, found[5] or "") if hour < 24 and minute < 60 and second <= 60 else None


def moment(text: str) -> datetime | None:
    """Read a DT value in UTC, which is also taken where it names no offset; parts that it lacks are the first ones.

    A leap second is taken as the one before it. None if there is no such time, or no such offset (-1200 to +1400).
    """
    found = _DATETIME.fullmatch(text.rstrip(" "))
    if found is None:
        return None
    offset = found[8] or "+0000"
    shift = (1 if offset[0] == "+" else -1) * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
    second, fraction = int(found[6] or 0), int((found[7] or "0").ljust(6, "0"))
    if not _FARTHEST_WEST <= shift <= _FARTHEST_EAST or int(offset[3:]) > 59 or second > 60:
        return None
    year, month, day, hour, minute = (
        int(part or low) for part, low in zip(found.groups()[:5], (1, 1, 1, 0, 0), strict=True)
    )
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59), fraction, timezone(shift))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
