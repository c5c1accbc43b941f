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
}
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
    check_types(kind, of_datatype(to))
    safe = isinstance(node, exp.TryCast)
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
    return call("bq_string" if kind == JSON else "bq_cast_string", value)
