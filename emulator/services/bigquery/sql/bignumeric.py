"""BIGNUMERIC rewritten for DuckDB: operations and casts as the macros of bignumeric.sql.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types and mathematical_functions.
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import BIGNUMERIC, Kind, kind_of
from emulator.services.bigquery.sql.nodes import call, cast, engine_type, text
from emulator.services.bigquery.sql.scalars import bignumeric
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.types import check_digits

OPERATIONS: dict[type[exp.Expr], str] = {
    exp.Add: "add",
    exp.Sub: "subtract",
    exp.Mul: "multiply",
    exp.Div: "divide",
    exp.IntDiv: "div",
    exp.Mod: "mod",
    exp.Pow: "pow",
    exp.Log: "log",
    exp.Neg: "negate",
    exp.Abs: "abs",
    exp.Sign: "sign",
    exp.Sqrt: "sqrt",
    exp.Exp: "exp",
    exp.Ln: "ln",
    exp.Floor: "floor",
    exp.Ceil: "ceil",
}
AWAY = "ROUND_HALF_AWAY_FROM_ZERO"
TYPES = (exp.DType.BIGDECIMAL, exp.DType.BIGNUM)
SOURCES = {"INT64": "bq_big_of_int64", "NUMERIC": "bq_big_of_numeric"}  # that always fit
FALLIBLE = {"FLOAT64": "float64", "STRING": "string"}
TARGETS = {"double": "float64", "bigint": "int64", "decimal": "numeric"}


def operation(node: exp.Expr) -> exp.Expr | None:
    """The replacement of an operation that gives BIGNUMERIC; None for other nodes."""
    if kind_of(node) != BIGNUMERIC:
        return None
    if isinstance(node, exp.Round):
        return call("bq_big_round", node.this, node.args.get("decimals") or 0, node.args.get("truncate") or AWAY)
    if isinstance(node, exp.Trunc):
        return call("bq_big_trunc", node.this, node.args.get("decimals") or 0)
    if isinstance(node, (exp.Add, exp.Sub)) and BIGNUMERIC not in (kind_of(node.this), kind_of(node.expression)):
        return None
    name = OPERATIONS.get(type(node))
    if name is None:
        return None
    return call(f"bq_big_{name}", *(node.args[key] for key in ("this", "expression") if node.args.get(key) is not None))


def parameterized(node: exp.DataType) -> exp.DataType:
    """The engine's type for BIGNUMERIC, or BIGNUMERIC(P, S), with its numbers beside. Raises SqlError."""
    made = engine_type("BIGNUM")
    if node.expressions:
        precision, scale = (*(int(item.name) for item in node.expressions), 0)[:2]
        check_digits("BIGNUMERIC", precision, scale)
        if not isinstance(node.parent, exp.Cast):
            raise SqlError(f"{node.sql('bigquery')} inside of another type is not emulated.")
        made.meta["digits"] = (precision, scale)
    return made


def to_bignumeric(value: exp.Expr, kind: Kind | None, to: exp.DataType, *, safe: bool) -> exp.Expr:
    """CAST or SAFE_CAST to BIGNUMERIC."""
    made = _constant(value) or _converted(value, kind, "safe_" if safe else "")
    digits = to.meta.get("digits")
    return made if digits is None else call("bq_big_safe_fit" if safe else "bq_big_fit", made, *digits)


def _converted(value: exp.Expr, kind: Kind | None, safe: str) -> exp.Expr:
    if kind is None:
        return call("TRY", call("bq_big_of", value)) if safe else call("bq_big_of", value)
    if kind.name in FALLIBLE:
        return call(f"bq_big_{safe}of_{FALLIBLE[kind.name]}", value)
    if kind.name in SOURCES:
        return call(SOURCES[kind.name], value)
    return value.copy() if kind == BIGNUMERIC else cast(value.copy(), "BIGNUM")


def _constant(value: exp.Expr) -> exp.Expr | None:
    """A literal, whose digits are exact; None for what is none, or no number."""
    sign = ""
    while isinstance(value, (exp.Neg, exp.Paren)) or (isinstance(value, exp.Cast) and value.to.is_type("double")):
        sign = ("" if sign else "-") if isinstance(value, exp.Neg) else sign
        value = value.this
    if not isinstance(value, exp.Literal):
        return None
    try:
        return cast(text(bignumeric.units_of_text(sign + value.name)), "BIGNUM")
    except ScalarError:
        return None


def from_bignumeric(value: exp.Expr, to: exp.DataType, *, safe: bool) -> exp.Expr | None:
    """CAST or SAFE_CAST from BIGNUMERIC to another number; None for other types."""
    name = TARGETS.get(to.this.name.lower()) if isinstance(to.this, exp.DType) else None
    if name is None:
        return None
    made = call(f"bq_big_safe_to_{name}" if safe and name != "float64" else f"bq_big_to_{name}", value)
    if name != "numeric":
        return made
    return exp.TryCast(this=made, to=to.copy()) if safe else exp.Cast(this=made, to=to.copy())
