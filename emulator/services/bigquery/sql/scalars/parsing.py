"""Text as dates and times: PARSE_DATE, PARSE_DATETIME, PARSE_TIME and PARSE_TIMESTAMP.

https://cloud.google.com/bigquery/docs/reference/standard-sql/date_functions#parse_date and its like: fields that the
format leaves out are those of 1970-01-01 00:00:00; names match in any case; white space in the format matches any
amount of it, as it does before and after; of two elements that say the same the last one counts.
"""

from __future__ import annotations

import datetime as dt
import re

from emulator.services.bigquery.sql.scalars.caching import cached
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.formatting import EPOCH, MONTHS, WEEKDAYS, elements, foreign

NAMES = {
    "%A": [*WEEKDAYS, *(name[:3] for name in WEEKDAYS)],
    "%B": [*MONTHS, *(name[:3] for name in MONTHS)],
}
NAMES["%a"], NAMES["%b"] = NAMES["%A"], NAMES["%B"]
ZONE = r"[+-]\d{1,2}(?::?\d{2})?|[Zz]"
PATTERNS = {
    "%C": r"\d{1,2}", "%d": r"\s?\d{1,2}", "%e": r"\s?\d{1,2}", "%G": r"\d{1,4}", "%g": r"\d{1,2}",
    "%H": r"\s?\d{1,2}", "%I": r"\s?\d{1,2}", "%J": r"\d{1,3}", "%j": r"\d{1,3}", "%k": r"\s?\d{1,2}",
    "%l": r"\s?\d{1,2}", "%M": r"\d{1,2}", "%m": r"\d{1,2}", "%P": "(?i:am|pm)", "%p": "(?i:am|pm)", "%Q": "[1-4]",
    "%S": r"\d{1,2}", "%s": r"-?\d+", "%U": r"\d{1,2}", "%u": "[1-7]", "%V": r"\d{1,2}", "%W": r"\d{1,2}",
    "%w": "[0-6]", "%Y": r"\d{1,4}", "%E4Y": r"\d{4}", "%y": r"\d{1,2}", "%Z": r"[^\s]+", "%z": ZONE, "%Ez": ZONE,
}  # fmt: skip
SAME = {"%e": "%d", "%k": "%H", "%l": "%I", "%E4Y": "%Y", "%P": "%p", "%Ez": "%z", "%B": "%b", "%A": "%a"}
SPACE = r"\s*+"  # possessive, as all is: nothing is tried twice, however long the text
LITERALS = {"%%": "%", "%n": SPACE, "%t": SPACE}


@cached(10_000)
def parse_moment(kind: str, template: str, text: str, zone: str) -> str:
    """A value of the type `kind` as `2020-01-02 03:04:05.000006`, then the zone that the text names, or `zone`.

    Raises ScalarError where the text is not as the format says.
    """
    names, pattern = _pattern(kind, template)
    match = pattern.fullmatch(text)
    if match is None:
        raise ScalarError(f'Failed to parse input string "{text}"')
    fields = dict(zip(names, match.groups(), strict=True))
    try:
        civil, named = _moment(fields)
    except (ValueError, OverflowError):
        raise ScalarError(f'Failed to parse input string "{text}"') from None
    return f"{civil.replace(tzinfo=None).isoformat(' ')} {named or zone}".rstrip()


@cached(256)
def _pattern(kind: str, template: str) -> tuple[list[str], re.Pattern[str]]:
    if stranger := foreign(kind, template):
        raise ScalarError(f"Invalid format: {stranger} is not allowed for the {kind} type.")
    names: list[str] = []
    text = SPACE
    for piece in elements(kind, template):
        if piece in LITERALS:
            text += LITERALS[piece]
        elif piece in NAMES:
            names.append(SAME.get(piece, piece))
            text += f"(?i:((?>{'|'.join(NAMES[piece])})))"
        elif piece in PATTERNS:
            names.append(SAME.get(piece, piece))
            text += f"((?>{PATTERNS[piece]}))"
        elif piece.startswith("%E") and piece.endswith("S"):
            names.append("%S")
            digits = "*" if piece == "%E*S" else f"{{0,{piece[2:-1] or 0}}}"
            text += rf"((?>\d{{1,2}}(?:\.\d{digits})?))"
        else:
            text += "".join(SPACE if part.isspace() else re.escape(part) for part in re.split(r"(\s+)", piece))
    return names, re.compile(text + SPACE)


def _moment(fields: dict[str, str]) -> tuple[dt.datetime, str]:
    if "%s" in fields:
        return EPOCH + dt.timedelta(seconds=int(fields["%s"])), "UTC"
    civil = dt.datetime.combine(_date(fields), dt.time.min, dt.UTC) + _time(fields)
    return civil, _zone(fields.get("%z", fields.get("%Z", "")))


def _zone(written: str) -> str:
    """A zone as the engine takes it."""
    if not written or written in "Zz":
        return "UTC" if written else ""
    if written[0] not in "+-":
        return written
    digits = written[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "00")
    return f"GMT{written[0]}{int(hours):02}:{minutes}"


def _date(fields: dict[str, str]) -> dt.date:
    year = _year(fields)
    if "%j" in fields:
        day = dt.date(year, 1, 1) + dt.timedelta(days=int(fields["%j"]) - 1)
        return _checked(day, day.year == year)
    if {"%G", "%g"} & fields.keys():
        return _iso_date(fields)
    if {"%U", "%W"} & fields.keys():
        return _date_of_week(fields, year)
    month = 3 * int(fields["%Q"]) - 2 if "%Q" in fields else 1
    if "%m" in fields:
        month = int(fields["%m"])
    elif "%b" in fields:
        month = [name[:3].lower() for name in MONTHS].index(fields["%b"][:3].lower()) + 1
    return dt.date(year, month, int(fields.get("%d", "1")))


def _checked(value: dt.date, valid: bool) -> dt.date:
    if not valid:
        raise ValueError
    return value


def _year(fields: dict[str, str]) -> int:
    last = [name for name in fields if name in ("%Y", "%y", "%C")]
    if not last:
        return 1970
    if last[-1] == "%Y":
        return int(fields["%Y"])
    years = int(fields.get("%y", "0"))
    if "%C" in fields:
        return int(fields["%C"]) * 100 + years
    return years + (2000 if years < 69 else 1900)


def _weekday(fields: dict[str, str]) -> int | None:
    """Monday is 1; None where the text says none."""
    if "%u" in fields:
        return int(fields["%u"])
    if "%w" in fields:
        return int(fields["%w"]) or 7
    if "%a" in fields:
        return [name[:3].lower() for name in WEEKDAYS].index(fields["%a"][:3].lower()) + 1
    return None


def _iso_date(fields: dict[str, str]) -> dt.date:
    years = int(fields.get("%G") or fields["%g"])
    year = years if "%G" in fields else years + (2000 if years < 69 else 1900)
    if "%J" in fields:
        return dt.date.fromisocalendar(year, 1, 1) + dt.timedelta(days=int(fields["%J"]) - 1)
    return dt.date.fromisocalendar(year, int(fields.get("%V", "1")), _weekday(fields) or 1)


def _date_of_week(fields: dict[str, str], year: int) -> dt.date:
    """The day of a week that is counted from the year's first Sunday (%U) or Monday (%W)."""
    name, first = ("%U", 7) if "%U" in fields else ("%W", 1)
    start = dt.date(year, 1, 1)
    week_one = start + dt.timedelta(days=(first - start.isoweekday()) % 7)
    ahead = ((_weekday(fields) or first) - first) % 7
    day = week_one + dt.timedelta(days=7 * (int(fields[name]) - 1) + ahead)
    return _checked(day, day.year == year)


def _time(fields: dict[str, str]) -> dt.timedelta:
    hour = int(fields.get("%H", "0"))
    if "%I" in fields and list(fields).index("%I") > (list(fields).index("%H") if "%H" in fields else -1):
        hour = _twelve(int(fields["%I"])) + (12 if fields.get("%p", "am").lower() == "pm" else 0)
    minute = int(fields.get("%M", "0"))
    seconds, _, fraction = fields.get("%S", "0").partition(".")
    if hour > 23 or minute > 59 or int(seconds) > 60:
        raise ValueError
    micros = int(fraction.ljust(6, "0")[:6])
    return dt.timedelta(hours=hour, minutes=minute, seconds=int(seconds), microseconds=micros)


def _twelve(hour: int) -> int:
    if not 1 <= hour <= 12:
        raise ValueError
    return hour % 12
