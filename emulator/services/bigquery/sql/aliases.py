"""Aliases of a SELECT list, which WHERE and the list itself do not see, though the engine lets them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#alias_visibility
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.scopes import Level, is_unknown


def refuse_early(select: exp.Select, levels: Sequence[Level]) -> None:
    """Raise SqlError where the list or WHERE uses an alias of the list that names nothing else."""
    names = {item.alias.lower() for item in select.expressions if isinstance(item, exp.Alias)}
    for place in (*select.expressions, select.args.get("where")):
        for column in _columns(place) if names and isinstance(place, exp.Expr) else ():
            if column.name.lower() in names and is_unknown(column.name, levels):
                raise SqlError(f"Unrecognized name: {column.name}")


def _columns(place: exp.Expr) -> Iterator[exp.Column]:
    """The names that stand alone in an expression, without those of its subqueries and lambdas."""
    for node in place.walk(prune=lambda node: isinstance(node, (exp.Query, exp.Lambda))):
        if isinstance(node, exp.Column) and len(node.parts) == 1:
            yield node
