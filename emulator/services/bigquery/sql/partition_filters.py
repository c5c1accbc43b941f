"""Tables that want a filter on the column that partitions them.

https://cloud.google.com/bigquery/docs/querying-partitioned-tables#require_a_partition_filter_in_queries
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from emulator.services.bigquery.sql.catalog import TableInfo
from emulator.services.bigquery.sql.errors import SqlError

INGESTION = ["_PARTITION_LOAD_TIME", "_PARTITIONDATE", "_PARTITIONTIME"]  # as the error lists them
STATEMENTS = (exp.Select, exp.Update, exp.Delete, exp.Merge)


def filtered(node: exp.Expr) -> frozenset[str]:
    """The columns, in lower case, that the queries and statements around a table limit by a condition of their own."""
    found: set[str] = set()
    around = node.find_ancestor(*STATEMENTS)
    while around is not None:
        for condition in _conditions(around):
            found |= _limited(condition)
        around = around.find_ancestor(*STATEMENTS)
    return frozenset(found)


def require(info: TableInfo, columns: frozenset[str]) -> None:
    """Raise SqlError where a table wants a filter on its partitions and has none; columns are those with one."""
    wanted = info.keys or ([info.partitioned_by] if info.partitioned_by else INGESTION)
    if info.filter_required and not any(name.lower() in columns for name in wanted):
        name, listed = info.name, ", ".join(f"'{column}'" for column in wanted)
        raise SqlError(
            f"Cannot query over table '{name.project}.{name.dataset}.{name.table}' without a filter over column(s) "
            f"{listed} that can be used for partition elimination"
        )


def _conditions(statement: exp.Expr) -> Iterator[exp.Expr]:
    where = statement.args.get("where")
    if isinstance(where, exp.Where):
        yield where.this
    if isinstance(on := statement.args.get("on"), exp.Expr):
        yield on
    for join in statement.args.get("joins") or ():
        if isinstance(on := join.args.get("on"), exp.Expr):
            yield on


def _limited(condition: exp.Expr) -> set[str]:
    """The columns that a condition limits by constants: of AND those of both sides, of OR those that both have."""
    if isinstance(condition, exp.Paren):
        return _limited(condition.this)
    if isinstance(condition, exp.And):
        return _limited(condition.this) | _limited(condition.expression)
    if isinstance(condition, exp.Or):
        return _limited(condition.this) & _limited(condition.expression)
    names = {column.name.lower() for column in condition.find_all(exp.Column)}
    return names if len(names) == 1 else set()
