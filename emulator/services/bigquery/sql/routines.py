"""Functions of datasets in a statement: which ones it calls, and their calls written out.

https://cloud.google.com/bigquery/docs/user-defined-functions and .../table-functions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from emulator.services.bigquery.names import RoutineName
from emulator.services.bigquery.sql.catalog import Defaults, Routine
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.references import tables, unnest_paths
from emulator.services.bigquery.sql.temporary import written_out
from emulator.services.bigquery.sql.trees import syntax

NAMESPACES = (
    "AEAD",
    "AI",
    "D3A_COUNT",
    "HLL_COUNT",
    "KEYS",
    "KLL_QUANTILES",
    "ML",
    "NET",
    "SAFE",
)  # of GoogleSQL's own
MAX_DEPTH = 16  # functions that call functions


def calls(tree: exp.Expr, defaults: Defaults) -> Iterator[tuple[exp.Expr, RoutineName, exp.Anonymous]]:
    """The calls of functions of datasets: the node that stands for each, the function's name, and the call itself."""
    for call in list(tree.find_all(exp.Anonymous)):
        node, path = _whole(call)
        if "." not in path or path.partition(".")[0].upper() in NAMESPACES:
            continue
        name = RoutineName.written(path, defaults.project, defaults.dataset)
        if name is not None:
            yield node, name, call


def _whole(call: exp.Anonymous) -> tuple[exp.Expr, str]:
    """The node that a call is the end of, with its path: Dot(dataset, call), a table's, or a name in backquotes."""
    own = call.this.name if isinstance(call.this, exp.Identifier) else str(call.this)
    parent = call.parent
    if isinstance(parent, exp.Table) and parent.this is call:
        before = [parent.catalog, parent.db]
        return parent, ".".join([*filter(None, before), own])
    if isinstance(parent, exp.Dot) and parent.expression is call:
        return parent, ".".join([*_path(parent.this), own])
    return call, own


def _path(node: exp.Expr) -> list[str]:
    """The names of a path from left to right."""
    if isinstance(node, exp.Dot):
        return [*_path(node.this), *_path(node.expression)]
    return [part.name for part in node.parts] if isinstance(node, exp.Column) else [node.name]


def expand(tree: exp.Expr, known: Mapping[RoutineName, Routine], defaults: Defaults, depth: int = 0) -> None:
    """Write the calls of functions of datasets out, in place. Raises SqlError for one that is not there.

    It is the same for functions of a table: their query stands in the place of the call.
    """
    if depth > MAX_DEPTH:
        raise SqlError(f"Functions call each other more than {MAX_DEPTH} deep.")
    for node, name, call in reversed(list(calls(tree, defaults))):
        routine = known.get(name)
        if routine is None:
            raise SqlError(f"Function not found: {node.sql('bigquery').partition('(')[0]}")
        is_table = isinstance(node, exp.Table)
        node.replace(_table(routine, known, node, call, depth) if is_table else _value(routine, known, call, depth))


def _value(routine: Routine, known: Mapping[RoutineName, Routine], call: exp.Anonymous, depth: int) -> exp.Expr:
    if routine.kind != "FUNCTION":
        raise SqlError(f"{routine.name} is a {routine.kind.lower()}, and gives no value.")
    made = written_out(_function(routine, f"({routine.body})"), call)
    expand(made, known, Defaults(routine.name.project), depth + 1)
    return exp.Paren(this=made)


def _table(
    routine: Routine, known: Mapping[RoutineName, Routine], node: exp.Expr, call: exp.Anonymous, depth: int
) -> exp.Expr:
    if routine.kind != "TABLE FUNCTION":
        raise SqlError(f"{routine.name} is a {routine.kind.lower()}, and gives no table.")
    query = written_out(_function(routine, f"({routine.body})"), call).unnest()
    alias = node.alias or routine.name.routine
    made = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    holder = exp.Paren(this=made)
    expand(holder, known, Defaults(routine.name.project), depth + 1)
    for key in ("joins", "pivots", "sample"):
        made.set(key, node.args.get(key))
    return made


def _function(routine: Routine, body: str) -> exp.Create:
    """A routine as CREATE TEMP FUNCTION would make it; the tables in it have their project."""
    listed = ", ".join(f"`{argument.name}` {argument.kind or 'ANY TYPE'}" for argument in routine.arguments)
    returns = f" RETURNS {routine.returns}" if routine.returns and routine.kind == "FUNCTION" else ""
    (tree,) = syntax(f"CREATE TEMP FUNCTION `{routine.name.routine}`({listed}){returns} AS {body}")
    assert isinstance(tree, exp.Create)
    unnest_paths(tree)
    for table in list(tables(tree.args["expression"])):
        if len(table.parts) == 2 and "." not in table.db:
            table.set("catalog", exp.to_identifier(routine.name.project, quoted=True))
    return tree
