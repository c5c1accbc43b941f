"""Arithmetic on FLOAT64 that leaves its range from inside it: an error, where the engine gives infinity.

https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#arithmetic_operators: "All operators will throw
an error if the computation result overflows." Looked at is what a whole expression of such operators gives: where that
is not finite although every column that it takes is, it has overflowed. Of one that takes what functions give, which
may be infinite on purpose, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from emulator.services.bigquery.sql.kinds import FLOAT64, INT64, NUMERIC, kind_of
from emulator.services.bigquery.sql.nodes import call

OPERATORS = (exp.Add, exp.Sub, exp.Mul, exp.Div)
AROUND = (exp.Paren, exp.Neg)
EXACT = (INT64, NUMERIC)
COLUMNS = "float_columns"


def mark(tree: exp.Expr) -> None:
    """Note on each whole expression of operators which columns it takes, for `checked`."""
    for node in tree.find_all(*OPERATORS):
        if kind_of(node) == FLOAT64 and not _is_inner(node):
            leaves = list(_leaves(node))
            if all(isinstance(leaf, exp.Column) or _is_finite(leaf) for leaf in leaves):
                node.meta[COLUMNS] = [leaf.copy() for leaf in leaves if not _is_finite(leaf)]


def _is_inner(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, AROUND):
        parent = parent.parent
    return isinstance(parent, OPERATORS) and kind_of(parent) == FLOAT64


def _leaves(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, AROUND):
        yield from _leaves(node.this)
    elif isinstance(node, OPERATORS) and kind_of(node) == FLOAT64:
        yield from _leaves(node.left)
        yield from _leaves(node.right)
    else:
        yield node


def _is_finite(leaf: exp.Expr) -> bool:
    """Whether a value can only be finite: a literal, or of an exact type."""
    inner = leaf.this if isinstance(leaf, exp.Cast) else leaf
    return (isinstance(inner, exp.Literal) and not inner.is_string) or kind_of(inner) in EXACT


def checked(node: exp.Expr, rewritten: exp.Expr) -> exp.Expr:
    """What stands for an expression of operators, with a look at what it gives."""
    columns: list[exp.Expr] | None = node.meta.get(COLUMNS)
    if columns is None:
        return rewritten
    finite = exp.and_(*(call("isfinite", column) for column in columns)) if columns else exp.true()
    macro = "bq_in_range_tried" if node.find_ancestor(exp.SafeFunc) else "bq_in_range"
    return call(macro, rewritten, exp.Paren(this=finite))
