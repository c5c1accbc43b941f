"""Comparisons rewritten for DuckDB: NaN equals nothing, and STRUCTs are compared field by field, NULL being unknown.

https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#comparison_operators
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.kinds import FLOAT64, Kind, is_literal, kind_of, same_shape
from emulator.services.bigquery.sql.nodes import call

MACROS: dict[type[exp.Expr], tuple[str, bool]] = {  # for numbers: the macro, and whether its sides change places
    exp.EQ: ("bq_eq_float", False),
    exp.NEQ: ("bq_ne_float", False),
    exp.GT: ("bq_gt_float", False),
    exp.GTE: ("bq_ge_float", False),
    exp.LT: ("bq_gt_float", True),
    exp.LTE: ("bq_ge_float", True),
}
VARIABLE = "bq_c"


def compare(node: exp.Expr) -> exp.Expr | None:
    """The replacement of a comparison; None for other nodes, and where the engine compares as BigQuery does."""
    if isinstance(node, exp.In):
        return _in_structs(node)
    if type(node) not in MACROS or (isinstance(node.parent, exp.Update) and node.arg_key == "expressions"):
        return None  # SET one = other is no comparison
    one, other = node.this, node.expression
    kind = kind_of(one)
    if isinstance(node, (exp.EQ, exp.NEQ)) and kind is not None and kind.name == "STRUCT":
        if kind_of(other) is None or not same_shape(kind, kind_of(other)):
            return None
        same = _same(one, other, kind, 0)
        return exp.Not(this=exp.Paren(this=same)) if isinstance(node, exp.NEQ) else same
    if not any(kind_of(side) == FLOAT64 and not is_literal(side) for side in (one, other)):
        return None
    name, turned = MACROS[type(node)]
    return call(name, other, one) if turned else call(name, one, other)


def _in_structs(node: exp.In) -> exp.Expr | None:
    """x IN (y, z) of STRUCTs: (x = y) OR (x = z)."""
    kind, items = kind_of(node.this), node.expressions
    if kind is None or kind.name != "STRUCT" or not items:
        return None
    if any(kind_of(item) is None or not same_shape(kind, kind_of(item)) for item in items):
        return None
    return exp.Paren(this=exp.or_(*(_same(node.this.copy(), item.copy(), kind, 0) for item in items), copy=False))


def _same(one: exp.Expr, other: exp.Expr, kind: Kind | None, depth: int) -> exp.Expr:
    """one = other: of STRUCTs FALSE where a field differs, else NULL where one is NULL."""
    if kind is None or kind.name != "STRUCT":
        return call("bq_eq_float", one, other) if kind == FLOAT64 else exp.EQ(this=one, expression=other)
    pairs = [
        exp.PropertyEQ(this=exp.to_identifier(side), expression=value) for side, value in (("a", one), ("b", other))
    ]
    variable = f"{VARIABLE}{depth}"

    def field(side: str, place: int) -> exp.Expr:
        return call("struct_extract_at", exp.column(side, table=variable), place)

    fields = [
        _same(field("a", place), field("b", place), own, depth + 1) for place, (_, own) in enumerate(kind.fields, 1)
    ]
    body = exp.Lambda(this=exp.and_(*fields, copy=False), expressions=[exp.to_identifier(variable)])
    return call("list_extract", call("list_transform", exp.Array(expressions=[exp.Struct(expressions=pairs)]), body), 1)
