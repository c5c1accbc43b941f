"""BigQuery's arithmetic rewritten for DuckDB: NUMERIC stays what it is; BIGNUMERIC has a module of its own.

https://cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions and data-types (numeric types).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from emulator.services.bigquery.sql.bignumeric import operation
from emulator.services.bigquery.sql.intervals import check_sum
from emulator.services.bigquery.sql.kinds import (
    BIGNUMERIC,
    FLOAT64,
    INT64,
    INTERVAL,
    NUMERIC,
    Kind,
    is_literal,
    kind_of,
    note,
)
from emulator.services.bigquery.sql.nodes import call, cast

DIRECT: dict[type[exp.Expr], str] = {
    exp.Div: "bq_div",
    exp.IntDiv: "bq_idiv",
    exp.Mod: "bq_mod",
    exp.BitwiseLeftShift: "bq_shift_left",
    exp.BitwiseRightShift: "bq_shift_right",
    exp.Sqrt: "bq_sqrt",
    exp.Cbrt: "bq_cbrt",
    exp.Ln: "bq_ln",
    exp.Exp: "bq_exp",
    exp.Log: "bq_log",
    exp.Pow: "bq_pow",
    exp.Acos: "bq_acos",
    exp.Asin: "bq_asin",
    exp.Acosh: "bq_acosh",
    exp.Atanh: "bq_atanh",
    exp.Cosh: "bq_cosh",
    exp.Sinh: "bq_sinh",
    exp.Cot: "bq_cot",
    exp.Coth: "bq_coth",
    exp.Csc: "bq_csc",
    exp.Csch: "bq_csch",
    exp.Sec: "bq_sec",
    exp.Sech: "bq_sech",
    exp.IsNan: "bq_is_nan",
    exp.IsInf: "bq_is_inf",
}
EXACT: dict[type[exp.Expr], str] = {
    exp.Mul: "bq_multiply_numeric",
    exp.Div: "bq_divide_numeric",
    exp.IntDiv: "bq_whole_numeric",
}
AVERAGES: dict[Kind | None, str] = {NUMERIC: "bq_divide_numeric", BIGNUMERIC: "bq_big_average"}  # of sum and count
# What the engine gives as DOUBLE, or as another DECIMAL than it took.
RECAST = (exp.Sqrt, exp.Ln, exp.Exp, exp.Log, exp.Pow, exp.Round, exp.Trunc, exp.Ceil, exp.Floor, exp.Sign, exp.Mod)


class NumberRewriter:
    """The handlers of numbers; see functions.Rewriter."""

    def number(self, node: exp.Expr) -> exp.Expr | None:
        """The replacement of an operation on numbers; None for other nodes, and those the engine does as BigQuery."""
        if (made := operation(node)) is not None:
            return made
        return _decimal(node) if kind_of(node) == NUMERIC else _direct(node)

    def _sum(self, node: exp.Sum) -> exp.Expr | None:
        if kind_of(node) == BIGNUMERIC:
            return over(node, lambda windowed: call("bq_big_sum", windowed(node.copy())))
        if kind_of(node) == INTERVAL:
            check_sum(node)
            return call("bq_interval_sum", node.this)
        if kind_of(node) == FLOAT64:
            return _within_range(node)
        if kind_of(node) != INT64:
            return None
        return over(node, lambda windowed: cast(windowed(node.copy()), "BIGINT"))

    def _avg(self, node: exp.Avg) -> exp.Expr | None:
        if kind_of(node) == INTERVAL:
            check_sum(node)
            return call("bq_interval_avg", node.this)
        if kind_of(node) == FLOAT64:
            return _within_range(node)
        macro = AVERAGES.get(kind_of(node))
        if macro is None:
            return None
        total, count = exp.Sum(this=node.this.copy()), exp.Count(this=node.this.copy())
        return over(node, lambda windowed: call(macro, windowed(total), windowed(count)))

    def _min(self, node: exp.Min) -> exp.Expr | None:
        """NaN where there is one; to the engine that is the greatest."""
        if kind_of(node) != FLOAT64:
            return None
        found = call("bool_or", call("isnan", node.this.copy()))
        return over(node, lambda windowed: call("bq_nan_or", windowed(found), windowed(node.copy())))

    def _neg(self, node: exp.Neg) -> exp.Expr | None:
        """-x within the range of INT64, which the engine leaves for literals."""
        if kind_of(node) != INT64 or isinstance(node.this, exp.Literal):
            return None
        zero = exp.Literal.number(0)
        return exp.Paren(this=exp.Sub(this=zero, expression=cast(node.this.copy(), "BIGINT")))

    def _sign(self, node: exp.Sign) -> exp.Expr | None:
        return cast(node.copy(), "DOUBLE") if kind_of(node) == FLOAT64 else None

    def _corr(self, node: exp.Corr) -> exp.Expr | None:
        """NULL for fewer than two pairs, where the engine gives NaN."""
        pairs = call("regr_count", node.expression.copy(), node.this.copy())

        def finish(windowed: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
            enough = exp.GTE(this=windowed(pairs), expression=exp.Literal.number(2))
            return exp.Case(ifs=[exp.If(this=enough, true=windowed(node.copy()))])

        return over(node, finish)


def _within_range(node: exp.Sum | exp.Avg) -> exp.Expr | None:
    """A sum or average of FLOAT64 that fails where it is infinite and no value is."""
    values = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    all_finite = call("bool_and", call("bq_finite", values.copy()))
    return over(node, lambda windowed: call("bq_in_range", windowed(node.copy()), windowed(all_finite.copy())))


def _direct(node: exp.Expr) -> exp.Expr | None:
    name = DIRECT.get(type(node))
    if name is None:
        return None
    return call(name, *(node.args[key] for key in ("this", "expression") if node.args.get(key) is not None))


def _decimal(node: exp.Expr) -> exp.Expr | None:
    if type(node) in EXACT:
        return call(EXACT[type(node)], node.this, node.expression)
    if isinstance(node, RECAST):
        places = node.args.get("decimals")
        if places is not None and not is_literal(places):  # the engine rounds DECIMALs to a constant place only
            node.this.replace(cast(node.this.copy(), "DOUBLE"))
        return cast(_direct(node) or node.copy(), "DECIMAL(38, 9)")
    return _direct(node)


def over(node: exp.Expr, finish: Callable[[Callable[[exp.Expr], exp.Expr]], exp.Expr]) -> exp.Expr | None:
    """`finish` of an aggregate, or of the window that it is in; it gets what puts an aggregate in that window."""
    window = node.parent
    if not isinstance(window, exp.Window) or window.this is not node:
        return finish(lambda aggregate: aggregate)

    def windowed(aggregate: exp.Expr) -> exp.Expr:
        inner = window.copy()
        inner.set("this", aggregate)
        return inner

    window.replace(note(finish(windowed), kind_of(window)))
    return None
