"""Temporary functions of a script that are SQL expressions: their calls are replaced by what they compute.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError


def expand_functions(trees: Sequence[exp.Expr]) -> list[exp.Expr]:
    """The statements of a script without its CREATE TEMP FUNCTIONs, and with their calls written out.

    Raises SqlError for a function in another language, and for a call with a wrong number of arguments.
    """
    known: dict[str, exp.Create] = {}
    rest = []
    for tree in trees:
        expanded = _expand(tree, known)
        if isinstance(expanded, exp.Create) and _is_temporary_function(expanded):
            if expanded.find(exp.LanguageProperty) or not isinstance(expanded.args.get("expression"), exp.Expr):
                raise SqlError("CREATE TEMP FUNCTION in another language than SQL is not emulated.")
            known[expanded.this.this.name.lower()] = expanded
        else:
            rest.append(expanded)
    return rest


def _is_temporary_function(tree: exp.Create) -> bool:
    if str(tree.args.get("kind")).upper() != "FUNCTION":
        return False
    properties = tree.args.get("properties")
    return properties is not None and properties.find(exp.TemporaryProperty) is not None


def _expand(tree: exp.Expr, known: dict[str, exp.Create]) -> exp.Expr:
    for call in reversed(list(tree.find_all(exp.Anonymous))):
        function = known.get(str(call.this).lower())
        if function is None:
            continue
        written = _written_out(function, call)
        if call is tree:
            return written
        call.replace(written)
    return tree


def _written_out(function: exp.Create, call: exp.Anonymous) -> exp.Expr:
    parameters = function.this.expressions
    name = function.this.this.name
    if len(parameters) != len(call.expressions):
        raise SqlError(
            f"Number of arguments does not match for function {name}: it takes {len(parameters)}, and "
            f"{len(call.expressions)} are given"
        )
    values = {
        parameter.name.lower(): _as_type(argument, parameter.args.get("kind"))
        for parameter, argument in zip(parameters, call.expressions, strict=True)
    }
    body = exp.Paren(this=function.args["expression"].copy())
    for column in list(body.find_all(exp.Column)):
        if not column.table and column.name.lower() in values:
            column.replace(values[column.name.lower()].copy())
    returns = function.find(exp.ReturnsProperty)
    return _as_type(body, returns.this if returns is not None else None)


def _as_type(value: exp.Expr, kind: exp.Expr | None) -> exp.Expr:
    """A value of a declared type; ANY TYPE and no type leave it as it is."""
    if not isinstance(kind, exp.DataType) or kind.is_type("variant"):
        return exp.Paren(this=value.copy())
    return exp.Cast(this=value.copy(), to=kind.copy())
