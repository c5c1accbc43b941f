"""CAST with FORMAT: dates and times as text and back, by the elements of a format model; BYTES in several encodings.

https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#formatting_syntax
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re

from emulator.services.bigquery.sql.scalars.caching import cached
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.formatting import EPOCH, MONTHS, WEEKDAYS

ELEMENT = re.compile(
    r"(?P<text>\"(?:\\[\\\"]|[^\"\\])*\")|(?P<mark>[-./,';:]| +)"
    r"|(?P<name>(?i:Y,YYY|YYYY|RRRR|YYY|YY|RR|Y|MONTH|MON|MM|MI|DDD|DAY|DD|DY|D|HH24|HH12|HH|SSSSS|SS|FF[1-9]"
    r"|[AP]\.M\.|AM|PM|TZH|TZM))"
)
YEARS = ("Y,YYY", "YYYY", "RRRR", "YYY", "YY", "RR", "Y")
MONTHLY, DAILY, HALVES = ("MONTH", "MON", "MM"), ("DDD", "DAY", "DD", "DY", "D"), ("A.M.", "P.M.", "AM", "PM")
HOURS = ("HH24", "HH12", "HH")
OF_DATES = frozenset((*YEARS, *MONTHLY, *DAILY))
OF_TIMES = frozenset((*HOURS, "MI", "SS", "SSSSS", *(f"FF{digits}" for digits in range(1, 10)), *HALVES))
OF_TYPES = {
    "DATE": OF_DATES,
    "TIME": OF_TIMES,
    "DATETIME": OF_DATES | OF_TIMES,
    "TIMESTAMP": OF_DATES | OF_TIMES | {"TZH", "TZM"},
}
PATTERNS = {
    "Y,YYY": r"\d{1,2},\d{3}", "YYY": r"\d{3}", "YY": r"\d{2}", "RR": r"\d{2}", "Y": r"\d", "MM": r"\d{2}",
    "MON": "|".join(name[:3] for name in MONTHS), "MONTH": "|".join(MONTHS), "DDD": r"\d{3}", "DD": r"\d{2}",
    "HH24": r"\d{2}", "HH12": r"\d{2}", "HH": r"\d{2}", "MI": r"\d{2}", "SS": r"\d{2}", "SSSSS": r"\d{5}",
    "AM": "[AP]M", "PM": "[AP]M", "A.M.": r"[AP]\.M\.", "P.M.": r"[AP]\.M\.", "TZH": r"[-+ ]\d{2}", "TZM": r"\d{2}",
    **{f"FF{digits}": rf"\d{{{digits}}}" for digits in range(1, 10)},
}  # fmt: skip
ENCODINGS = {"ASCII": "ascii", "UTF-8": "utf-8", "UTF8": "utf-8"}
BASES = {"BASE2": 1, "BASE8": 3}  # bits of a digit
MIME_LINE = 76


@cached(256)
def model(kind: str, template: str) -> list[tuple[str, str]]:
    """The elements of a format model: the name of each in capitals (nothing for text), and how it is written.

    Raises ScalarError for what is no element, or none of the type.
    """
    found, at = [], 0
    while at < len(template):
        match = ELEMENT.match(template, at)
        if match is None:
            raise ScalarError(f"Cannot find matched format element at {at} in the format string: {template}")
        name = (match["name"] or "").upper()
        if name and name not in OF_TYPES[kind]:
            raise ScalarError(f"{kind} does not support the format element {name}")
        text = re.sub(r"\\(.)", r"\1", match[0][1:-1]) if match["text"] else match[0]
        found.append((name, text))
        at = match.end()
    return found


@cached(10_000)
def format_cast(kind: str, template: str, microseconds: int, offset: int) -> str:
    """A date or time as text; arguments as of formatting.format_moment. Raises ScalarError for a wrong model."""
    civil = EPOCH + dt.timedelta(microseconds=microseconds)
    return "".join(_shown(name, text, civil, offset) if name else text for name, text in model(kind, template))


def _shown(name: str, written: str, civil: dt.datetime, offset: int) -> str:
    if name in YEARS:
        return _year_text(name, civil.year)
    if name.startswith("FF"):
        return f"{civil.microsecond:06}".ljust(9, "0")[: int(name[2:])]
    if name in HALVES:
        text = ("A" if civil.hour < 12 else "P") + name[1:]
        return text if written[0].isupper() else text.lower()
    if name == "TZH":
        return f"{'-' if offset < 0 else '+'}{abs(offset) // 3600:02}"
    if name == "TZM":
        return f"{abs(offset) // 60 % 60:02}"
    names = {"MONTH": MONTHS[civil.month - 1], "DAY": f"{WEEKDAYS[civil.weekday()]:9}"}
    names |= {"MON": names["MONTH"][:3], "DY": names["DAY"][:3]}
    if name in names:
        return _cased(names[name], written)
    numbers = {
        "MM": f"{civil.month:02}",
        "DDD": f"{civil.timetuple().tm_yday:03}",
        "DD": f"{civil.day:02}",
        "D": str(civil.isoweekday() % 7 + 1),
        "HH24": f"{civil.hour:02}",
        "MI": f"{civil.minute:02}",
        "SS": f"{civil.second:02}",
        "SSSSS": f"{civil.hour * 3600 + civil.minute * 60 + civil.second:05}",
    }
    return numbers.get(name) or f"{civil.hour % 12 or 12:02}"


def _year_text(name: str, year: int) -> str:
    if name == "Y,YYY":
        return f"{year // 1000},{year % 1000:03}"
    return f"{year:04}" if len(name) == 4 else f"{year:04}"[-len(name) :]


def _cased(text: str, written: str) -> str:
    """A name in the case of its element."""
    if written[0].islower():
        return text.lower()
    return text.upper() if written[1].isupper() else text


@cached(10_000)
def parse_cast(kind: str, template: str, text: str, zone: str, now: int) -> str:
    """A text as a date or time, as parsing.parse_moment gives it; now is in microseconds since 1970.

    Raises ScalarError for a text that is not as the model says, and for a model that breaks its rules.
    """
    elements = model(kind, template)
    _check_model([name for name, _ in elements if name])
    match = _pattern(tuple(elements)).fullmatch(text)
    if match is None:
        raise ScalarError(f'Failed to parse input string "{text}"')
    names = [name for name, _ in elements if name]
    fields = dict(zip(names, match.groups(), strict=True))
    try:
        civil = dt.datetime.combine(_date(fields, EPOCH + dt.timedelta(microseconds=now)), dt.time.min) + _time(fields)
    except (ValueError, OverflowError):
        raise ScalarError(f'Failed to parse input string "{text}"') from None
    return f"{civil.isoformat(' ')} {_zone(fields) or zone}".rstrip()


def _check_model(names: list[str]) -> None:
    twelve, half = {"HH", "HH12"} & set(names), set(HALVES) & set(names)
    wrong = next((name for name in names if names.count(name) > 1 or name in ("D", "DAY", "DY")), "")
    for group in (YEARS, MONTHLY, DAILY, HOURS, HALVES):
        wrong = wrong or ", ".join(name for name in names if name in group and sum(n in group for n in names) > 1)
    if "DDD" in names and set(MONTHLY) & set(names):
        wrong = wrong or "DDD with a month"
    if "SSSSS" in names and {*HOURS, "MI", "SS", *HALVES} & set(names):
        wrong = wrong or "SSSSS with hours, minutes or seconds"
    if wrong or bool(twelve) != bool(half):
        raise ScalarError(
            f"Invalid format model: {wrong or 'a 12-hour element and a meridian indicator need each other'}"
        )


@cached(256)
def _pattern(elements: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    text = ""
    for place, (name, written) in enumerate(elements):
        if not name:
            text += r"\s+" if written.strip() == "" else re.escape(written)
        elif name in ("YYYY", "RRRR"):
            delimited = place + 1 == len(elements) or not elements[place + 1][0]
            text += r"(\d{1,5})" if delimited else r"(\d{4})"
        else:
            text += f"({PATTERNS[name]})"
    return re.compile(text, re.IGNORECASE | re.ASCII)


def _date(fields: dict[str, str], now: dt.datetime) -> dt.date:
    """What is not said is that of now, and the first of a month. Of a TIME nobody looks at it."""
    year = next((_year(name, fields[name], now.year) for name in YEARS if name in fields), now.year)
    if "DDD" in fields:
        day = dt.date(year, 1, 1) + dt.timedelta(days=int(fields["DDD"]) - 1)
        if day.year != year:
            raise ValueError
        return day
    month = int(fields.get("MM", now.month))
    if named := fields.get("MONTH", fields.get("MON")):
        month = [name[:3] for name in MONTHS].index(named[:3].capitalize()) + 1
    return dt.date(year, month, int(fields.get("DD", 1)))


def _year(name: str, text: str, now: int) -> int:
    number = int(text.replace(",", ""))
    if name == "RR":
        return number + 100 * (now // 100 + (now % 100 >= 50) - (number >= 50))
    return number if len(name) > 3 else now // 10 ** len(name) * 10 ** len(name) + number


def _time(fields: dict[str, str]) -> dt.timedelta:
    hour = int(fields.get("HH24", 0))
    if twelve := fields.get("HH12", fields.get("HH")):
        if not 1 <= int(twelve) <= 12:
            raise ValueError
        half = next(fields[name] for name in HALVES if name in fields)
        hour = int(twelve) % 12 + (12 if half[0].upper() == "P" else 0)
    minute, second = int(fields.get("MI", 0)), int(fields.get("SS", 0))
    whole = int(fields.get("SSSSS", 3600 * hour + 60 * minute + second))
    if hour > 23 or minute > 59 or second > 59 or whole >= 86_400:
        raise ValueError
    fraction = next((fields[name] for name in fields if name.startswith("FF")), "")
    return dt.timedelta(seconds=whole, microseconds=int(fraction.ljust(6, "0")[:6]))


def _zone(fields: dict[str, str]) -> str:
    """The zone that a text names, as the engine takes it."""
    if "TZH" not in fields:
        return ""
    return f"GMT{fields['TZH'].replace(' ', '+')}:{fields.get('TZM', '00')}"


def bytes_as_text(data: bytes, form: str) -> str:
    """BYTES as text of that form. Raises ScalarError for an unknown form, and for BYTES that have none."""
    name = form.upper()
    try:
        if name in ENCODINGS:
            return data.decode(ENCODINGS[name])
    except UnicodeDecodeError:
        raise ScalarError(f"Bytes are no valid {name}") from None
    if name in ("HEX", "BASE16"):
        return data.hex()
    if name == "BASE32":
        return base64.b32encode(data).decode()
    if name in ("BASE64", "BASE64M"):
        text = base64.b64encode(data).decode()
        step = MIME_LINE if name == "BASE64M" else len(text) or 1
        return "\n".join(text[at : at + step] for at in range(0, len(text), step))
    bits = _bits(name, form)
    if len(data) * 8 % bits:
        raise ScalarError(f"{name} of a number of bytes that is no multiple of {bits} is not emulated")
    return "".join(str(digit) for digit in _digits(data, bits))


def _digits(data: bytes, bits: int) -> list[int]:
    number, count = int.from_bytes(data, "big"), len(data) * 8 // bits
    return [number >> bits * (count - 1 - place) & (1 << bits) - 1 for place in range(count)]


def _bits(name: str, form: str) -> int:
    if name not in BASES:
        raise ScalarError(f"Invalid format string: {form}")
    return BASES[name]


def text_as_bytes(text: str, form: str) -> bytes:
    """Text of that form as BYTES. Raises ScalarError for an unknown form, and for a text that is none of it."""
    name = form.upper()
    try:
        if name in ENCODINGS:
            return text.encode(ENCODINGS[name])
        if name in ("HEX", "BASE16"):
            return binascii.unhexlify(text)
        if name == "BASE32":
            return base64.b32decode(text)
        if name in ("BASE64", "BASE64M"):
            return base64.b64decode("".join(text.split()), validate=True)
        bits = _bits(name, form)
        if len(text) * bits % 8:
            raise ValueError
        return int(text or "0", 1 << bits).to_bytes(len(text) * bits // 8, "big")
    except ScalarError:
        raise
    except (ValueError, OverflowError):
        raise ScalarError(f"Failed to decode invalid {name} string") from None
