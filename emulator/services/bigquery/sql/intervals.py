"""INTERVAL rewritten for DuckDB: literals, arithmetic, functions, parts.

https://cloud.google.com/bigquery/docs/reference/standard-sql/interval_functions and operators (interval arithmetic).
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.date_parts import interval
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import INTERVAL, Kind, kind_of
from emulator.services.bigquery.sql.nodes import call, cast, text
from emulator.services.bigquery.sql.scalars.intervals import PARTS

ARGUMENTS = ("year", "month", "day", "hour", "minute", "second")  # of MAKE_INTERVAL, in their order
JUSTIFY: dict[type[exp.Expr], str] = {
    exp.JustifyDays: "bq_justify_days",
    exp.JustifyHours: "bq_justify_hours",
    exp.JustifyInterval: "bq_justify_interval",
}
EXTRACTED = {  # parts of an INTERVAL: the engine's expression of their parts, and what they are counted by
    "YEAR": ("bq_interval_months", 12, None),
    "MONTH": ("bq_interval_months", 1, 12),
    "DAY": ("bq_interval_days", 1, None),
    "HOUR": ("bq_interval_micros", 3_600_000_000, None),
    "MINUTE": ("bq_interval_micros", 60_000_000, 60),
    "SECOND": ("bq_interval_micros", 1_000_000, 60),
    "MILLISECOND": ("bq_interval_micros", 1000, 1000),
    "MICROSECOND": ("bq_interval_micros", 1, 1_000_000),
}
SHIFTED = (  # functions that read their INTERVAL themselves: its unit is one of theirs
    *(exp.DateAdd, exp.DateSub, exp.DatetimeAdd, exp.DatetimeSub, exp.TimeAdd, exp.TimeSub),
    *(exp.TimestampAdd, exp.TimestampSub),
)


def operation(node: exp.Expr) -> exp.Expr | None:
    """The replacement of an operation or a function on INTERVALs; None for other nodes."""
    if type(node) in JUSTIFY:
        return call(JUSTIFY[type(node)], node.this)
    kind = kind_of(node.args.get("this"))
    if isinstance(node, exp.Sub):
        return _difference(node, kind, kind_of(node.expression))
    if isinstance(node, exp.Mul) and INTERVAL in (kind, kind_of(node.expression)):
        sides = (node.this, node.expression)
        return call("bq_interval_times", *(sides if kind == INTERVAL else sides[::-1]))
    if isinstance(node, exp.Div) and kind == INTERVAL:
        return call("bq_interval_divided", node.this, node.expression)
    return None


def _difference(node: exp.Sub, one: Kind | None, other: Kind | None) -> exp.Expr | None:
    """The INTERVAL between two moments: days between dates, else hours, minutes and seconds."""
    if one is None or other is None or INTERVAL in (one, other) or kind_of(node) != INTERVAL:
        return None
    if one.name == "DATE":
        return call("to_days", cast(exp.Paren(this=node.copy()), "INTEGER"))
    return call(
        "to_microseconds", exp.Sub(this=call("epoch_us", node.this), expression=call("epoch_us", node.expression))
    )


def check_sum(node: exp.Func) -> None:
    """Raise SqlError for SUM or AVG of INTERVALs as an analytic function."""
    if isinstance(node.parent, exp.Window) and node.arg_key == "this":
        raise SqlError(f"{node.sql_name()} of INTERVAL with OVER is not emulated.")


class IntervalRewriter:
    """The handlers of INTERVAL; see functions.Rewriter."""

    def _interval(self, node: exp.Interval) -> exp.Expr | None:
        if isinstance(node.parent, SHIFTED) and node.arg_key == "expression":
            return None
        unit = node.args.get("unit")
        if not isinstance(unit, exp.IntervalSpan):
            return interval(node.this, unit)
        first, last = unit.this.name.upper(), unit.expression.name.upper()
        if first not in PARTS or last not in PARTS or PARTS.index(first) >= PARTS.index(last):
            raise SqlError(f"INTERVAL from {first} TO {last} is not valid.")
        return call("bq_interval_span", node.this, text(first), text(last))

    def _makeinterval(self, node: exp.MakeInterval) -> exp.Expr:
        values: dict[str, exp.Expr] = {}
        for place, value in enumerate(node.args[key] for key in node.arg_types if node.args.get(key) is not None):
            named = isinstance(value, exp.Kwarg)
            name = value.this.name.lower() if named else ARGUMENTS[place]
            if name not in ARGUMENTS or name in values:
                raise SqlError(
                    f"MAKE_INTERVAL takes {', '.join(ARGUMENTS)}, each once; {name} is not one more of them."
                )
            values[name] = value.expression if named else value
        return call("bq_interval_made", *(values.get(name, exp.Literal.number(0)) for name in ARGUMENTS))


def extract(part: str, value: exp.Expr) -> exp.Expr:
    """EXTRACT(part FROM interval). Raises SqlError for a part that an INTERVAL has not."""
    if part not in EXTRACTED:
        raise SqlError(f"EXTRACT from INTERVAL does not support the {part} date part")
    macro, unit, modulus = EXTRACTED[part]
    found: exp.Expr = call("bq_whole_part", call(macro, value), unit)
    return found if modulus is None else exp.Paren(this=exp.Mod(this=found, expression=exp.Literal.number(modulus)))
