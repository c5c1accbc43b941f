"""The type of one expression whose parts have theirs; what a table of signatures cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.sql import ranges, searches, signatures
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import (
    FLOAT64,
    INT64,
    INTERVAL,
    JSON,
    NULL,
    NUMBERS,
    STRING,
    TEMPORAL,
    Kind,
    Mismatch,
    array_of,
    coerces,
    is_literal,
    kind_of,
    of_datatype,
    supertype,
    typed,
)
from emulator.services.bigquery.sql.named import NAMED
from emulator.services.bigquery.sql.scopes import inside
from emulator.services.bigquery.sql.structs import field_name

PARTS = ("DATE", "DATETIME", "TIME")  # EXTRACT gives these; other parts are INT64


def expression_kind(node: exp.Expr) -> Kind | None:
    """The type of an expression; None where it cannot be told. Raises SqlError where its parts do not fit."""
    special = SPECIAL.get(type(node))
    return special(node) if special is not None else signatures.result(node)


def _literal(node: exp.Literal) -> Kind:
    if node.is_string:
        return STRING
    return INT64 if node.is_int else FLOAT64


def _sum(node: exp.Binary) -> Kind | None:
    """a + b and a - b: numbers, or days and intervals added to dates and times."""
    one, other = kind_of(node.this), kind_of(node.expression)
    if one is None or other is None:
        return None
    if {one.name, other.name} <= {*NUMBERS, "NULL"}:
        return supertype([typed(node.this), typed(node.expression)])
    if one == other == INTERVAL:
        return INTERVAL
    minus = isinstance(node, exp.Sub)
    pairs = [(one, other)] if minus else [(one, other), (other, one)]
    for first, second in pairs:
        if first.name == "DATE" and second.name in ("INT64", "NULL"):
            return first
        if first.name in TEMPORAL and second.name == "INTERVAL":
            return Kind("DATETIME") if first.name == "DATE" else first
    if minus and one.name in TEMPORAL and other.name == one.name:
        return INTERVAL
    if any(kind.name == "NULL" or (kind.name == "STRING" and is_literal(part)) for kind, part in _sides(node)):
        return None  # a literal may be a date
    raise signatures.no_signature(node)


def _sides(node: exp.Binary) -> list[tuple[Kind, exp.Expr]]:
    return [(kind, part) for part in (node.this, node.expression) if (kind := kind_of(part)) is not None]


def _array(node: exp.Array) -> Kind | None:
    items = node.expressions
    if len(items) == 1 and isinstance(items[0], exp.Query):
        return array_of(kind_of(items[0]))
    try:
        return array_of(supertype(typed(item) for item in items))
    except Mismatch:
        raise signatures.no_signature(node, *items) from None


def _struct(node: exp.Struct) -> Kind:
    return Kind("STRUCT", fields=tuple((field_name(item), kind_of(item)) for item in node.expressions))


def _dot(node: exp.Dot) -> Kind | None:
    return inside(kind_of(node.this), [node.expression.name]) if isinstance(node.expression, exp.Identifier) else None


def _bracket(node: exp.Bracket) -> Kind | None:
    kind = kind_of(node.this)
    if kind is None or kind == JSON or len(node.expressions) != 1:
        return kind if kind == JSON else None
    place = struct_place(node)
    return kind.element if place is None else kind.fields[place - 1][1]


def struct_place(node: exp.Bracket) -> int | None:
    """Which field, from 1, a subscript of a STRUCT means; None of other types. Raises SqlError where there is none."""
    kind = kind_of(node.this)
    if kind is None or kind.name != "STRUCT":
        return None
    index = node.expressions[0]
    if not isinstance(index, exp.Literal) or index.is_string:
        raise SqlError("The subscript of a STRUCT must be an integer literal")
    place = int(index.name) + (0 if node.args.get("offset") == 1 else 1)
    if not 1 <= place <= len(kind.fields):
        raise SqlError(f"Field {index.name} is out of bounds in {kind}")
    return place


def _extract(node: exp.Extract) -> Kind:
    part = node.this.name.upper()
    return Kind(part) if part in PARTS else INT64


def _json_format(node: exp.JSONFormat) -> Kind:
    return JSON if node.args.get("to_json") else STRING


def _distinct(node: exp.Distinct) -> Kind | None:
    return kind_of(node.expressions[0]) if len(node.expressions) == 1 else None


def _concat(node: exp.Concat) -> Kind | None:
    kinds = [kind_of(item) for item in node.expressions]
    if any(kind is None for kind in kinds):
        return None
    return Kind("BYTES") if any(kind == Kind("BYTES") for kind in kinds) else STRING


def _anonymous(node: exp.Anonymous) -> Kind | None:
    name = node.name.upper()
    if name in ranges.NAMES:
        return ranges.function_kind(node)
    if name in searches.OPTIONS:
        return searches.function_kind(node)
    if (function := NAMED.get(name)) is None:
        return None
    for argument, names in zip(node.expressions, function.takes, strict=False):
        if not any(coerces(typed(argument), kind) for kind in names):
            raise signatures.no_signature(node)
    gives = function.gives.removeprefix("ARRAY<").removesuffix(">")
    return Kind(gives) if gives == function.gives else array_of(Kind(gives))


def _approx_top(node: exp.Func) -> Kind:
    """The array of APPROX_TOP_COUNT or APPROX_TOP_SUM."""
    measured = ("sum", kind_of(node.expression)) if isinstance(node, exp.ApproxTopSum) else ("count", INT64)
    return array_of(Kind("STRUCT", fields=(("value", kind_of(node.this)), measured)))


def _cast(node: exp.Cast) -> Kind | None:
    return of_datatype(node.to)


SPECIAL: dict[type[exp.Expr], Callable[[Any], Kind | None]] = {
    exp.Literal: _literal,
    exp.Null: lambda _: NULL,
    exp.Anonymous: _anonymous,
    exp.ApproxTopK: _approx_top,
    exp.ApproxTopSum: _approx_top,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Array: _array,
    exp.Struct: _struct,
    exp.Dot: _dot,
    exp.Bracket: _bracket,
    exp.Extract: _extract,
    exp.JSONFormat: _json_format,
    exp.Distinct: _distinct,
    exp.Concat: _concat,
}
