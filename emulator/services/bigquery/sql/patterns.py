"""LIKE and regular expressions rewritten for the engine.

https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#like_operator, #like_operator_quantified, and
string_functions#regexp_extract and its like.
"""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.nodes import call, text
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.scalars.patterns import group_count


class PatternRewriter:
    """The handlers of pattern matching; see functions.Rewriter."""

    def _like(self, node: exp.Like) -> exp.Expr | None:
        quantifier = node.expression
        if isinstance(quantifier, (exp.Any, exp.All)):
            return _quantified(node, quantifier)
        if quantifier.is_string and "\\" not in quantifier.name:
            return None
        return exp.Paren(this=exp.Escape(this=node.copy(), expression=text("\\")))

    def _regexpextract(self, node: exp.RegexpExtract) -> exp.Expr:
        group = _group(node.expression)
        position, occurrence = node.args.get("position"), node.args.get("occurrence")
        return call("bq_regexp_extract", node.this, node.expression, group, position or 1, occurrence or 1)

    def _regexpextractall(self, node: exp.RegexpExtractAll) -> exp.Expr:
        return call("regexp_extract_all", node.this, node.expression, _group(node.expression))

    def _regexpinstr(self, node: exp.RegexpInstr) -> exp.Expr:
        more = [node.args.get(name) or default for name, default in (("position", 1), ("occurrence", 1), ("option", 0))]
        return call("bq_regexp_instr", node.this, node.expression, *more)


def _group(pattern: exp.Expr) -> exp.Expr | int:
    """The group that an extraction gives: 1 where the pattern has one, else 0. Raises SqlError for more than one."""
    if not pattern.is_string and not isinstance(pattern, exp.RawString):
        return call("bq_group_count", pattern.copy())
    try:
        return group_count(pattern.name)
    except ScalarError as error:
        raise SqlError(error.words) from None


def _quantified(node: exp.Like, quantifier: exp.Any | exp.All) -> exp.Expr:
    """LIKE ANY and LIKE ALL; NOT is of each comparison, not of the whole."""
    patterns, negate = quantifier.this, bool(node.args.get("negate"))
    kind = "any" if isinstance(quantifier, exp.Any) else "all"
    if isinstance(patterns, exp.Unnest):
        return call(f"bq_{'not_' * negate}like_{kind}", node.this, patterns.expressions[0])
    if not isinstance(patterns, (exp.Tuple, exp.Paren)):
        raise SqlError(f"LIKE {kind.upper()} takes a list of patterns in parentheses, or UNNEST(array).")
    listed = patterns.expressions if isinstance(patterns, exp.Tuple) else [patterns.this]
    terms = [_single(node.this, pattern, negate=negate) for pattern in listed]
    joined = exp.Or if kind == "any" else exp.And
    return exp.Paren(this=reduce(lambda left, right: joined(this=left, expression=right), terms))


def _single(value: exp.Expr, pattern: exp.Expr, *, negate: bool) -> exp.Expr:
    like = exp.Escape(this=exp.Like(this=value.copy(), expression=pattern.copy()), expression=text("\\"))
    return exp.Paren(this=exp.Not(this=exp.Paren(this=like))) if negate else exp.Paren(this=like)
