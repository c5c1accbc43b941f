"""CAST and SAFE_CAST as BigQuery has them: which types become which, and what a STRING must look like.

https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast
"""

from __future__ import annotations

import re

from sqlglot import exp

from emulator.services.bigquery.sql.bignumeric import TYPES, from_bignumeric, to_bignumeric
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import BIGNUMERIC, JSON, Kind, kind_of, of_datatype
from emulator.services.bigquery.sql.nodes import call, cast

_NUMBER = {"INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64", "STRING"}
_MOMENT = {"STRING", "DATE", "DATETIME", "TIMESTAMP"}
ALLOWED = {
    "INT64": _NUMBER | {"BOOL"},
    "NUMERIC": _NUMBER,
    "BIGNUMERIC": _NUMBER,
    "FLOAT64": _NUMBER,
    "BOOL": {"BOOL", "INT64", "STRING"},
    "BYTES": {"BYTES", "STRING"},
    "DATE": _MOMENT,
    "DATETIME": _MOMENT | {"TIME"},
    "TIMESTAMP": _MOMENT | {"TIME"},
    "TIME": {"TIME", "STRING"},
    "ARRAY": {"ARRAY"},
    "STRUCT": {"STRUCT"},
    "JSON": {"JSON"},
    "INTERVAL": {"INTERVAL", "STRING"},
    "RANGE": {"RANGE", "STRING"},
    "GEOGRAPHY": {"GEOGRAPHY"},
}
OWN_TEXT = {"INTERVAL": "bq_interval_text", "RANGE": "bq_range_text"}  # the macros that write them
# The engine's name of a type, and that of the macros bq_cast_... and bq_safe_cast_....
STRICT = {
    "bigint": "int64",
    "int": "int64",
    "smallint": "int64",
    "tinyint": "int64",
    "double": "float64",
    "boolean": "bool",
    "date": "date",
    "time": "time",
    "timestamp": "datetime",
    "timestamptz": "timestamp",
}
_DATE, _CLOCK = r"\d{4}-[01]\d-[0-3]\d", r"[01]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?"
# Literals that the engine reads as BigQuery does.
PLAIN = {
    "date": re.compile(_DATE),
    "time": re.compile(_CLOCK),
    "datetime": re.compile(f"{_DATE}(?:[ T]{_CLOCK})?"),
    "timestamp": re.compile(rf"{_DATE}(?:[ T]{_CLOCK}(?:Z|[+-]\d\d(?::[0-5]\d)?)?)?"),
}


def rewrite_cast(node: exp.Cast) -> exp.Expr | None:
    """The replacement of CAST or SAFE_CAST, or None where the engine's does the same.

    Raises SqlError for types that cannot be cast to each other.
    """
    value, to = node.this, node.to
    kind = kind_of(value)
    target = kind_of(node) or of_datatype(to)
    check_types(kind, target)
    safe = isinstance(node, exp.TryCast)
    if target is not None and target.name in ("INTERVAL", "GEOGRAPHY", "RANGE"):
        return _from_text(value, kind, target, safe=safe)
    if to.this in TYPES:
        return to_bignumeric(value, kind, to, safe=safe)
    if to.is_type("text"):
        return _to_string(value, kind, safe=safe)
    if kind == BIGNUMERIC:
        return from_bignumeric(value, to, safe=safe)
    if to.is_type("varbinary", "binary"):
        return call("encode", value) if kind is not None and kind.name == "STRING" else None
    if kind == JSON:
        return None
    if to.is_type("decimal"):
        if kind is None or kind.name == "STRING":
            value.replace(call("bq_safe_numeric_text" if safe else "bq_numeric_text", value.copy()))
        return None
    name = STRICT.get(to.this.name.lower()) if isinstance(to.this, exp.DType) else None
    if name is None or (value.is_string and name in PLAIN and PLAIN[name].fullmatch(value.name)):
        return None
    if name == "time" and kind == Kind("TIMESTAMP"):
        value.replace(cast(value.copy(), "TIMESTAMP"))  # as UTC shows it
        return None
    return call(f"bq_safe_cast_{name}" if safe else f"bq_cast_{name}", value)


def _from_text(value: exp.Expr, kind: Kind | None, target: Kind, *, safe: bool) -> exp.Expr | None:
    """An INTERVAL, a RANGE or a GEOGRAPHY from a STRING; None where the value is one already, or NULL."""
    if kind is None or kind.name != "STRING":
        if kind is not None and kind.name == "RANGE" and kind != target:
            raise SqlError(f"Invalid cast from {kind} to {target}")
        return None
    name = f"range_of_{target.element.name.lower()}" if target.element is not None else f"{target.name.lower()}_of"
    made = call(f"bq_{name}", value)
    return call("TRY", made) if safe else made


def check_types(kind: Kind | None, to: Kind | None) -> None:
    """Raise SqlError where one type cannot be cast to the other; nothing where a type cannot be told."""
    if kind is None or to is None or kind.name not in ALLOWED:
        return
    if to.name not in ALLOWED[kind.name] and to.name in (*ALLOWED, "STRING"):
        raise SqlError(f"Invalid cast from {kind} to {to}")


def _to_string(value: exp.Expr, kind: Kind | None, *, safe: bool) -> exp.Expr:
    if kind is not None and kind.name == "BYTES":
        text = call("decode", value)
        return call("TRY", text) if safe else text
    if kind is not None and kind.name in OWN_TEXT:
        return call(OWN_TEXT[kind.name], value)
    return call("bq_string" if kind == JSON else "bq_cast_string", value)
