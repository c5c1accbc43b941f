"""BigQuery's date and time functions rewritten for DuckDB.

BigQuery's TIMESTAMP is DuckDB's TIMESTAMP WITH TIME ZONE (the session is in UTC), its DATETIME is DuckDB's TIMESTAMP.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.date_parts import (
    INTERVAL_OF,
    UNITS,
    WEEKDAYS,
    check_extract,
    check_part,
    has_time,
    interval,
    truncate,
    unit_name,
)
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.intervals import extract
from emulator.services.bigquery.sql.kinds import INTERVAL, Kind, kind_of
from emulator.services.bigquery.sql.nodes import at_zone, call, cast, text, zone_name

TIMESTAMPTZ = "TIMESTAMP WITH TIME ZONE"
# What FORMAT_DATE and its like become: the macro, and the engine's type of the value.
FORMATTED: dict[type[exp.Expr], tuple[str, str]] = {
    exp.TsOrDsToDate: ("bq_format_date", "DATE"),
    exp.TsOrDsToDatetime: ("bq_format_datetime", "TIMESTAMP"),
    exp.TsOrDsToTime: ("bq_format_time", "TIME"),
    exp.TsOrDsToTimestamp: ("bq_format_timestamp", TIMESTAMPTZ),
}
BUCKETS = {"DATE_BUCKET": "DATE", "DATETIME_BUCKET": "TIMESTAMP", "TIMESTAMP_BUCKET": TIMESTAMPTZ}


def _trunc_timestamp(node: exp.Expr) -> exp.Expr:
    zone = node.args.get("zone")
    civil = truncate(at_zone(cast(node.this, TIMESTAMPTZ), zone), node.args.get("unit"))
    return at_zone(cast(civil, "TIMESTAMP"), zone)


def bucket(name: str, arguments: Sequence[exp.Expr]) -> exp.Expr:
    """DATE_BUCKET and its like, whose buckets are counted from 1950 where no origin is given."""
    kind = BUCKETS[name]
    value, width, origin = arguments if len(arguments) == 3 else (*arguments, text("1950-01-01"))
    found = call("time_bucket", width, cast(value, kind), cast(origin, kind))
    return cast(found, kind)


class DateRewriter:
    """The handlers of date and time functions; see functions.Rewriter."""

    # Adding and subtracting
    def _dateadd(self, node: exp.Expr) -> exp.Expr:
        return _shift(node, exp.Add) if has_time(node.this) else cast(_shift(node, exp.Add), "DATE")

    def _datesub(self, node: exp.Expr) -> exp.Expr:
        return _shift(node, exp.Sub) if has_time(node.this) else cast(_shift(node, exp.Sub), "DATE")

    def _timestampadd(self, node: exp.Expr) -> exp.Expr:
        return _shift(node, exp.Add)

    def _timestampsub(self, node: exp.Expr) -> exp.Expr:
        return _shift(node, exp.Sub)

    _datetimeadd = _timeadd = _timestampadd
    _datetimesub = _timesub = _timestampsub

    # Differences: DATE and DATETIME count boundaries, TIMESTAMP and TIME whole intervals.
    def _datediff(self, node: exp.Expr) -> exp.Expr:
        check_part(node)
        name = unit_name(node.args.get("unit"))
        later, earlier = _moment(node, "this"), _moment(node, "expression")
        if name.startswith(("WEEK", "ISOWEEK")):
            weeks = [truncate(value, node.args.get("unit")) for value in (earlier, later)]
            days = call("date_diff", "day", *weeks)
            return exp.Paren(this=exp.IntDiv(this=days, expression=exp.Literal.number(7)))
        return call("date_diff", name.lower(), earlier, later)

    _datetimediff = _datediff

    def _timestampdiff(self, node: exp.Expr) -> exp.Expr:
        check_part(node)
        name = unit_name(node.args.get("unit"))
        return call("date_sub", name.lower(), _moment(node, "expression"), _moment(node, "this"))

    _timediff = _timestampdiff

    # Truncating
    def _datetrunc(self, node: exp.Expr) -> exp.Expr:
        """DATE_TRUNC, DATETIME_TRUNC and TIMESTAMP_TRUNC go by what they are given."""
        if (trunc := self._trunc_by_type(node)) is not None:
            return trunc
        check_part(node)
        return cast(truncate(_moment(node, "this"), node.args.get("unit")), "DATE")

    def _trunc_by_type(self, node: exp.Expr) -> exp.Expr | None:
        kind = kind_of(node.this)
        if kind == Kind("TIMESTAMP"):
            return _trunc_timestamp(node)
        if kind == Kind("DATETIME"):
            return cast(truncate(node.this, node.args.get("unit")), "TIMESTAMP")
        return None

    def _datetimetrunc(self, node: exp.Expr) -> exp.Expr:
        if (trunc := self._trunc_by_type(node)) is not None:
            return trunc
        return cast(truncate(cast(node.this, "TIMESTAMP"), node.args.get("unit")), "TIMESTAMP")

    def _timestamptrunc(self, node: exp.Expr) -> exp.Expr:
        return self._trunc_by_type(node) or _trunc_timestamp(node)

    def _timetrunc(self, node: exp.Expr) -> exp.Expr:
        check_part(node)
        day = exp.Add(this=cast(text("1970-01-01"), "DATE"), expression=node.this)
        return cast(call("date_trunc", unit_name(node.args.get("unit")).lower(), exp.Paren(this=day)), "TIME")

    def _lastday(self, node: exp.Expr) -> exp.Expr:
        name = unit_name(node.args.get("unit") or "MONTH")
        if name == "MONTH":
            return call("last_day", node.this)
        if name.startswith(("WEEK", "ISOWEEK")):
            last = exp.Add(this=truncate(node.this, node.args["unit"]), expression=call("to_days", 6))
            return cast(exp.Paren(this=last), "DATE")
        if name == "ISOYEAR":
            after = exp.Sub(this=call("bq_iso_year_start", node.this, 1), expression=call("to_days", 1))
            return cast(exp.Paren(this=after), "DATE")
        if name not in INTERVAL_OF:
            raise SqlError(f"LAST_DAY with {name} is not emulated.")
        start = truncate(node.this, name)
        end = exp.Add(this=start, expression=call(INTERVAL_OF[name], 1))
        return cast(exp.Paren(this=exp.Sub(this=end, expression=call("to_days", 1))), "DATE")

    # Parts
    def _extract(self, node: exp.Extract) -> exp.Expr | None:
        value = node.expression
        if isinstance(value, exp.AtTimeZone):
            value = at_zone(cast(value.this, TIMESTAMPTZ), value.args["zone"])
        part = unit_name(node.this) if isinstance(node.this, exp.WeekStart) else node.this.name.upper()
        if kind_of(value) == INTERVAL:
            return extract(part, value)
        check_extract(part, value)
        if part in ("DATE", "DATETIME", "TIME"):
            civil = cast(value, "TIMESTAMP")
            return civil if part == "DATETIME" else cast(civil, part)
        if part == "DAYOFWEEK":
            return exp.Paren(this=exp.Add(this=call("dayofweek", value), expression=exp.Literal.number(1)))
        if part in ("MILLISECOND", "MICROSECOND"):
            modulus = 1000 if part == "MILLISECOND" else 1_000_000
            whole = call("date_part", part.lower(), value)
            return exp.Paren(this=exp.Mod(this=whole, expression=exp.Literal.number(modulus)))
        if part.partition(":")[0] == "WEEK":
            return call("bq_week_number", value, WEEKDAYS.index(part.partition(":")[2] or "SUNDAY"))
        names = {"ISOWEEK": "week", "ISOYEAR": "isoyear", "DAYOFYEAR": "dayofyear"}
        if part not in UNITS and part not in names:
            raise SqlError(f"A valid date part name is required but found {part}")
        return call("date_part", names.get(part, part.lower()), value)

    # Making and converting
    def _unixtotime(self, node: exp.UnixToTime) -> exp.Expr:
        scale = node.args.get("scale")
        digits = int(scale.name) if isinstance(scale, exp.Expr) else 0
        macro = {0: "bq_timestamp_seconds", 3: "bq_timestamp_millis", 6: "bq_timestamp_micros"}[digits]
        return call(macro, node.this)

    def _timestamp(self, node: exp.Timestamp) -> exp.Expr:
        zone = node.args.get("zone") or node.args.get("expression")
        if zone is not None:
            return at_zone(cast(node.this, "TIMESTAMP"), zone)
        return cast(node.this, TIMESTAMPTZ)

    def _date(self, node: exp.Date) -> exp.Expr | None:
        zone = node.args.get("zone")
        if zone is not None:
            return cast(at_zone(cast(node.this, TIMESTAMPTZ), zone), "DATE")
        return cast(node.this, "DATE") if not node.expressions else None

    def _datetime(self, node: exp.Datetime) -> exp.Expr | None:
        return None if node.expression is None else call("bq_datetime", node.this, node.expression)

    def _time(self, node: exp.Time) -> exp.Expr | None:
        zone = node.args.get("zone")
        return None if zone is None else cast(at_zone(cast(node.this, TIMESTAMPTZ), zone), "TIME")

    def _tsordstotimestamp(self, node: exp.Expr) -> exp.Expr | None:
        return None if isinstance(node.parent, exp.TimeToStr) else cast(node.this, TIMESTAMPTZ)

    def _tsordstotime(self, node: exp.Expr) -> exp.Expr | None:
        return None if isinstance(node.parent, exp.TimeToStr) else cast(cast(node.this, "TIMESTAMP"), "TIME")

    # From and to text
    def _timetostr(self, node: exp.TimeToStr) -> exp.Expr:
        macro, kind = FORMATTED[type(node.this)]
        zone = [zone_name(node.args.get("zone"))] if kind == TIMESTAMPTZ else []
        return call(macro, node.args["format"], cast(node.this.this, kind), *zone)

    def _strtotime(self, node: exp.StrToTime) -> exp.Expr:
        return _parsed(node, "TIMESTAMP", TIMESTAMPTZ, zone_name(node.args.get("zone")))

    def _strtodate(self, node: exp.StrToDate) -> exp.Expr:
        return _parsed(node, "DATE", "DATE")

    def _parsedatetime(self, node: exp.ParseDatetime) -> exp.Expr:
        return _parsed(node, "DATETIME", "TIMESTAMP")

    def _parsetime(self, node: exp.ParseTime) -> exp.Expr:
        return _parsed(node, "TIME", "TIME")

    # Now
    def _currenttimestamp(self, _: exp.CurrentTimestamp) -> exp.Expr:
        return call("bq_now")

    def _currentdate(self, node: exp.CurrentDate) -> exp.Expr:
        return cast(at_zone(call("bq_now"), node.this), "DATE")

    def _currentdatetime(self, node: exp.CurrentDatetime) -> exp.Expr:
        return at_zone(call("bq_now"), node.this)

    def _currenttime(self, node: exp.CurrentTime) -> exp.Expr:
        return cast(at_zone(call("bq_now"), node.this), "TIME")

    def _generatetimestamparray(self, node: exp.Expr) -> exp.Expr:
        start, end = _moment(node, "start"), _moment(node, "end")
        return call("generate_series", start, end, node.args["step"])


def _parsed(node: exp.Expr, kind: str, engine_kind: str, zone: exp.Expr | None = None) -> exp.Expr:
    moment = call("bq_parse_moment", kind, node.args["format"], node.this, zone or "")
    return cast(cast(moment, "TIMESTAMP") if kind == "TIME" else moment, engine_kind)


# The types of the functions whose literals may be strings, by the beginning of the parser's names.
COERCED = (
    ("Generate", "timestamp"),
    ("Datetime", "datetime"),
    ("Date", "date"),
    ("Timestamp", "timestamp"),
    ("Time", "time"),
)


def _moment(node: exp.Expr, key: str) -> exp.Expr:
    """An argument of DATE_ADD and its like; a literal string is of the function's own type.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules#coercion
    """
    value: exp.Expr = node.args[key]
    if not value.is_string:
        return value
    return call("bq_cast_" + next(kind for start, kind in COERCED if type(node).__name__.startswith(start)), value)


def _shift(node: exp.Expr, operator: type[exp.Binary]) -> exp.Expr:
    check_part(node)
    amount = node.expression
    if isinstance(amount, exp.Interval):
        step = interval(amount.this, amount.args.get("unit"))
    else:
        step = interval(amount, node.args.get("unit"))
    return exp.Paren(this=operator(this=_moment(node, "this"), expression=step))
