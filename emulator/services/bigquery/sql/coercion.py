"""Implicit conversions written out: STRUCTs meet by position, where the engine would match the names of their fields.

https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import (
    BIGNUMERIC,
    FLOAT64,
    NUMBERS,
    NUMERIC,
    Kind,
    Mismatch,
    coerces,
    engine_name,
    is_literal,
    kind_of,
    note,
    of_datatype,
    same_shape,
    supertype,
    typed,
)
from emulator.services.bigquery.sql.named import NAMED
from emulator.services.bigquery.sql.nodes import call, cast, put
from emulator.services.bigquery.sql.signatures import branches, no_signature
from emulator.services.bigquery.sql.structs import anonymous_name

BRANCHING = (
    *(exp.If, exp.Case, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least),
    *(exp.ArrayConcat, exp.Array, exp.DPipe, exp.GenerateSeries),
)
ARITHMETIC = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Log),
    *(exp.SafeAdd, exp.SafeSubtract, exp.SafeMultiply, exp.SafeDivide),
)
AS_FLOAT = (  # what gives FLOAT64 whatever number it takes
    *(exp.Cbrt, exp.Cos, exp.Cosh, exp.Acos, exp.Acosh, exp.Sin, exp.Sinh, exp.Asin, exp.Asinh, exp.Tan, exp.Tanh),
    *(exp.Atan, exp.Atanh, exp.Atan2, exp.Cot, exp.Coth, exp.Csc, exp.Csch, exp.Sec, exp.Sech, exp.IsInf, exp.IsNan),
    *(exp.Corr, exp.CovarPop, exp.CovarSamp, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop),
)
COMPARING = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
NEVER_NUMBERS = ("STRING", "BYTES", "BOOL")  # nor are literals, which the engine would take for what they say
UNCOMPARABLE = ("JSON", "ARRAY", "GEOGRAPHY")  # of which no two are equal; STRUCTs have no order
VARIABLE = "bq_e"


def convert(node: exp.Expr, kind: Kind | None) -> exp.Expr:
    """Make an expression another type, in its place; gives what stands there then.

    That is itself where the type is its own, or one of them cannot be told.
    """
    own = kind_of(node)
    known = own is not None or kind == BIGNUMERIC  # which the engine would take another number for
    if not known or kind is None or (own is not None and same_shape(own, kind)) or engine_name(kind) is None:
        return node
    place = exp.Null()
    put(node, place)
    new = note(_converted(node, own, kind, 0), kind)
    put(place, new)
    return new


def _converted(value: exp.Expr, own: Kind | None, kind: Kind, depth: int) -> exp.Expr:
    name = engine_name(kind)
    assert name is not None
    if own is None or own.name != kind.name or own.name not in ("ARRAY", "STRUCT"):
        return cast(note(value, own), name)
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
    return same_shape(own, kind) or (
        own is not None and own.name not in ("ARRAY", "STRUCT") and BIGNUMERIC not in (own, kind)
    )


def align(node: exp.Expr) -> None:
    """Convert the operands of one node, whose types are known, to the type that they have in common."""
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        return
    for kinds, convert_parts in ALIGNED:
        if isinstance(node, kinds):
            convert_parts(node)
            return


def _align_branches(node: exp.Expr) -> None:
    _align(node, branches(node))
    if isinstance(node, exp.Case) and node.this is not None:
        _compare(node, node.this, [case.this for case in node.args["ifs"]])


def _align_cast(node: exp.Expr) -> None:
    kind = of_datatype(node.args["to"])
    if kind is not None and kind.name in ("ARRAY", "STRUCT"):  # by position, as all STRUCTs meet
        if isinstance(node.this, exp.Array) and kind.element is not None:
            _check_elements(node.this, kind.element)
        convert(node.this, kind)


def _check_elements(array: exp.Array, element: Kind) -> None:
    """Raise SqlError where a number of ARRAY<T>[...] would be narrowed: elements become T as arguments do."""
    for item in array.expressions:
        kind = kind_of(item)
        if kind is not None and {kind.name, element.name} <= set(NUMBERS) and not coerces(typed(item), element.name):
            raise SqlError(f"Array element type {kind} does not coerce to {element}")


def _align_numbers(node: exp.Expr) -> None:
    sides = [node.this, node.expression]
    names = {kind.name for kind in map(kind_of, sides) if kind is not None}
    if names <= set(NUMBERS):
        _align(node, sides)
    elif not names.isdisjoint(NUMBERS) and not names.isdisjoint(NEVER_NUMBERS):
        raise no_signature(node)


def _align_sides(node: exp.Expr) -> None:
    if not isinstance(node.expression, (exp.Any, exp.All)):
        _compare(node, node.this, [node.expression])


def _align_default(node: exp.Expr) -> None:
    _align(node, [value for key in ("this", "default") if (value := node.args.get(key)) is not None])


def _align_floats(node: exp.Expr) -> None:
    for value in (node.args.get("this"), node.args.get("expression"), *node.expressions):
        if isinstance(value, exp.Expr):
            _as_float(value)


def _align_named(node: exp.Anonymous) -> None:
    """A BIGNUMERIC stays one where the function takes it, and a literal with a point is the NUMERIC that it takes."""
    function = NAMED.get(node.name.upper())
    for number, value in enumerate(node.expressions):
        names = function.takes[number] if function is not None and number < len(function.takes) else ()
        if "BIGNUMERIC" not in names:
            _as_float(value)
        elif "FLOAT64" not in names and kind_of(value) == FLOAT64 and is_literal(value):
            convert(value, NUMERIC)


def _as_float(value: exp.Expr) -> None:
    """Make the argument of a function that gives FLOAT64 one, where the engine would not."""
    inner = value.expressions[0] if isinstance(value, exp.Distinct) else value
    if kind_of(inner) == BIGNUMERIC:
        convert(inner, FLOAT64)


def _align(node: exp.Expr, values: Sequence[exp.Expr]) -> Kind | None:
    try:
        common = supertype(typed(value) for value in values)
    except Mismatch:
        raise no_signature(node, *values) from None
    if common is not None:
        for value in values:
            if _needed(value, common):
                convert(value, common)
    elif any(kind_of(value) == BIGNUMERIC for value in values):  # the others are what the engine finds them to be
        for value in values:
            convert(value, BIGNUMERIC)
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
        _align_with_array(node, node.this, unnest.expressions[0])
    elif isinstance(query, exp.Expr):
        kind = kind_of(query)
        try:
            common = supertype([typed(node.this), (kind, False)])
        except Mismatch:
            raise no_signature(node, node.this, query) from None
        if kind is not None and common is not None and fits(common, kind):
            convert(node.this, kind)
        elif BIGNUMERIC in (kind, kind_of(node.this)) and common is not None:
            convert(node.this, common)
            convert_column(query, common)
    else:
        _compare(node, node.this, node.expressions)


def _align_with_array(node: exp.Expr, value: exp.Expr, array: exp.Expr) -> None:
    """Convert a value and the elements of an array to the type that they have in common."""
    kind = kind_of(array)
    if kind is None or kind.name != "ARRAY" or kind.element is None:
        return
    try:
        common = supertype([typed(value), (kind.element, is_literal(array))])
    except Mismatch:
        raise no_signature(node, value, array) from None
    if common is not None:
        convert(value, common)
        convert(array, Kind("ARRAY", common))


def convert_column(query: exp.Expr, kind: Kind) -> None:
    """Make the one column of a query another type: SELECT CAST(c AS ...) FROM (the query) in its place."""
    own = kind_of(query)
    inner = query.unnest()
    if own is None or own == kind or not isinstance(inner, exp.Query):
        return
    place = exp.Null()
    put(inner, place)
    name = exp.to_identifier("bq_value", quoted=True)
    column = note(exp.column(name.copy()), own)
    outer = exp.Select(expressions=[cast(column, engine_name(kind) or "")])
    alias = exp.TableAlias(this=exp.to_identifier("bq_values"), columns=[name])
    outer.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
    put(place, note(outer, kind))


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


ALIGNED: tuple[tuple[tuple[type[exp.Expr], ...], Callable[[Any], None]], ...] = (
    (BRANCHING, _align_branches),
    ((exp.Cast, exp.TryCast), _align_cast),
    (ARITHMETIC, _align_numbers),
    (COMPARING, _align_sides),
    ((exp.Between,), lambda node: _compare(node, node.this, [node.args["low"], node.args["high"]])),
    ((exp.In,), _compare_in),
    (AS_FLOAT, _align_floats),
    ((exp.Anonymous,), _align_named),
    ((exp.Lag, exp.Lead), _align_default),
    ((exp.RangeBucket,), lambda node: _align_with_array(node, node.this, node.expression)),
)
