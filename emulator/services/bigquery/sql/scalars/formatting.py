"""Dates and times as text: FORMAT_DATE, FORMAT_DATETIME, FORMAT_TIME and FORMAT_TIMESTAMP.

https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements: an element that a type does not have
stands for itself.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from emulator.services.bigquery.sql.scalars.caching import cached

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # civil times are counted from here, too
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
ELEMENT = re.compile(r"%(E\*S|E\d*S|E4Y|Ez|[EO]?.)", re.DOTALL)
OF_DATES = frozenset("AaBbCDdeFGghJjmQUuVWwxYy") | {"E4Y"}
OF_TIMES = frozenset("HIklMPpRrSTX") | {"ES"}
OF_BOTH = frozenset("cs")
OF_ZONES = frozenset("Zz") | {"Ez"}
ALWAYS = frozenset("nt%")
OF_TYPES = {
    "DATE": OF_DATES | ALWAYS,
    "TIME": OF_TIMES | ALWAYS,
    "DATETIME": OF_DATES | OF_TIMES | OF_BOTH | ALWAYS,
    "TIMESTAMP": OF_DATES | OF_TIMES | OF_BOTH | OF_ZONES | ALWAYS,
}
SHORTHANDS = {
    "%D": "%m/%d/%y", "%x": "%m/%d/%y", "%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%X": "%H:%M:%S", "%R": "%H:%M",
    "%c": "%a %b %e %H:%M:%S %Y", "%r": "%I:%M:%S %p", "%h": "%b",
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """A date and time of day as its zone shows it, and that zone's offset."""

    civil: dt.datetime
    offset: int  # seconds east of Greenwich


@cached(10_000)
def format_moment(kind: str, template: str, microseconds: int, offset: int) -> str:
    """The text of a value of the type `kind`: microseconds since 1970 as the zone shows them, its offset in seconds."""
    moment = Moment(EPOCH + dt.timedelta(microseconds=microseconds), offset)
    return "".join(part if isinstance(part, str) else part(moment) for part in _parts(kind, template))


def elements(kind: str, template: str) -> list[str]:
    """A format string in pieces: elements such as %Y, shorthands spelt out, and the text between them."""
    found: list[str] = []
    at = 0
    for match in ELEMENT.finditer(template):
        found.append(template[at : match.start()])
        found += _spelt_out(kind, match[1])
        at = match.end()
    found.append(template[at:])
    return [piece for piece in found if piece]


def foreign(kind: str, template: str) -> str:
    """The first element of a format string that the type `kind` does not have, or nothing."""
    return next(("%" + match[1] for match in ELEMENT.finditer(template) if not _belongs(kind, _plain(match[1]))), "")


def _plain(name: str) -> str:
    """An element without a modifier that changes nothing."""
    return name[1] if name[0] in "EO" and len(name) == 2 and name not in ("Ez", "ES") else name


def _belongs(kind: str, name: str) -> bool:
    return ("ES" if name[0] == "E" and name[-1] == "S" else name) in OF_TYPES[kind]


def _spelt_out(kind: str, written: str) -> list[str]:
    name = _plain(written)
    if not _belongs(kind, name):
        return ["%%", written]
    shorthand = SHORTHANDS.get("%" + name)
    return elements("TIMESTAMP", shorthand) if shorthand else ["%" + name]


@cached(256)
def _parts(kind: str, template: str) -> list[str | Callable[[Moment], str]]:
    return [_part(piece) for piece in elements(kind, template)]


def _part(piece: str) -> str | Callable[[Moment], str]:
    if piece in PIECES:
        return PIECES[piece]
    if piece.startswith("%E") and piece.endswith("S"):
        return _seconds(piece[2:-1])
    return piece


def _seconds(digits: str) -> Callable[[Moment], str]:
    """Seconds with a number of digits behind the point, or (*) as many as there are."""

    def text(moment: Moment) -> str:
        fraction = f"{moment.civil.microsecond:06}"
        shown = fraction.rstrip("0") if digits == "*" else fraction.ljust(int(digits or 0), "0")[: int(digits or 0)]
        return f"{moment.civil.second:02}" + (f".{shown}" if shown else "")

    return text


def _week(moment: Moment, first: int) -> str:
    """The week of the year, counted from the first day that is `first` (Monday is 0)."""
    day = moment.civil.timetuple().tm_yday
    return f"{(day + 6 - (moment.civil.weekday() - first) % 7) // 7:02}"


def _iso_day(moment: Moment) -> str:
    _, week, weekday = moment.civil.isocalendar()
    return f"{(week - 1) * 7 + weekday:03}"


def _offset(moment: Moment) -> tuple[str, int, int]:
    minutes = abs(moment.offset) // 60
    return "-" if moment.offset < 0 else "+", minutes // 60, minutes % 60


def _zone_name(moment: Moment) -> str:
    sign, hours, minutes = _offset(moment)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def _instant(moment: Moment) -> str:
    return str((moment.civil - EPOCH) // dt.timedelta(seconds=1) - moment.offset)


PIECES: dict[str, str | Callable[[Moment], str]] = {
    "%A": lambda moment: WEEKDAYS[moment.civil.weekday()],
    "%a": lambda moment: WEEKDAYS[moment.civil.weekday()][:3],
    "%B": lambda moment: MONTHS[moment.civil.month - 1],
    "%b": lambda moment: MONTHS[moment.civil.month - 1][:3],
    "%C": lambda moment: f"{moment.civil.year // 100:02}",
    "%d": lambda moment: f"{moment.civil.day:02}",
    "%e": lambda moment: f"{moment.civil.day:2}",
    "%G": lambda moment: str(moment.civil.isocalendar().year),
    "%g": lambda moment: f"{moment.civil.isocalendar().year % 100:02}",
    "%H": lambda moment: f"{moment.civil.hour:02}",
    "%I": lambda moment: f"{moment.civil.hour % 12 or 12:02}",
    "%J": _iso_day,
    "%j": lambda moment: f"{moment.civil.timetuple().tm_yday:03}",
    "%k": lambda moment: f"{moment.civil.hour:2}",
    "%l": lambda moment: f"{moment.civil.hour % 12 or 12:2}",
    "%M": lambda moment: f"{moment.civil.minute:02}",
    "%m": lambda moment: f"{moment.civil.month:02}",
    "%n": "\n",
    "%P": lambda moment: "am" if moment.civil.hour < 12 else "pm",
    "%p": lambda moment: "AM" if moment.civil.hour < 12 else "PM",
    "%Q": lambda moment: str((moment.civil.month + 2) // 3),
    "%S": lambda moment: f"{moment.civil.second:02}",
    "%s": _instant,
    "%t": "\t",
    "%U": lambda moment: _week(moment, 6),
    "%u": lambda moment: str(moment.civil.isoweekday()),
    "%V": lambda moment: f"{moment.civil.isocalendar().week:02}",
    "%W": lambda moment: _week(moment, 0),
    "%w": lambda moment: str(moment.civil.isoweekday() % 7),
    "%Y": lambda moment: str(moment.civil.year),
    "%E4Y": lambda moment: f"{moment.civil.year:04}",
    "%y": lambda moment: f"{moment.civil.year % 100:02}",
    "%Z": _zone_name,
    "%z": lambda moment: "{}{:02}{:02}".format(*_offset(moment)),
    "%Ez": lambda moment: "{}{:02}:{:02}".format(*_offset(moment)),
    "%%": "%",
}
