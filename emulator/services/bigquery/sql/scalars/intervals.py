"""INTERVAL from text: its months, days and microseconds.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#interval_type and lexical#interval_literals
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from emulator.services.bigquery.sql.scalars.errors import ScalarError

PARTS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
SEPARATORS = {"MONTH": "-", "DAY": " ", "HOUR": " ", "MINUTE": ":", "SECOND": ":"}  # before each part but the first
MONTHS, DAYS, MICROSECONDS = 120_000, 3_660_000, 316_224_000_000_000_000  # the most of each: 10,000 years
SECOND = 1_000_000
OF_PART = {  # how many of months, days and microseconds each part is
    "YEAR": (12, 0, 0),
    "MONTH": (1, 0, 0),
    "WEEK": (0, 7, 0),
    "DAY": (0, 1, 0),
    "HOUR": (0, 0, 3600 * SECOND),
    "MINUTE": (0, 0, 60 * SECOND),
    "SECOND": (0, 0, SECOND),
}
ISO = re.compile(
    r"P(?=.)(?:(?P<YEAR>-?\d+)Y)?(?:(?P<MONTH>-?\d+)M)?(?:(?P<WEEK>-?\d+)W)?(?:(?P<DAY>-?\d+)D)?"
    r"(?:T(?=.)(?:(?P<HOUR>-?\d+)H)?(?:(?P<MINUTE>-?\d+)M)?(?:(?P<SECOND>-?\d+(?:[.,]\d{1,9})?)S)?)?\Z"
)
Parts = tuple[int, int, int]


def checked(months: int, days: int, microseconds: int) -> Parts:
    """The same three numbers. Raises ScalarError for more than 10,000 years of one of them."""
    if abs(months) > MONTHS or abs(days) > DAYS or abs(microseconds) > MICROSECONDS:
        raise ScalarError("Interval overflow: an INTERVAL has at most 10,000 years")
    return months, days, microseconds


def parts_of_text(text: str) -> list[int]:
    """Months, days and microseconds of `[-]Y-M [-]D [-]H:M:S[.F]`, or of an ISO 8601 duration.

    Raises ScalarError for other text.
    """
    found = ISO.match(text)
    if found is not None:
        return list(_total({part: value.replace(",", ".") for part, value in found.groupdict().items() if value}, text))
    return parts_of_span(text, "YEAR", "SECOND")


def parts_of_span(text: str, first: str, last: str) -> list[int]:
    """The same of a literal such as `INTERVAL '1-2 3' YEAR TO DAY`; first and last are the names of its parts.

    Raises ScalarError for text that has other parts.
    """
    names = PARTS[PARTS.index(first) : PARTS.index(last) + 1] if first in PARTS and last in PARTS else ()
    found = re.match(_pattern(names) + r"\Z", text) if len(names) > 1 else None
    if found is None:
        raise ScalarError(f"Invalid INTERVAL value '{text}'")
    values = found.groupdict()
    signed = {name: _sign(values, name) + values[name] for name in names}
    return list(_total(signed, text))


def _pattern(names: Sequence[str]) -> str:
    """The regular expression of those parts: signs stand before years, days and hours, and before what is first."""
    text = ""
    for place, name in enumerate(names):
        text += SEPARATORS[name] if place else ""
        if not place or name in ("DAY", "HOUR"):
            text += f"(?P<sign_{name}>[+-]?)"
        text += rf"(?P<{name}>\d+(?:\.\d{{1,9}})?)" if name == "SECOND" else rf"(?P<{name}>\d+)"
    return text


def _sign(values: dict[str, str], name: str) -> str:
    """The sign that holds for a part: its own, or that of the part before."""
    for before in reversed(PARTS[: PARTS.index(name) + 1]):
        if f"sign_{before}" in values:
            return values[f"sign_{before}"]
    return ""


def _total(values: dict[str, str], text: str) -> Parts:
    totals = [Fraction(0)] * 3
    for name, value in values.items():
        for place, count in enumerate(OF_PART[name]):
            totals[place] += Fraction(value) * count
    months, days, microseconds = (int(total) for total in totals)
    try:
        return checked(months, days, microseconds)
    except ScalarError:
        raise ScalarError(f"Interval overflow: '{text}' is more than 10,000 years") from None


def parts_made(year: int, month: int, day: int, hour: int, minute: int, second: int) -> list[int]:
    """Months, days and microseconds of MAKE_INTERVAL. Raises ScalarError for more than 10,000 years."""
    return list(checked(year * 12 + month, day, ((hour * 60 + minute) * 60 + second) * SECOND))


def parts_divided(months: int, days: int, microseconds: int, by: int) -> list[int]:
    """An INTERVAL through a number: what is left of months goes on as 30 days each, of days as 24 hours.

    Raises ScalarError for 0.
    """
    if not by:
        raise ScalarError("division by zero")
    whole, rest = _divided(months, by)
    whole_days, rest_days = _divided(days + rest * 30, by)
    return [whole, whole_days, _divided(microseconds + rest_days * 86_400 * SECOND, by)[0]]


def _divided(value: int, by: int) -> tuple[int, int]:
    """The quotient, rounded towards zero, and what is left."""
    quotient = abs(value) // abs(by) * (1 if (value < 0) == (by < 0) else -1)
    return quotient, value - quotient * by


def parts_times(months: int, days: int, microseconds: int, factor: int) -> list[int]:
    """An INTERVAL times a number. Raises ScalarError for more than 10,000 years."""
    return list(checked(months * factor, days * factor, microseconds * factor))


def canonical(text: str) -> str:
    """An INTERVAL as BigQuery writes it, of any text that `parts_of_text` reads."""
    months, days, microseconds = parts_of_text(text)
    seconds, fraction = divmod(abs(microseconds), SECOND)
    digits = f".{fraction:06}" if fraction % 1000 else f".{fraction // 1000:03}" if fraction else ""
    years, clock = divmod(abs(months), 12), (seconds // 3600, seconds // 60 % 60, seconds % 60)
    signs = ["-" if value < 0 else "" for value in (months, microseconds)]
    return f"{signs[0]}{years[0]}-{years[1]} {days} {signs[1]}{clock[0]}:{clock[1]}:{clock[2]}{digits}"
