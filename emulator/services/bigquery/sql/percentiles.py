"""PERCENTILE_CONT and PERCENTILE_DISC where the engine's quantiles do not do: of BIGNUMERIC, and with RESPECT NULLS.

https://cloud.google.com/bigquery/docs/reference/standard-sql/navigation_functions#percentile_cont: NULL comes before
all values; between NULL and a value lies the value.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from emulator.services.bigquery.sql.bignumeric import to_bignumeric
from emulator.services.bigquery.sql.kinds import BIGNUMERIC, NUMERIC, Kind, kind_of, note
from emulator.services.bigquery.sql.nodes import call, cast, engine_type

PERCENTILES = (exp.PercentileCont, exp.PercentileDisc)
ENGINE_TYPES: dict[Kind | None, str] = {NUMERIC: "DECIMAL(38, 9)"}  # of what is interpolated; else DOUBLE


def percentile(node: exp.Expr) -> exp.Expr | None:
    """The replacement of a percentile, or of its IGNORE NULLS or RESPECT NULLS; None for other nodes.

    It takes the place of the window that the node is in.
    """
    inner = node.this if isinstance(node, (exp.IgnoreNulls, exp.RespectNulls)) else node
    if not isinstance(inner, PERCENTILES) or isinstance(node.parent, (exp.IgnoreNulls, exp.RespectNulls)):
        return None
    window, respect = node.parent, isinstance(node, exp.RespectNulls)
    wide = isinstance(inner, exp.PercentileCont) and kind_of(inner) == BIGNUMERIC
    if not isinstance(window, exp.Window) or not (respect or wide):
        return inner.copy() if node is not inner else None
    values = _values(window, inner.this, respect=respect)
    window.replace(note(_finisher(inner, wide=wide)(values), kind_of(window)))
    return None


def _values(window: exp.Window, value: exp.Expr, *, respect: bool) -> exp.Expr:
    """All values of the window as an array."""
    listed: exp.Expr = call("list", value.copy())
    if not respect:
        known = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
        listed = exp.Filter(this=listed, expression=exp.Where(this=known))
    made = window.copy()
    made.set("this", listed)
    return made


def _finisher(node: exp.Expr, *, wide: bool) -> Callable[[exp.Expr], exp.Expr]:
    part = node.expression
    if wide:
        exact = to_bignumeric(part, kind_of(part), engine_type("BIGNUM"), safe=False)
        return lambda values: call("bq_big_percentile_cont", values, exact)
    if isinstance(node, exp.PercentileDisc):
        return lambda values: call("bq_percentile_disc", values, part)
    kind = ENGINE_TYPES.get(kind_of(node), "DOUBLE")
    return lambda values: cast(call("bq_percentile_cont", cast(values, f"{kind}[]"), part), kind)
