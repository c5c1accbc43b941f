"""Dates and times of files that are written in a form of their own, or mean another time zone than UTC.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad: dateFormat, datetimeFormat,
timeFormat, timestampFormat (elements as those of CAST ... FORMAT) and timeZone.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any

from emulator.services.bigquery import errors
from emulator.services.bigquery.sql.converters import (
    CONVERTERS,
    EPOCH,
    MICROSECOND,
    TIMESTAMP,
    zone_of,
    zoned_microseconds,
)
from emulator.services.bigquery.sql.scalars.casting import model, parse_cast
from emulator.services.bigquery.sql.scalars.errors import ScalarError

Convert = Callable[[Any], Any]
FORMATS = {
    "DATE": "dateFormat",
    "DATETIME": "datetimeFormat",
    "TIME": "timeFormat",
    "TIMESTAMP": "timestampFormat",
}
PARTS = {"DATE": slice(0, 10), "TIME": slice(11, None), "DATETIME": slice(None)}


def readers(options: Mapping[str, Any]) -> dict[str, Convert]:
    """What reads values of a type, for the types of which the options of a load say how. Raises 400 for a wrong one."""
    zone = _zone(str(options.get("timeZone") or "UTC"))
    found: dict[str, Convert] = {}
    for kind, option in FORMATS.items():
        template = options.get(option)
        if template:
            _check(kind, option, str(template))
            found[kind] = _formatted(kind, str(template), zone)
    if options.get("timeZone") and "TIMESTAMP" not in found:
        found["TIMESTAMP"] = lambda value: _of_zone(value, zone)
    return found


def _zone(name: str) -> dt.tzinfo:
    try:
        return zone_of(name)
    except ValueError:
        raise errors.invalid(f"Invalid time zone: {name}") from None


def _check(kind: str, option: str, template: str) -> None:
    try:
        model(kind, template)
    except ScalarError as error:
        raise errors.invalid(f"Invalid {option}: {error.words}") from None


def _formatted(kind: str, template: str, zone: dt.tzinfo) -> Convert:
    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        made = parse_cast(kind, template, value.strip(), "", time.time_ns() // 1000)
        return _of_zone(made.replace("GMT", ""), zone) if kind == "TIMESTAMP" else made[PARTS[kind]]

    return convert


def _of_zone(value: Any, zone: dt.tzinfo) -> Any:
    """A TIMESTAMP as the engine takes it; a text that names no zone means one of that zone."""
    match = TIMESTAMP.match(value.strip()) if isinstance(value, str) else None
    if match is None or match.group(8):
        return CONVERTERS["TIMESTAMP"](value)
    civil = dt.datetime.fromisoformat(CONVERTERS["DATETIME"](value))
    return (EPOCH + zoned_microseconds(civil, zone) * MICROSECOND).isoformat(sep=" ")
