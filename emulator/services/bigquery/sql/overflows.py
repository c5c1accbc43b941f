"""Arithmetic on FLOAT64 that leaves its range from inside it: an error, where the engine gives infinity.

https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#arithmetic_operators: "All operators will throw
an error if the computation result overflows." Looked at is what a whole expression of such operators gives: where that
is not finite although every column that it takes is, it has overflowed. Of functions those are seen through that give
infinity only for infinity; of an expression that takes what others give, which may be infinite on purpose, nothing is
said.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.kinds import FLOAT64, INT64, NUMERIC, kind_of
from emulator.services.bigquery.sql.nodes import call

OPERATORS = (exp.Add, exp.Sub, exp.Mul, exp.Div)
AROUND = (exp.Paren, exp.Neg)
# What gives infinity only where an argument is infinite: the rest is finite, NULL or an error.
FINITE = (
    *(exp.Abs, exp.Round, exp.Trunc, exp.Ceil, exp.Floor, exp.Sign, exp.Sqrt, exp.Cbrt, exp.Exp, exp.Ln, exp.Log),
    *(exp.Pow, exp.Sin, exp.Cos, exp.Tan, exp.Atan, exp.Atan2, exp.Sinh, exp.Cosh, exp.Tanh, exp.Mod),
    *(exp.Greatest, exp.Least, exp.Coalesce, exp.Nullif, exp.SafeDivide),
)
AGGREGATES = (exp.Sum, exp.Avg, exp.Min, exp.Max)
EXACT = (INT64, NUMERIC)
FINITE_IF = "finite_if"


def mark(tree: exp.Expr) -> None:
    """Note on each whole expression of operators what has to hold for all that it takes to be finite, for `checked`."""
    for node in tree.find_all(*OPERATORS):
        if kind_of(node) == FLOAT64 and not _is_inner(node):
            conditions = _conditions(node)
            if conditions is not None:
                node.meta[FINITE_IF] = conditions


def _is_inner(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, AROUND):
        parent = parent.parent
    return isinstance(parent, OPERATORS) and kind_of(parent) == FLOAT64


def _conditions(node: exp.Expr) -> list[exp.Expr] | None:
    """What has to hold for a value to be finite; None where it may be infinite all the same."""
    if _is_finite(node):
        return []
    if isinstance(node, exp.Column):
        return [call("isfinite", node.copy())]
    if isinstance(node, AGGREGATES) and not isinstance(node.parent, exp.Window):
        each = _conditions(node.this)
        return [call("bool_and", exp.and_(*each))] if each else each
    if isinstance(node, AROUND + FINITE) or (isinstance(node, OPERATORS) and kind_of(node) == FLOAT64):
        return _all(list(node.iter_expressions()))
    return None


def _all(nodes: Sequence[exp.Expr]) -> list[exp.Expr] | None:
    found: list[exp.Expr] = []
    for node in nodes:
        conditions = _conditions(node)
        if conditions is None:
            return None
        found += conditions
    return found


def _is_finite(leaf: exp.Expr) -> bool:
    """Whether a value can only be finite: a literal, or of an exact type."""
    inner = leaf.this if isinstance(leaf, exp.Cast) else leaf
    return (isinstance(inner, exp.Literal) and not inner.is_string) or kind_of(inner) in EXACT


def checked(node: exp.Expr, rewritten: exp.Expr) -> exp.Expr:
    """What stands for an expression of operators, with a look at what it gives."""
    conditions: list[exp.Expr] | None = node.meta.get(FINITE_IF)
    if conditions is None:
        return rewritten
    finite = exp.and_(*conditions) if conditions else exp.true()
    macro = "bq_in_range_tried" if node.find_ancestor(exp.SafeFunc) else "bq_in_range"
    return call(macro, rewritten, exp.Paren(this=finite))
