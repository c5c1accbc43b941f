"""BigQuery's comparisons and searches in text rewritten for DuckDB."""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import kind_of
from emulator.services.bigquery.sql.nodes import call


class ValueRewriter:
    """The handlers of single values; see functions.Rewriter."""

    def _in(self, node: exp.In) -> exp.Expr | None:
        unnest = node.args.get("unnest")
        if not isinstance(unnest, exp.Unnest) or len(unnest.expressions) != 1:
            return None
        return call("bq_in_array", node.this, unnest.expressions[0])

    def _substring(self, node: exp.Substring) -> exp.Expr:
        length = node.args.get("length")
        start = _needed(node, "start", "SUBSTR")
        if length is None:
            return call("bq_substr_from", node.this, start)
        return call("bq_substr", node.this, start, length)

    def _strposition(self, node: exp.StrPosition) -> exp.Expr | None:
        position, occurrence = node.args.get("position"), node.args.get("occurrence")
        if position is None and occurrence is None:
            return None
        return call("bq_instr", node.this, _needed(node, "substr", "INSTR"), position or 1, occurrence or 1)

    def _arrayslice(self, node: exp.ArraySlice) -> exp.Expr:
        start, end = (_needed(node, name, "ARRAY_SLICE") for name in ("start", "end"))
        return call("bq_array_slice", node.this, start, end)

    def _arrayfilter(self, node: exp.ArrayFilter) -> exp.Expr:
        return call("list_filter", node.this, _lambda(node.expression))

    def _transform(self, node: exp.Transform) -> exp.Expr:
        return call("list_transform", node.this, _lambda(node.expression))

    def _generateseries(self, node: exp.GenerateSeries) -> exp.Expr | None:
        start, end, step = node.args["start"], node.args["end"], node.args.get("step") or exp.Literal.number(1)
        kinds = {kind.name for value in (start, end, step) if (kind := kind_of(value)) is not None}
        if "BIGNUMERIC" in kinds:
            return call("bq_big_generate_array", start, end, step)
        if kinds & {"FLOAT64", "NUMERIC"}:
            return call("bq_generate_array", start, end, step)
        if isinstance(step, exp.Literal) and step.is_int and int(step.name):
            return call("generate_series", start, end, step)
        return call("generate_series", start, end, call("bq_step", step))

    def _arrayconcat(self, node: exp.ArrayConcat) -> exp.Expr:
        joined: exp.Expr = node.this
        for other in node.expressions:  # unlike the engine's function, its operator gives NULL where one is NULL
            joined = exp.DPipe(this=joined, expression=other)
        return exp.Paren(this=joined)

    def _levenshtein(self, node: exp.Levenshtein) -> exp.Expr:
        distance = call("levenshtein", node.this, node.expression)
        most = node.args.get("max_dist")
        return distance if most is None else call("bq_at_most", distance, most)


def _needed(node: exp.Func, name: str, function: str) -> exp.Expr:
    """An argument that the parser does not insist on, but the function does."""
    argument: exp.Expr | None = node.args.get(name)
    if argument is None:
        raise SqlError(f"No matching signature for function {function}: an argument is missing.")
    return argument


def _lambda(function: exp.Expr) -> exp.Expr:
    """A lambda whose second argument, the offset of the element, counts from 0; the engine's counts from 1."""
    if isinstance(function, exp.Lambda) and len(function.expressions) > 1:
        name = function.expressions[1].name.lower()
        for found in list(function.this.find_all(exp.Identifier)):
            if found.name.lower() == name and not _is_label(found):
                value = found.parent if isinstance(found.parent, exp.Column) else found
                offset = exp.Paren(this=exp.Sub(this=value.copy(), expression=exp.Literal.number(1)))
                if value is function.this:
                    function.set("this", offset)
                else:
                    value.replace(offset)
    return function


def _is_label(name: exp.Identifier) -> bool:
    """Whether an identifier names a field or an alias, and not a value."""
    parent = name.parent
    if isinstance(parent, exp.Column):
        return len(parent.parts) > 1
    return isinstance(parent, (exp.Alias, exp.TableAlias)) or (
        isinstance(parent, (exp.Dot, exp.PropertyEQ)) and (name.arg_key == "expression") == isinstance(parent, exp.Dot)
    )
