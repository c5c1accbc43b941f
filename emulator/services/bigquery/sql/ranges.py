"""RANGE rewritten for DuckDB: its functions, and the types that they take and give.

https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import (
    BOOL,
    INTERVAL,
    Kind,
    Mismatch,
    array_of,
    coerces,
    engine_name,
    kind_of,
    supertype,
    typed,
)
from emulator.services.bigquery.sql.nodes import call, cast
from emulator.services.bigquery.sql.signatures import no_signature
from emulator.services.bigquery.sql.types import RANGE_ELEMENTS

OF_TWO = {"RANGE_OVERLAPS": "bq_range_overlaps", "RANGE_INTERSECT": "bq_range_intersect"}
OF_ONE = {"RANGE_START": "bq_range_start", "RANGE_END": "bq_range_end"}
NAMES = ("RANGE", "RANGE_CONTAINS", "GENERATE_RANGE_ARRAY", *OF_TWO, *OF_ONE)
ORDERED = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


def function_kind(node: exp.Anonymous) -> Kind | None:
    """The type that a function of ranges gives. Raises SqlError where its arguments do not fit."""
    name, kinds = node.name.upper(), [kind_of(item) for item in node.expressions]
    if name == "RANGE":
        return Kind("RANGE", _element(node))
    range_kind = next((kind for kind in kinds if kind is not None and kind.name == "RANGE"), None)
    if kinds[0] is not None and kinds[0].name not in ("RANGE", "NULL"):
        raise no_signature(node, *node.expressions)
    if name in OF_ONE:
        return range_kind.element if range_kind is not None else None
    if name == "GENERATE_RANGE_ARRAY":
        step = node.expressions[1]
        if not coerces(typed(step), INTERVAL.name):
            raise no_signature(node, *node.expressions)
        return array_of(range_kind) if range_kind is not None else None
    _check_second(node, range_kind, kinds[1])
    return range_kind if name == "RANGE_INTERSECT" else BOOL


def _element(node: exp.Anonymous) -> Kind:
    """The common type of the two bounds."""
    try:
        found = supertype(typed(item) for item in node.expressions)
    except Mismatch:
        found = None
    if found is None or found.name not in RANGE_ELEMENTS:
        raise no_signature(node, *node.expressions)
    return found


def _check_second(node: exp.Anonymous, range_kind: Kind | None, second: Kind | None) -> None:
    if range_kind is None or second is None or second.name == "NULL" or second == range_kind:
        return
    takes_value = node.name.upper() == "RANGE_CONTAINS" and range_kind.element is not None
    if not takes_value or not coerces(typed(node.expressions[1]), str(range_kind.element)):
        raise no_signature(node, *node.expressions)


def function(node: exp.Anonymous) -> exp.Expr | None:
    """The replacement of a function of ranges; None for other functions."""
    name, arguments = node.name.upper(), node.expressions
    if name == "RANGE":
        return _made(kind_of(node), arguments)
    if name in OF_ONE or name in OF_TWO:
        return call((OF_ONE | OF_TWO)[name], *arguments)
    if name == "RANGE_CONTAINS":
        return _contains(*arguments)
    return _parts(kind_of(node), *arguments) if name == "GENERATE_RANGE_ARRAY" else None


def _made(kind: Kind | None, bounds: Sequence[exp.Expr]) -> exp.Expr:
    name = engine_name(kind.element) if kind is not None and kind.element is not None else None
    if name is None:
        raise SqlError("The type of the bounds of a RANGE cannot be told; add a CAST.")
    return call("bq_range", *(cast(bound, name) for bound in bounds))


def _contains(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    kind, inner = kind_of(one), kind_of(other)
    if inner is not None and inner.name == "RANGE":
        return call("bq_range_contains", one, other)
    name = engine_name(kind.element) if kind is not None and kind.element is not None else None
    return call("bq_range_has", one, other if name is None else cast(other, name))


def _parts(kind: Kind | None, value: exp.Expr, step: exp.Expr, last: exp.Expr | None = None) -> exp.Expr:
    if isinstance(last, exp.Kwarg):
        last = last.expression
    made = call("bq_range_array", value, step, True if last is None else last)
    name = engine_name(kind) if kind is not None else None
    return made if name is None else cast(made, name)


def compare(node: exp.Expr) -> exp.Expr | None:
    """A comparison or an order of ranges by what they are ordered by; None for other nodes."""
    if isinstance(node, exp.Ordered):
        return _by_key(node, "this")
    if not isinstance(node, ORDERED):
        return None
    keys = ("this", "low", "high") if isinstance(node, exp.Between) else ("this", "expression")
    return _by_key(node, *keys)


def _by_key(node: exp.Expr, *keys: str) -> exp.Expr | None:
    kind = kind_of(node.this)
    if kind is None or kind.name != "RANGE":
        return None
    made = node.copy()
    for key in keys:
        made.set(key, call("bq_range_key", node.args[key]))
    return made
