"""Aliases of a SELECT list, which WHERE and the list itself do not see, though the engine lets them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#alias_visibility
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.nodes import unnest_name
from emulator.services.bigquery.sql.scopes import Level, is_unknown, outer_source


def tell_apart(select: exp.Select, levels: Sequence[Level]) -> None:
    """Say of which source a column around a subquery is, where the list of that has an alias of the same name.

    Raises SqlError where the list or WHERE uses an alias of the list that names nothing else.
    """
    names = {item.alias.lower() for item in select.expressions if isinstance(item, exp.Alias)}
    for place in (*select.expressions, select.args.get("where")):
        for column in list(_columns(place)) if names and isinstance(place, exp.Expr) else ():
            if column.name.lower() not in names:
                continue
            if is_unknown(column.name, levels):
                raise SqlError(f"Unrecognized name: {column.name}")
            _qualify(column, levels)
    for unnest in _unnests(select) if names else ():
        before = [source for source in levels[0] if source.name != unnest_name(unnest).lower()]
        for column in [each for part in unnest.expressions for each in _columns(part)]:
            if column.name.lower() in names:
                _qualify(column, [before, *levels[1:]])


def _qualify(column: exp.Column, levels: Sequence[Level]) -> None:
    if source := outer_source(column.name, levels):
        column.set("table", exp.to_identifier(source, quoted=True))


def _unnests(select: exp.Select) -> Iterator[exp.Unnest]:
    """The arrays of the FROM clause."""
    start = select.args.get("from_")
    sources = [part.this for part in (*([start] if start else ()), *(select.args.get("joins") or ()))]
    return (source for source in sources if isinstance(source, exp.Unnest))


def _columns(place: exp.Expr) -> Iterator[exp.Column]:
    """The names that stand alone in an expression, without those of its subqueries and lambdas."""
    for node in place.walk(prune=lambda node: isinstance(node, (exp.Query, exp.Lambda))):
        if isinstance(node, exp.Column) and len(node.parts) == 1:
            yield node
