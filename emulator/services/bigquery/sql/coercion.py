"""Implicit conversions written out: STRUCTs meet by position, where the engine would match the names of their fields.

https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import (
    NUMBERS,
    Kind,
    Mismatch,
    engine_name,
    is_literal,
    kind_of,
    note,
    of_datatype,
    same_shape,
    supertype,
    typed,
)
from emulator.services.bigquery.sql.nodes import call, cast, put
from emulator.services.bigquery.sql.signatures import branches, no_signature
from emulator.services.bigquery.sql.structs import anonymous_name

BRANCHING = (exp.If, exp.Case, exp.Coalesce, exp.Nullif, exp.ArrayConcat, exp.Greatest, exp.Least, exp.Array, exp.DPipe)
ARITHMETIC = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Log),
    *(exp.SafeAdd, exp.SafeSubtract, exp.SafeMultiply, exp.SafeDivide),
)
COMPARING = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
UNCOMPARABLE = ("JSON", "ARRAY")  # of which no two are equal; STRUCTs have no order
VARIABLE = "bq_e"


def convert(node: exp.Expr, kind: Kind | None) -> exp.Expr:
    """Make an expression another type, in its place; gives what stands there then.

    That is itself where the type is its own, or one of them cannot be told.
    """
    own = kind_of(node)
    if own is None or kind is None or same_shape(own, kind) or engine_name(kind) is None:
        return node
    place = exp.Null()
    put(node, place)
    new = note(_converted(node, own, kind, 0), kind)
    put(place, new)
    return new


def _converted(value: exp.Expr, own: Kind, kind: Kind, depth: int) -> exp.Expr:
    name = engine_name(kind)
    assert name is not None
    if own.name != kind.name or own.name not in ("ARRAY", "STRUCT"):
        return cast(value, name)
    if isinstance(value, (exp.Array, exp.Struct)) and not value.find(exp.Query):
        return _constructed(value, own, kind, depth)
    variable = f"{VARIABLE}{depth}"
    if own.name == "ARRAY":
        if own.element is None or kind.element is None or own.element.name == "NULL":
            return cast(value, name)
        return _each(value, variable, _converted(exp.column(variable), own.element, kind.element, depth + 1))
    pairs = list(zip(own.fields, kind.fields, strict=True))
    if all(_by_cast(mine, its) for (_, mine), (_, its) in pairs):
        return cast(call("struct_values", value), name)
    fields: list[exp.Expr] = []
    for place, ((_, mine), (its_name, its)) in enumerate(pairs, 1):
        part = _part(call("struct_extract_at", exp.column(variable), place), mine, its, depth)
        fields.append(
            exp.PropertyEQ(this=exp.to_identifier(its_name or anonymous_name(place), quoted=True), expression=part)
        )
    missing = exp.Is(this=exp.column(variable), expression=exp.Null())
    whole = exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=exp.Struct(expressions=fields))
    return call("list_extract", _each(exp.Array(expressions=[value]), variable, whole), 1)


def _constructed(value: exp.Expr, own: Kind, kind: Kind, depth: int) -> exp.Expr:
    """A constructor of an ARRAY or a STRUCT with its parts converted."""
    if own.name == "ARRAY":
        assert kind.element is not None
        return exp.Array(expressions=[_part(item, kind_of(item), kind.element, depth) for item in value.expressions])
    pairs = []
    for place, (item, (name, its)) in enumerate(zip(value.expressions, kind.fields, strict=True), 1):
        named = exp.to_identifier(name or anonymous_name(place), quoted=True)
        part = _part(item.expression, kind_of(item.expression), its, depth)
        pairs.append(exp.PropertyEQ(this=named, expression=part))
    return exp.Struct(expressions=pairs)


def _part(value: exp.Expr, own: Kind | None, kind: Kind | None, depth: int) -> exp.Expr:
    if own is None or kind is None or own.name == "NULL" or same_shape(own, kind):
        return value
    return note(_converted(value, own, kind, depth + 1), kind)


def _each(array: exp.Expr, variable: str, body: exp.Expr) -> exp.Expr:
    return call("list_transform", array, exp.Lambda(this=body, expressions=[exp.to_identifier(variable)]))


def _by_cast(own: Kind | None, kind: Kind | None) -> bool:
    """Whether the engine's own cast is enough: of what holds no STRUCT of other names."""
    return same_shape(own, kind) or (own is not None and own.name not in ("ARRAY", "STRUCT"))


def align(node: exp.Expr) -> None:
    """Convert the operands of one node, whose types are known, to the type that they have in common."""
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        return
    if isinstance(node, BRANCHING):
        _align(node, branches(node))
        if isinstance(node, exp.Case) and node.this is not None:
            _compare(node, node.this, [case.this for case in node.args["ifs"]])
    elif isinstance(node, (exp.Cast, exp.TryCast)):
        kind = of_datatype(node.to)
        if kind is not None and kind.name in ("ARRAY", "STRUCT"):  # by position, as all STRUCTs meet
            convert(node.this, kind)
    elif isinstance(node, ARITHMETIC):
        sides = [node.this, node.expression]
        if all(kind is not None and kind.name in NUMBERS for kind in map(kind_of, sides)):
            _align(node, sides)
    elif isinstance(node, COMPARING):
        if not isinstance(node.expression, (exp.Any, exp.All)):
            _compare(node, node.this, [node.expression])
    elif isinstance(node, exp.Between):
        _compare(node, node.this, [node.args["low"], node.args["high"]])
    elif isinstance(node, exp.In):
        _compare_in(node)


def _align(node: exp.Expr, values: Sequence[exp.Expr]) -> Kind | None:
    try:
        common = supertype(typed(value) for value in values)
    except Mismatch:
        raise no_signature(node, *values) from None
    if common is not None:
        for value in values:
            if _needed(value, common):
                convert(value, common)
    return common


def _needed(value: exp.Expr, common: Kind) -> bool:
    """Whether the engine would not make the value the common type itself."""
    own = kind_of(value)
    if own is None or (own.name == common.name and own.name not in ("ARRAY", "STRUCT")):
        return False
    simple = common.name not in ("ARRAY", "STRUCT", "NUMERIC", "BIGNUMERIC") and not (
        common.name == "FLOAT64" and own.name in ("NUMERIC", "BIGNUMERIC")
    )
    return not simple and own.name != "NULL"


def _compare(node: exp.Expr, one: exp.Expr, others: Sequence[exp.Expr]) -> None:
    values = [one, *others]
    common = _align(node, values)
    if common is None:
        return
    ordered = isinstance(node, (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between))
    if common.name in UNCOMPARABLE or (ordered and common.name == "STRUCT"):
        symbol = "Less than" if ordered else "Equality"
        raise SqlError(f"{symbol} is not defined for arguments of type {common.name}")


def _compare_in(node: exp.In) -> None:
    unnest, query = node.args.get("unnest"), node.args.get("query")
    if isinstance(unnest, exp.Unnest) and len(unnest.expressions) == 1:
        array = unnest.expressions[0]
        kind = kind_of(array)
        if kind is None or kind.name != "ARRAY" or kind.element is None:
            return
        try:
            common = supertype([typed(node.this), (kind.element, is_literal(array))])
        except Mismatch:
            raise no_signature(node, node.this, array) from None
        if common is not None:
            convert(node.this, common)
            convert(array, Kind("ARRAY", common))
    elif isinstance(query, exp.Expr):
        kind = kind_of(query)
        try:
            common = supertype([typed(node.this), (kind, False)])
        except Mismatch:
            raise no_signature(node, node.this, query) from None
        if kind is not None and common is not None and fits(common, kind):
            convert(node.this, kind)
    else:
        _compare(node, node.this, node.expressions)


def fits(common: Kind, kind: Kind) -> bool:
    """Whether the common type of something and a type is that type, but for names of fields."""
    if common.name != kind.name:
        return False
    if common.name == "ARRAY":
        return common.element is None or kind.element is None or fits(common.element, kind.element)
    return all(
        mine is None or its is None or fits(mine, its)
        for (_, mine), (_, its) in zip(common.fields, kind.fields, strict=True)
    )
