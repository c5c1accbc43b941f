"""SAFE.function, SAFE_ADD and its like: NULL where that function fails, and only that one.

https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-reference#safe_prefix: errors of the arguments
stay errors. The engine's TRY covers all that is inside it, so what may fail in an argument is computed outside.
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import kind_of, note
from emulator.services.bigquery.sql.nodes import call

ROW = "bq_arguments"
OPERATORS: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.SafeAdd: exp.Add,
    exp.SafeSubtract: exp.Sub,
    exp.SafeMultiply: exp.Mul,
    exp.SafeDivide: exp.Div,
}
# Parts of a call that hold values without being one, and values that cannot fail.
WRAPPERS = (exp.Interval, exp.Kwarg, exp.Paren, exp.Neg, exp.TsOrDsToDate, exp.TsOrDsToDatetime, exp.TsOrDsToTime)
PLAIN = (exp.Literal, exp.Column, exp.Null, exp.Boolean, exp.Var, exp.DataType, exp.Identifier, exp.JSONPath)
CONSTANT = ("format", "zone", "unit")  # arguments that the engine takes as constants only


def isolate(tree: exp.Expr) -> exp.Expr:
    """The tree with each SAFE call's arguments computed before it. Raises SqlError for SAFE. before an aggregate."""
    for node in reversed(list(tree.find_all(exp.SafeFunc, exp.SafeNegate, *OPERATORS))):
        new = _isolated(_operator(node))
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


def _operator(node: exp.Expr) -> exp.SafeFunc:
    """SAFE_ADD and its like as a SAFE call of their operator."""
    if isinstance(node, exp.SafeFunc):
        return node
    if isinstance(node, exp.SafeNegate):
        operator: exp.Expr = exp.Neg(this=node.this.copy())
    else:
        operator = OPERATORS[type(node)](this=node.this.copy(), expression=node.expression.copy())
    made = exp.SafeFunc(this=note(operator, kind_of(node)))
    note(made, kind_of(node))
    return made


def _isolated(node: exp.SafeFunc) -> exp.Expr:
    function = node.this
    if isinstance(function, exp.AggFunc):
        raise SqlError(f"SAFE. is not supported for aggregate functions such as {function.sql_name()}.")
    before: list[exp.Expr] = []
    for argument in list(function.iter_expressions()):
        if argument.arg_key not in CONSTANT or argument.find(exp.Column):
            _take_out(argument, before)
    if not before:
        return node.copy()
    pairs = [
        exp.PropertyEQ(this=exp.to_identifier(f"a{index}"), expression=value) for index, value in enumerate(before)
    ]
    row = exp.Array(expressions=[exp.Struct(expressions=pairs)])
    each = exp.Lambda(this=node.copy(), expressions=[exp.to_identifier(ROW)])
    return note(call("list_extract", call("list_transform", row, each), 1), kind_of(node))


def _take_out(argument: exp.Expr, before: list[exp.Expr]) -> None:
    if isinstance(argument, PLAIN):
        return
    if isinstance(argument, WRAPPERS):
        for inner in list(argument.iter_expressions()):
            _take_out(inner, before)
        return
    argument.replace(note(exp.column(f"a{len(before)}", table=ROW), kind_of(argument)))
    before.append(argument)
