"""Parts of dates and times: their names, which function takes which, intervals and truncation to them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/date_functions and its like for other types.
"""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import kind_of
from emulator.services.bigquery.sql.nodes import call, cast

WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
UNITS = {
    "MICROSECOND",
    "MILLISECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "ISOWEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
    "ISOYEAR",
}
INTERVAL_OF = {
    "MICROSECOND": "to_microseconds",
    "MILLISECOND": "to_milliseconds",
    "SECOND": "to_seconds",
    "MINUTE": "to_minutes",
    "HOUR": "to_hours",
    "DAY": "to_days",
    "WEEK": "to_weeks",
    "MONTH": "to_months",
    "QUARTER": "to_quarters",
    "YEAR": "to_years",
}
SMALL_UNITS = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}  # their to_... takes 32-bit integers
WHOLE = re.compile(r"[+-]?\d+")
FRACTIONS = ("FLOAT64", "NUMERIC", "BIGNUMERIC")
OF_DAYS = {"DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR"}
OF_HOURS = {"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"}
# The parts that a function takes, by the beginning of the parser's name of it.
TAKEN = (
    ("DateDiff", OF_DAYS),
    ("DateTrunc", OF_DAYS),
    ("Date", SMALL_UNITS),
    ("Timestamp", OF_HOURS | {"DAY"}),
    ("Time", OF_HOURS),
)


def unit_name(unit: Any) -> str:
    """DAY, WEEK, ISOWEEK ... of a date part; WEEK(MONDAY) as WEEK:MONDAY. Raises SqlError for others."""
    if isinstance(unit, exp.WeekStart):
        first = unit.this.name.upper()
        if first not in WEEKDAYS:
            raise SqlError(f"A valid date part name is required but found WEEK({first})")
        return f"WEEK:{first}"
    if isinstance(unit, exp.Func):
        raise SqlError("A valid date part name is required but found an expression")
    name = str(unit.name if isinstance(unit, exp.Expr) else unit or "DAY").upper()
    if name not in UNITS:
        raise SqlError(f"A valid date part name is required but found {name}")
    return name


def interval(amount: exp.Expr, unit: Any) -> exp.Expr:
    """An interval of a computed length."""
    name = unit_name(unit)
    if name not in INTERVAL_OF:
        raise SqlError(f"INTERVAL with {name} is not valid.")
    kind = kind_of(amount)
    if (amount.is_string and not WHOLE.fullmatch(amount.name)) or (kind is not None and kind.name in FRACTIONS):
        raise SqlError("Interval value must be coercible to INT64 type")
    return call(INTERVAL_OF[name], cast(amount, "INTEGER" if name in SMALL_UNITS else "BIGINT"))


def truncate(value: exp.Expr, unit: Any) -> exp.Expr:
    """date_trunc with BigQuery's weeks: WEEK starts on Sunday, ISOWEEK on Monday, WEEK(day) on that day."""
    name = unit_name(unit)
    if name == "ISOWEEK":
        return call("date_trunc", "week", value)
    if name == "ISOYEAR":
        return call("bq_iso_year_start", value, 0)
    if not name.startswith("WEEK"):
        return call("date_trunc", name.lower(), value)
    first = WEEKDAYS.index(name.partition(":")[2] or "SUNDAY")
    shift = call("to_days", (7 - first) % 7)
    moved = call("date_trunc", "week", exp.Add(this=exp.Paren(this=value), expression=shift))
    return exp.Paren(this=exp.Sub(this=moved, expression=shift.copy()))


def has_time(value: exp.Expr) -> bool:
    """Whether an expression is known to be a DATETIME or a TIMESTAMP."""
    kind = kind_of(value)
    return kind is not None and kind.name in ("DATETIME", "TIMESTAMP")


def check_part(node: exp.Expr) -> None:
    """Raise SqlError where a function does not take the part that it is given."""
    written = type(node).__name__
    taken = next((parts for start, parts in TAKEN if written.startswith(start) and written[:5] != "Datet"), UNITS)
    if written.startswith("Date") and has_time(node.this):
        taken = UNITS
    amount = node.args.get("expression")
    unit = amount.args.get("unit") if isinstance(amount, exp.Interval) else node.args.get("unit")
    name = unit_name(unit).partition(":")[0]
    if name not in taken:
        function = re.sub(r"(?<!^)(?=[A-Z])", "_", written).upper()
        raise SqlError(f"{function} does not support the {name} date part")


def check_extract(part: str, value: exp.Expr) -> None:
    """Raise SqlError where a value of a known type has no such part."""
    kind = kind_of(value)
    of_time = part in OF_HOURS or part == "TIME"
    if kind is not None and ((kind.name == "DATE" and of_time) or (kind.name == "TIME" and not of_time)):
        raise SqlError(f"EXTRACT from {kind.name} does not support the {part.replace(':', ' of ')} date part")
