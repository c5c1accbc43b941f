"""What a script makes for itself: functions whose calls are written out, and tables in a dataset of its own.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.ctes import meant
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


def move_tables(trees: Sequence[exp.Expr], dataset: str, known: Sequence[str] = ()) -> None:
    """Give the temporary tables of a script a dataset of its own, where they are made and where they are named.

    known are the names of those that are there already, in lower case.

    Raises SqlError where there is none for them, as in the query of a view.
    """
    made = set(known)
    for tree in trees:
        node = _temporary_table(tree)
        if node is not None and not dataset:
            raise SqlError("CREATE TEMP TABLE is not possible here.")
        for table in tree.find_all(exp.Table):
            if table is not node and _is_plain(table) and table.name.lower() in made and meant(table) is None:
                if not table.alias and isinstance(table.parent, (exp.From, exp.Join)):
                    table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
                _move(table, dataset)
        if node is not None:
            made.add(node.name.lower())
            _move(node, dataset)


def _is_plain(table: exp.Table) -> bool:
    """Whether a table is named without a dataset, or with that of temporary tables."""
    return len(table.parts) == 1 or (len(table.parts) == 2 and table.db.upper() == "_SESSION")


def _move(table: exp.Table, dataset: str) -> None:
    table.set("this", exp.to_identifier(table.name.lower(), quoted=True))
    table.set("db", exp.to_identifier(dataset, quoted=True))


def _temporary_table(tree: exp.Expr) -> exp.Table | None:
    """The table that CREATE TEMP TABLE makes; the statement is an ordinary CREATE TABLE then."""
    properties = tree.args.get("properties")
    mark = properties.find(exp.TemporaryProperty) if isinstance(tree, exp.Create) and properties is not None else None
    if mark is None or str(tree.args.get("kind")).upper() != "TABLE":
        return None
    mark.pop()
    node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if not isinstance(node, exp.Table) or len(node.parts) != 1:
        raise SqlError("A temporary table has a name without a dataset.")
    return node


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
        written = written_out(function, call)
        if call is tree:
            return written
        call.replace(written)
    return tree


def written_out(function: exp.Create, call: exp.Anonymous) -> exp.Expr:
    """The body of a function with the arguments of a call in it. Raises SqlError for a wrong number of them."""
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
    own = {source.alias_or_name.lower() for source in body.find_all(exp.Table, exp.Subquery, exp.Unnest)}
    for column in list(body.find_all(exp.Column)):
        first, *rest = [part.name for part in column.parts]
        if first.lower() in values and not (rest and first.lower() in own):
            column.replace(_fields(values[first.lower()].copy(), rest))
    returns = function.find(exp.ReturnsProperty)
    return _as_type(body, returns.this if returns is not None else None)


def _fields(value: exp.Expr, names: Sequence[str]) -> exp.Expr:
    """A field inside of a value."""
    for name in names:
        value = exp.Dot(this=value, expression=exp.to_identifier(name, quoted=True))
    return value


def _as_type(value: exp.Expr, kind: exp.Expr | None) -> exp.Expr:
    """A value of a declared type; ANY TYPE and no type leave it as it is."""
    if not isinstance(kind, exp.DataType) or kind.is_type("variant"):
        return exp.Paren(this=value.copy())
    return exp.Cast(this=value.copy(), to=kind.copy())
