"""HL7's time stamps (HL7 v2.5, 2.A.22 DTM): YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_STAMP = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?(?:([+-])(\d\d)(\d\d))?", re.ASCII
)
_LEAST = (1, 1, 1, 0, 0, 0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The first microsecond of the year 1 and the last of 9999, in UTC: what google.protobuf.Timestamp holds."""


def microseconds_of(stamp: str, zone: tzinfo) -> int | None:
    """The instant of a time stamp in microseconds since 1970, None for what is none.

    One without an offset is of `zone`; parts that it leaves out are the first of their kind.
    """
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(part or least) for part, least in zip(found.groups()[:6], _LEAST, strict=True)
    )
    fraction = int((found[7] or "").ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, fraction, _zone(found, zone))
        since = moment - _EPOCH
    except (ValueError, OverflowError):
        return None
    count = (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    return count if _FIRST <= count <= _LAST else None


def _zone(found: re.Match[str], zone: tzinfo) -> tzinfo:
    if not found[8]:
        return zone
    offset = timedelta(hours=int(found[9]), minutes=int(found[10]))
    return timezone(offset if found[8] == "+" else -offset)


def stamp_of(microseconds: int) -> str:
    """An instant as a time stamp in UTC, to the second: 20180101000000."""
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return moment.strftime("%Y%m%d%H%M%S")
